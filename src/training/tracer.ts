import { checkImageSet, type ImageSet } from '../data/image-set.ts';
import type { Values } from '../data/values.ts';
import { Graph, type Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
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
import { type BatchOptions, type DataSet, ProgramError, type StepContext } from './definition.ts';

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
export class Tracer<Data extends string> implements StepContext<Data> {
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
