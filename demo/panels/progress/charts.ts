import { signal } from '@preact/signals';
import { h } from 'preact';
import { isProbability, logitShares } from '../../belief.ts';
import {
  brightness,
  history,
  historyVersion,
  latest,
  quality,
  seenScores,
  settings,
} from '../../state.ts';
import { Checkbox } from '../../ui/field.ts';
import { Histogram } from '../../ui/histogram.ts';
import { LineChart } from '../../ui/line-chart.ts';
import { Advice } from './advice.ts';
import { chartsText } from './charts.text.ts';
import { Game } from './game.ts';

const log = signal(false);

const D = { colour: '--discriminator' } as const;
const G = { colour: '--generator', dashed: true } as const;

/** How the run goes, in numbers. */
export function Charts() {
  const text = chartsText();
  const ofSteps = { history, version: historyVersion, now: latest.value };
  return h(
    'div',
    { class: 'charts' },
    h(Advice, {}),
    h(Game, {}),
    h(
      'div',
      { class: 'charts-scale' },
      h('p', { class: 'hint' }, text.hint),
      h(Checkbox, {
        label: text.log,
        checked: log.value,
        onChoose: (on) => {
          log.value = on;
        },
      }),
    ),
    h(LineChart<'dReal' | 'dFake'>, {
      ...ofSteps,
      title: text.belief,
      hint: text.beliefHint,
      range: [0, 1],
      lines: [
        { series: 'dReal', label: text.real, ...D },
        { series: 'dFake', label: text.fake, ...G },
      ],
    }),
    h(LineChart<'lossD' | 'lossG'>, {
      ...ofSteps,
      title: text.losses,
      hint: text.lossesHint,
      log: log.value,
      lines: [
        { series: 'lossD', label: text.discriminator, ...D },
        { series: 'lossG', label: text.generator, ...G },
      ],
    }),
    h(LineChart<'diversity' | 'distance'>, {
      history: quality,
      version: historyVersion,
      title: text.quality,
      hint: text.qualityHint,
      log: log.value,
      lines: [
        { series: 'diversity', label: text.diversity, ...D },
        { series: 'distance', label: text.distance, ...G },
      ],
    }),
    h(LineChart<'gradNormD' | 'gradNormG'>, {
      ...ofSteps,
      title: text.gradients,
      hint: text.gradientsHint,
      log: log.value,
      lines: [
        { series: 'gradNormD', label: text.discriminator, ...D },
        { series: 'gradNormG', label: text.generator, ...G },
      ],
    }),
    h(Logits, {}),
    brightness.value &&
      h(Histogram, {
        title: text.brightness,
        hint: text.brightnessHint,
        from: 0,
        to: 1,
        series: [
          { label: text.realPictures, shares: brightness.value.real, colour: '--discriminator' },
          { label: text.samples, shares: brightness.value.generated, colour: '--generator' },
        ],
      }),
  );
}

/** How D parts real pictures from samples: of those that are looked at. */
function Logits() {
  const found = seenScores.value && logitShares(seenScores.value);
  if (!found) return null;
  const text = chartsText();
  const probabilities = isProbability(settings.value.objective);
  return h(Histogram, {
    title: probabilities ? text.logits : text.scores,
    hint: probabilities ? text.logitsHint : text.scoresHint,
    from: found.from,
    to: found.to,
    series: [
      { label: text.realPictures, shares: found.real, colour: '--discriminator' },
      { label: text.samples, shares: found.generated, colour: '--generator' },
    ],
  });
}
