import { h } from 'preact';

interface SliderProps {
  readonly label: string;
  /** From 0, in whole steps. */
  readonly value: number;
  readonly max: number;
  /** Where it stands, in words. */
  readonly said: string;
  readonly onChoose: (value: number) => void;
}

export function Slider({ label, value, max, said, onChoose }: SliderProps) {
  return h(
    'label',
    { class: 'scrubber' },
    h('span', null, label),
    h('input', {
      type: 'range',
      min: 0,
      max,
      step: 1,
      value,
      'aria-valuetext': said,
      onInput: (event: { currentTarget: HTMLInputElement }) =>
        onChoose(event.currentTarget.valueAsNumber),
    }),
    h('output', { class: 'tabular' }, said),
  );
}
