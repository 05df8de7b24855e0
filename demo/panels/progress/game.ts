import { h } from 'preact';
import { isProbability } from '../../belief.ts';
import { figure } from '../../format.ts';
import { history, historyVersion, settings } from '../../state.ts';
import { gameText } from './game.text.ts';

/** Points of the run that a verdict is the mean of: of a single step it jumps. */
const RECENT = 20;

function recent(series: 'dReal' | 'dFake'): number | null {
  if (historyVersion.value < 0) return null;
  const values = history.column(series).slice(-RECENT);
  const sum = values.reduce<number>((total, value) => total + (value ?? Number.NaN), 0);
  return values.length > 0 ? sum / values.length : null;
}

/** Who gets what from whom, and what the discriminator says of both kinds of pictures now. */
export function Game() {
  const text = gameText();
  const aims = isProbability(settings.value.objective) ? text.probability : text.score;
  return h(
    'section',
    { class: 'game', 'aria-label': text.title },
    h(
      'div',
      { class: 'game-flow' },
      h(
        'div',
        { class: 'game-generated' },
        h('p', { class: 'hint' }, text.numbers, ' ', arrow('↓')),
        h(
          'p',
          { class: 'game-net of-generator' },
          h('strong', null, text.generator),
          ' ',
          text.draws,
        ),
      ),
      h('p', { class: 'game-data' }, text.data),
      arrow('↘'),
      arrow('↗'),
      h(
        'p',
        { class: 'game-net game-judge of-discriminator' },
        h('strong', null, text.discriminator),
        ' ',
        text.judges,
      ),
      h(Verdict, { series: 'dFake', words: text.generated, owner: 'of-generator' }),
      h(Verdict, { series: 'dReal', words: text.real, owner: 'of-discriminator' }),
    ),
    h('p', { class: 'hint' }, aims),
  );
}

const arrow = (sign: string) => h('span', { class: 'game-arrow', 'aria-hidden': true }, sign);

interface VerdictProps {
  readonly series: 'dReal' | 'dFake';
  readonly words: string;
  readonly owner: string;
}

function Verdict({ series, words, owner }: VerdictProps) {
  return h(
    'p',
    { class: `game-verdict ${owner}` },
    h('span', { class: 'hint' }, words),
    ' ',
    h('strong', { class: 'tabular' }, figure(recent(series))),
  );
}
