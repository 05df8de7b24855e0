// jax-js: the whole step in one jit, G's forward pass shared by both updates through vjp. Channels
// first, as its convolutions want; transposed convolutions dilate their input, so their kernels are
// kept flipped, [out, in, KH, KW]; matrices where a picture is one pixel. Batch-norm and Adam are
// written out: it has no layers, and Adam is not in this package.
//
// Arrays are reference-counted: what is used again is passed as `.ref`.
import {
  defaultDevice,
  init,
  jit,
  lax,
  nn,
  numpy as np,
  tree,
  valueAndGrad,
  vjp,
} from '@jax-js/jax';
import {
  adam,
  type BenchModel,
  batchNorm,
  discriminatorLayers,
  generatorLayers,
  type Layer,
  leakySlope,
} from '../models.ts';
import { type NamedTensor, type Problem, permuted, tensorOf } from '../problem.ts';
import { type Contestant, type Create, concatenated } from './contestant.ts';

/** By name: `0.weight`. Types, not interfaces: only they are trees to jax-js. */
type Tree = { [name: string]: np.Array };
type Moments = { m: Tree; v: Tree };
type State = {
  g: Tree;
  d: Tree;
  runningG: Tree;
  runningD: Tree;
  adamG: Moments;
  adamD: Moments;
  /** 1 − βᵗ for β1 and β2. */
  corrections: Tree;
};

const arrayOf = ({ shape, data }: NamedTensor): np.Array => np.array(data).reshape([...shape]);

/** Normalises over all axes but the channels; the batch's statistics go to `statistics`. */
function normalise(x: np.Array, params: Tree, index: number, statistics: Tree): np.Array {
  const mean = np.mean(x.ref, [0, 2, 3], { keepdims: true });
  const centred = x.sub(mean.ref);
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true });
  statistics[`${index}.mean`] = mean;
  statistics[`${index}.variance`] = variance.ref;
  const scale = params[`${index}.weight`].div(np.sqrt(variance.add(batchNorm.eps)));
  return centred.mul(scale).add(params[`${index}.bias`]);
}

function generate(layers: readonly Layer[], params: Tree, z: np.Array): [np.Array, Tree] {
  const statistics: Tree = {};
  let x = z;
  for (const { index, stride, to, sizeOut, norm } of layers) {
    const weight = params[`${index}.weight`];
    if (stride === 1) x = np.matmul(x, weight).reshape([-1, to, sizeOut, sizeOut]);
    else {
      const padding: [number, number][] = [
        [2, 2],
        [2, 2],
      ];
      x = lax.convGeneralDilated(x, weight, [1, 1], padding, { lhsDilation: [2, 2] });
    }
    x = norm ? nn.relu(normalise(x, params, index + 1, statistics)) : np.tanh(x);
  }
  return [x, statistics];
}

function judge(layers: readonly Layer[], params: Tree, pictures: np.Array): [np.Array, Tree] {
  const statistics: Tree = {};
  let x = pictures;
  for (const { index, stride, norm } of layers) {
    const weight = params[`${index}.weight`];
    if (stride === 1) x = np.matmul(x.reshape([x.shape[0], -1]), weight);
    else {
      const padding: [number, number][] = [
        [1, 1],
        [1, 1],
      ];
      x = lax.convGeneralDilated(x, weight, [2, 2], padding);
      if (norm) x = normalise(x, params, index + 1, statistics);
      x = nn.leakyRelu(x, leakySlope);
    }
  }
  return [x, statistics];
}

/** Mean binary cross-entropy of sigmoid(logits) against 0 or 1. */
const cross = (logits: np.Array, target: 0 | 1): np.Array =>
  np.mean(nn.softplus(target === 1 ? logits.neg() : logits));

/** Running statistics after a batch of so many values a channel. */
function follow(running: Tree, batch: Tree, countOf: (index: number) => number): Tree {
  const { momentum } = batchNorm;
  return Object.fromEntries(
    Object.entries(running).map(([name, old]) => {
      const count = countOf(Number.parseInt(name, 10));
      const unbiased = name.endsWith('variance') ? count / (count - 1) : 1;
      return [name, old.mul(1 - momentum).add(batch[name].mul(momentum * unbiased))];
    }),
  );
}

function update(
  params: Tree,
  gradients: Tree,
  { m, v }: Moments,
  corrections: Tree,
): [Tree, Moments] {
  const next: Tree = {};
  const moments: Moments = { m: {}, v: {} };
  for (const [name, p] of Object.entries(params)) {
    const g = gradients[name];
    const newM = m[name].mul(adam.beta1).add(g.ref.mul(1 - adam.beta1));
    const newV = v[name].mul(adam.beta2).add(np.square(g).mul(1 - adam.beta2));
    const first = newM.ref.div(corrections.beta1.ref);
    const second = np.sqrt(newV.ref.div(corrections.beta2.ref)).add(adam.eps);
    next[name] = p.sub(first.div(second).mul(adam.lr));
    moments.m[name] = newM;
    moments.v[name] = newV;
  }
  return [next, moments];
}

