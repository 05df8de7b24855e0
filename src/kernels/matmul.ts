import loader from '../../shaders/load_matmul.wgsl?raw';
import type { Node } from '../graph/graph.ts';
import { type Gemm, lowerGemm } from './gemm.ts';
import { defineKernel } from './kernel.ts';

/** `[M, K] · [K, N]`, either stored transposed. */
export function matmulGemm({ inputs: [a, b], attrs }: Node): Gemm {
  const [rows, depth] = attrs.transposeA ? [a.shape[1], a.shape[0]] : a.shape;
  const columns = b.shape[attrs.transposeB ? 0 : 1];
  const alongA = !attrs.transposeA;
  const alongB = Boolean(attrs.transposeB);
  const tail = depth % 4 !== 0;
  const stepUnit = 4;
  return {
    label: `matmul ${attrs.transposeA ? 'T' : 'N'}${alongB ? 'T' : 'N'} ${rows}×${depth}×${columns}`,
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

defineKernel({
  op: 'matmul',
  fusable: () => 3,
  lower: (lowering) => lowerGemm(matmulGemm(lowering.node), lowering),
});
