// Random graphs for property tests: what they compute is of no use, but every way of reading,
// moving, reducing and keeping values meets every other.
import fc from 'fast-check';
import { Graph, type Tensor, type Variable } from '../../src/graph/graph.ts';
import { broadcastShapes, type Shape, sameShape, sizeOf } from '../../src/graph/shape.ts';
import {
  abs,
  add,
  bceWithLogits,
  clamp,
  leakyRelu,
  maximum,
  minimum,
  mul,
  neg,
  relu,
  sigmoid,
  softplus,
  square,
  sub,
  tanh,
} from '../../src/ops/elementwise.ts';
import { matmul } from '../../src/ops/matmul.ts';
import {
  broadcastTo,
  concat,
  pack,
  pad,
  reshape,
  slice,
  transpose,
  view,
} from '../../src/ops/movement.ts';
import { sgd } from '../../src/ops/optimiser.ts';
import '../../src/ops/batch-norm.ts';
import { advance, random, STATE_SHAPE } from '../../src/ops/random.ts';
import { max, mean, sum } from '../../src/ops/reduce.ts';

/** A graph in numbers: each instruction takes what it needs of its five, modulo what there is. */
export interface Recipe {
  readonly shapes: readonly Shape[];
  readonly instructions: readonly (readonly [number, number, number, number, number])[];
  readonly outputs: readonly number[];
}

/** Tensors beyond this are cut down: the reference takes its time. */
const MOST_ELEMENTS = 2048;

/** Values stay about this large, so that rounding errors do too. */
const LARGEST = 8;

const axis = fc.constantFrom(1, 2, 3, 4, 5, 7, 8, 16);
const shape = fc.oneof(
  { weight: 3, arbitrary: fc.array(axis, { maxLength: 4 }) },
  { weight: 2, arbitrary: fc.constantFrom([64], [128], [192], [256], [2, 64], [4, 64]) },
);

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  shapes: fc
    .array(shape, { minLength: 1, maxLength: 3 })
    .map((all) => all.filter((s) => sizeOf(s) <= MOST_ELEMENTS)),
  instructions: fc.array(
    fc.tuple(fc.nat(999), fc.nat(999), fc.nat(999), fc.nat(999), fc.nat(999)),
    { minLength: 1, maxLength: 24, size: 'max' },
  ),
  outputs: fc.array(fc.nat(999), { minLength: 1, maxLength: 5, size: 'max' }),
});

class Builder {
  readonly graph = new Graph();
  /** What there is, and how large its elements may be. */
  private readonly tensors: Tensor[] = [];
  private readonly bounds = new Map<Tensor, number>();

  constructor({ shapes, instructions, outputs }: Recipe) {
    // Two variables of each shape, so that they can be mixed, swapped and updated in place.
    shapes.forEach((s, i) => {
      for (const name of [`a${i}`, `b${i}`]) this.keep(this.graph.variable(name, s), 2);
    });
    this.keep(this.graph.variable('scalar', []), 2);
    this.keep(this.graph.add('constant', [], { value: 0.5, shape: [4, 3] })[0], 1);
    for (const instruction of instructions) this.apply(...instruction);
    outputs.forEach((n, i) => {
      this.graph.output(`y${i}`, this.pick(n));
    });
  }

  private keep(tensor: Tensor, bound: number) {
    this.tensors.push(tensor);
    this.bounds.set(tensor, bound);
  }

  /** Recent tensors more often than old ones, so that chains grow long. */
  private pick(n: number): Tensor {
    const { length } = this.tensors;
    const recent = n % 3 === 0 ? length : Math.min(length, 2);
    return this.tensors[length - 1 - (Math.floor(n / 3) % recent)];
  }

  private bound(t: Tensor): number {
    return this.bounds.get(t) ?? 1;
  }

