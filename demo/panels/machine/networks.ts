import { h } from 'preact';
import type { LayerSummary, NetName } from '../../../src/index.ts';
import { count } from '../../format.ts';
import { inspect } from '../../machine.ts';
import { inspected, layers, settings } from '../../state.ts';
import { layerNames, machineText } from './machine.text.ts';
import { MachineMaps } from './maps.ts';

/** A layer with weights, and those without that follow it. */
type Stage = readonly [LayerSummary, ...LayerSummary[]];

/** Layers that begin a stage: what else there is belongs to the layer before. */
const heads = new Set(['Conv2d', 'ConvTranspose2d', 'Linear', 'Maxout', 'Embedding']);

function stagesOf(all: readonly LayerSummary[]): Stage[] {
  const stages: [LayerSummary, ...LayerSummary[]][] = [];
  for (const layer of all) {
    const last = stages.at(-1);
    if (!last || heads.has(layer.type)) stages.push([layer]);
    else last.push(layer);
  }
  return stages;
}

/** Both networks from their input to their output, also before they are trained. */
export function MachineNetworks() {
  const text = machineText();
  const all = layers.value;
  return h(
    'section',
    { 'aria-labelledby': 'machine-networks' },
    h('h3', { id: 'machine-networks' }, text.networks),
    h('p', { class: 'hint' }, text.hint),
    all
      ? h(
          'div',
          { class: 'networks' },
          h(Network, {
            net: 'generator',
            all: all.generator,
            title: text.generator,
            ends: text.generatorEnds(count(settings.value.latentDim)),
          }),
          h(Network, {
            net: 'discriminator',
            all: all.discriminator,
            title: text.discriminator,
            ends: text.discriminatorEnds,
          }),
        )
      : h('p', { class: 'note' }, text.none),
  );
}

interface NetworkProps {
  readonly net: NetName;
  readonly all: readonly LayerSummary[];
  readonly title: string;
  readonly ends: string;
}

function Network({ net, all, title, ends }: NetworkProps) {
  const text = machineText();
  const parameters = all.reduce((sum, layer) => sum + layer.parameters, 0);
  const widest = Math.max(...all.map(({ output }) => output.at(-1) ?? 1));
  return h(
    'div',
    { class: `network of-${net}` },
    h('h4', null, title),
    h('p', { class: 'hint' }, [ends, text.parameters(count(parameters))].join(text.comma)),
    h(
      'ol',
      { class: 'stages', 'aria-label': title },
      stagesOf(all).map((stage) => h(StageItem, { key: stage[0].name, net, stage, widest })),
    ),
  );
}

interface StageProps {
  readonly net: NetName;
  readonly stage: Stage;
  readonly widest: number;
}

/** Maps of `side` pixels, in the order of [H, W, C]. */
const sizeOf = (shape: readonly number[]): string => shape.join('×');

function StageItem({ net, stage, widest }: StageProps) {
  const [head, ...rest] = stage;
  const chosen = inspected.value;
  const shown = stage.find(({ name }) => chosen?.net === net && chosen.layer === name);
  const channels = head.output.at(-1) ?? 1;
  const side = head.output.length === 3 ? (head.output[0] ?? 1) : 1;
  return h(
    'li',
    { class: shown ? 'stage-item open' : 'stage-item' },
    h(
      'div',
      { class: 'stage-row' },
      h(
        'span',
        { class: 'slab-space', 'aria-hidden': true },
        h('span', {
          class: 'slab',
          // Roots: a layer of 512 channels is not to hide one of 3.
          style: {
            width: `${100 * Math.sqrt(channels / widest)}%`,
            height: `${0.25 + 0.2 * Math.sqrt(side)}rem`,
          },
        }),
      ),
      h(LayerButton, { net, layer: head, head: true }),
      rest.length > 0 &&
        h(
          'span',
          { class: 'chips' },
          rest.map((layer) => h(LayerButton, { key: layer.name, net, layer, head: false })),
        ),
    ),
    shown && h(MachineMaps, { net, layer: shown }),
  );
}

interface LayerButtonProps {
  readonly net: NetName;
  readonly layer: LayerSummary;
  readonly head: boolean;
}

function LayerButton({ net, layer, head }: LayerButtonProps) {
  const text = machineText();
  const chosen = inspected.value?.net === net && inspected.value.layer === layer.name;
  const { convolution, input, output, parameters } = layer;
  const kind = layerNames[layer.type];
  const name = convolution ? `${kind} ${convolution.kernelSize}×${convolution.kernelSize}` : kind;
  const shape = [
    ...(convolution ? [text.stride(convolution.stride)] : []),
    text.channels(count(input.at(-1) ?? 1), count(output.at(-1) ?? 1)),
    ...(output.length === 3 ? [sizeOf(output.slice(0, 2))] : []),
  ].join(text.comma);
  return h(
    'button',
    {
      type: 'button',
      class: head ? 'layer' : 'layer chip',
      'data-layer': `${net} ${layer.name}`,
      'aria-expanded': chosen,
      ...(!head && { 'aria-label': text.look(name, sizeOf(output)) }),
      onClick: () => inspect(net, layer.name),
    },
    h('strong', null, name),
    head &&
      h(
        'span',
        { class: 'hint' },
        h('span', null, `${shape} `),
        h('span', null, text.parameters(count(parameters))),
      ),
  );
}
