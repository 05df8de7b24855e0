import { signal } from '@preact/signals';
import { h } from 'preact';
import type { ProfiledDispatch, StepProfile } from '../../../src/index.ts';
import { count, figure } from '../../format.ts';
import { measureStep } from '../../machine.ts';
import { phase, profiling, stepProfile } from '../../state.ts';
import { costOf, isTimed, total, type Update, updateOf } from '../../step-parts.ts';
import { Button } from '../../ui/button.ts';
import { stepText } from './step.text.ts';
import { StepTables } from './step-tables.ts';

/** Where the time of a step goes. */
export function MachineStep() {
  const text = stepText();
  const able = phase.value === 'training' || phase.value === 'paused';
  const profile = stepProfile.value;
  const waits = profiling.value && phase.value === 'paused';
  return h(
    'section',
    { 'aria-labelledby': 'machine-step', class: 'step' },
    h('h3', { id: 'machine-step' }, text.title),
    h('p', { class: 'hint' }, text.hint),
    h(
      'div',
      { class: 'buttons' },
      h(
        Button,
        { inactive: !able || profiling.value, onPress: () => void measureStep() },
        profiling.value ? text.measuring : text.measure,
      ),
    ),
    h(
      'p',
      { role: 'status', class: 'hint' },
      waits ? text.paused : !able && !profile ? text.trainFirst : profile && summaryOf(profile),
    ),
    profile && [
      h(Bars, { profile }),
      h('p', { class: 'hint' }, isTimed(profile) ? text.coarse : text.noClock),
      h(StepTables, { profile }),
    ],
  );
}

function summaryOf(profile: StepProfile): string {
  const text = stepText();
  const all = total(profile, profile.dispatches);
  const kernels = count(profile.dispatches.length);
  return isTimed(profile)
    ? text.timed(count(profile.step ?? 0), kernels, costText(profile, all))
    : text.untimed(kernels, costText(profile, all));
}

const costText = (profile: StepProfile, cost: number): string =>
  isTimed(profile) ? `${figure(cost)} ms` : `${figure(cost / 1e9)} GFLOP`;

/** The part of a bar that the pointer is on. */
const pointed = signal<ProfiledDispatch | null>(null);

const updates: readonly Update[] = ['discriminator', 'generator', 'rest'];

/** A bar for each update, all on one scale; what they show, the tables below say too. */
function Bars({ profile }: { readonly profile: StepProfile }) {
  const text = stepText();
  const rows = updates.map((update) => {
    const dispatches = profile.dispatches.filter((dispatch) => updateOf(dispatch) === update);
    return { update, dispatches, cost: total(profile, dispatches) };
  });
  const longest = Math.max(...rows.map(({ cost }) => cost), Number.MIN_VALUE);
  const at = pointed.value && profile.dispatches.includes(pointed.value) ? pointed.value : null;
  return h(
    'figure',
    {
      class: 'step-bars',
      onPointerLeave: () => {
        pointed.value = null;
      },
    },
    rows.map(({ update, dispatches, cost }) =>
      h(
        'div',
        { key: update, class: 'step-bar-row' },
        h('span', null, text.updates[update], ' ', h('strong', null, costText(profile, cost))),
        h(
          'div',
          {
            class: 'step-bar',
            'aria-hidden': true,
            style: { width: `${(100 * cost) / longest}%` },
          },
          dispatches.map((dispatch, n) =>
            h('span', {
              key: n,
              class: `part of-${dispatch.net ?? 'neither'} ${dispatch.pass}`,
              style: {
                flexGrow: (100 * costOf(profile, dispatch)) / Math.max(cost, Number.MIN_VALUE),
              },
              onPointerEnter: () => {
                pointed.value = dispatch;
              },
            }),
          ),
        ),
      ),
    ),
    h(
      'figcaption',
      { class: 'hint tabular', 'aria-hidden': true },
      at ? `${at.label}: ${costText(profile, costOf(profile, at))}` : text.hover,
    ),
  );
}
