import { h } from 'preact';
import type { ProfiledDispatch, StepProfile } from '../../../src/index.ts';
import { count, figure } from '../../format.ts';
import { type Group, groupBy, isTimed, updateOf } from '../../step-parts.ts';
import { stepText } from './step.text.ts';

/** What the bars show, in numbers. */
export function StepTables({ profile }: { readonly profile: StepProfile }) {
  const text = stepText();
  const { dispatches } = profile;
  const cost = (group: Group) => (isTimed(profile) ? group.ms : group.flops);
  const byPart = groupBy(dispatches, partName);
  const byKernel = groupBy(dispatches, ({ kernel }) => kernel).sort((a, b) => cost(b) - cost(a));
  const all = dispatches.map((first, n): Group => {
    return { key: String(n), first, runs: 1, ms: first.ms ?? 0, flops: first.flops };
  });
  return h(
    'div',
    { class: 'step-tables' },
    h(StepTable, {
      profile,
      title: text.byPart,
      heading: text.part,
      groups: byPart,
      nameOf: ({ key }) => key,
    }),
    h(StepTable, {
      profile,
      title: text.byKernel,
      heading: text.kernel,
      groups: byKernel,
      nameOf: ({ key }) => key,
    }),
    h(
      'details',
      null,
      h('summary', null, text.all),
      // Long: it scrolls, also by the keyboard.
      h(
        'div',
        { class: 'table-scroll', role: 'region', 'aria-label': text.all, tabIndex: 0 },
        h(StepTable, {
          profile,
          title: text.all,
          heading: text.kernel,
          groups: all,
          nameOf: ({ first }) => first.label,
        }),
      ),
    ),
  );
}

function partName(dispatch: ProfiledDispatch): string {
  const text = stepText();
  const { net, pass } = dispatch;
  const what =
    net === 'generator' || net === 'discriminator'
      ? `${text.nets[net]} ${text.passes[pass]}`
      : text.batch;
  return `${text.updates[updateOf(dispatch)]}: ${what}`;
}

interface TableProps {
  readonly profile: StepProfile;
  readonly title: string;
  readonly heading: string;
  readonly groups: readonly Group[];
  readonly nameOf: (group: Group) => string;
}

function StepTable({ profile, title, heading, groups, nameOf }: TableProps) {
  const text = stepText();
  const timed = isTimed(profile);
  const whole = groups.reduce((sum, { ms, flops }) => sum + (timed ? ms : flops), 0);
  const share = ({ ms, flops }: Group) => (100 * (timed ? ms : flops)) / Math.max(whole, 1e-12);
  return h(
    'table',
    null,
    h('caption', null, title),
    h(
      'thead',
      null,
      h(
        'tr',
        null,
        [
          heading,
          text.runs,
          ...(timed ? [text.time, text.share, text.rate] : [text.share, text.work]),
        ].map((name) => h('th', { key: name, scope: 'col' }, name)),
      ),
    ),
    h(
      'tbody',
      null,
      groups.map((group) =>
        h(
          'tr',
          { key: group.key },
          h('th', { scope: 'row' }, nameOf(group)),
          h('td', null, count(group.runs)),
          timed && h('td', null, figure(group.ms)),
          h('td', null, `${share(group).toFixed(1)} %`),
          h('td', null, timed ? rateOf(group) : workOf(group)),
        ),
      ),
    ),
  );
}

/** Two figures, as much of it is far below 1. */
const workOf = ({ flops }: Group): string =>
  flops > 0 ? String(Number((flops / 1e9).toPrecision(2))) : '–';

const rateOf = ({ flops, ms }: Group): string =>
  flops > 0 && ms > 0 ? figure(flops / ms / 1e6) : '–';