  /** Adds a result, scaled down where it could grow large. */
  private result(tensor: Tensor, bound: number) {
    if (tensor.size > MOST_ELEMENTS) return;
    if (bound > LARGEST) this.keep(mul(tensor, 1 / bound), 1);
    else this.keep(tensor, bound);
  }

  /** A tensor that broadcasts with `a`, or a number. */
  private partner(a: Tensor, n: number): Tensor | number {
    if (n % 7 === 0) return (n % 13) / 4 - 1;
    const fitting = this.tensors.filter((t) => {
      const joined = broadcastShapes([a.shape, t.shape]);
      return joined && sizeOf(joined) <= MOST_ELEMENTS;
    });
    const same = fitting.filter((t) => sameShape(t.shape, a.shape));
    const from = n % 2 === 0 ? same : fitting;
    return from[from.length - 1 - (Math.floor(n / 2) % from.length)];
  }

  private apply(kind: number, i: number, j: number, p: number, q: number) {
    const x = this.pick(i);
    const b = this.bound(x);
    const rules: (() => void)[] = [
      ...new Array(4).fill(() => this.unary(x, p)),
      ...new Array(6).fill(() => this.binary(x, j, p)),
      () => this.move(x, p, q),
      () => this.move(x, p, q),
      () => this.window(x, p, q),
      () => this.join(x, j, p, q),
      () => this.packed([x, this.pick(j), this.pick(p)], q),
      () => this.reduced(x, p, q),
      () => this.product(x, j, p),
      () => this.assign(x, j, p),
      () => this.assign(x, j, p),
      () => this.update(x, j, p, q),
      () => this.update(x, j, p, q),
      () => this.drawn(p, q),
      () => this.normalised(x, p, q),
      () => this.backward(x, j, p, q),
      () => this.result(reshape(x, [x.size]), b),
    ];
    rules[kind % rules.length]();
  }

  private unary(x: Tensor, p: number) {
    const b = this.bound(x);
    const rows: [(x: Tensor) => Tensor, number][] = [
      [neg, b],
      [tanh, 1],
      [sigmoid, 1],
      [abs, b],
      [relu, b],
      [(t) => leakyRelu(t, 0.2), b],
      [softplus, b + 1],
      [square, b * b],
      [(t) => clamp(t, -0.5, 1.5), 1.5],
    ];
    const [op, bound] = rows[p % rows.length];
    this.result(op(x), bound);
  }

  private binary(x: Tensor, j: number, p: number) {
    const y = this.partner(x, j);
    const [bx, by] = [this.bound(x), typeof y === 'number' ? Math.abs(y) : this.bound(y)];
    const rows: [(a: Tensor, b: Tensor | number) => Tensor, number][] = [
      [add, bx + by],
      [sub, bx + by],
      [(a, c) => sub(c, a), bx + by],
      [mul, bx * by],
      [maximum, Math.max(bx, by)],
      [minimum, Math.max(bx, by)],
      [bceWithLogits, bx + bx * by + 1],
    ];
    const [op, bound] = rows[p % rows.length];
    this.result(op(x, y), bound);
  }

  private move(x: Tensor, p: number, q: number) {
    const digit = (n: number, i: number) => Math.floor(n / 3 ** i);
    const b = this.bound(x);
    switch (p % 4) {
      case 0: {
        const order = x.shape
          .map((_, i) => i)
          .sort((i, j) => (digit(q, i) % 3) - (digit(q, j) % 3));
        return this.result(transpose(x, order), b);
      }
      case 1: {
        const start = x.shape.map((n, i) => (digit(q, i) % 3) % n);
        const end = x.shape.map((n, i) => Math.max(start[i] + 1, n - (digit(q, i + 1) % 2)));
        return this.result(slice(x, start, end), b);
      }
      case 2: {
        const before = x.shape.map((_, i) => digit(q, i) % 3);
        const after = x.shape.map((_, i) => digit(q, i + 1) % 3);
        return this.result(pad(x, before, after), b);
      }
      default: {
        const target = [...(q % 2 ? [1 + (q % 3)] : []), ...x.shape.map((n) => (n === 1 ? 4 : n))];
        return this.result(broadcastTo(x, target), b);
      }
    }
  }

