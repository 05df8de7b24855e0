/** The models that the page trains: what of a run depends on which one it is. */

import {
  type Engine,
  fitToSquare,
  GanTrainer,
  type ImageSet,
  type Pictures,
  type TrainerOptions,
  VaeTrainer,
} from '../../index.ts';
import type { GridKind, RunRequest } from '../protocol.ts';

/** Pictures of the data whose reconstructions are shown. */
const RECONSTRUCTED = 32;

/** Begins a run, or goes on with the one of a checkpoint. */
export async function openTrainer(
  on: Engine,
  pictures: ImageSet,
  { training, rates }: RunRequest,
  resumed: Uint8Array<ArrayBuffer> | undefined,
  settings: TrainerOptions,
): Promise<GanTrainer | VaeTrainer> {
  if (training.model !== 'vae') {
    const gan = resumed
      ? await GanTrainer.resume(on, pictures, resumed, settings)
      : await GanTrainer.create(on, pictures, training, settings);
    gan.setLearningRates(rates);
    return gan;
  }
  const { model: _, ...options } = training;
  const vae = resumed
    ? await VaeTrainer.resume(on, pictures, resumed, settings)
    : await VaeTrainer.create(on, pictures, options, settings);
  if (rates.lr !== undefined) vae.setLearningRate(rates.lr);
  return vae;
}

/** Pictures of the data, the first ones, each beside what the VAE makes of it. */
async function reconstructions(vae: VaeTrainer, data: ImageSet): Promise<Pictures> {
  const { imageSize, channels } = vae.options;
  const count = Math.min(RECONSTRUCTED, data.count);
  const bytes = data.height * data.width * data.channels;
  const { labels: _, ...first } = { ...data, count, data: data.data.subarray(0, count * bytes) };
  const originals = fitToSquare(first, imageSize, channels);
  const again = await vae.reconstruct(originals);
  const size = imageSize ** 2 * channels;
  const pixels = new Uint8Array(2 * count * size);
  for (let i = 0; i < count; i++) {
    pixels.set(originals.data.subarray(i * size, (i + 1) * size), 2 * i * size);
    pixels.set(again.pixels.subarray(i * size, (i + 1) * size), (2 * i + 1) * size);
  }
  return Object.assign(again, { count: 2 * count, pixels });
}

/** What shows how a run goes on, kind by kind. */
export async function drawGrids(
  trainer: GanTrainer | VaeTrainer,
  data: ImageSet,
  { samples: count }: RunRequest,
): Promise<(readonly [GridKind, Pictures])[]> {
  const samples = await trainer.sampleGrid(count === undefined ? {} : { count });
  if (trainer instanceof GanTrainer) return [['samples', samples]];
  const grids: (readonly [GridKind, Pictures])[] = [
    ['samples', samples],
    ['reconstructions', await reconstructions(trainer, data)],
  ];
  if (trainer.options.latentDim === 2) grids.push(['manifold', await trainer.manifold()]);
  return grids;
}
