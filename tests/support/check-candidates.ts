// Holds every way to run a matrix product or a convolution against float64.
import { expect } from 'vitest';
import type { Device } from '../../src/gpu/device.ts';
import { fuse } from '../../src/graph/fuse.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import type { Shape } from '../../src/graph/shape.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import {
  conv2dCandidates,
  conv2dGemm,
  conv2dInputGradCandidates,
  conv2dInputGradGemm,
  conv2dWeightGradCandidates,
  conv2dWeightGradGemm,
} from '../../src/kernels/conv2d.ts';
import { coresFor, evenSplits, lowerGemm } from '../../src/kernels/gemm.ts';
import { kernelOf } from '../../src/kernels/index.ts';
import type { Candidate, Lowering } from '../../src/kernels/kernel.ts';
import { matmulCandidates, matmulGemm } from '../../src/kernels/matmul.ts';
import { interpret } from '../reference/index.ts';
import { runDispatches } from './run-dispatches.ts';

const kernels = {
  matmul: { gemmOf: matmulGemm, candidates: matmulCandidates },
  conv2d: { gemmOf: conv2dGemm, candidates: conv2dCandidates },
  conv2dInputGrad: { gemmOf: conv2dInputGradGemm, candidates: conv2dInputGradCandidates },
  conv2dWeightGrad: { gemmOf: conv2dWeightGradGemm, candidates: conv2dWeightGradCandidates },
};

/** Uniform in [-1, 1), the same for the same shape. */
function numbers(shape: Shape, seed: number): Float32Array<ArrayBuffer> {
  let state = seed + 1;
  return Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/**
 * Those of this device and each core with its contraction split; with `elsewhere` also those that
 * devices of the other kind choose, and in a small grid.
 */
function allCandidates(lowering: Lowering, elsewhere: boolean): Candidate[] {
  const { node, device, output, map } = lowering;
  const { gemmOf, candidates } = kernels[node.op as keyof typeof kernels];
  const other = { ...device, software: !device.software, maxWorkgroupsPerDimension: 3 };
  const gemm = gemmOf(node);
  const splits = evenSplits(gemm.steps, 3);
  const cores = [...coresFor(gemm, device), ...(elsewhere ? coresFor(gemm, other) : [])];
  return [
    ...candidates(lowering),
    ...candidates({ ...lowering, device: other })
      .filter(({ name }, i) => elsewhere && (i === 0 || name === 'winograd'))
      .map(({ name, lower }) => ({ name: `${name}, elsewhere, in a folded grid`, lower })),
    ...[...new Set(cores)].map((core) => ({
      name: `${core}, in ${splits} parts`,
      lower: () =>
        lowerGemm(gemm, { result: output, shape: output.shape, map }, device, {
          ...{ core, splits, workgroup: core === 'workgroup' ? 64 : 16 },
        }),
    })),
  ];
}

export interface CheckOptions {
  /** Changes the inputs; where the reference is not finite then, anything will do. */
  readonly spoil?: (inputs: Float32Array[]) => void;
  /**
   * Also what devices of the other kind choose: compiling that takes three times as long as all else,
   * so a shape whose kernels differ from others' in a loader's constants alone can do without.
   */
  readonly elsewhere?: boolean;
}

/**
 * Builds a graph of one product, perhaps with element-wise operations fused to it, and compares what
 * every candidate computes with the reference. `depth` is the length of the sums.
 */
export async function checkCandidates(
  device: Device,
  shapes: readonly Shape[],
  depth: number,
  build: (...tensors: Tensor[]) => Tensor,
  { spoil, elsewhere = true }: CheckOptions = {},
): Promise<void> {
  const graph = new Graph();
  const tensors = shapes.map((shape, i) => graph.variable(`input${i}`, shape));
  graph.output('y', build(...tensors));
  const data = shapes.map(numbers);
  spoil?.(data);
  const { outputs } = interpret(graph, new Map(data.map((values, i) => [`input${i}`, values])));
  const expected = outputs.get('y')!;

  const groups = fuse(
    graph,
    prune(graph).filter(({ op }) => op !== 'variable'),
    {
      buffersOf: (node) => kernelOf(node.op)?.fusable?.(node),
      takesPrologue: () => false,
      canAdd: () => false,
      maxBuffers: device.traits.maxStorageBuffersPerShaderStage,
      alignment: 256,
    },
  );
  const [{ node, output, map }] = groups;
  if (groups.length !== 1 || !node) throw new Error(`${groups.length} groups instead of one`);
  const lowering = { node, output, map, device: device.traits };
  const inputs = new Map(tensors.map((tensor, i) => [tensor, data[i]]));
  const tolerance = Math.max(1e-6, 4 * Math.sqrt(depth) * 2 ** -24);
  // All at once, so that their pipelines compile in parallel.
  const runs = allCandidates(lowering, elsewhere).map(async ({ name, lower }) => {
    const dispatches = lower();
    const [values] = await runDispatches(device, dispatches, inputs, [output]);
    return { what: `${dispatches[0].label}: ${name}`, error: relativeError(values, expected) };
  });
  for (const { what, error } of await Promise.all(runs)) {
    expect(error, what).toBeLessThan(tolerance);
  }
}

/** ‖values − expected‖ / ‖expected‖, NaN if any value is; the plain norm where 0 is expected. */
function relativeError(values: Float32Array, expected: Float64Array): number {
  let error = 0;
  let norm = 0;
  expected.forEach((x, i) => {
    if (!Number.isFinite(x)) return;
    error += (values[i] - x) ** 2;
    norm += x ** 2;
  });
  return Math.sqrt(norm === 0 ? error : error / norm);
}
