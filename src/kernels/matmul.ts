import loader from '../../shaders/load_matmul.wgsl?raw';
import type { Node, Tensor } from '../graph/graph.ts';
import type { MatmulOptions } from '../ops/matmul.ts';
import { type Gemm, gemmCandidates } from './gemm.ts';
import type { Candidate, Kernel, Lowering } from './kernel.ts';

/** `[rows, depth] · [depth, columns]`, either of them stored transposed. */
export function matrixProduct(
  [a, b]: readonly Tensor[],
  [rows, depth, columns]: readonly number[],
  { transposeA = false, transposeB = false }: MatmulOptions,
): Gemm {
  // A single k is a row of either form; as one it is read by vectors.
  const alongA = !transposeA && depth > 1;
  const alongB = transposeB && depth > 1;
  const tail = depth % 4 !== 0;
  const stepUnit = 4;
  return {
    label: `matmul ${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'} ${rows}×${depth}×${columns}`,
    loader,
    constants: { TAIL: Number(tail) },
    a,
    b,
    layoutA: { alongK: alongA, vector: (alongA ? depth : rows) % 4 === 0 },
    layoutB: { alongK: alongB, vector: (alongB ? depth : columns) % 4 === 0 },
    rows,
    columns,
    phases: 1,
    size: rows * columns,
    steps: Math.ceil(depth / stepUnit),
    stepDepth: stepUnit,
    stepUnit,
    tail,
    sizes: [
      depth,
      ...(alongA ? [depth, 1] : [1, rows]), // strides of A: row, depth
      ...(alongB ? [depth, 1] : [1, columns]), // strides of B: column, depth
    ],
    flops: 2 * rows * depth * columns,
  };
}

/** The `matmul` node as a product. */
export function matmulGemm({ inputs, outputs: [y], attrs }: Node): Gemm {
  const [rows, columns] = y.shape;
  const depth = inputs[0].size / rows;
  return matrixProduct(inputs, [rows, depth, columns], attrs as MatmulOptions);
}

export const matmulCandidates = (lowering: Lowering): Candidate[] =>
  gemmCandidates(matmulGemm(lowering.node), lowering);

export const matmulKernel: Kernel = { fusable: () => 3, candidates: matmulCandidates };
