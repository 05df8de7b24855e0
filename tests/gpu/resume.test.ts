// Runs of every kind go on from their checkpoints bit by bit, on their own device.
import { expect, test } from 'vitest';
import { type GanOptions, GanTrainer, Generator } from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { noisePictures } from '../support/pictures.ts';

const engine = await engineForTests();

const kinds: [name: string, options: Partial<GanOptions>][] = [
  ['least squares', { objective: 'least-squares', ema: 0.9 }],
  ['clipped Wasserstein', { objective: 'wasserstein', clipWeights: 0.05, dSteps: 2 }],
  ['penalised Wasserstein', { objective: 'wasserstein', gradientPenalty: 10, normD: 'none' }],
  ['R1', { r1: 10, normD: 'none' }],
  ['spectral normalisation', { objective: 'hinge', normD: 'spectral' }],
  ['RMSProp', { optimiser: 'rmsprop', lrD: 1e-3 }],
  ['SGD, clipped', { optimiser: 'sgd', clipGradients: 0.5 }],
  // Dropout draws from the run's state.
  ['the original GAN', { model: 'fully-connected', dSteps: 2 }],
  [
    'DiffAugment, normalised weights of both nets',
    { augment: 'color,translation,cutout', normD: 'spectral', spectralNormG: true },
  ],
  ['a batch in parts, a cosine', { accumulate: 2, lrSchedule: 'cosine', lrSteps: 7, dSteps: 2 }],
  ['SGD, rates that fall in steps', { optimiser: 'sgd', lrSchedule: 'step', lrSteps: 2 }],
  // G's update makes a pass of D on real pictures, which batch-norm counts.
  ['MMD', { objective: 'mmd-rational-quadratic', clipWeights: 0.3 }],
];

test.each(kinds)('%s', async (_, given) => {
  const options = {
    ...{ imageSize: 16, channels: 1, width: 2, latentDim: 4, batchSize: 4 },
    ...{ seed: 5, ...given },
  } as const;
  const pictures = noisePictures(11, 16, 1);
  const files: Uint8Array<ArrayBuffer>[] = [];
  const trainer = await GanTrainer.create(engine, pictures, options);
  for await (const { step } of trainer.run({ steps: 5 }))
    if (step === 2) files.push(await trainer.checkpoint());
  files.push(await trainer.checkpoint());
  trainer.dispose();

  const again = await GanTrainer.resume(engine, pictures, files[0]);
  expect(again.options).toMatchObject(options);
  const left = 5 - again.step;
  expect(left).toBeGreaterThan(0);
  for await (const _ of again.run({ steps: left }));
  expect(await again.checkpoint()).toEqual(files[1]);
  again.dispose();
});

test('a generator of the original GAN is loaded from its file', async () => {
  const options = { model: 'fully-connected', imageSize: 16, width: 2, latentDim: 4 } as const;
  const pictures = noisePictures(11, 16, 1);
  const trainer = await GanTrainer.create(engine, pictures, { ...options, batchSize: 4 });
  await trainer.train({ steps: 2 });
  const { pixels } = await trainer.sample({ count: 3 });
  using generator = await Generator.load(engine, await trainer.checkpoint());
  expect(generator.options).toMatchObject({ ...options, latent: 'uniform' });
  expect((await generator.sample({ count: 3 })).pixels).toEqual(pixels);
  trainer.dispose();
});
