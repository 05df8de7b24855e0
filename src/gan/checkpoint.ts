import { type Shape, stridesOf } from '../graph/shape.ts';
import { type WritableTensor, writeSafetensors } from '../io/safetensors.ts';
import type { Parameter } from '../nn/module.ts';
import type { Net } from '../nn/net.ts';
import type { Elements } from '../runtime/variables.ts';
import { type Players, variableNames } from './step.ts';

/** A tensor with its axes in another order, dense. */
function permute(data: Float32Array, shape: Shape, axes: readonly number[]) {
  const target = axes.map((a) => shape[a]);
  const strides = axes.map((a) => stridesOf(shape)[a]);
  const result = new Float32Array(data.length);
  const at = new Array<number>(axes.length).fill(0);
  let from = 0;
  for (let i = 0; i < result.length; i++) {
    result[i] = data[from];
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      from += strides[axis];
      if (++at[axis] < target[axis]) break;
      from -= strides[axis] * target[axis];
      at[axis] = 0;
    }
  }
  return { shape: target, data: result };
}

/** A parameter out of a flat buffer, in PyTorch's layout. */
function exported(flat: Float32Array, p: Parameter): WritableTensor {
  const own = flat.subarray(p.offset, p.offset + p.size);
  return { dtype: 'F32', ...permute(own, p.shape, p.layout.axes) };
}

function netTensors(net: Net, flat: Float32Array, prefix: string): [string, WritableTensor][] {
  return [...net.parameters].map(([name, p]) => [`${prefix}.${name}`, exported(flat, p)]);
}

/** The variables that a checkpoint is made of. */
function variablesOf({ generator, discriminator, options }: Players): string[] {
  const ofNets = [generator, discriminator].flatMap((net) => [
    net.variable,
    ...[...net.buffers.values()].map((buffer) => buffer.variable),
    ...['m', 'v', 'corrections'].map((part) => `${net.name}.adam.${part}`),
  ]);
  const average = options.ema > 0 ? [variableNames.ema, variableNames.emaCorrection] : [];
  return [variableNames.state, ...ofNets, ...average];
}

/**
 * A run's state as one safetensors file. Keys `generator.*` and `discriminator.*` go on as PyTorch's
 * `state_dict` of its DCGAN example does, in its layouts; Adam's moments lie under
 * `NET.adam.m.*` and `NET.adam.v.*`, the average of G's weights under `generator.ema.*`.
 */
export async function writeCheckpoint(
  players: Players,
  readVariable: (name: string) => Promise<Elements>,
  metadata: Readonly<Record<string, string>>,
): Promise<Uint8Array<ArrayBuffer>> {
  // All reads are submitted before one is awaited, so that no step of a run comes between them.
  const names = variablesOf(players);
  const read = await Promise.all(names.map(readVariable));
  const values = new Map(names.map((name, i) => [name, read[i]]));
  const floats = (name: string) => values.get(name) as Float32Array<ArrayBuffer>;
  const tensors = new Map<string, WritableTensor>();
  const addAll = (entries: [string, WritableTensor][]) => {
    for (const [name, tensor] of entries) tensors.set(name, tensor);
  };
  const state = values.get(variableNames.state) as Uint32Array<ArrayBuffer>;
  const steps = state[2];
  const { dSteps, freshLatent, mixedBatch } = players.options;
  // Forward passes in training mode a step: what PyTorch counts in num_batches_tracked.
  const passes = new Map([
    [players.generator, dSteps + (freshLatent ? 1 : 0)],
    [players.discriminator, dSteps * (mixedBatch ? 1 : 2) + 1],
  ]);
  for (const [net, passesOfNet] of passes) {
    addAll(netTensors(net, floats(net.variable), net.name));
    for (const [path, buffer] of net.buffers) {
      const module = path.slice(0, path.lastIndexOf('.'));
      const values = floats(buffer.variable);
      const [, channels] = buffer.shape;
      buffer.fileNames.forEach((name, i) => {
        const data = values.slice(i * channels, (i + 1) * channels);
        tensors.set(`${net.name}.${module}.${name}`, { dtype: 'F32', shape: [channels], data });
      });
      const tracked = BigInt64Array.of(BigInt(steps * passesOfNet));
      tensors.set(`${net.name}.${module}.num_batches_tracked`, {
        dtype: 'I64',
        shape: [],
        data: tracked,
      });
    }
    for (const moment of ['m', 'v']) {
      const prefix = `${net.name}.adam.${moment}`;
      addAll(netTensors(net, floats(prefix), prefix));
    }
    const corrections = floats(`${net.name}.adam.corrections`);
    tensors.set(`${net.name}.adam.corrections`, { dtype: 'F32', shape: [2], data: corrections });
  }
  if (players.options.ema > 0) {
    addAll(netTensors(players.generator, floats(variableNames.ema), 'generator.ema'));
    const data = floats(variableNames.emaCorrection);
    tensors.set(variableNames.emaCorrection, { dtype: 'F32', shape: [1], data });
  }
  tensors.set('state', { dtype: 'U32', shape: [4], data: state });
  return writeSafetensors(tensors, { ...metadata, step: String(steps) }) as Uint8Array<ArrayBuffer>;
}
