import { h } from 'preact';
import { history, historyVersion } from '../state.ts';
import { LineChart } from '../ui/line-chart.ts';

export function Charts() {
  return h(
    'section',
    { class: 'panel charts', 'aria-labelledby': 'charts-title' },
    h('div', { class: 'panel-head' }, h('h2', { id: 'charts-title' }, 'Progress')),
    h(LineChart, {
      title: 'Losses',
      history,
      version: historyVersion,
      lines: [
        { series: 'lossD', label: 'Discriminator', colour: '--discriminator' },
        { series: 'lossG', label: 'Generator', colour: '--generator', dashed: true },
      ],
    }),
    h(LineChart, {
      title: 'How real the discriminator thinks it is',
      history,
      version: historyVersion,
      range: [0, 1],
      lines: [
        { series: 'dReal', label: 'Real, D(x)', colour: '--discriminator' },
        { series: 'dFake', label: 'Generated, D(G(z))', colour: '--generator', dashed: true },
      ],
    }),
    h(
      'p',
      { class: 'hint' },
      'Bold lines are smoothed. The generator draws; the discriminator tells its pictures from real ones, 1 being surely ' +
        'real. Each learns from the other. Losses that go up and down are normal; lines that ' +
        'part for good mean that one of them has won, and that learning has stopped.',
    ),
  );
}
