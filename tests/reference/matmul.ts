import type { ReferenceTable } from './types.ts';

export const matmulReference: ReferenceTable = {
  matmul({ inputs: [left], outputs: [output], attrs }, [a, b]) {
    const { transposeA, transposeB } = attrs;
    const [m, n] = output.shape;
    const k = left.shape[transposeA ? 0 : 1];
    const y = new Float64Array(m * n);
    for (let i = 0; i < m; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          sum += a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
        }
        y[i * n + j] = sum;
      }
    }
    return [y];
  },
};
