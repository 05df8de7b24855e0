// conv2d with a 4 × 4 kernel, stride 2 and padding 1 by 9 products for 16: see
// shaders/winograd_input.wgsl.
import loader from '../../shaders/load_winograd.wgsl?raw';
import inputShader from '../../shaders/winograd_input.wgsl?raw';
import outputShader from '../../shaders/winograd_output.wgsl?raw';
import weightsShader from '../../shaders/winograd_weights.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import { identityMap } from '../graph/map.ts';
import { type Gemm, lowerGemm, MAX_SCRATCH_BYTES } from './gemm.ts';
import { foldGrid } from './grid.ts';
import type { Candidate, DeviceTraits, Dispatch, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;
/** Products of a tile of 2 × 2 pixels. */
const PRODUCTS = 9;
/** With fewer channels the transforms take as long as the products that they save. */
const LEAST_CHANNELS = 16;

const gridOf = (count: number, device: DeviceTraits) =>
  foldGrid(Math.ceil(count / WORKGROUP), device);

function sizesOf({ inputs: [x, w], outputs: [y] }: Node) {
  const [, height, width, cx] = x.shape;
  const [n, outHeight, outWidth, cy] = y.shape;
  const tiles = (n * outHeight * outWidth) / 4;
  const bytes = (elements: number) => 4 * PRODUCTS * elements;
  return {
    ...{ x, w, height, width, cx, cy, outWidth, tiles },
    depth: 4 * cx,
    inputBytes: bytes(tiles * 4 * cx),
    weightBytes: bytes(4 * cx * cy),
    productBytes: bytes(tiles * cy),
  };
}

/** Whether `winogradCandidate` can run a conv2d. */
export function winogradSuits(node: Node): boolean {
  const [kh, kw] = node.inputs[1].shape;
  const { height, width, cx, cy, inputBytes, weightBytes, productBytes } = sizesOf(node);
  return (
    kh === 4 &&
    kw === 4 &&
    node.attrs.stride === 2 &&
    node.attrs.padding === 1 &&
    Math.min(cx, cy) >= LEAST_CHANNELS &&
    [height, width, cx, cy].every((size) => size % 4 === 0) &&
    Math.max(inputBytes, weightBytes, productBytes) <= MAX_SCRATCH_BYTES
  );
}

function lower({ node, output, map, device }: Lowering, label: string, flops: number): Dispatch[] {
  const { x, w, height, width, cx, cy, outWidth, tiles, depth, ...bytes } = sizesOf(node);
  const input: Scratch = { label: 'conv2d transformed input', bytes: bytes.inputBytes };
  const weights: Scratch = { label: 'conv2d transformed weights', bytes: bytes.weightBytes };
  const products: Scratch = { label: 'conv2d products', bytes: bytes.productBytes };
  const stepUnit = 4;
  const gemm: Gemm = {
    label,
    loader,
    constants: {},
    a: input,
    b: weights,
    layoutA: { alongK: true, vector: true },
    layoutB: { alongK: false, vector: true },
    rows: tiles,
    columns: cy,
    phases: PRODUCTS,
    size: PRODUCTS * tiles * cy,
    steps: depth / stepUnit,
    stepDepth: stepUnit,
    stepUnit,
    tail: false,
    sizes: [depth],
    flops,
  };
  const lanes = mapWidth(map, output.shape);
  const epilogue = mapOverlay(map, lanes);
  return [
    {
      label: `${label}, input`,
      shader: link(inputShader, [], { WORKGROUP }),
      buffers: { x, transformed: input },
      params: Uint32Array.of(tiles * cx, cx / 4, height, width),
      grid: gridOf(tiles * cx, device),
      flops: 0,
    },
    {
      label: `${label}, weights`,
      shader: link(weightsShader, [], { WORKGROUP }),
      buffers: { w, transformed: weights },
      params: Uint32Array.of(cx * cy, (cx * cy) / 4),
      grid: gridOf(cx * cy, device),
      flops: 0,
    },
    ...lowerGemm(gemm, { result: products, shape: [gemm.size], map: identityMap }, device),
    {
      label: `${label}, output`,
      shader: link(outputShader, epilogue.overlay, { V: lanes === 4 ? 'vec4f' : 'f32', WORKGROUP }),
      buffers: { products, result: output, ...epilogue.buffers },
      params: Uint32Array.of((tiles * cy) / lanes, cy / lanes, outWidth / 2),
      grid: gridOf((tiles * cy) / lanes, device),
      flops: 0,
    },
  ];
}

/** A way to run a conv2d that `winogradSuits`; `flops` are those of the plain one. */
export const winogradCandidate = (lowering: Lowering, label: string, flops: number): Candidate => ({
  name: 'winograd',
  lower: () => lower(lowering, label, flops),
});
