// conv2d and conv2dInputGrad with a 4 × 4 kernel, stride 2 and padding 1 by 9 products for 16: see
// shaders/winograd_input.wgsl, and shaders/winograd_transposed_input.wgsl for the gradient.
import loader from '../../shaders/load_winograd.wgsl?raw';
import inputShader from '../../shaders/winograd_input.wgsl?raw';
import outputShader from '../../shaders/winograd_output.wgsl?raw';
import transposedInputShader from '../../shaders/winograd_transposed_input.wgsl?raw';
import transposedOutputShader from '../../shaders/winograd_transposed_output.wgsl?raw';
import weightsShader from '../../shaders/winograd_weights.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import { identityMap } from '../graph/map.ts';
import { type Gemm, lowerGemm, MAX_SCRATCH_BYTES } from './gemm.ts';
import { foldGrid } from './grid.ts';
import type { BufferRef, Candidate, Dispatch, Lowering, Scratch } from './kernel.ts';
import { mapOverlay, mapWidth } from './map-codegen.ts';
import { link, type Shader } from './wgsl.ts';

const WORKGROUP = 64;
/** Products of a tile of 2 × 2 pixels of y. */
const PRODUCTS = 9;

/** What is made of input and w: y [N, H/2, W/2, Cy] of x [N, H, W, Cx], or the other way round. */
function sizesOf({ op, inputs: [input, w], outputs: [output] }: Node) {
  const forward = op === 'conv2d';
  const [x, y] = forward ? [input.shape, output.shape] : [output.shape, input.shape];
  const [, height, width, cx] = x;
  const [n, outHeight, outWidth, cy] = y;
  const [down, across] = [outHeight / 2, outWidth / 2];
  const tiles = n * down * across;
  const [depth, columns] = forward ? [4 * cx, cy] : [cy, 4 * cx];
  const bytes = (elements: number) => 4 * PRODUCTS * elements;
  return {
    ...{ forward, input, w, height, width, cx, cy, down, across, tiles, depth, columns },
    inputBytes: bytes(tiles * depth),
    weightBytes: bytes(depth * columns),
    productBytes: bytes(tiles * columns),
  };
}

/** Whether `winogradCandidate` can run a conv2d or conv2dInputGrad, and may be the fastest. */
export function winogradSuits(node: Node): boolean {
  const [kh, kw] = node.inputs[1].shape;
  const { forward, height, width, cx, cy, ...bytes } = sizesOf(node);
  // With fewer channels the transforms take as long as the products that they save: the gradient is
  // 0.9 times as fast for 12 and 4 channels of x and y or for 1 and 32, but 1.3 times for 3 and 64, as
  // the 4 · Cx columns of its products fill tiles where Cx do not.
  const enough = forward ? Math.min(cx, cy) >= 16 && cx % 4 === 0 : cx >= 2 && cy >= 8;
  return (
    kh === 4 &&
    kw === 4 &&
    node.attrs.stride === 2 &&
    node.attrs.padding === 1 &&
    enough &&
    [height, width, cy].every((size) => size % 4 === 0) &&
    Math.max(bytes.inputBytes, bytes.weightBytes, bytes.productBytes) <= MAX_SCRATCH_BYTES
  );
}

function lower({ node, output, map, device }: Lowering, label: string, flops: number): Dispatch[] {
  const g = sizesOf(node);
  const { forward, w, cx, cy, tiles, depth, columns } = g;
  const transformed: Scratch = { label: `${node.op} transformed input`, bytes: g.inputBytes };
  const weights: Scratch = { label: `${node.op} transformed weights`, bytes: g.weightBytes };
  const products: Scratch = { label: `${node.op} products`, bytes: g.productBytes };
  const stepUnit = 4;
  const gemm: Gemm = {
    label,
    loader,
    constants: {},
    a: transformed,
    b: weights,
    layoutA: { alongK: true, vector: true },
    layoutB: { alongK: !forward, vector: true },
    rows: tiles,
    columns,
    phases: PRODUCTS,
    size: PRODUCTS * tiles * columns,
    steps: depth / stepUnit,
    stepDepth: stepUnit,
    stepUnit,
    tail: false,
    sizes: [depth, ...(forward ? [1, columns] : [depth, 1])],
    flops,
  };
  const transform = (
    what: string,
    shader: Shader,
    buffers: Readonly<Record<string, BufferRef>>,
    count: number,
    sizes: readonly number[],
  ): Dispatch => ({
    label: `${label}, ${what}`,
    shader,
    buffers,
    params: Uint32Array.of(count, ...sizes),
    grid: foldGrid(Math.ceil(count / WORKGROUP), device),
    flops: 0,
  });
  const lanes = node.outputs[0].shape[3] % 4 === 0 ? mapWidth(map, output.shape) : 1;
  const epilogue = mapOverlay(map, lanes);
  return [
    transform(
      'input',
      link(forward ? inputShader : transposedInputShader, [], { WORKGROUP }),
      { [forward ? 'x' : 'y']: g.input, transformed },
      (tiles * depth) / 4,
      forward ? [cx / 4, g.height, g.width] : [cy / 4, g.across],
    ),
    transform(
      'weights',
      link(weightsShader, [], { WORKGROUP }),
      { w, transformed: weights },
      cx * cy,
      [(cx * cy) / 4],
    ),
    ...lowerGemm(gemm, { result: products, shape: [gemm.size], map: identityMap }, device),
    transform(
      'output',
      link(forward ? outputShader : transposedOutputShader, epilogue.overlay, {
        V: lanes === 4 ? 'vec4f' : 'f32',
        WORKGROUP,
      }),
      { products, result: output, ...epilogue.buffers },
      (tiles * columns) / lanes,
      forward ? [cy / lanes, g.across] : [cx / lanes, g.across, g.down],
    ),
  ];
}

/** A way to run a node that `winogradSuits`; `flops` are those of the plain one. */
export const winogradCandidate = (lowering: Lowering, label: string, flops: number): Candidate => ({
  name: 'winograd',
  lower: () => lower(lowering, label, flops),
});
