/** Draws pictures with a generator out of a file. */

import { Engine, Generator, gridColumns, interpolate, readSafetensors, Vae } from '../../index.ts';
import type { SampleRequest, SampleResult } from '../protocol.ts';
import { fetchBytes, sendResult } from './transfer.browser.ts';

/** Pictures that are drawn at a time: enough to keep a device busy, few enough for its memory. */
const BATCH = 16;

/** As much as the adapter has: what a generator needs is not known before it is there. */
export const LARGEST = { maxStorageBufferBindingSize: 2 ** 32, maxBufferSize: 2 ** 32 };

/** Latents flat [count + strips · steps, latentDim]: those of the pictures, then strip after strip. */
function latentsFor(generator: Generator | Vae, request: SampleRequest): Float32Array {
  const { count, seed, strips, steps } = request;
  const { latentDim } = generator.options;
  const uniform = 'latent' in generator.options && generator.options.latent === 'uniform';
  const ends = Math.max(count, 2 * strips);
  const own = generator.latents({ count: ends, ...(seed !== undefined && { seed }) });
  const all = new Float32Array((count + strips * steps) * latentDim);
  all.set(own.subarray(0, count * latentDim));
  const end = (i: number) => own.subarray(i * latentDim, (i + 1) * latentDim);
  for (let i = 0; i < strips; i++) {
    const path = uniform ? 'line' : 'arc';
    const strip = interpolate(end(2 * i), end(2 * i + 1), steps, path);
    all.set(strip, (count + i * steps) * latentDim);
  }
  return all;
}

/** The number of a class that is asked for by its number or its name. */
function classOf(generator: Generator, asked: string): number {
  const { options, classNames } = generator;
  const named = classNames?.indexOf(asked) ?? -1;
  const number = named >= 0 ? named : /^\d+$/.test(asked) ? Number(asked) : -1;
  if (number >= 0 && number < options.classes) return number;
  const known =
    options.classes === 0
      ? 'it knows no classes'
      : `it knows ${classNames?.join(', ') ?? `0 to ${options.classes - 1}`}`;
  throw new Error(`There is no class ${asked}: ${known}.`);
}

/** The class of each picture, those of the strips after the others, where there are classes. */
function classesFor(generator: Generator | Vae, request: SampleRequest): Uint8Array | undefined {
  const { count, strips, steps, class: asked } = request;
  if (!(generator instanceof Generator)) {
    if (asked === undefined) return undefined;
    throw new Error(`There is no class ${asked}: a VAE knows no classes.`);
  }
  const { classes } = generator.options;
  const chosen = asked === undefined ? undefined : classOf(generator, asked);
  if (classes === 0) return undefined;
  return Uint8Array.from({ length: count + strips * steps }, (_, i) => {
    const turn = i < count ? i : Math.floor((i - count) / steps);
    return chosen ?? turn % classes;
  });
}

/** Draws what is asked for, and sends it batch after batch. */
export async function drawSamples(request: SampleRequest): Promise<SampleResult> {
  const file = await fetchBytes(request.url);
  using engine = await Engine.create({ wantedLimits: LARGEST });
  const isVae = readSafetensors(file).metadata.model === 'vae';
  using generator = await (isVae ? Vae : Generator).load(engine, file);
  const { latentDim, imageSize, channels } = generator.options;
  const latents = latentsFor(generator, request);
  const classes = classesFor(generator, request);
  const total = latents.length / latentDim;
  for (let drawn = 0; drawn < total; ) {
    const count = Math.min(BATCH, total - drawn);
    const batch = latents.subarray(drawn * latentDim, (drawn + count) * latentDim);
    const ofBatch = classes && { classes: classes.subarray(drawn, drawn + count) };
    const { pixels } = await generator.sample({ latents: batch, ...ofBatch });
    drawn += count;
    await sendResult(request.resultsUrl, 'pictures', { drawn }, pixels);
  }
  const inTurn = 'classes' in generator.options && request.class === undefined;
  const columns = gridColumns(request.count, inTurn ? generator.options.classes : 0);
  return { width: imageSize, height: imageSize, channels, columns, step: generator.step };
}
