import { type ComponentChildren, h } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  /** One line on what it does. */
  readonly hint?: string;
  readonly disabled?: boolean;
}

interface Control {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
}

function Field({
  label,
  hint,
  control,
}: Omit<FieldProps, 'disabled'> & { control: (props: Control) => ComponentChildren }) {
  const id = useId();
  const describedBy = hint ? `${id}-hint` : undefined;
  return h(
    'div',
    { class: 'field' },
    h('label', { for: id }, label),
    control({ id, 'aria-describedby': describedBy }),
    hint && h('p', { class: 'hint', id: describedBy }, hint),
  );
}

interface SelectProps<T extends string | number> extends FieldProps {
  readonly value: T;
  readonly options: readonly { readonly value: T; readonly text: string }[];
  readonly onChoose: (value: T) => void;
}

export function Select<T extends string | number>(props: SelectProps<T>) {
  const { value, options, onChoose, disabled = false, ...field } = props;
  const choose = (event: { currentTarget: HTMLSelectElement }) => {
    const option = options[event.currentTarget.selectedIndex];
    if (option) onChoose(option.value);
  };
  return h(Field, {
    ...field,
    control: (control) =>
      h(
        'select',
        { ...control, value, disabled, onChange: choose },
        options.map((option) =>
          h('option', { key: option.value, value: option.value }, option.text),
        ),
      ),
  });
}

interface NumberInputProps extends FieldProps {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number | 'any';
  readonly onChoose: (value: number) => void;
}

export function NumberInput({ onChoose, label, hint, ...input }: NumberInputProps) {
  const choose = (event: { currentTarget: HTMLInputElement }) => {
    // What is out of range stays to be seen and mended, with the browser's words on it.
    if (event.currentTarget.reportValidity()) onChoose(event.currentTarget.valueAsNumber);
  };
  return h(Field, {
    label,
    ...(hint === undefined ? {} : { hint }),
    control: (control) =>
      h('input', { ...control, ...input, type: 'number', required: true, onChange: choose }),
  });
}

interface CheckboxProps extends FieldProps {
  readonly checked: boolean;
  readonly onChoose: (checked: boolean) => void;
}

export function Checkbox({ label, hint, checked, disabled = false, onChoose }: CheckboxProps) {
  const id = useId();
  const describedBy = hint ? `${id}-hint` : undefined;
  return h(
    'div',
    { class: 'field field-check' },
    h('input', {
      id,
      type: 'checkbox',
      checked,
      disabled,
      'aria-describedby': describedBy,
      onChange: (event: { currentTarget: HTMLInputElement }) =>
        onChoose(event.currentTarget.checked),
    }),
    h('label', { for: id }, label),
    hint && h('p', { class: 'hint', id: describedBy }, hint),
  );
}
