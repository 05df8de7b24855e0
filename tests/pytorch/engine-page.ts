// In the page: trains with the engine, and tells everything of a step that PyTorch is held against.
import type { ImageSet } from '../../src/data/image-set.ts';
import {
  checkpointVariables,
  decodeCheckpoint,
  encodeCheckpoint,
} from '../../src/gan/checkpoint.ts';
import { fingerprintOf } from '../../src/gan/checkpoint-metadata.ts';
import { metricNames } from '../../src/gan/metrics.ts';
import { type GanOptions, resolveOptions } from '../../src/gan/options.ts';
import { Players, traceSamples, traceStep, variableNames } from '../../src/gan/step.ts';
import { GanTrainer } from '../../src/gan/trainer.ts';
import { Graph, type Node } from '../../src/graph/graph.ts';
import { writeSafetensors } from '../../src/io/safetensors.ts';
import type { WritableTensor } from '../../src/io/safetensors-format.ts';
import { Engine } from '../../src/runtime/engine.ts';
import type { Elements, Variables } from '../../src/runtime/variables.ts';

/** Bytes cross between Node and the page as base64. */
export type Base64 = string;

export type PackedPictures = Omit<ImageSet, 'data' | 'labels'> & { readonly data: Base64 };

export interface StepRequest {
  readonly options: Partial<GanOptions>;
  readonly pictures: PackedPictures;
  /** A checkpoint to go on from; otherwise the run begins. */
  readonly from?: Base64;
  readonly steps: number;
}

export interface StepReply {
  readonly checkpoint: Base64;
  /** By metric, of every step. */
  readonly metrics: Record<string, number>[];
  /**
   * Checkpoints with gradients of the last step in place of the weights: of each of D's updates, and
   * G's with the last.
   */
  readonly gradients: Base64[];
  /** Of the last step `latents.i` and `real.i`; of the state after it `pictures` and `logits`. */
  readonly seen: Base64;
}

declare global {
  interface Window {
    takeSteps(request: StepRequest): Promise<StepReply>;
    /** Metrics of steps that a trainer takes from a checkpoint on. */
    resume(request: {
      readonly pictures: PackedPictures;
      readonly from: Base64;
      readonly steps: number;
    }): Promise<Record<string, number>[]>;
  }
}

/** One for all requests, so that equal kernels are compiled once. */
const engine = await Engine.create();
const errors: Error[] = [];
engine.onError((error) => errors.push(error));

async function fromBase64(text: Base64): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await fetch(`data:;base64,${text}`)).arrayBuffer());
}

function toBase64(bytes: Uint8Array<ArrayBuffer>): Promise<Base64> {
  return new Promise((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve((reader.result as string).split(',')[1]);
    reader.readAsDataURL(new Blob([bytes]));
  });
}

async function unpack(pictures: PackedPictures): Promise<ImageSet> {
  return { ...pictures, data: await fromBase64(pictures.data) };
}

/** What the nets make of fixed inputs by running statistics. */
async function evaluate(
  players: Players,
  variables: Variables,
  pictures: ImageSet,
  latents: Float32Array,
) {
  const { batchSize, latentDim } = players.options;
  const samples = traceSamples(players, latents.length / latentDim);
  const judged = new Graph();
  const { height, width, channels } = pictures;
  const shape = [batchSize, height, width, channels];
  judged.output(
    'logits',
    players.discriminator.forward(judged.variable('shown', shape), { training: false }),
  );
  const inputs = variables.overlay([variableNames.sampleLatents, 'shown']);
  const compiled = [await engine.compile(samples, inputs), await engine.compile(judged, inputs)];
  inputs.write(variableNames.sampleLatents, Float32Array.from(latents));
  const count = batchSize * height * width * channels;
  inputs.write(
    'shown',
    Float32Array.from(pictures.data.subarray(0, count), (x) => x / 127.5 - 1),
  );
  for (const executable of compiled) executable.run();
  const results = {
    pictures: await compiled[0].read('pictures'),
    logits: await compiled[1].read('logits'),
  };
  for (const executable of compiled) executable.dispose();
  inputs.dispose();
  return results;
}

