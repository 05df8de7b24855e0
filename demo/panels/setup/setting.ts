import { h } from 'preact';
import { configure } from '../../actions.ts';
import { type FieldRule, liveKeys } from '../../fields.ts';
import { count } from '../../format.ts';
import { locked, settings } from '../../state.ts';
import { Checkbox, NumberInput, Select } from '../../ui/field.ts';
import { fieldsText } from './fields.text.ts';

/** A field for one setting, with its words. */
export function Setting({ field }: { readonly field: FieldRule }) {
  const key = field.key as keyof ReturnType<typeof fieldsText>['fields'];
  const { label, hint, options = {} } = fieldsText().fields[key];
  const disabled = locked.value && !liveKeys.includes(key);
  const common = { label, disabled, ...(hint !== undefined && { hint }) };
  const value = settings.value[field.key];
  switch (field.kind) {
    case 'check':
      return h(Checkbox, {
        ...common,
        checked: value as boolean,
        onChoose: (checked) => configure({ [key]: checked }),
      });
    case 'number':
      return h(NumberInput, {
        ...common,
        value: value as number,
        min: field.min,
        max: field.max,
        step: field.whole ? 1 : 'any',
        onChoose: (number) => configure({ [key]: number }),
      });
    case 'choice': {
      // A size that came with a link or a checkpoint may be none of those offered.
      const offered = field.options.includes(value as string | number)
        ? field.options
        : [...field.options, value as string | number];
      return h(Select<string | number>, {
        ...common,
        value: value as string | number,
        options: offered.map((option) => ({
          value: option,
          text: options[option] ?? textOf(key, option),
        })),
        onChoose: (option) => configure({ [key]: option }),
      });
    }
  }
}

function textOf(key: string, option: string | number): string {
  if (typeof option === 'string') return option;
  return key === 'imageSize' ? `${option}×${option}` : count(option);
}