  /** A view: aligned where the tensor is large enough and `p` is even. */
  private window(x: Tensor, p: number, q: number) {
    const unit = p % 2 === 0 && x.size >= 64 ? 64 : 1;
    const offset = (q % Math.ceil(x.size / unit)) * unit;
    const rest = x.size - offset;
    const size = p % 4 < 2 ? rest : 1 + (p % rest);
    this.result(view(x, offset, size % 4 === 0 ? [size / 4, 4] : [size]), this.bound(x));
  }

  private join(x: Tensor, j: number, p: number, q: number) {
    if (x.rank === 0) return;
    const over = p % x.rank;
    const alike = this.tensors.filter(
      (t) => t.rank === x.rank && t.shape.every((n, i) => i === over || n === x.shape[i]),
    );
    const others = [j, q].slice(0, 1 + (p % 2)).map((n) => alike[n % alike.length]);
    this.result(
      concat([x, ...others], over),
      Math.max(...[x, ...others].map((t) => this.bound(t))),
    );
  }

  private packed(parts: readonly Tensor[], q: number) {
    const pitch = q % 4 === 0 ? 1 : 64;
    let end = q % 5 === 0 ? 64 : 0;
    const offsets = parts.map(({ size }) => {
      const offset = end;
      end = Math.ceil((end + size) / pitch) * pitch;
      return offset;
    });
    this.result(pack(parts, offsets, end + (q % 3)), Math.max(...parts.map((t) => this.bound(t))));
  }

  private reduced(x: Tensor, p: number, q: number) {
    const axes = x.shape.map((_, i) => i).filter((i) => Math.floor(q / 2 ** i) % 2 === 0);
    const count = axes.reduce((n, i) => n * x.shape[i], 1);
    const b = this.bound(x);
    if (p % 3 === 0) this.result(sum(x, axes), b * count);
    else if (p % 3 === 1) this.result(mean(x, axes), b);
    else this.result(max(x, axes), b);
  }

  private product(x: Tensor, j: number, p: number) {
    const y = this.pick(j);
    const divisors = (n: number) => [4, 3, 8, 2, 5, 7, 16, 1].filter((d) => n % d === 0);
    const depths = divisors(x.size).filter((d) => y.size % d === 0);
    const depth = depths[p % depths.length];
    const [m, n] = [x.size / depth, y.size / depth];
    if (m * n > MOST_ELEMENTS) return;
    const [transposeA, transposeB] = [p % 2 === 0, p % 4 < 2];
    const a = reshape(x, transposeA ? [depth, m] : [m, depth]);
    const b = reshape(y, transposeB ? [n, depth] : [depth, n]);
    this.result(matmul(a, b, { transposeA, transposeB }), this.bound(x) * this.bound(y) * depth);
  }

  private variablesLike(x: Tensor): Variable[] {
    return [...this.graph.variables.values()].filter(
      ({ initial, dtype }) => initial.size === x.size && dtype === 'f32',
    );
  }

  /** Makes `x`, or the value of another variable, the value of a variable, or adds it to its own. */
  private assign(x: Tensor, j: number, p: number) {
    const all = this.variablesLike(x);
    if (all.length === 0) return;
    const { name, shape, current } = all[j % all.length];
    const value = reshape(p % 4 === 0 ? all[p % all.length].current : x, shape);
    if (p % 2 === 0) return this.graph.assign(name, value);
    const moved = add(mul(current, 0.75), mul(value, 0.25));
    this.keep(moved, Math.max(this.bound(current), this.bound(x)));
    this.graph.assign(name, moved);
  }

