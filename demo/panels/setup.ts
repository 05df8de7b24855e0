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
import { setupText } from './setup.text.ts';

/** Folded away on a phone, where it would push the pictures off the screen. */
const startsOpen = matchMedia('(min-width: 48rem)').matches;

/** What to learn from, and with which networks. */
export function Setup() {
  const text = setupText();
  return h(
    'details',
    { class: 'panel setup', open: startsOpen },
    h(
      'summary',
      null,
      h('h2', null, text.title),
      h('span', { class: 'hint setup-now' }, h(SummaryText, {})),
    ),
    h(
      'fieldset',
      { disabled: locked.value },
      h('legend', { class: 'visually-hidden' }, text.title),
      locked.value && h('p', { class: 'note' }, text.fixed),
      h(DataChoice, {}),
      h(ModelChoice, {}),
      h(MoreSettings, {}),
    ),
  );
}

function SummaryText() {
  const { data, imageSize, width, batchSize } = settings.value;
  const text = setupText();
  const name = data === 'mnist' ? 'MNIST' : text.yourPictures;
  return text.summary(name, imageSize, width, batchSize);
}

function ModelChoice() {
  const text = setupText();
  const { preset, imageSize, width, batchSize } = settings.value;
  const set =
    <K extends keyof Settings>(key: K) =>
    (value: Settings[K]) =>
      configure({ [key]: value });
  return h(
    'div',
    { class: 'fields' },
    h(Select<PresetName>, {
      label: text.preset,
      value: preset,
      options: (['small', 'full', 'custom'] as const).map((value) => ({
        value,
        text: text.presets[value],
      })),
      hint: presetHint(),
      onChoose: set('preset'),
    }),
    h(
      'div',
      { class: 'field-row' },
      h(Select<number>, {
        label: text.imageSize,
        value: imageSize,
        options: imageSizes.map((value) => ({ value, text: `${value}×${value}` })),
        onChoose: set('imageSize'),
      }),
      h(Select<number>, {
        label: text.width,
        value: width,
        options: numbers(widths),
        onChoose: set('width'),
      }),
      h(Select<number>, {
        label: text.batch,
        value: batchSize,
        options: numbers(batchSizes),
        onChoose: set('batchSize'),
      }),
    ),
    h('p', { class: 'hint' }, text.modelHint),
  );
}

function presetHint(): string {
  const text = setupText();
  const { preset, data } = settings.value;
  if (preset === 'custom') return text.ownNumbers;
  const { learningRate, latentDim } = presetValues(preset, data);
  const software = adapter.value?.software;
  const fits = software !== undefined && software === (preset === 'small');
  return `${fits ? text.fits : ''}${text.presetHint(learningRate, latentDim)}`;
}

const numbers = (values: readonly number[]) =>
  values.map((value) => ({ value, text: count(value) }));

function MoreSettings() {
  const text = setupText();
  const { latentDim, learningRate, ema, seed, flip, colour, data } = settings.value;
  return h(
    'details',
    { class: 'more' },
    h('summary', null, text.more),
    h(
      'div',
      { class: 'fields' },
      h(
        'div',
        { class: 'field-row' },
        h(NumberInput, {
          label: text.learningRate,
          value: learningRate,
          min: 0.000001,
          max: 1,
          step: 'any',
          onChoose: (value) => configure({ learningRate: value }),
        }),
        h(NumberInput, {
          label: text.latentSize,
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
          label: text.averaging,
          value: ema,
          min: 0,
          max: 0.9999,
          step: 'any',
          onChoose: (value) => configure({ ema: value }),
        }),
        h(NumberInput, {
          label: text.seed,
          value: seed,
          min: 0,
          max: 4294967295,
          step: 1,
          onChoose: (value) => configure({ seed: value }),
        }),
      ),
      h(Checkbox, {
        label: text.mirror,
        checked: flip,
        hint: text.mirrorHint,
        onChoose: (value) => configure({ flip: value }),
      }),
      data === 'pictures' &&
        h(Checkbox, {
          label: text.colour,
          checked: colour,
          onChoose: (value) => configure({ colour: value }),
        }),
    ),
  );
}
