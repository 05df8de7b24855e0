import { h } from 'preact';
import type { LayerSummary, NetName } from '../../../src/index.ts';
import { count, figure } from '../../format.ts';
import { inspectSample } from '../../machine.ts';
import { data, gridCount, inspected, maps, phase } from '../../state.ts';
import { Drawing } from '../../ui/drawing.ts';
import { NumberInput, Select } from '../../ui/field.ts';
import { layerNames, machineText } from './machine.text.ts';

interface MapsProps {
  readonly net: NetName;
  readonly layer: LayerSummary;
}

/** What a layer makes of one sample, below its row. */
export function MachineMaps({ net, layer }: MapsProps) {
  const text = machineText();
  const name = layerNames[layer.type];
  const found = maps.value?.net === net && maps.value.layer === layer.name ? maps.value : null;
  const runs = phase.value === 'training' || phase.value === 'paused';
  return h(
    'div',
    { class: 'maps', role: 'group', 'aria-label': text.maps(name) },
    h(SampleChoice, { net }),
    found
      ? [
          h(
            'div',
            { class: 'maps-pictures' },
            h(Drawing, { drawing: found.picture, label: text.sampleAlt, class: 'maps-sample' }),
            h(Drawing, { drawing: found, label: text.mapsAlt(count(found.drawn), name) }),
          ),
          h(
            'p',
            { class: 'hint tabular' },
            [
              text.drawn(count(found.drawn), count(found.count)),
              text.range(figure(found.low), figure(found.high)),
              text.after(count(found.step)),
            ].join(text.comma),
            text.stop,
            found.low >= 0 ? text.white : text.colours,
          ),
        ]
      : h('p', { class: 'hint' }, runs ? text.computing : text.trainFirst),
  );
}

function SampleChoice({ net }: { readonly net: NetName }) {
  const text = machineText();
  const sample = inspected.value?.sample;
  if (!sample) return null;
  const { kind, number } = sample;
  const most = kind === 'real' ? Math.max(1, data.value?.count ?? 1) : gridCount.value;
  return h(
    'div',
    { class: 'field-row' },
    net === 'discriminator' &&
      h(Select<'generated' | 'real'>, {
        label: text.of,
        value: kind,
        options: [
          { value: 'generated', text: text.generated },
          { value: 'real', text: text.real },
        ],
        onChoose: (chosen) => inspectSample({ kind: chosen, number: 0 }),
      }),
    h(NumberInput, {
      label: text.sample,
      value: number + 1,
      min: 1,
      max: most,
      step: 1,
      onChoose: (chosen) => inspectSample({ kind, number: chosen - 1 }),
    }),
  );
}
