import { h } from 'preact';
import { history, historyVersion } from '../state.ts';
import { LineChart } from '../ui/line-chart.ts';
import { chartsText } from './charts.text.ts';

export function Charts() {
  const text = chartsText();
  return h(
    'div',
    { class: 'charts' },
    h(LineChart, {
      title: text.losses,
      history,
      version: historyVersion,
      lines: [
        { series: 'lossD', label: text.discriminator, colour: '--discriminator' },
        { series: 'lossG', label: text.generator, colour: '--generator', dashed: true },
      ],
    }),
    h(LineChart, {
      title: text.belief,
      history,
      version: historyVersion,
      range: [0, 1],
      lines: [
        { series: 'dReal', label: text.real, colour: '--discriminator' },
        { series: 'dFake', label: text.fake, colour: '--generator', dashed: true },
      ],
    }),
    h('p', { class: 'hint' }, text.hint),
  );
}
