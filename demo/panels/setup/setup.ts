import { h } from 'preact';
import { configure, throttle } from '../../actions.ts';
import { colourField, fitField, groupNames, groups, sizeFields } from '../../fields.ts';
import { type PresetName, presetValues } from '../../presets.ts';
import { adapter, copied, effort, locked, settings } from '../../state.ts';
import { copyLink } from '../../take-home.ts';
import { Button } from '../../ui/button.ts';
import { Select } from '../../ui/field.ts';
import { dataText } from './data-choice.text.ts';
import { DataChoice } from './data-choice.ts';
import { EstimateNote } from './estimate.ts';
import { fieldsText } from './fields.text.ts';
import { Setting } from './setting.ts';
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
      'div',
      { class: 'setup-body' },
      locked.value && h('p', { class: 'note' }, text.fixed),
      h(
        'fieldset',
        { disabled: locked.value },
        h(DataChoice, {}),
        h(PictureSettings, {}),
        h(Preset, {}),
      ),
      h(
        'div',
        { class: 'field-row' },
        sizeFields.map((field) => h(Setting, { key: field.key, field })),
      ),
      h('p', { class: 'hint' }, text.modelHint),
      h(MoreSettings, {}),
      h(EstimateNote, {}),
      h(Effort, {}),
      h(Share, {}),
    ),
  );
}

function SummaryText() {
  const { data, imageSize, width, batchSize } = settings.value;
  const text = setupText();
  return text.summary(dataText().names[data], imageSize, width, batchSize);
}

/** What only some data sets leave open. */
function PictureSettings() {
  const { data } = settings.value;
  if (data === 'mnist') return null;
  return h(
    'div',
    { class: 'fields' },
    h(Setting, { field: colourField }),
    data === 'pictures' && h(Setting, { field: fitField }),
  );
}

function Preset() {
  const text = setupText();
  return h(Select<PresetName>, {
    label: text.preset,
    value: settings.value.preset,
    options: (['small', 'full', 'custom'] as const).map((value) => ({
      value,
      text: text.presets[value],
    })),
    hint: presetHint(),
    onChoose: (preset) => configure({ preset }),
  });
}

function presetHint(): string {
  const text = setupText();
  const { preset, data } = settings.value;
  if (preset === 'custom') return text.ownNumbers;
  const { lrG, latentDim } = presetValues(preset, data);
  const software = adapter.value?.software;
  const fits = software !== undefined && software === (preset === 'small');
  return `${fits ? text.fits : ''}${text.presetHint(lrG, latentDim)}`;
}

function Effort() {
  const text = setupText();
  return h(Select<number>, {
    label: text.effort,
    value: effort.value,
    options: ([1, 0.5, 0.25] as const).map((value) => ({ value, text: text.efforts[value] })),
    hint: text.effortHint,
    onChoose: throttle,
  });
}

/** The address says it too; not everybody knows that. */
function Share() {
  const text = setupText();
  // Read here, so that a change of the settings takes the words away again.
  const current = settings.value && location.href === copied.value;
  return h(
    'div',
    { class: 'share' },
    h(Button, { onPress: () => void copyLink() }, text.copyLink),
    h('p', { class: 'hint', role: 'status', 'data-share': true }, current && text.copied),
  );
}

/** Every other option of the engine, in groups, each folded away. */
function MoreSettings() {
  const names = fieldsText().groups;
  return h(
    'details',
    { class: 'more' },
    h('summary', null, setupText().more),
    groupNames.map((name) =>
      h(
        'details',
        { key: name, class: 'group' },
        h('summary', null, names[name]),
        h(
          'div',
          { class: 'fields' },
          groups[name].map((field) => h(Setting, { key: field.key, field })),
        ),
      ),
    ),
  );
}
