import { h } from 'preact';
import { configure } from '../actions.ts';
import { count } from '../format.ts';
import {
  batchSizes,
  imageSizes,
  type PresetName,
  presetValues,
  type Settings,
  widths,
} from '../presets.ts';
import { adapter, locked, settings } from '../state.ts';
import { Checkbox, NumberInput, Select } from '../ui/field.ts';
import { DataChoice } from './data-choice.ts';

/** Folded away on a phone, where it would push the pictures off the screen. */
const startsOpen = matchMedia('(min-width: 48rem)').matches;

/** What to learn from, and with which networks. */
export function Setup() {
  return h(
    'details',
    { class: 'panel setup', open: startsOpen },
    h(
      'summary',
      null,
      h('h2', null, 'Set-up'),
      h('span', { class: 'hint setup-now' }, h(SummaryText, {})),
    ),
    h(
      'fieldset',
      { disabled: locked.value },
      h('legend', { class: 'visually-hidden' }, 'Set-up'),
      locked.value && h('p', { class: 'note' }, 'Fixed during a run: press Reset to change it.'),
      h(DataChoice, {}),
      h(ModelChoice, {}),
      h(MoreSettings, {}),
    ),
  );
}

function SummaryText() {
  const { data, imageSize, width, batchSize } = settings.value;
  const name = data === 'mnist' ? 'MNIST' : 'your pictures';
  return `${name}, ${imageSize}×${imageSize}, width ${width}, batch ${batchSize}`;
}

function ModelChoice() {
  const { preset, imageSize, width, batchSize } = settings.value;
  const set =
    <K extends keyof Settings>(key: K) =>
    (value: Settings[K]) =>
      configure({ [key]: value });
  return h(
    'div',
    { class: 'fields' },
    h(Select<PresetName>, {
      label: 'Preset',
      value: preset,
      options: [
        { value: 'small', text: 'Small and quick' },
        { value: 'full', text: 'Full size' },
        { value: 'custom', text: 'Custom' },
      ],
      hint: presetHint(),
      onChoose: set('preset'),
    }),
    h(
      'div',
      { class: 'field-row' },
      h(Select<number>, {
        label: 'Image size',
        value: imageSize,
        options: imageSizes.map((value) => ({ value, text: `${value}×${value}` })),
        onChoose: set('imageSize'),
      }),
      h(Select<number>, {
        label: 'Width',
        value: width,
        options: numbers(widths),
        onChoose: set('width'),
      }),
      h(Select<number>, {
        label: 'Batch',
        value: batchSize,
        options: numbers(batchSizes),
        onChoose: set('batchSize'),
      }),
    ),
    h(
      'p',
      { class: 'hint' },
      'Width is the number of feature maps at full resolution; batch, the pictures of one step.',
    ),
  );
}

function presetHint(): string {
  const { preset, data } = settings.value;
  if (preset === 'custom') return 'Your own numbers.';
  const { learningRate, latentDim } = presetValues(preset, data);
  const software = adapter.value?.software;
  const fits = software !== undefined && software === (preset === 'small');
  return `${fits ? 'Fits this adapter. ' : ''}Learning rate ${learningRate}, ${latentDim} latent numbers.`;
}

const numbers = (values: readonly number[]) =>
  values.map((value) => ({ value, text: count(value) }));

function MoreSettings() {
  const { latentDim, learningRate, ema, seed, flip, colour, data } = settings.value;
  return h(
    'details',
    { class: 'more' },
    h('summary', null, 'More settings'),
    h(
      'div',
      { class: 'fields' },
      h(
        'div',
        { class: 'field-row' },
        h(NumberInput, {
          label: 'Learning rate',
          value: learningRate,
          min: 0.000001,
          max: 1,
          step: 'any',
          onChoose: (value) => configure({ learningRate: value }),
        }),
        h(NumberInput, {
          label: 'Latent size',
          value: latentDim,
          min: 1,
          max: 4096,
          step: 1,
          onChoose: (value) => configure({ latentDim: value }),
        }),
      ),
      h(
        'div',
        { class: 'field-row' },
        h(NumberInput, {
          label: 'Averaging (EMA)',
          value: ema,
          min: 0,
          max: 0.9999,
          step: 'any',
          onChoose: (value) => configure({ ema: value }),
        }),
        h(NumberInput, {
          label: 'Seed',
          value: seed,
          min: 0,
          max: 4294967295,
          step: 1,
          onChoose: (value) => configure({ seed: value }),
        }),
      ),
      h(Checkbox, {
        label: 'Mirror pictures at random',
        checked: flip,
        hint: 'Doubles a small set of faces; spoils letters and digits.',
        onChoose: (value) => configure({ flip: value }),
      }),
      data === 'pictures' &&
        h(Checkbox, {
          label: 'Colour',
          checked: colour,
          onChoose: (value) => configure({ colour: value }),
        }),
    ),
  );
}
