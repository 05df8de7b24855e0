/** What the page is told of the machine: what layers make of a sample, weights, a step's parts, memory. */

import {
  type GanTrainer,
  GanvasError,
  gpuMemory,
  type ImageSet,
  Inspector,
  type NetName,
} from '../../src/index.ts';
import type { Drawing, Filters, InspectedLayer, MachineFacts, Maps } from './machine-protocol.ts';
import type { Studio } from './studio.ts';
import { drawPictures, drawTiles } from './tiles.ts';

/** One for each trainer; it ends with it. */
const inspectors = new WeakMap<GanTrainer, Inspector>();

function inspectorOf(trainer: GanTrainer): Inspector {
  let inspector = inspectors.get(trainer);
  if (!inspector) {
    inspector = new Inspector(trainer);
    inspectors.set(trainer, inspector);
  }
  return inspector;
}

export const transfersOf = (...drawings: readonly Drawing[]): Transferable[] =>
  drawings.map(({ pixels }) => pixels.buffer);

/** The feature maps of a layer for the sample that is asked for. */
export async function mapsOf(
  trainer: GanTrainer,
  set: ImageSet | undefined,
  { net, layer, sample }: InspectedLayer,
): Promise<Maps> {
  const inspector = inspectorOf(trainer);
  const { step } = trainer;
  const { shape, values, picture } = await inspector.featureMaps(
    net,
    layer,
    sample.kind === 'real' && set
      ? realSample(set, sample.number)
      : drawnSample(trainer, sample.number),
  );
  const { imageSize: size, channels } = trainer.options;
  const [height, width, count] = shape.length === 3 ? shape : [1, 1, shape[0] ?? 0];
  return {
    ...drawTiles(values, {
      ...{ count: count ?? 0, width: width ?? 1, height: height ?? 1, interleaved: true },
    }),
    step,
    layer,
    net,
    picture: drawPictures(picture, { count: 1, width: size, height: size, channels }),
  };
}

function drawnSample(trainer: GanTrainer, number: number) {
  const { classes, latentDim } = trainer.options;
  const latents = trainer.latents({ count: number + 1 }).slice(number * latentDim);
  // As in the grid, where classes take turns.
  return { latents, label: classes > 0 ? number % classes : 0 };
}

function realSample({ data, labels, count, height, width, channels }: ImageSet, number: number) {
  const index = number % count;
  const size = height * width * channels;
  return {
    picture: data.slice(index * size, (index + 1) * size),
    label: labels?.[index] ?? 0,
  };
}

/** The weights of a net that are next to the picture. */
export async function filtersOf(trainer: GanTrainer, net: NetName): Promise<Filters> {
  const { step } = trainer;
  const { values, ...shape } = await inspectorOf(trainer).filters(net);
  if (shape.channels === 1) return { ...drawTiles(values, shape), step };
  // Weights have no unit: the largest of them is a full colour.
  const most = values.reduce((m, x) => Math.max(m, Math.abs(x)), 1e-12);
  const scaled = values.map((x) => x / most);
  return { ...drawPictures(scaled, shape), low: -most, high: most, step };
}

/** What the adapter allows, and what the run that is going on takes of it. */
export async function machineFacts(studio: Studio): Promise<MachineFacts> {
  const { adapter } = await studio.engine();
  const limits = (name: string): number => {
    const value = adapter.limits[name];
    if (value === undefined) throw new GanvasError('limit', `The adapter tells no ${name}.`, '');
    return value;
  };
  const trainer = studio.run?.trainer;
  return {
    limits: {
      buffer: limits('maxBufferSize'),
      binding: limits('maxStorageBufferBindingSize'),
      buffers: limits('maxStorageBuffersPerShaderStage'),
      invocations: limits('maxComputeInvocationsPerWorkgroup'),
      workgroupBytes: limits('maxComputeWorkgroupStorageSize'),
    },
    features: adapter.features,
    run: trainer && runFacts(trainer),
  };
}

function runFacts(trainer: GanTrainer): NonNullable<MachineFacts['run']> {
  const { buffers, bytes, peakBytes } = trainer.memory();
  const { dispatches, submits, pipelines, flops } = trainer.stats();
  const kinds = gpuMemory(trainer);
  return { kinds, buffers, bytes, peakBytes, dispatches, submits, pipelines, flops };
}
