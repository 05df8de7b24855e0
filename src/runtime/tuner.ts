// Which way of running a kernel is fastest differs by adapter by more than twice: measured here.
import { bufferUsage, type Device } from '../gpu/device.ts';
import { pipelinesOf } from '../gpu/pipelines.ts';
import type { Graph } from '../graph/graph.ts';
import type { BufferRef, Candidate, Dispatch } from '../kernels/kernel.ts';
import { type Choices, choosable } from './plan.ts';

/** Keeps choices between page loads, by adapter. */
export interface TuningStore {
  /** What was chosen on an adapter, or nothing yet. */
  load(adapter: string): Promise<Choices | undefined>;
  /** Keeps what was chosen on an adapter, in the place of what was there. */
  save(adapter: string, choices: Choices): Promise<void>;
}

/**
 * `off`: the kernels' own first choice. `cached`: what was measured before on this adapter, where
 * there is something. `on`: that, and what is missing is measured, for two seconds at most.
 */
export type TuneMode = 'off' | 'cached' | 'on';

/** Milliseconds that measuring may add to compiling a graph, pipelines of all candidates included. */
const BUDGET_MS = 2000;
/** Each candidate is repeated until it takes at least this long. */
const SAMPLE_MS = 5;
const MAX_REPEATS = 256;
/** How much faster than the first candidate another must be: less is noise. */
const MARGIN = 0.95;

/** What makes two adapters the same for the tuner: names and what can be used of them. */
export function adapterKey({ adapter }: Device): string {
  const { vendor, architecture, description, features } = adapter;
  return [vendor, architecture, description, ...[...features].sort()].join('/');
}

/** Buffers for dispatches that are run for their time alone: real numbers, as zeros can be faster. */
class Bench {
  private readonly buffers: GPUBuffer[] = [];

  constructor(private readonly device: Device) {}

  private buffer(ref: BufferRef): GPUBuffer {
    const { storage, copyTarget } = bufferUsage;
    const buffer = this.device.createBuffer('tuning', ref.bytes, storage | copyTarget);
    this.buffers.push(buffer);
    const words = new Float32Array(Math.min(buffer.size / 4, 16384)).map(() => Math.random() - 0.5);
    for (let at = 0; at < buffer.size; at += words.byteLength) {
      const bytes = Math.min(words.byteLength, buffer.size - at);
      this.device.gpu.queue.writeBuffer(buffer, at, words, 0, bytes / 4);
    }
    return buffer;
  }

  /** Pipelines and bind groups of a candidate. */
  async prepare(dispatches: readonly Dispatch[]) {
    const cache = pipelinesOf(this.device);
    const made = new Map<BufferRef, GPUBuffer>();
    const pipelines = await Promise.all(dispatches.map((d) => cache.pipeline(d.shader, d.label)));
    return dispatches.map(({ shader, buffers, params, grid, label }, i) => {
      const bound: Record<string, GPUBuffer> = {};
      for (const [name, ref] of Object.entries(buffers)) {
        const buffer = made.get(ref) ?? this.buffer(ref);
        made.set(ref, buffer);
        bound[name] = buffer;
      }
      if (params) {
        const { uniform, copyTarget } = bufferUsage;
        const bytes = Math.ceil(params.byteLength / 16) * 16;
        bound.params = this.device.createBuffer('tuning', bytes, uniform | copyTarget);
        this.buffers.push(bound.params);
        this.device.gpu.queue.writeBuffer(bound.params, 0, params);
      }
      return { pipeline: pipelines[i], group: cache.bindGroup(shader, bound, label), grid };
    });
  }

  /** Milliseconds of one run, from as many as take `SAMPLE_MS`. */
  async time(prepared: Awaited<ReturnType<Bench['prepare']>>): Promise<number> {
    const { queue } = this.device.gpu;
    const run = async (repeats: number): Promise<number> => {
      const encoder = this.device.gpu.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let i = 0; i < repeats; i++) {
        for (const { pipeline, group, grid } of prepared) {
          pass.setPipeline(pipeline);
          pass.setBindGroup(0, group);
          pass.dispatchWorkgroups(...grid);
        }
      }
      pass.end();
      const begun = performance.now();
      queue.submit([encoder.finish()]);
      await queue.onSubmittedWorkDone();
      return performance.now() - begun;
    };
    // The first run warms up; a submit that does nothing tells what submitting itself takes.
    await run(1);
    const overhead = await run(0);
    let repeats = 1;
    let elapsed = (await run(1)) - overhead;
    while (elapsed < SAMPLE_MS && repeats < MAX_REPEATS) {
      repeats = Math.min(
        MAX_REPEATS,
        Math.ceil(repeats * Math.max(2, (1.2 * SAMPLE_MS) / Math.max(elapsed, 0.05))),
      );
      elapsed = (await run(repeats)) - overhead;
    }
    return elapsed / repeats;
  }

  release() {
    for (const buffer of this.buffers) this.device.destroyBuffer(buffer);
    this.buffers.length = 0;
  }
}

/** The fastest candidate, or undefined where measuring would go on beyond the deadline. */
async function fastest(
  device: Device,
  candidates: readonly Candidate[],
  deadline: number,
): Promise<string | undefined> {
  const lowered = candidates.map((candidate) => candidate.lower());
  // Compiling takes most of the time: all at once, so that it uses all cores.
  const cache = pipelinesOf(device);
  await Promise.all(lowered.flat().map((d) => cache.pipeline(d.shader, d.label)));
  const times: number[] = [];
  for (const dispatches of lowered) {
    if (performance.now() > deadline) return undefined;
    const bench = new Bench(device);
    try {
      times.push(await bench.time(await bench.prepare(dispatches)));
    } finally {
      bench.release();
    }
  }
  const best = times.indexOf(Math.min(...times));
  return candidates[times[best] < times[0] * MARGIN ? best : 0].name;
}

/**
 * Chooses how to run what can be run in several ways. Measures the largest work first; what the
 * budget does not reach keeps the kernels' own choice and is measured another time. The first is
 * measured to its end all the same: where compiling is slow, nothing would ever be.
 */
export async function tune(
  device: Device,
  graph: Graph,
  mode: TuneMode,
  store: TuningStore | undefined,
): Promise<Choices> {
  if (mode === 'off') return {};
  const adapter = adapterKey(device);
  const known = (await store?.load(adapter)) ?? {};
  if (mode === 'cached') return known;
  const work = ({ candidates }: { candidates: readonly Candidate[] }) =>
    candidates[0].lower().reduce((sum, d) => sum + d.flops, 0);
  const unknown = choosable(graph, device.traits)
    .filter(({ key }) => !(key in known))
    .sort((a, b) => work(b) - work(a));
  const deadline = performance.now() + BUDGET_MS;
  const found: Record<string, string> = {};
  for (const { key, candidates } of unknown) {
    if (performance.now() > deadline) break;
    const first = Object.keys(found).length === 0;
    const name = await fastest(device, candidates, first ? Number.POSITIVE_INFINITY : deadline);
    if (name !== undefined) found[key] = name;
  }
  const choices = { ...known, ...found };
  if (Object.keys(found).length > 0) await store?.save(adapter, choices);
  return choices;
}
