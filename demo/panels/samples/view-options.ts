import { h } from 'preact';
import { showFrames, showSamples } from '../../actions.ts';
import { gridCounts } from '../../grid.ts';
import { framed, gridCount, zoom } from '../../state.ts';
import { Checkbox, Select } from '../../ui/field.ts';
import { viewOptionsText } from './view-options.text.ts';

/** How the samples are shown; at any time, also during a run. */
export function ViewOptions() {
  const text = viewOptionsText();
  return h(
    'div',
    { class: 'view-options' },
    h(Select<number>, {
      label: text.count,
      value: gridCount.value,
      options: gridCounts.map((value) => ({ value, text: String(value) })),
      onChoose: showSamples,
    }),
    h(Select<typeof zoom.value>, {
      label: text.zoom,
      value: zoom.value,
      options: (['fit', 1, 2, 4] as const).map((value) => ({
        value,
        text: value === 'fit' ? text.fit : `${value}×`,
      })),
      onChoose: (value) => {
        zoom.value = value;
      },
    }),
    h(Checkbox, { label: text.frames, checked: framed.value, onChoose: showFrames }),
  );
}
