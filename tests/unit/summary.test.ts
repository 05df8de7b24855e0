import { describe, expect, it } from 'vitest';
import { ModelError } from '../../src/gan/dcgan.ts';
import type { GanOptions } from '../../src/gan/options.ts';
import { requirements } from '../../src/gan/requirements.ts';
import { type LayerSummary, modelSummary } from '../../src/gan/summary.ts';

const inWords = ({ type, input, output }: LayerSummary) =>
  `${type} ${input.join('×')} → ${output.join('×')}`;

describe('modelSummary', () => {
  it('is that of PyTorch’s example', () => {
    const { generator, discriminator } = modelSummary({
      ...{ imageSize: 32, channels: 3, width: 64, latentDim: 100 },
    });
    expect(generator.map(inWords)).toEqual([
      'ConvTranspose2d 1×1×100 → 4×4×256',
      'BatchNorm2d 4×4×256 → 4×4×256',
      'ReLU 4×4×256 → 4×4×256',
      'ConvTranspose2d 4×4×256 → 8×8×128',
      'BatchNorm2d 8×8×128 → 8×8×128',
      'ReLU 8×8×128 → 8×8×128',
      'ConvTranspose2d 8×8×128 → 16×16×64',
      'BatchNorm2d 16×16×64 → 16×16×64',
      'ReLU 16×16×64 → 16×16×64',
      'ConvTranspose2d 16×16×64 → 32×32×3',
      'Tanh 32×32×3 → 32×32×3',
    ]);
    expect(generator[3]).toMatchObject({
      ...{ name: 'main.3', parameters: 256 * 128 * 16 },
      convolution: { kernelSize: 4, stride: 2, padding: 1 },
    });
    expect(generator[4]).toMatchObject({ name: 'main.4', parameters: 2 * 128 });
    expect(discriminator.map(inWords)).toEqual([
      'Conv2d 32×32×3 → 16×16×64',
      'LeakyReLU 16×16×64 → 16×16×64',
      'Conv2d 16×16×64 → 8×8×128',
      'BatchNorm2d 8×8×128 → 8×8×128',
      'LeakyReLU 8×8×128 → 8×8×128',
      'Conv2d 8×8×128 → 4×4×256',
      'BatchNorm2d 4×4×256 → 4×4×256',
      'LeakyReLU 4×4×256 → 4×4×256',
      'Conv2d 4×4×256 → 1×1×1',
    ]);
    expect(discriminator.at(-1)?.convolution).toEqual({ kernelSize: 4, stride: 1, padding: 0 });
  });

  it.each<Partial<GanOptions>>([
    {},
    { model: 'fully-connected', imageSize: 16 },
    { classes: 10 },
    { classes: 10, conditioning: 'concatenation', normD: 'spectral', spectralNormG: true },
    { objective: 'mmd-gaussian', normD: 'none', gradientPenalty: 1 },
  ])('has all that is learned with %o', (options) => {
    const layers = modelSummary(options);
    const { parameters } = requirements(options, { count: 1 });
    for (const net of ['generator', 'discriminator'] as const) {
      expect(layers[net].reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters[net]);
      expect(new Set(layers[net].map(({ name }) => name)).size).toBe(layers[net].length);
    }
  });

  it('refuses options that make no model', () => {
    expect(() => modelSummary({ imageSize: 20 })).toThrow(ModelError);
  });
});
