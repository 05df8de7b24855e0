import type { ReferenceTable } from './types.ts';

const NONE = 0xffffffff;

export const firstNonFiniteReference: ReferenceTable = {
  firstNonFinite(_, inputs) {
    for (const [tensor, x] of inputs.entries()) {
      const element = x.findIndex((value) => !Number.isFinite(value));
      if (element < 0) continue;
      const [bits] = new Uint32Array(Float32Array.of(x[element]).buffer);
      return [Float64Array.of(tensor, element, bits, 0)];
    }
    return [Float64Array.of(NONE, 0, 0, 0)];
  },
};
