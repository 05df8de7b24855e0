import { h } from 'preact';
import { pause, reset, train } from '../actions.ts';
import type { Progress } from '../engine/protocol.ts';
import { count, figure, megabytes } from '../format.ts';
import {
  chosenData,
  latest,
  locked,
  phase,
  progress,
  ready,
  settings,
  stepsPerSecond,
  waiting,
} from '../state.ts';
import { Button } from '../ui/button.ts';

/** What is always in reach: the buttons, and how far the run is. */
export function Toolbar() {
  return h(
    'section',
    { class: 'toolbar', 'aria-label': 'Training' },
    h('div', { class: 'buttons' }, h(TrainButton, {}), h(ResetButton, {})),
    h('div', { class: 'state' }, h(Status, {}), h(ProgressLine, {})),
    h(Readouts, {}),
  );
}

function TrainButton() {
  const training = phase.value === 'training';
  const able = ['idle', 'failed', 'paused', 'training'].includes(phase.value) && ready.value;
  const text = training
    ? 'Pause'
    : phase.value === 'paused'
      ? 'Resume'
      : phase.value === 'starting'
        ? 'Starting…'
        : 'Train';
  return h(Button, { primary: true, inactive: !able, onPress: training ? pause : train }, text);
}

function ResetButton() {
  const able = locked.value || phase.value === 'failed';
  return h(
    Button,
    { inactive: !able, onPress: reset },
    phase.value === 'starting' ? 'Cancel' : 'Reset',
  );
}

/** A live region: it changes with the phase, not with every step. */
function Status() {
  return h('p', { class: 'status', role: 'status', 'data-phase': phase.value }, statusText());
}

function statusText(): string {
  switch (phase.value) {
    case 'opening':
      return 'Looking for a graphics adapter…';
    case 'unavailable':
      return 'Training is not possible here.';
    case 'starting':
      return 'Starting…';
    case 'training':
      return 'Training.';
    case 'paused':
      return 'Paused.';
    case 'failed':
      return 'Stopped by an error.';
    case 'idle':
      if (waiting.value) return 'Reading your pictures…';
      return ready.value ? 'Ready to train.' : 'Choose pictures to train on.';
  }
}

function ProgressLine() {
  if (!waiting.value || !progress.value) return null;
  const { loaded, total } = progress.value;
  const text = progressText(progress.value);
  return h(
    'div',
    { class: 'progress' },
    h('progress', {
      'aria-label': text,
      ...(total ? { max: total, value: Math.min(loaded, total) } : {}),
    }),
    h('span', null, text),
  );
}

function progressText({ stage, loaded, total }: Progress): string {
  switch (stage) {
    case 'download':
      return `MNIST: ${megabytes(loaded)}${total ? ` of ${megabytes(total)}` : ''}`;
    case 'decode':
      return `Pictures: ${count(loaded)}${total ? ` of ${count(total)}` : ''}`;
    case 'compile':
      return 'Preparing the networks';
  }
}

function Readouts() {
  const step = latest.value?.step ?? 0;
  const pictures = chosenData.value?.count;
  const epochs = pictures ? (step * settings.value.batchSize) / pictures : 0;
  // A rate of the time before a pause would look as if it went on.
  const rate = phase.value === 'training' && step > 0 ? figure(stepsPerSecond.value) : '–';
  return h(
    'dl',
    { class: 'readouts' },
    h(Readout, { name: 'Step', value: count(step) }),
    h(Readout, { name: 'Steps/s', value: rate }),
    h(Readout, { name: 'Epoch', value: figure(epochs) }),
  );
}

function Readout({ name, value }: { readonly name: string; readonly value: string }) {
  return h('div', null, h('dt', null, name), h('dd', null, value));
}
