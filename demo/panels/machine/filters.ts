import { h } from 'preact';
import type { Filters } from '../../engine/machine-protocol.ts';
import { count, figure } from '../../format.ts';
import { filters } from '../../state.ts';
import { Drawing } from '../../ui/drawing.ts';
import { machineText } from './machine.text.ts';

/** The weights that meet pixels, as pictures. */
export function MachineFilters() {
  const found = filters.value;
  if (!found) return null;
  const text = machineText();
  return h(
    'section',
    { 'aria-labelledby': 'machine-filters' },
    h('h3', { id: 'machine-filters' }, text.filters),
    h('p', { class: 'hint' }, text.filtersHint),
    h(
      'div',
      { class: 'filters' },
      h(FilterGrid, { found: found.discriminator, which: text.first }),
      h(FilterGrid, { found: found.generator, which: text.last }),
    ),
  );
}

function FilterGrid({ found, which }: { readonly found: Filters; readonly which: string }) {
  const text = machineText();
  const { drawn, low, high } = found;
  return h(
    'figure',
    null,
    h('figcaption', null, which),
    h(Drawing, { drawing: found, label: text.filtersAlt(count(drawn), which) }),
    h(
      'p',
      { class: 'hint tabular' },
      [
        text.filtersDrawn(count(drawn), count(found.count)),
        text.range(figure(low), figure(high)),
      ].join(text.comma),
    ),
  );
}
