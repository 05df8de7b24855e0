import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import type { Values } from '../data/values.ts';
import { GanvasError } from '../graph/errors.ts';
import { Graph, type Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import type { WeightAverage } from '../nn/average.ts';
import { HostRandom } from '../nn/initialisers.ts';
import { type Net, wholePart } from '../nn/net.ts';
import type { Optimiser } from '../nn/optimisers.ts';
import { add, mul } from '../ops/elementwise.ts';
import {
  advance,
  gatherPictures,
  gatherRows,
  random,
  STATE,
  STATE_SHAPE,
  shuffledIndices,
} from '../ops/random.ts';
import type { Elements } from '../runtime/variables.ts';
import type { TracedFunction } from './graph-function.ts';
import { type Metrics, reportMetrics } from './metrics.ts';
import type { TrainingProgram } from './program.ts';

/**
 * What is to be trained makes no sense. `code` is `program-` and one of `metrics` (what the step
 * returns), `data`, `names`, `optimiser`, `seed`, `shape`, `variable`.
 */
export class ProgramError extends GanvasError {
  override readonly name = 'ProgramError';

  constructor(
    kind: 'metrics' | 'data' | 'names' | 'optimiser' | 'seed' | 'shape' | 'variable',
    message: string,
    advice: string,
  ) {
    super(`program-${kind}`, message, advice);
  }
}

/** What batches are drawn from: pictures, or rows of numbers [count, …]. It stays on the device. */
export type DataSet = ImageSet | Values;

/** How a batch is drawn. */
export interface BatchOptions {
  /** Mirror each picture left to right with probability ½. */
  readonly flip?: boolean;
}

/**
 * What a step is made of, beside operations, nets and optimisers. Everything happens on the device,
 * anew each step.
 */
export interface StepContext<Data extends string = string> {
  /** The graph that the step is traced in. */
  readonly graph: Graph;
  /** Random numbers of mean 0 and standard deviation 1, as PyTorch's `randn`. */
  normal(shape: Shape): Tensor;
  /** Random numbers between `low` and `high`, by default 0 and 1, as PyTorch's `rand`. */
  uniform(shape: Shape, low?: number, high?: number): Tensor;
  /**
   * The next `size` items of a data set: rows as they are, pictures as [size, height, width, channels]
   * in [−1, 1]. Every item is drawn once an epoch, in an order drawn anew each epoch; a step that
   * calls this several times draws different items.
   */
  batch(name: Data, size: number, options?: BatchOptions): Tensor;
  /**
   * Of several data sets the items at the same places, such as pictures and their labels. What is
   * drawn together is shuffled independently of what is drawn by itself.
   */
  batch<const Names extends readonly Data[]>(
    names: Names,
    size: number,
    options?: BatchOptions,
  ): { -readonly [Index in keyof Names]: Tensor };
  /**
   * A tensor of the step's own that outlives it, such as a running average; it starts as `initial`.
   * The newest version: `assign` makes another.
   */
  variable(name: string, initial: Values): Tensor;
  /** Makes a tensor of its shape the newest version of a `variable`: the next step begins with it. */
  assign(name: string, value: Tensor): void;
}

/** What is trained: see `traceTraining`. */
export interface TrainingDefinition<Data extends string, Name extends string> {
  /**
   * A whole number from 0 to 2³² − 1, by default 0. Initial parameters, random numbers and the order of
   * batches are functions of it.
   */
  readonly seed?: number;
  /** Those that the step calls `minimise` of. */
  readonly optimisers: readonly Optimiser[];
  /** Nets that no optimiser updates, but the step or a function of `traceFunction` reads. */
  readonly nets?: readonly Net[];
  /** Averages of weights that the step updates. */
  readonly averages?: readonly WeightAverage[];
  /** What batches are drawn from, by name. */
  readonly data?: Readonly<Record<Data, DataSet>>;
  /**
   * One step, called once: it builds what is then run again and again. Returns what the step reports:
   * scalars, by name.
   */
  step(context: StepContext<Data>): Readonly<Record<Name, Tensor>>;
}

const RESERVED: readonly (keyof Metrics)[] = ['step', 'timeMs'];

const isPictures = (set: DataSet): set is ImageSet => 'data' in set;

/** The shape and elements of a data set on the device. */
function resident(name: string, set: DataSet) {
  if (isPictures(set)) {
    const { count, height, width, channels, data } = checkImageSet(set);
    return { shape: [count, height, width, channels], values: data, dtype: 'u8' as const };
  }
  const { shape, values } = set;
  checkValues('data', `The data set '${name}'`, set);
  if (!(shape[0] >= 1)) {
    throw new ProgramError(
      'data',
      `The data set '${name}' of shape [${shape.join(', ')}] has no items.`,
      'The first axis counts them: give at least one.',
    );
  }
  return { shape, values: values as Float32Array<ArrayBuffer>, dtype: 'f32' as const };
}

function checkValues(kind: 'data' | 'variable' | 'shape', what: string, given: Values): void {
  const { shape, values } = given;
  const fits = shape.every((n) => Number.isInteger(n) && n >= 0);
  if (!(values instanceof Float32Array) || !fits || values.length !== sizeOf(shape)) {
    throw new ProgramError(
      kind,
      `${what} of shape [${shape.join(', ')}] has ${values.length} values in ${values.constructor.name}.`,
      'Give a Float32Array with one value for each element.',
    );
  }
}

/** Items that are drawn together: one shuffled sequence. */
interface Loader {
  readonly stream: number;
  readonly count: number;
  /** Attributes of its draws. How many items a step draws in all is known at the step's end. */
  readonly draws: { stride: number }[];
  drawn: number;
}

/** Builds a step: the context that the caller's function sees, and what comes of it. */
class Tracer<Data extends string> implements StepContext<Data> {
  readonly graph = new Graph();
  readonly initial = new Map<string, Elements>();
  readonly own: string[] = [];
  private readonly state = this.graph.variable(STATE, STATE_SHAPE, 'u32');
  private readonly sets = new Map<string, Tensor>();
  private readonly loaders = new Map<string, Loader>();
  private streams = 0;

  constructor(seed: number, data: Readonly<Record<Data, DataSet>>) {
    this.initial.set(STATE, Uint32Array.of(seed, 0, 0, 0));
    for (const [name, set] of Object.entries<DataSet>(data)) {
      const { shape, values, dtype } = resident(name, set);
      const variable = `data.${name}`;
      this.sets.set(name, this.graph.variable(variable, shape, dtype));
      this.initial.set(variable, values);
    }
  }

  // Arrow functions, so that the step may take them apart: `step({ normal, batch })`.
  readonly normal = (shape: Shape): Tensor =>
    random(this.state, shape, { distribution: 'normal', stream: this.streams++ });

  readonly uniform = (shape: Shape, low = 0, high = 1): Tensor => {
    const x = random(this.state, shape, { distribution: 'uniform', stream: this.streams++ });
    return low === -1 && high === 1 ? x : add(mul(x, (high - low) / 2), (low + high) / 2);
  };

  readonly batch = ((names: Data | readonly Data[], size: number, options: BatchOptions = {}) => {
    if (typeof names === 'string') return this.draw([names], size, options)[0];
    return this.draw(names as readonly Data[], size, options);
  }) as StepContext<Data>['batch'];

  private draw(names: readonly Data[], size: number, { flip = false }: BatchOptions): Tensor[] {
    const sets = names.map((name) => this.set(name));
    if (!(Number.isInteger(size) && size >= 1)) {
      throw new ProgramError(
        'data',
        `A batch of ${size} of '${names.join(', ')}' is not possible.`,
        'Choose a whole number of at least 1.',
      );
    }
    const loader = this.loader(names, sets);
    const { count, stream } = loader;
    const indices = shuffledIndices(this.state, {
      ...{ count, size, stream, first: loader.drawn, stride: 0 },
    });
    loader.draws.push(indices.node.attrs as unknown as Loader['draws'][number]);
    loader.drawn += size;
    // Pictures that are drawn together are mirrored together.
    const bits = { flip, stream: flip ? this.streams++ : 0 };
    return sets.map((set) =>
      set.dtype === 'u8'
        ? gatherPictures(set, indices, this.state, bits)
        : gatherRows(set, indices),
    );
  }

  private set(name: Data): Tensor {
    const set = this.sets.get(name);
    if (set) return set;
    const known = [...this.sets.keys()].join(', ') || 'none';
    throw new ProgramError('data', `There is no data set '${name}'.`, `Known: ${known}.`);
  }

  private loader(names: readonly Data[], sets: readonly Tensor[]): Loader {
    const key = JSON.stringify(names);
    let loader = this.loaders.get(key);
    if (!loader) {
      const [count, ...others] = sets.map(({ shape }) => shape[0]);
      if (count === undefined || others.some((n) => n !== count)) {
        throw new ProgramError(
          'data',
          `The data sets '${names.join(', ')}' have ${[count, ...others].join(', ')} items.`,
          'What is drawn together has one item of each: give sets of one length.',
        );
      }
      loader = { count, stream: this.loaders.size, draws: [], drawn: 0 };
      this.loaders.set(key, loader);
    }
    return loader;
  }

  readonly variable = (name: string, initial: Values): Tensor => {
    if (!this.graph.variables.has(name)) {
      checkValues('variable', `The variable '${name}'`, initial);
      this.initial.set(name, initial.values as Float32Array<ArrayBuffer>);
      this.own.push(name);
    }
    return this.graph.variable(name, initial.shape);
  };

  readonly assign = (name: string, value: Tensor): void => this.graph.assign(name, value);

  /** Declares what a net or an optimiser keeps. */
  declare(name: string, shape: Shape, values: Elements): void {
    if (this.initial.has(name)) {
      throw new ProgramError(
        'names',
        `There are two of '${name}'.`,
        'Give each net a name of its own, and an optimiser of its own, at most.',
      );
    }
    this.graph.variable(name, shape);
    this.initial.set(name, values);
  }

  finish(): void {
    for (const { draws, drawn } of this.loaders.values()) {
      for (const draw of draws) draw.stride = drawn;
    }
    this.graph.assign(STATE, advance(this.state));
  }
}

/** The names and tensors of what a step reports, if they can be reported. */
function metricsOf<Name extends string>(graph: Graph, returned: unknown): [Name, Tensor][] {
  const fail = (message: string, advice: string) => new ProgramError('metrics', message, advice);
  const advice = 'Return what the step measures, scalars by name, such as { loss }.';
  if (typeof returned !== 'object' || returned === null)
    throw fail(`The step returns ${returned === null ? 'null' : typeof returned}.`, advice);
  if ('then' in returned)
    throw fail('The step returns a promise.', 'It describes a step, and cannot wait for anything.');
  const metrics = Object.entries(returned) as [Name, Tensor][];
  if (metrics.length === 0) throw fail('The step returns no metrics.', advice);
  for (const [name, tensor] of metrics) {
    if (RESERVED.includes(name))
      throw fail(`The metric '${name}' is one that every step has.`, 'Choose another name.');
    if (tensor?.graph !== graph)
      throw fail(`The metric '${name}' is no tensor of the step.`, advice);
    if (tensor.size !== 1 || tensor.dtype !== 'f32')
      throw fail(
        `The metric '${name}' is ${tensor}.`,
        'Reduce it to a scalar, with mean() or sum().',
      );
  }
  return metrics;
}

/**
 * Traces a training step of your own: nets, losses and updates written as in PyTorch, but once. What
 * comes of it is plain data for `Trainer.create`.
 *
 * ```ts
 * const G = new Net('generator', new Sequential(new Linear(2, 32), new ReLU(), new Linear(32, 2)));
 * const D = new Net('discriminator', new Sequential(new Linear(2, 32), new ReLU(), new Linear(32, 1)));
 * const [optG, optD] = [new Adam(G), new Adam(D)];
 * const program = traceTraining({
 *   seed: 1,
 *   optimisers: [optD, optG],
 *   data: { points: { shape: [N, 2], values } },
 *   step({ normal, batch }) {
 *     const training = true;
 *     const fake = G.forward(normal([64, 2]), { training });
 *     const real = D.forward(batch('points', 64), { training });
 *     const lossD = add(bceWithLogitsLoss(real, 1), bceWithLogitsLoss(D.forward(fake, { training }), 0));
 *     optD.minimise(lossD);
 *     const lossG = bceWithLogitsLoss(D.forward(fake, { training }), 1);
 *     optG.minimise(lossG);
 *     return { lossD, lossG };
 *   },
 * });
 * ```
 *
 * A net that is used after `minimise` is the updated one. `minimise` takes gradients of its own net's
 * parameters only: nothing has to be detached for that.
 *
 * Errors: `ProgramError`; `ShapeError` and `GraphError` of the operations; `DataError` for pictures.
 */
export function traceTraining<Data extends string, Name extends string>({
  seed = 0,
  optimisers,
  nets = [],
  averages = [],
  data = {} as Readonly<Record<Data, DataSet>>,
  step,
}: TrainingDefinition<Data, Name>): TrainingProgram<Name> {
  if (!(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32)) {
    throw new ProgramError('seed', `The seed is ${seed}.`, 'It must be a whole number below 2³².');
  }
  const tracer = new Tracer(seed, data);
  const { graph, initial } = tracer;
  const all = new Set([...nets, ...optimisers.map(({ net }) => net)]);
  [...all].forEach((net, i) => {
    const shapes = new Map([...net.buffers.values()].map((b) => [b.variable, b.shape]));
    for (const [name, values] of net.initialValues(new HostRandom(seed, i)))
      tracer.declare(name, shapes.get(name) ?? [values.length], values);
  });
  for (const owner of [...optimisers, ...averages])
    for (const [name, values] of owner.initialValues())
      tracer.declare(name, [values.length], values);

  const metrics = metricsOf<Name>(graph, step(tracer));

  const stranger = [...graph.variables.keys()].find((name) => !initial.has(name));
  if (stranger !== undefined) {
    throw new ProgramError(
      'variable',
      `Nothing says what '${stranger}' starts as.`,
      'Name its optimiser, net or average in `optimisers`, `nets` or `averages` of traceTraining.',
    );
  }
  for (const { net } of optimisers) {
    const { initial: before, current } = graph.variables.get(net.variable) ?? {};
    if (before === current) {
      throw new ProgramError(
        'optimiser',
        `The step does not update the net '${net.name}'.`,
        'Call minimise of its optimiser, or name it in `nets`.',
      );
    }
  }
  tracer.finish();
  reportMetrics(
    graph,
    metrics.map(([, tensor]) => tensor),
  );
  const own = tracer.own.map((name) => {
    const { shape } = graph.variables.get(name) as { shape: Shape };
    return wholePart(name, name, shape);
  });
  return {
    step: graph,
    metrics: metrics.map(([name]) => name),
    initial,
    parts: [
      ...[...all, ...optimisers, ...averages].flatMap((owner) => owner.parts()),
      ...own,
      wholePart(STATE, STATE, STATE_SHAPE),
    ],
  };
}

/**
 * Traces a function of what is being trained, such as the generator on latents that are given to it.
 *
 * ```ts
 * const generate = await trainer.compile(
 *   traceFunction({ z: [64, 2] }, ({ z }) => ({ points: G.forward(z, { training: false }) })),
 * );
 * const { points } = await generate.call({ z: latents });
 * ```
 *
 * @param inputs shapes by name, f32; they are zeros until they are given
 * @param trace called once; returns the results by name
 */
export function traceFunction<Input extends string, Output extends string>(
  inputs: Readonly<Record<Input, Shape>>,
  trace: (inputs: Readonly<Record<Input, Tensor>>) => Readonly<Record<Output, Tensor>>,
): TracedFunction<Input, Output> {
  const graph = new Graph();
  const given = Object.entries<Shape>(inputs) as [Input, Shape][];
  const tensors = given.map(([name, shape]) => [name, graph.variable(name, shape)] as const);
  const results = trace(Object.fromEntries(tensors) as Record<Input, Tensor>);
  const outputs = Object.entries<Tensor>(results) as [Output, Tensor][];
  for (const [name, tensor] of outputs) graph.output(name, tensor);
  const zeros = given.map(([name, shape]) => [name, new Float32Array(sizeOf(shape))] as const);
  return { graph, inputs: new Map<Input, Elements>(zeros), outputs: outputs.map(([name]) => name) };
}
