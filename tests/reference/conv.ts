import type { Attrs } from '../../src/graph/graph.ts';
import type { Shape } from '../../src/graph/shape.ts';
import type { ReferenceTable } from './types.ts';

/** The shapes that belong together: x `[N, H, W, Cx]`, w `[KH, KW, Cx, Cy]`, y `[N, OH, OW, Cy]`. */
interface Shapes {
  readonly x: Shape;
  readonly w: Shape;
  readonly y: Shape;
}

/**
 * Every product x·w that the definition adds to an element of y, as indices into the three.
 * The whole family is these triples: each member adds up two of the three into the third.
 */
function forEachProduct(
  { x, w, y }: Shapes,
  attrs: Attrs,
  visit: (x: number, w: number, y: number) => void,
): void {
  const stride = attrs.stride as number;
  const padding = attrs.padding as number;
  const [batch, outHeight, outWidth, cy] = y;
  const [, height, width, cx] = x;
  const [kernelHeight, kernelWidth] = w;
  for (let n = 0; n < batch; n++) {
    for (let oy = 0; oy < outHeight; oy++) {
      for (let ox = 0; ox < outWidth; ox++) {
        for (let ky = 0; ky < kernelHeight; ky++) {
          const iy = oy * stride + ky - padding;
          if (iy < 0 || iy >= height) continue;
          for (let kx = 0; kx < kernelWidth; kx++) {
            const ix = ox * stride + kx - padding;
            if (ix < 0 || ix >= width) continue;
            const xAt = ((n * height + iy) * width + ix) * cx;
            const wAt = (ky * kernelWidth + kx) * cx * cy;
            const yAt = ((n * outHeight + oy) * outWidth + ox) * cy;
            for (let i = 0; i < cx; i++) {
              for (let o = 0; o < cy; o++) visit(xAt + i, wAt + i * cy + o, yAt + o);
            }
          }
        }
      }
    }
  }
}

export const convReference: ReferenceTable = {
  conv2d({ inputs: [{ shape: xs }, { shape: ws }], outputs: [output], attrs }, [x, w]) {
    const y = new Float64Array(output.size);
    forEachProduct({ x: xs, w: ws, y: output.shape }, attrs, (i, k, o) => {
      y[o] += x[i] * w[k];
    });
    return [y];
  },

  conv2dInputGrad({ inputs: [{ shape: ys }, { shape: ws }], outputs: [output], attrs }, [y, w]) {
    const x = new Float64Array(output.size);
    forEachProduct({ x: output.shape, w: ws, y: ys }, attrs, (i, k, o) => {
      x[i] += y[o] * w[k];
    });
    return [x];
  },

  conv2dWeightGrad({ inputs: [{ shape: xs }, { shape: ys }], outputs: [output], attrs }, [x, y]) {
    const w = new Float64Array(output.size);
    forEachProduct({ x: xs, w: output.shape, y: ys }, attrs, (i, k, o) => {
      w[k] += x[i] * y[o];
    });
    return [w];
  },
};