window.takeSteps = async ({ options: given, pictures: packed, from, steps }) => {
  const pictures = await unpack(packed);
  const checkpoint = from === undefined ? undefined : decodeCheckpoint(await fromBase64(from));
  const options = checkpoint?.options ?? resolveOptions(given);
  const players = new Players(options);
  const graph = traceStep(players, [
    pictures.count,
    pictures.height,
    pictures.width,
    pictures.channels,
  ]);
  const ofKind = (op: string): Node[] => graph.nodes.filter((node) => node.op === op);
  const updates = ofKind('adam');
  const [latents, reals] = [ofKind('random'), ofKind('gatherPictures')];
  updates.forEach(({ inputs }, i) => {
    graph.output(`gradients.${i}`, inputs[1]);
  });
  latents.forEach(({ outputs }, i) => {
    graph.output(`latents.${i}`, outputs[0]);
  });
  reals.forEach(({ outputs }, i) => {
    graph.output(`real.${i}`, outputs[0]);
  });

  const variables = engine.variables();
  const executable = await engine.compile(graph, variables);
  try {
    for (const [name, values] of checkpoint?.values ?? players.initialValues()) {
      variables.write(name, values);
    }
    variables.write(variableNames.data, pictures.data);

    const metrics: Record<string, number>[] = [];
    for (let step = 0; step < steps; step++) {
      executable.run();
      const values = await executable.read('metrics');
      // Each metric has a window of its own.
      const pitch = values.length / metricNames.length;
      metrics.push(Object.fromEntries(metricNames.map((name, i) => [name, values[i * pitch]])));
    }

    const seen = new Map<string, WritableTensor>();
    const see = (name: string, data: Float32Array<ArrayBuffer>) =>
      seen.set(name, { dtype: 'F32', shape: [data.length], data });
    for (const i of latents.keys()) see(`latents.${i}`, await executable.read(`latents.${i}`));
    for (const i of reals.keys()) see(`real.${i}`, await executable.read(`real.${i}`));

    const values = new Map<string, Elements>();
    for (const name of checkpointVariables(players)) values.set(name, await variables.read(name));
    const extras = {
      choices: checkpoint?.choices ?? executable.plan.choices,
      data: await fingerprintOf(pictures),
      ...(checkpoint && { latents: checkpoint.latents }),
    };
    const written = encodeCheckpoint(players, values, extras);
    const gradients: Uint8Array<ArrayBuffer>[] = [];
    const ofG = await executable.read(`gradients.${options.dSteps}`);
    for (let d = 0; d < options.dSteps; d++) {
      const inPlace = new Map(values)
        .set(players.discriminator.variable, await executable.read(`gradients.${d}`))
        .set(players.generator.variable, ofG);
      gradients.push(encodeCheckpoint(players, inPlace, extras));
    }

    const { latents: ofSamples } = decodeCheckpoint(written);
    const shown = await evaluate(players, variables, pictures, ofSamples);
    for (const [name, data] of Object.entries(shown)) see(name, data);
    if (errors.length > 0) throw errors[0];
    return {
      checkpoint: await toBase64(written),
      metrics,
      gradients: await Promise.all(gradients.map(toBase64)),
      seen: await toBase64(writeSafetensors(seen)),
    };
  } finally {
    executable.dispose();
    variables.dispose();
  }
};

window.resume = async ({ pictures, from, steps }) => {
  const trainer = await GanTrainer.resume(engine, await unpack(pictures), await fromBase64(from));
  try {
    const metrics: Record<string, number>[] = [];
    for await (const { timeMs: _, ...measured } of trainer.run({ steps })) metrics.push(measured);
    return metrics;
  } finally {
    trainer.dispose();
  }
};
