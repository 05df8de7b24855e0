import gatherTaps from '../../shaders/gemm_gather_taps.wgsl?raw';
import conv2dLoader from '../../shaders/load_conv2d.wgsl?raw';
import inputGradLoader from '../../shaders/load_conv2d_input_grad.wgsl?raw';
import weightGradLoader from '../../shaders/load_conv2d_weight_grad.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import { identityMap } from '../graph/map.ts';
import type { Shape } from '../graph/shape.ts';
import { type Gemm, gemmCandidates, lowerGemm, MAX_SCRATCH_BYTES } from './gemm.ts';
import { foldGrid } from './grid.ts';
import type { Candidate, Dispatch, Kernel, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { matrixProduct } from './matmul.ts';
import { link } from './wgsl.ts';
import { winogradCandidate, winogradSuits } from './winograd.ts';

/** What is common to the three: x `[N, H, W, Cx]`, w `[KH, KW, Cx, Cy]`, y `[N, OH, OW, Cy]`. */
function geometry(x: Shape, w: Shape, y: Shape, { attrs }: Node) {
  const [n, height, width, cx] = x;
  const [kh, kw] = w;
  const [, outHeight, outWidth, cy] = y;
  const stride = attrs.stride as number;
  const padding = attrs.padding as number;
  const sizes = `x ${x.join('×')}, w ${w.join('×')}, stride ${stride}, padding ${padding}`;
  return {
    ...{ n, height, width, cx, kh, kw, outHeight, outWidth, cy, stride, padding },
    label: (op: string) => `${op} ${sizes}`,
    flops: 2 * n * outHeight * outWidth * cy * kh * kw * cx,
  };
}

type Geometry = ReturnType<typeof geometry>;

/** Constants of shaders that sum over taps: the kernel, and at most how many taps meet in a pixel of x. */
const tapsOf = ({ kh, kw, stride, padding }: Geometry) => ({
  KERNEL_X: kw,
  KERNEL_Y: kh,
  TAPS_X: Math.ceil(kw / stride),
  TAPS_Y: Math.ceil(kh / stride),
  STRIDE: stride,
  PADDING: padding,
});

const GATHER_WORKGROUP = 64;
/** Channels up to which `lowerByTaps` may be faster than one product with as many columns. */
const MOST_TAP_CHANNELS = 4;

const byFours = (...sizes: number[]): boolean => sizes.every((size) => size % 4 === 0);

/** y = x ∗ w: a row for each pixel of y; k runs over (kw, cx). */
export function conv2dGemm(node: Node): Gemm {
  const [x, w] = node.inputs;
  const g = geometry(x.shape, w.shape, node.outputs[0].shape, node);
  const rows = g.n * g.outHeight * g.outWidth;
  const tail = !byFours(g.kw * g.cx);
  return {
    label: g.label('conv2d'),
    loader: conv2dLoader,
    constants: {
      KERNEL_X: g.kw,
      KERNEL_Y: g.kh,
      STRIDE: g.stride,
      PADDING: g.padding,
      MASKED: Number(g.padding > 0 || tail),
      TAIL: Number(tail),
    },
    a: x,
    b: w,
    layoutA: { alongK: true, vector: byFours(g.cx) },
    layoutB: { alongK: false, vector: byFours(g.cy) },
    rows,
    columns: g.cy,
    phases: 1,
    size: rows * g.cy,
    steps: g.kh,
    stepDepth: g.kw * g.cx,
    stepUnit: 1,
    tail,
    sizes: [g.cx, g.height, g.width, g.outHeight, g.outWidth],
    flops: g.flops,
  };
}

/** x from y and w, by phases of x's pixels: a row for each pixel; k runs over cy. */
export function conv2dInputGradGemm(node: Node): Gemm {
  const [y, w] = node.inputs;
  const [x] = node.outputs;
  const g = geometry(x.shape, w.shape, y.shape, node);
  const phaseHeight = Math.ceil(g.height / g.stride);
  const phaseWidth = Math.ceil(g.width / g.stride);
  const tail = !byFours(g.cy);
  const unevenTaps = g.kh % g.stride !== 0 || g.kw % g.stride !== 0;
  return {
    label: g.label('conv2dInputGrad'),
    loader: inputGradLoader,
    constants: { ...tapsOf(g), B_MASKED: Number(tail || unevenTaps) },
    a: y,
    b: w,
    layoutA: { alongK: true, vector: !tail },
    layoutB: { alongK: true, vector: !tail },
    rows: g.n * phaseHeight * phaseWidth,
    columns: g.cx,
    phases: g.stride * g.stride,
    size: x.size,
    steps: Math.ceil(g.kh / g.stride) * Math.ceil(g.kw / g.stride),
    stepDepth: g.cy,
    stepUnit: 1,
    tail,
    sizes: [g.cy, g.height, g.width, g.outHeight, g.outWidth, phaseHeight, phaseWidth],
    flops: g.flops,
  };
}

/** w from x and y: a row for each (kh, kw, cx); an outer step is a pixel of y, k runs over the batch. */
export function conv2dWeightGradGemm(node: Node): Gemm {
  const [x, y] = node.inputs;
  const [w] = node.outputs;
  const g = geometry(x.shape, w.shape, y.shape, node);
  const kernelRow = Math.ceil((g.kw * g.cx) / 4) * 4;
  const tail = !byFours(g.n);
  return {
    label: g.label('conv2dWeightGrad'),
    loader: weightGradLoader,
    constants: {
      KERNEL_X: g.kw,
      STRIDE: g.stride,
      PADDING: g.padding,
      TAIL: Number(tail),
    },
    a: x,
    b: y,
    layoutA: { alongK: false, vector: byFours(g.cx) },
    layoutB: { alongK: false, vector: byFours(g.cy) },
    rows: g.kh * kernelRow,
    columns: g.cy,
    phases: 1,
    size: w.size,
    steps: g.outHeight * g.outWidth,
    stepDepth: g.n,
    stepUnit: 1,
    tail,
    sizes: [g.n, g.cx, g.height, g.width, g.outHeight, g.outWidth, kernelRow],
    flops: g.flops,
  };
}

/**
 * x from y and w in two dispatches: all products of y's pixels with all weights, then the sums of
 * those that meet in a pixel of x. For so few channels that a product of pixels and channels has
 * no full tiles.
 */
function lowerByTaps(lowering: Lowering): Dispatch[] {
  const { node, device } = lowering;
  const [y, w] = node.inputs;
  const [x] = node.outputs;
  const g = geometry(x.shape, w.shape, y.shape, node);
  const pixels = y.size / g.cy;
  const weights = w.size / g.cy;
  const products: Scratch = { label: 'conv2dInputGrad products', bytes: pixels * weights * 4 };
  const gemm = matrixProduct([y, w], [pixels, g.cy, weights], { transposeB: true });
  const width = byFours(g.cx) ? mapWidth(lowering.map, lowering.output.shape) : 1;
  const epilogue = mapOverlay(lowering.map, width);
  const constants = { ...tapsOf(g), WORKGROUP: GATHER_WORKGROUP, V: width === 4 ? 'vec4f' : 'f32' };
  return [
    ...lowerGemm(
      { ...gemm, label: g.label('conv2dInputGrad') },
      { result: products, shape: [pixels, weights], map: identityMap },
      device,
    ),
    {
      label: `${g.label('conv2dInputGrad')}, sums`,
      shader: link(gatherTaps, epilogue.overlay, constants),
      buffers: { products, result: lowering.output, ...epilogue.buffers },
      params: Uint32Array.of(
        ...[g.n * g.height * g.width, g.cx / width, g.height, g.width, g.outHeight, g.outWidth],
      ),
      grid: foldGrid(Math.ceil((g.n * g.height * g.width) / GATHER_WORKGROUP), device),
      flops: 0,
    },
  ];
}

/** By Winograd's F(2, 2) too, which a tuner may choose: it takes more dispatches and memory. */
function withWinograd(
  direct: readonly Candidate[],
  lowering: Lowering,
  { label, flops }: Gemm,
): readonly Candidate[] {
  if (!winogradSuits(lowering.node)) return direct;
  return [...direct, winogradCandidate(lowering, label, flops)];
}

export function conv2dCandidates(lowering: Lowering): readonly Candidate[] {
  const gemm = conv2dGemm(lowering.node);
  return withWinograd(gemmCandidates(gemm, lowering), lowering, gemm);
}

/** With few channels also `lowerByTaps`; a GPU rather has loads to spare than memory traffic. */
export function conv2dInputGradCandidates(lowering: Lowering): readonly Candidate[] {
  const { node, device } = lowering;
  const [y, w] = node.inputs;
  const [, , cx, cy] = w.shape;
  const gemm = conv2dInputGradGemm(node);
  const direct = gemmCandidates(gemm, lowering);
  const bytes = (y.size / cy) * (w.size / cy) * 4;
  if (cx <= MOST_TAP_CHANNELS && bytes <= MAX_SCRATCH_BYTES) {
    const byTaps = { name: 'by taps', lower: () => lowerByTaps(lowering) };
    if (device.software) direct.unshift(byTaps);
    else direct.push(byTaps);
  }
  return withWinograd(direct, lowering, gemm);
}

export const conv2dWeightGradCandidates = (lowering: Lowering): Candidate[] =>
  gemmCandidates(conv2dWeightGradGemm(lowering.node), lowering);

const convKernel = (candidates: (lowering: Lowering) => readonly Candidate[]): Kernel => ({
  fusable: () => 3,
  candidates,
});

export const conv2dKernel = /* @__PURE__ */ convKernel(conv2dCandidates);
export const conv2dInputGradKernel = /* @__PURE__ */ convKernel(conv2dInputGradCandidates);
export const conv2dWeightGradKernel = /* @__PURE__ */ convKernel(conv2dWeightGradCandidates);
