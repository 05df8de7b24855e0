import type { ReferenceTable } from './types.ts';

export const batchNormReference: ReferenceTable = {
  batchNorm({ inputs: [{ size }, { size: channels }], attrs }, [x, gamma, beta, running]) {
    const eps = attrs.eps as number;
    const momentum = attrs.momentum as number;
    const n = size / channels;
    const y = new Float64Array(size);
    const saved = new Float64Array(2 * channels);
    const updated = new Float64Array(2 * channels);
    for (let c = 0; c < channels; c++) {
      let mean = 0;
      for (let i = c; i < size; i += channels) mean += x[i] / n;
      let variance = 0;
      for (let i = c; i < size; i += channels) variance += (x[i] - mean) ** 2 / n;
      const inverse = 1 / Math.sqrt(variance + eps);
      for (let i = c; i < size; i += channels) y[i] = (x[i] - mean) * inverse * gamma[c] + beta[c];
      saved[c] = mean;
      saved[channels + c] = inverse;
      const unbiased = (variance * n) / (n - 1);
      updated[c] = (1 - momentum) * running[c] + momentum * mean;
      updated[channels + c] = (1 - momentum) * running[channels + c] + momentum * unbiased;
    }
    return [y, saved, updated];
  },

  batchNormGrad({ inputs: [{ size }, , { size: channels }] }, [dy, x, gamma, saved]) {
    const n = size / channels;
    const dx = new Float64Array(size);
    const dGamma = new Float64Array(channels);
    const dBeta = new Float64Array(channels);
    for (let c = 0; c < channels; c++) {
      const mean = saved[c];
      const inverse = saved[channels + c];
      for (let i = c; i < size; i += channels) {
        dBeta[c] += dy[i];
        dGamma[c] += dy[i] * (x[i] - mean) * inverse;
      }
      for (let i = c; i < size; i += channels) {
        const xhat = (x[i] - mean) * inverse;
        dx[i] = gamma[c] * inverse * (dy[i] - (dBeta[c] + xhat * dGamma[c]) / n);
      }
    }
    return [dx, dGamma, dBeta];
  },
};