function makeStep(model: BenchModel) {
  const gLayers = generatorLayers(model);
  const dLayers = discriminatorLayers(model);
  const countIn = (layers: readonly Layer[]) => (index: number) => {
    const layer = layers.find((l) => l.index === index - 1);
    return model.batchSize * (layer?.sizeOut ?? 1) ** 2;
  };

  const lossOfD = (d: Tree, real: np.Array, fake: np.Array) => {
    const [onReal, statisticsReal] = judge(dLayers, tree.ref(d), real);
    const [onFake, statisticsFake] = judge(dLayers, d, fake);
    const aux = { statisticsReal, statisticsFake };
    return [cross(onReal, 1).add(cross(onFake, 0)), aux] as [np.Array, typeof aux];
  };
  const lossOfG = (fake: np.Array, d: Tree) => {
    const [logits, statistics] = judge(dLayers, d, fake);
    return [cross(logits, 1), statistics] as [np.Array, Tree];
  };

  return jit((state: State, z: np.Array, real: np.Array) => {
    const { beta1, beta2 } = state.corrections;
    const corrections = {
      beta1: beta1.mul(adam.beta1).add(1 - adam.beta1),
      beta2: beta2.mul(adam.beta2).add(1 - adam.beta2),
    };
    const [fake, pullBack, statisticsG] = vjp(
      (g: Tree) => generate(gLayers, g, z),
      [tree.ref(state.g)],
      { hasAux: true },
    );
    const [[lossD, seen], [gradD]] = valueAndGrad(lossOfD, { argnums: [0], hasAux: true })(
      tree.ref(state.d),
      real,
      fake.ref,
    );
    const [d, adamD] = update(state.d, gradD, state.adamD, corrections);
    const [[lossG, statisticsD], [gradFake]] = valueAndGrad(lossOfG, {
      argnums: [0],
      hasAux: true,
    })(fake, tree.ref(d));
    const [gradG] = pullBack(gradFake);
    pullBack.dispose();
    const [g, adamG] = update(state.g, gradG as Tree, state.adamG, corrections);
    const inG = countIn(gLayers);
    const inD = countIn(dLayers);
    const runningD = [seen.statisticsReal, seen.statisticsFake, statisticsD].reduce(
      (running, batch) => follow(running, batch, inD),
      state.runningD,
    );
    const next: State = {
      ...{ g, d, adamG, adamD, corrections, runningD },
      runningG: follow(state.runningG, statisticsG, inG),
    };
    return { next, lossD, lossG };
  });
}

function netOf(problem: Problem, net: 'generator' | 'discriminator', layers: readonly Layer[]) {
  const params: Tree = {};
  const running: Tree = {};
  for (const { index, stride, from, to, norm } of layers) {
    const given = tensorOf(problem, `${net}.main.${index}.weight`);
    const inG = net === 'generator';
    if (stride === 1) {
      // [in, out · KH · KW] in G, [in · KH · KW, 1] in D: pictures are channels first.
      const ordered = permuted(given, inG ? [3, 2, 0, 1] : [2, 0, 1, 3]);
      params[`${index}.weight`] = np.array(ordered.data).reshape(inG ? [from, -1] : [-1, to]);
    } else {
      const ordered = permuted(given, inG ? [2, 3, 0, 1] : [3, 2, 0, 1]);
      // A kernel of 4 × 4 flipped on both axes is its 16 numbers backwards.
      if (inG)
        for (let i = 0; i < ordered.data.length; i += 16)
          ordered.data.subarray(i, i + 16).reverse();
      params[`${index}.weight`] = arrayOf(ordered);
    }
    if (!norm) continue;
    const perChannel = (name: string) =>
      np.array(tensorOf(problem, `${net}.main.${index + 1}.${name}`).data).reshape([1, to, 1, 1]);
    params[`${index + 1}.weight`] = perChannel('weight');
    params[`${index + 1}.bias`] = perChannel('bias');
    running[`${index + 1}.mean`] = np.zeros([1, to, 1, 1]);
    running[`${index + 1}.variance`] = np.ones([1, to, 1, 1]);
  }
  return { params, running };
}

const zerosLike = (params: Tree): Tree =>
  Object.fromEntries(Object.entries(params).map(([name, p]) => [name, np.zeros(p.shape)]));

function create(model: BenchModel, problem: Problem): Contestant {
  const g = netOf(problem, 'generator', generatorLayers(model));
  const d = netOf(problem, 'discriminator', discriminatorLayers(model));
  const z = arrayOf(tensorOf(problem, 'z'));
  const real = arrayOf(permuted(tensorOf(problem, 'real'), [0, 3, 1, 2]));
  const momentsOf = (params: Tree): Moments => ({ m: zerosLike(params), v: zerosLike(params) });
  let state: State = {
    ...{ g: g.params, d: d.params, runningG: g.running, runningD: d.running },
    ...{ adamG: momentsOf(g.params), adamD: momentsOf(d.params) },
    corrections: { beta1: np.array(0), beta2: np.array(0) },
  };
  const step = makeStep(model);
  const read = async (params: Tree) => {
    const arrays = await Promise.all(tree.leaves<np.Array>(params).map((p) => p.ref.data()));
    return concatenated(arrays as Float32Array[]);
  };
  return {
    async run(steps) {
      let losses: [np.Array, np.Array] | undefined;
      for (let i = 0; i < steps; i++) {
        tree.dispose(losses);
        const { next, lossD, lossG } = step(state, z.ref, real.ref);
        state = next;
        losses = [lossD, lossG];
      }
      const [[lossD], [lossG]] = await Promise.all((losses ?? []).map((loss) => loss.data()));
      return { lossD, lossG };
    },
    weights: async () => ({ generator: await read(state.g), discriminator: await read(state.d) }),
    dataBytes: 0,
    dispose() {
      tree.dispose(state);
      z.dispose();
      real.dispose();
      step.dispose();
    },
  };
}

export async function open(): Promise<Create> {
  const devices = await init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js has no WebGPU here.');
  defaultDevice('webgpu');
  return async (model, problem) => create(model, problem);
}
