import { h } from 'preact';
import type { Problem } from '../../engine/protocol.ts';
import { rateHere } from '../../estimate.ts';
import { count, duration, figure, megabytes } from '../../format.ts';
import { estimate, stepsPerSecond } from '../../state.ts';
import { explained } from '../explained.ts';
import { estimateText } from './estimate.text.ts';

/** What a run of these settings would take, or why they make no sense together. */
export function EstimateNote() {
  const text = estimateText();
  const found = estimate.value;
  return h(
    'div',
    { class: 'estimate', role: 'status', 'aria-label': text.title },
    found && 'message' in found && h(Refused, { problem: found }),
    found &&
      'flops' in found &&
      h(
        'dl',
        null,
        row(
          text.parameters,
          text.both(count(found.parameters.generator), count(found.parameters.discriminator)),
        ),
        row(text.memory, text.about(megabytes(found.memoryBytes))),
        row(text.work, `${figure(found.flops / 1e9)} GFLOP`),
        row(text.time, timeText(found.flops)),
      ),
  );
}

function Refused({ problem }: { readonly problem: Problem }) {
  const { message, advice, detail } = explained(problem);
  return h(
    'div',
    { class: 'refused' },
    h('p', null, `${message} ${advice}`),
    // What is to be changed is in the engine's words only.
    detail && h('p', { lang: 'en' }, detail),
  );
}

function timeText(flops: number): string {
  const text = estimateText();
  // A run tells more of the adapter: the words follow it.
  const rate = stepsPerSecond.value >= 0 ? rateHere() : undefined;
  return rate ? text.about(duration(flops / rate)) : text.unknown;
}

const row = (name: string, value: string) =>
  h('div', { class: 'estimate-row' }, h('dt', null, name), h('dd', null, value));
