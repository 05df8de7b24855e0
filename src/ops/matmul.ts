import { ShapeError } from '../graph/errors.ts';
import type { Tensor } from '../graph/graph.ts';
import { defineOp } from '../graph/registry.ts';

/** Which operands are stored transposed. */
export interface MatmulOptions {
  /** `a` is `[K, M]`. */
  readonly transposeA?: boolean;
  /** `b` is `[N, K]`, as PyTorch stores a Linear layer's weight. */
  readonly transposeB?: boolean;
}

export const matmulOp = /* @__PURE__ */ defineOp({
  name: 'matmul',
  infer([a, b], attrs) {
    const [m, k] = attrs.transposeA ? [a.shape[1], a.shape[0]] : a.shape;
    const [kb, n] = attrs.transposeB ? [b.shape[1], b.shape[0]] : b.shape;
    if (
      a.shape.length !== 2 ||
      b.shape.length !== 2 ||
      k !== kb ||
      a.dtype !== 'f32' ||
      b.dtype !== 'f32'
    ) {
      const form = `[${attrs.transposeA ? 'K, M' : 'M, K'}] and [${attrs.transposeB ? 'N, K' : 'K, N'}]`;
      throw new ShapeError('matmul', [a.shape, b.shape], `f32 matrices ${form}`);
    }
    return [{ shape: [m, n], dtype: 'f32' }];
  },
  grad({ inputs: [a, b], node, dOutputs: [dy], needs }) {
    if (!dy) return [];
    const { transposeA, transposeB } = node.attrs as MatmulOptions;
    const da = transposeA
      ? () => matmul(b, dy, { transposeA: transposeB, transposeB: true })
      : () => matmul(dy, b, { transposeB: !transposeB });
    const db = transposeB
      ? () => matmul(dy, a, { transposeA: true, transposeB: transposeA })
      : () => matmul(a, dy, { transposeA: !transposeA });
    return [needs[0] ? da() : undefined, needs[1] ? db() : undefined];
  },
  flops: ([a], [y], attrs) => 2 * y.shape[0] * y.shape[1] * a.shape[attrs.transposeA ? 0 : 1],
});

/** Matrix product `[M, K] · [K, N] → [M, N]`, either operand stored transposed. */
export const matmul = (
  a: Tensor,
  b: Tensor,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): Tensor => a.graph.add(matmulOp.name, [a, b], { transposeA, transposeB })[0];
