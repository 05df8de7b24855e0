/** Judges pictures by a feature net: those of a file, or of a model out of a checkpoint. */

import {
  Engine,
  evaluateQuality,
  FeatureNet,
  Generator,
  type ImageSet,
  readIdxImages,
  readSafetensors,
  Vae,
} from '../../index.ts';
import type { EvaluateRequest, EvaluateResult } from '../protocol.ts';
import { LARGEST } from './sample.browser.ts';
import { fetchBytes, sendResult } from './transfer.browser.ts';

/** Pictures that are drawn at a time, or a few more. */
const BATCH = 50;

/** Pictures of a model's latents, and the step that it is of. */
async function draw(
  engine: Engine,
  file: Uint8Array,
  { samples, seed, resultsUrl }: EvaluateRequest,
): Promise<{ pictures: ImageSet; step: number | undefined }> {
  const isVae = readSafetensors(file).metadata.model === 'vae';
  using model = await (isVae ? Vae.load(engine, file) : Generator.load(engine, file));
  const { imageSize, channels, latentDim } = model.options;
  const latents = model.latents({ count: samples, seed });
  // Classes come in turn, from the first one in every batch: in whole turns there are as many of each.
  const turn = (model instanceof Generator && model.options.classes) || 1;
  const batch = turn * Math.ceil(BATCH / turn);
  const bytes = imageSize * imageSize * channels;
  const data = new Uint8Array(samples * bytes);
  for (let drawn = 0; drawn < samples; drawn += batch) {
    const rows = latents.subarray(drawn * latentDim, (drawn + batch) * latentDim);
    const { pixels } = await model.sample({ latents: rows });
    data.set(pixels, drawn * bytes);
    await sendResult(resultsUrl, 'progress', { drawn }, new Uint8Array());
  }
  const set = { name: 'samples', count: samples, height: imageSize, width: imageSize };
  return { pictures: { ...set, channels, data }, step: model.step };
}

/** Reads or draws the pictures, and measures them. */
export async function judge(request: EvaluateRequest): Promise<EvaluateResult> {
  const { source, samples, seed } = request;
  const at = (url: string) => new URL(url, location.href);
  using engine = await Engine.create({ wantedLimits: LARGEST });
  using net = await FeatureNet.load(engine, await fetchBytes(request.features));
  const real = await readIdxImages(at(request.real), { name: 'the real pictures' });
  const { pictures, step } =
    source.kind === 'checkpoint'
      ? await draw(engine, await fetchBytes(source.url), request)
      : {
          pictures: await readIdxImages(at(source.url), { name: 'the pictures' }),
          step: undefined,
        };
  const report = await evaluateQuality(net, { pictures, real }, { samples, seed });
  const { width, height, channels } = pictures;
  const { imageSize } = net.shape;
  return {
    report,
    shape: { width, height, channels },
    judgedAt: { width: imageSize, height: imageSize, channels: net.shape.channels },
    step,
  };
}
