import applyShader from '../../shaders/batch_norm_apply.wgsl?raw';
import gradApplyShader from '../../shaders/batch_norm_grad_apply.wgsl?raw';
import gradSumsShader from '../../shaders/batch_norm_grad_sums.wgsl?raw';
import sumsShader from '../../shaders/batch_norm_sums.wgsl?raw';
import { foldGrid } from './grid.ts';
import type { DeviceTraits, Kernel, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth, type Width } from './map-codegen.ts';
import { link } from './wgsl.ts';

/** Invocations in a workgroup, as the shaders declare. */
const WORKGROUP = 64;
/** Every invocation of the second dispatch reads the partial statistics of all slices. */
const MOST_SLICES = 64;

/** How many vectors a row has, and into how many runs of rows it is cut. */
interface Cut {
  readonly columns: number;
  readonly slices: number;
  readonly sliceRows: number;
}

/** Cuts rows so that about `invocations` have work, each with at least `leastRows` of it. */
function cut(
  rows: number,
  columns: number,
  {
    invocations,
    leastRows,
    mostSlices,
  }: Record<'invocations' | 'leastRows' | 'mostSlices', number>,
): Cut {
  const wanted = Math.min(
    Math.ceil(invocations / columns),
    Math.ceil(rows / leastRows),
    mostSlices,
  );
  const sliceRows = Math.ceil(rows / wanted);
  return { columns, slices: Math.ceil(rows / sliceRows), sliceRows };
}

const cutSums = (rows: number, columns: number, { software }: DeviceTraits): Cut =>
  cut(rows, columns, {
    invocations: software ? 256 : 16384,
    leastRows: 8,
    mostSlices: MOST_SLICES,
  });

/** The second dispatch: an invocation has at least half as many rows as partials to read first. */
const cutApply = (rows: number, columns: number, sums: Cut, { software }: DeviceTraits): Cut =>
  cut(rows, columns, {
    invocations: software ? 1024 : 65536,
    leastRows: Math.max(4, Math.ceil(sums.slices / 2)),
    mostSlices: Number.POSITIVE_INFINITY,
  });

const gridOf = ({ columns, slices }: Cut, device: DeviceTraits) =>
  foldGrid(Math.ceil((columns * slices) / WORKGROUP), device);

const floats = (...values: number[]): Uint32Array =>
  new Uint32Array(Float32Array.from(values).buffer);

/** What both directions share: sizes, cuts, vector types and the partial sums between dispatches. */
function plan({ node, output, map, device }: Lowering) {
  const [{ shape, size }] = node.outputs;
  const channels = shape[shape.length - 1];
  const rows = size / channels;
  const wide: Width = channels % 4 === 0 ? 4 : 1;
  const width: Width = wide === 4 ? mapWidth(map, output.shape) : 1;
  const sums = cutSums(rows, channels / wide, device);
  const apply = cutApply(rows, channels / width, sums, device);
  // The layout in memory is the same for both widths.
  const partials: Scratch = {
    label: `${node.op} partial sums`,
    bytes: sums.slices * 2 * channels * 4,
  };
  const label = `[${rows}, ${channels}]`;
  return { rows, wide, width, sums, apply, partials, label };
}

const vector = (width: Width): string => (width === 4 ? 'vec4f' : 'f32');

export const batchNormKernel: Kernel = {
  fusable: () => 7,
  lower(lowering) {
    const { node, output, map, device } = lowering;
    const { rows, wide, width, sums, apply, partials, label } = plan(lowering);
    const [x, gamma, beta] = node.inputs;
    const [, saved, running] = node.outputs;
    const { overlay, buffers } = mapOverlay(map, width);
    const { momentum, eps } = node.attrs as Record<string, number>;
    return [
      {
        label: `batchNorm sums ${label}`,
        shader: link(sumsShader, [], { V: vector(wide) }),
        buffers: { x, partials },
        params: Uint32Array.of(rows, sums.columns, sums.slices, sums.sliceRows),
        grid: gridOf(sums, device),
        flops: 0,
      },
      {
        label: `batchNorm apply ${label}`,
        shader: link(applyShader, overlay, { V: vector(width) }),
        buffers: { x, gamma, beta, partials, y: output, saved, running, ...buffers },
        params: Uint32Array.of(
          ...[rows, apply.columns, sums.slices, sums.sliceRows, apply.slices, apply.sliceRows],
          ...floats(momentum, eps),
        ),
        grid: gridOf(apply, device),
        flops: 0,
      },
    ];
  },
};

export const batchNormGradKernel: Kernel = {
  fusable: () => 8,
  addable: [1, 2],
  lower(lowering) {
    const { node, output, map, additions, device } = lowering;
    const { rows, wide, width, sums, apply, partials, label } = plan(lowering);
    const [dy, x, gamma, saved] = node.inputs;
    const [addGamma, addBeta] = node.outputs.slice(1).map((t) => additions?.get(t));
    const dgamma = addGamma?.total ?? node.outputs[1];
    const dbeta = addBeta?.total ?? node.outputs[2];
    const constants = {
      V: vector(width),
      ADD_DGAMMA: Number(addGamma !== undefined),
      ADD_DBETA: Number(addBeta !== undefined),
    };
    const { overlay, buffers } = mapOverlay(map, width);
    return [
      {
        label: `batchNormGrad sums ${label}`,
        shader: link(gradSumsShader, [], { V: vector(wide) }),
        buffers: { dy, x, saved, partials },
        params: Uint32Array.of(rows, sums.columns, sums.slices, sums.sliceRows),
        grid: gridOf(sums, device),
        flops: 0,
      },
      {
        label: `batchNormGrad apply ${label}`,
        shader: link(gradApplyShader, overlay, constants),
        buffers: { dy, x, gamma, saved, partials, dx: output, dgamma, dbeta, ...buffers },
        params: Uint32Array.of(
          ...[rows, apply.columns, sums.slices, apply.slices, apply.sliceRows],
        ),
        grid: gridOf(apply, device),
        flops: 0,
      },
    ];
  },
};
