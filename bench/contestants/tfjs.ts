// TensorFlow.js, by its operations: what its layers do, without their overhead. Channels last, the
// fused batch-norm, a dense layer where a picture is one pixel, its own Adam, tf.tidy throughout.
//
// G's pictures serve both updates, so D is updated inside of what G's gradient is taken of. To run G
// twice instead was measured to take 3 % more processor time, and two thirds of the memory.
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgpu';
// The gradients and chained methods of operations are registered by being imported.
import '@tensorflow/tfjs-core/dist/register_all_gradients';
import {
  adam,
  type BenchModel,
  batchNorm,
  discriminatorLayers,
  generatorLayers,
  type Layer,
  leakySlope,
} from '../models.ts';
import { type Problem, permuted, tensorOf } from '../problem.ts';
import { type Contestant, type Create, concatenated } from './contestant.ts';

interface TfLayer {
  readonly layer: Layer;
  readonly weight: tf.Variable;
  readonly norm?: {
    readonly gamma: tf.Variable;
    readonly beta: tf.Variable;
    readonly mean: tf.Variable;
    readonly variance: tf.Variable;
  };
}

const flat = (layer: Layer): boolean => layer.stride === 1;

/** Weights as the problem has them, but for the dense layers, which are matrices [in, out]. */
function makeLayer(problem: Problem, net: 'generator' | 'discriminator', layer: Layer): TfLayer {
  const variable = (name: string) => {
    const { shape, data } = tensorOf(problem, `${net}.main.${name}`);
    return tf.variable(tf.tensor(data, [...shape]));
  };
  const given = tensorOf(problem, `${net}.main.${layer.index}.weight`);
  const dense = () => {
    const { data } = net === 'generator' ? permuted(given, [3, 0, 1, 2]) : given;
    const inputs = layer.from * layer.sizeIn ** 2;
    return tf.tensor2d(data, [inputs, data.length / inputs]);
  };
  const weight = tf.variable(flat(layer) ? dense() : tf.tensor(given.data, [...given.shape]));
  if (!layer.norm) return { layer, weight };
  return {
    layer,
    weight,
    norm: {
      gamma: variable(`${layer.index + 1}.weight`),
      beta: variable(`${layer.index + 1}.bias`),
      mean: tf.variable(tf.zeros([layer.to]), false),
      variance: tf.variable(tf.ones([layer.to]), false),
    },
  };
}

function normalise(x: tf.Tensor4D, { norm }: TfLayer): tf.Tensor4D {
  if (!norm) return x;
  const { mean, variance } = tf.moments(x, [0, 1, 2]);
  const count = x.size / x.shape[3];
  const { momentum, eps } = batchNorm;
  const follow = (running: tf.Variable, batch: tf.Tensor, factor: number) =>
    running.assign(tf.add(tf.mul(running, 1 - momentum), tf.mul(batch, momentum * factor)));
  follow(norm.mean, mean, 1);
  follow(norm.variance, variance, count / (count - 1));
  return tf.batchNorm(
    x,
    mean as tf.Tensor1D,
    variance as tf.Tensor1D,
    norm.beta,
    norm.gamma,
    eps,
  ) as tf.Tensor4D;
}

function generate(layers: readonly TfLayer[], z: tf.Tensor2D): tf.Tensor4D {
  let x: tf.Tensor4D | undefined;
  for (const current of layers) {
    const { layer, weight, norm } = current;
    const size: [number, number, number, number] = [
      z.shape[0],
      layer.sizeOut,
      layer.sizeOut,
      layer.to,
    ];
    const y: tf.Tensor4D = x
      ? tf.conv2dTranspose(x, weight as tf.Tensor4D, size, 2, 'same')
      : tf.reshape(tf.matMul(z, weight as tf.Tensor2D), size);
    x = norm ? tf.relu(normalise(y, current)) : tf.tanh(y);
  }
  return x as tf.Tensor4D;
}

function judge(layers: readonly TfLayer[], pictures: tf.Tensor4D): tf.Tensor {
  let x = pictures;
  for (const current of layers) {
    const { layer, weight } = current;
    if (flat(layer)) return tf.matMul(tf.reshape(x, [x.shape[0], -1]), weight as tf.Tensor2D);
    x = tf.conv2d(x, weight as tf.Tensor4D, 2, 'same');
    x = tf.leakyRelu(normalise(x, current), leakySlope);
  }
  return x;
}

/** Mean binary cross-entropy of sigmoid(logits) against 0 or 1. */
const cross = (logits: tf.Tensor, target: 0 | 1): tf.Scalar =>
  tf.mean(tf.softplus(target === 1 ? tf.neg(logits) : logits));

const trainable = (layers: readonly TfLayer[]): tf.Variable[] =>
  layers.flatMap(({ weight, norm }) => (norm ? [weight, norm.gamma, norm.beta] : [weight]));

const named = (gradients: tf.NamedTensorMap) =>
  Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));

function create(model: BenchModel, problem: Problem): Contestant {
  const g = generatorLayers(model).map((layer) => makeLayer(problem, 'generator', layer));
  const d = discriminatorLayers(model).map((layer) => makeLayer(problem, 'discriminator', layer));
  const given = { z: tensorOf(problem, 'z'), real: tensorOf(problem, 'real') };
  const z = tf.tensor2d(given.z.data, [model.batchSize, model.latentDim]);
  const real = tf.tensor<tf.Rank.R4>(given.real.data, [
    ...given.real.shape,
  ] as tf.Tensor4D['shape']);
  const optimiser = () => tf.train.adam(adam.lr, adam.beta1, adam.beta2, adam.eps);
  const [optimiserG, optimiserD] = [optimiser(), optimiser()];

  const updateD = (fake: tf.Tensor4D): tf.Scalar => {
    const { value, grads } = tf.variableGrads(
      () => tf.add(cross(judge(d, real), 1), cross(judge(d, fake), 0)),
      trainable(d),
    );
    optimiserD.applyGradients(named(grads));
    return value;
  };
  const step = (): [tf.Tensor, tf.Tensor] =>
    tf.tidy(() => {
      let lossD: tf.Scalar | undefined;
      const { value, grads } = tf.variableGrads(() => {
        const fake = generate(g, z);
        lossD = tf.keep(updateD(fake));
        return cross(judge(d, fake), 1);
      }, trainable(g));
      optimiserG.applyGradients(named(grads));
      return [lossD as tf.Scalar, value];
    });
  const read = async (layers: readonly TfLayer[]) =>
    concatenated(
      await Promise.all(trainable(layers).map((v) => v.data() as Promise<Float32Array>)),
    );
  return {
    async run(steps) {
      let losses = step();
      for (let i = 1; i < steps; i++) {
        tf.dispose(losses);
        losses = step();
      }
      const [lossD, lossG] = await Promise.all(losses.map((loss) => loss.data()));
      tf.dispose(losses);
      return { lossD: lossD[0], lossG: lossG[0] };
    },
    weights: async () => ({ generator: await read(g), discriminator: await read(d) }),
    dataBytes: 0,
    dispose: () => tf.disposeVariables(),
  };
}

export async function open(backend: 'webgpu' | 'webgl'): Promise<Create> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js has no ${backend} here.`);
  await tf.ready();
  return async (model, problem) => create(model, problem);
}
