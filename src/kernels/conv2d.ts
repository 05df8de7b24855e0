import conv2dLoader from '../../shaders/load_conv2d.wgsl?raw';
import inputGradLoader from '../../shaders/load_conv2d_input_grad.wgsl?raw';
import weightGradLoader from '../../shaders/load_conv2d_weight_grad.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import type { Shape } from '../graph/shape.ts';
import { type Gemm, lowerGemm } from './gemm.ts';
import { defineKernel } from './kernel.ts';

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
  const tapsY = Math.ceil(g.kh / g.stride);
  const tapsX = Math.ceil(g.kw / g.stride);
  const tail = !byFours(g.cy);
  const unevenTaps = g.kh % g.stride !== 0 || g.kw % g.stride !== 0;
  return {
    label: g.label('conv2dInputGrad'),
    loader: inputGradLoader,
    constants: {
      KERNEL_X: g.kw,
      KERNEL_Y: g.kh,
      TAPS_X: tapsX,
      TAPS_Y: tapsY,
      STRIDE: g.stride,
      PADDING: g.padding,
      B_MASKED: Number(tail || unevenTaps),
    },
    a: y,
    b: w,
    layoutA: { alongK: true, vector: !tail },
    layoutB: { alongK: true, vector: !tail },
    rows: g.n * phaseHeight * phaseWidth,
    columns: g.cx,
    phases: g.stride * g.stride,
    size: x.size,
    steps: tapsY * tapsX,
    stepDepth: g.cy,
    stepUnit: 1,
    tail,
    sizes: [g.cy, g.height, g.width, g.outHeight, g.outWidth, phaseHeight, phaseWidth],
    flops: g.flops,
  };
}

/** w from x and y: a row for each (kh, kw, cx); the contraction is over all pixels of y. */
export function conv2dWeightGradGemm(node: Node): Gemm {
  const [x, y] = node.inputs;
  const [w] = node.outputs;
  const g = geometry(x.shape, w.shape, y.shape, node);
  const kernelRow = Math.ceil((g.kw * g.cx) / 4) * 4;
  const steps = g.n * g.outHeight;
  const tail = !byFours(g.outWidth);
  return {
    label: g.label('conv2dWeightGrad'),
    loader: weightGradLoader,
    constants: {
      KERNEL_X: g.kw,
      STRIDE: g.stride,
      PADDING: g.padding,
      MASKED: Number(g.padding > 0 || tail),
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
    steps,
    stepDepth: g.outWidth,
    stepUnit: 1,
    tail,
    sizes: [g.cx, g.height, g.width, g.outHeight, g.outWidth, steps, kernelRow],
    flops: g.flops,
  };
}

for (const [op, gemmOf] of Object.entries({
  conv2d: conv2dGemm,
  conv2dInputGrad: conv2dInputGradGemm,
  conv2dWeightGrad: conv2dWeightGradGemm,
})) {
  defineKernel({
    op,
    fusable: () => 3,
    lower: (lowering) => lowerGemm(gemmOf(lowering.node), lowering),
  });
}
