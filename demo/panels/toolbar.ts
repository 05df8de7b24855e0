import { h } from 'preact';
import { pause, reset, train } from '../actions.ts';
import { count, figure } from '../format.ts';
import {
  chosenData,
  forgetting,
  latest,
  locked,
  phase,
  ready,
  settings,
  stepsPerSecond,
  waiting,
} from '../state.ts';
import { Button } from '../ui/button.ts';
import { ProgressLine } from './progress-line.ts';
import { toolbarText } from './toolbar.text.ts';

/** What is always in reach: the buttons, and how far the run is. */
export function Toolbar() {
  return h(
    'section',
    { class: 'toolbar', 'aria-label': toolbarText().training },
    h('div', { class: 'buttons' }, h(TrainButton, {}), h(ResetButton, {})),
    h('div', { class: 'state' }, h(Status, {}), waiting.value && h(ProgressLine, {})),
    h(Readouts, {}),
  );
}

function TrainButton() {
  const training = phase.value === 'training';
  const able = ['idle', 'failed', 'paused', 'training'].includes(phase.value) && ready.value;
  const words = toolbarText();
  const text = training
    ? words.pause
    : phase.value === 'paused'
      ? words.resume
      : phase.value === 'starting'
        ? words.starting
        : words.train;
  return h(Button, { primary: true, inactive: !able, onPress: training ? pause : train }, text);
}

function ResetButton() {
  const able = locked.value || phase.value === 'failed';
  return h(
    Button,
    { inactive: !able, onPress: reset },
    phase.value === 'starting' ? toolbarText().cancel : toolbarText().reset,
  );
}

/** A live region: it changes with the phase, not with every step. */
function Status() {
  return h('p', { class: 'status', role: 'status', 'data-phase': phase.value }, statusText());
}

function statusText(): string {
  const { status } = toolbarText();
  if (phase.value !== 'idle') return status[phase.value];
  if (waiting.value) return status.reading;
  if (ready.value) return status.ready;
  return forgetting.value ? status.forgetting : status.choose;
}

function Readouts() {
  const text = toolbarText();
  const step = latest.value?.step ?? 0;
  const pictures = chosenData.value?.count;
  const { batchSize, dSteps } = settings.value;
  // Each update of D takes a batch of its own.
  const epochs = pictures ? (step * dSteps * batchSize) / pictures : 0;
  // A rate of the time before a pause would look as if it went on.
  const rate = phase.value === 'training' && step > 0 ? figure(stepsPerSecond.value) : '–';
  return h(
    'dl',
    { class: 'readouts' },
    h(Readout, { name: text.step, value: count(step) }),
    h(Readout, { name: text.rate, value: rate }),
    h(Readout, { name: text.epoch, value: figure(epochs) }),
  );
}

function Readout({ name, value }: { readonly name: string; readonly value: string }) {
  return h('div', null, h('dt', null, name), h('dd', null, value));
}
