import { byteSize } from '../graph/shape.ts';
import { Players } from './step.ts';
import type { GanTrainer } from './trainer.ts';

/** What the buffers of an engine are for, in bytes. Their sum is `trainer.memory().bytes`. */
export interface GpuMemory {
  /** Learned numbers of both nets. */
  readonly parameters: number;
  /** What optimisers keep beside them, such as Adam's moments, and learning rates. */
  readonly optimisers: number;
  /** The average of G's weights, if on. */
  readonly average: number;
  /** Batch-norm's running statistics, and what spectral normalisation keeps. */
  readonly buffers: number;
  /** The pictures, and their classes. */
  readonly data: number;
  /** What a step computes and needs again, activations and gradients above all: one pool that it shares. */
  readonly activations: number;
  /** Everything else on the engine: samples, readbacks, uniforms, counters, other trainers. */
  readonly other: number;
}

/** What the device holds for a run, by kind, right now. */
export function gpuMemory(trainer: GanTrainer): GpuMemory {
  const { generator, discriminator, average } = new Players(trainer.options);
  const { variables, executable } = trainer.session;
  const nets = [generator, discriminator];
  const kinds = { parameters: 0, optimisers: 0, average: 0, buffers: 0, data: 0 };
  for (const [name, type] of variables.types()) {
    const bytes = byteSize(type);
    const own = nets.find((net) => name.startsWith(`${net.name}.`));
    if (!own) kinds.data += bytes;
    else if (name === own.variable) kinds.parameters += bytes;
    else if ([...own.buffers.values()].some(({ variable }) => variable === name))
      kinds.buffers += bytes;
    else if (average && (name === average.variable || name === average.correction))
      kinds.average += bytes;
    else kinds.optimisers += bytes;
  }
  const { poolSizes, fixed } = executable.plan;
  const activations = [...poolSizes, ...fixed.map(({ bytes }) => bytes)].reduce((a, b) => a + b, 0);
  const known = Object.values(kinds).reduce((a, b) => a + b, activations);
  return { ...kinds, activations, other: trainer.memory().bytes - known };
}