  /**
   * An optimiser's update of whatever has the size of `x`. Mostly of variables, which it gives new
   * values, so that it can be made in place; else of anything, the same tensor several times perhaps.
   */
  private update(x: Tensor, j: number, p: number, q: number) {
    const alike = this.tensors.filter((t) => t.size === x.size);
    const variables = this.variablesLike(x);
    const to = variables[j % variables.length];
    const toV = variables[(j + 1 + (q % 2)) % variables.length];
    const usual = p % 3 > 0 && to;
    const chosen = usual
      ? [to.current, x, toV.current]
      : [j, p, q].map((n) => alike[n % alike.length]);
    const [parameters, gradients, v] = chosen.map((t) => reshape(t, [t.size]));
    const next = sgd({ parameters, gradients, v, hyper: this.graph.variable('hyper', [2]) });
    const bounds = chosen.map((t) => this.bound(t));
    this.keep(next.v, bounds[1] + bounds[2]);
    this.keep(next.parameters, bounds[0] + bounds[1] + bounds[2]);
    if (!to || p % 5 === 0) return;
    this.graph.assign(to.name, reshape(next.parameters, to.shape));
    this.graph.assign(toV.name, reshape(next.v, toV.shape));
  }

  /** A kernel of three outputs, one of which is a variable updated in place. */
  private normalised(x: Tensor, p: number, q: number) {
    const channels = x.shape[x.rank - 1];
    const rows = x.size / channels;
    if (x.rank < 2 || rows < 3) return;
    // So that no variance is next to nothing: its inverse would be all rounding error.
    const noisy = add(x, this.graph.variable(`noise ${x.shape.join(' ')}`, x.shape));
    const vectors = this.tensors.filter((t) => sameShape(t.shape, [channels]));
    const beta = vectors[p % vectors.length] ?? this.graph.variable(`beta ${channels}`, [channels]);
    const name = `running ${channels}`;
    const [y, saved, running] = this.graph.add(
      'batchNorm',
      [
        noisy,
        this.graph.variable(`gamma ${channels}`, [channels]),
        beta,
        this.graph.variable(name, [2, channels]),
      ],
      { momentum: 0.1, eps: 1e-5 },
    );
    this.result(y, 2 * Math.sqrt(rows) + this.bound(beta));
    if (p % 2 === 0) this.graph.assign(name, running);
    if (q % 3 === 0) this.keep(running, 4);
    if (q % 4 === 0) this.keep(saved, 4);
  }

  /**
   * Gradients of a batch-norm that is used two or three times, added up. Some are needed apart too,
   * and some sums are packed as an optimiser's gradients are.
   */
  private backward(x: Tensor, j: number, p: number, q: number) {
    if (x.rank < 2) return;
    const channels = x.shape[x.rank - 1];
    const alike = this.tensors.filter((t) => sameShape(t.shape, x.shape));
    const gamma = this.graph.variable(`gamma ${channels}`, [channels]);
    const saved = this.graph.variable(`saved ${channels}`, [2, channels]);
    const uses = [x, alike[j % alike.length], alike[p % alike.length]].slice(0, 2 + (q % 2));
    const share = channels / (8 * x.size);
    const made = uses.map((dy) =>
      this.graph.add('batchNormGrad', [mul(dy, share), x, gamma, saved], { eps: 1e-5 }),
    );
    const totals = [1, 2].map((i) => made.map((outputs) => outputs[i]).reduce((a, b) => add(a, b)));
    for (const t of totals) this.keep(t, LARGEST);
    if (q % 3 === 0) this.keep(made[p % made.length][j % 3], LARGEST);
    if (q % 5 < 3) this.packed(totals, p);
  }

  private drawn(p: number, q: number) {
    const state = this.graph.variable('state', STATE_SHAPE, 'u32');
    const like = this.pick(q);
    this.keep(random(state, like.shape, { distribution: 'uniform', stream: p }), 1);
    if (p % 2 === 0) this.graph.assign('state', advance(state));
  }
}

/** The graph of a recipe: a function of it alone. */
export const graphOf = (recipe: Recipe): Graph => new Builder(recipe).graph;
