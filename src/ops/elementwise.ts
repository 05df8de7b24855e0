import { ShapeError } from '../graph/errors.ts';
import type { Attrs, Tensor } from '../graph/graph.ts';
import { defineOp, type OpDefinition } from '../graph/registry.ts';
import { broadcastShapes, type Shape, sameShape } from '../graph/shape.ts';
import { reshape } from './movement.ts';
import { sum } from './reduce.ts';

/**
 * A row of the element-wise table.
 *
 * `wgsl` is an expression over operands of type `V` (`f32` or `vec4f`), so every constant is
 * written `V(c)`; a row whose expression would name an operand three times or more, or needs a
 * loop or a branch, calls a function of `shaders/elementwise_functions.wgsl` instead.
 */
export interface Elementwise {
  readonly arity: number;
  wgsl(args: readonly string[], attrs: Attrs): string;
  /** The reference, in float64. */
  f64(args: readonly number[], attrs: Attrs): number;
  /** No gradient flows through it. */
  readonly detached?: boolean;
  /** Gradients of the operands before they are summed back to the operands' shapes. */
  grad?(dy: Tensor, x: readonly Tensor[], y: Tensor, attrs: Attrs): readonly (Tensor | undefined)[];
}

const LARGEST_F32 = 3.4028234663852886e38;

/** A number as a WGSL expression of type `V`. Infinities, which WGSL cannot write, become the largest f32. */
export function literal(value: unknown): string {
  const x = Math.fround(Math.min(Math.max(Number(value), -LARGEST_F32), LARGEST_F32));
  return `V(${Number.isInteger(x) && Math.abs(x) < 1e6 ? x.toFixed(1) : x.toExponential()})`;
}

const sigmoid64 = (x: number): number =>
  x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
const softplus64 = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * Every element-wise operation: forward in WGSL and float64, and its gradient in operations.
 * Comparisons give 0 or 1 in f32 and have no gradient, as in PyTorch.
 */
export const elementwiseTable: Readonly<Record<string, Elementwise>> = {
  add: {
    arity: 2,
    wgsl: ([a, b]) => `(${a} + ${b})`,
    f64: ([a, b]) => a + b,
    grad: (dy) => [dy, dy],
  },
  sub: {
    arity: 2,
    wgsl: ([a, b]) => `(${a} - ${b})`,
    f64: ([a, b]) => a - b,
    grad: (dy) => [dy, neg(dy)],
  },
  mul: {
    arity: 2,
    wgsl: ([a, b]) => `(${a} * ${b})`,
    f64: ([a, b]) => a * b,
    grad: (dy, [a, b]) => [mul(dy, b), mul(dy, a)],
  },
  div: {
    arity: 2,
    wgsl: ([a, b]) => `(${a} / ${b})`,
    f64: ([a, b]) => a / b,
    grad: (dy, [, b], y) => [div(dy, b), neg(div(mul(dy, y), b))],
  },
  maximum: {
    arity: 2,
    wgsl: ([a, b]) => `max(${a}, ${b})`,
    f64: ([a, b]) => Math.max(a, b),
    // Ties give the whole gradient to the first operand.
    grad: (dy, [a, b]) => [mul(dy, greaterEqual(a, b)), mul(dy, greater(b, a))],
  },
  minimum: {
    arity: 2,
    wgsl: ([a, b]) => `min(${a}, ${b})`,
    f64: ([a, b]) => Math.min(a, b),
    grad: (dy, [a, b]) => [mul(dy, greaterEqual(b, a)), mul(dy, greater(a, b))],
  },
  greater: {
    arity: 2,
    wgsl: ([a, b]) => `select(V(0.0), V(1.0), ${a} > ${b})`,
    f64: ([a, b]) => (a > b ? 1 : 0),
    grad: () => [undefined, undefined],
  },
  greaterEqual: {
    arity: 2,
    wgsl: ([a, b]) => `select(V(0.0), V(1.0), ${a} >= ${b})`,
    f64: ([a, b]) => (a >= b ? 1 : 0),
    grad: () => [undefined, undefined],
  },
  equal: {
    arity: 2,
    wgsl: ([a, b]) => `select(V(0.0), V(1.0), ${a} == ${b})`,
    f64: ([a, b]) => (a === b ? 1 : 0),
    grad: () => [undefined, undefined],
  },
  /** select(condition, a, b): a where the condition is not 0, else b. */
  select: {
    arity: 3,
    wgsl: ([c, a, b]) => `select(${b}, ${a}, ${c} != V(0.0))`,
    f64: ([c, a, b]) => (c !== 0 ? a : b),
    grad: (dy, [c]) => {
      const zero = scalar(dy, 0);
      return [undefined, select(c, dy, zero), select(c, zero, dy)];
    },
  },
  /** The operand itself, as a constant for gradients. */
  detach: { arity: 1, wgsl: ([x]) => x, f64: ([x]) => x, detached: true },
  neg: { arity: 1, wgsl: ([x]) => `(-${x})`, f64: ([x]) => -x, grad: (dy) => [neg(dy)] },
  exp: {
    arity: 1,
    wgsl: ([x]) => `exp(${x})`,
    f64: ([x]) => Math.exp(x),
    grad: (dy, _, y) => [mul(dy, y)],
  },
  log: {
    arity: 1,
    wgsl: ([x]) => `log(${x})`,
    f64: ([x]) => Math.log(x),
    grad: (dy, [x]) => [div(dy, x)],
  },
  sqrt: {
    arity: 1,
    wgsl: ([x]) => `sqrt(${x})`,
    f64: ([x]) => Math.sqrt(x),
    grad: (dy, _, y) => [div(mul(dy, 0.5), y)],
  },
  rsqrt: {
    arity: 1,
    wgsl: ([x]) => `inverseSqrt(${x})`,
    f64: ([x]) => 1 / Math.sqrt(x),
    grad: (dy, [x], y) => [div(mul(mul(dy, -0.5), y), x)],
  },
  abs: {
    arity: 1,
    wgsl: ([x]) => `abs(${x})`,
    f64: ([x]) => Math.abs(x),
    grad: (dy, [x]) => [mul(dy, sign(x))],
  },
  sign: {
    arity: 1,
    wgsl: ([x]) => `sign(${x})`,
    f64: ([x]) => Math.sign(x),
    grad: () => [undefined],
  },
  floor: {
    arity: 1,
    wgsl: ([x]) => `floor(${x})`,
    f64: ([x]) => Math.floor(x),
    grad: () => [undefined],
  },
  square: {
    arity: 1,
    wgsl: ([x]) => `square(${x})`,
    f64: ([x]) => x * x,
    grad: (dy, [x]) => [mul(mul(dy, 2), x)],
  },
  tanh: {
    arity: 1,
    // Some adapters overflow to a non-finite value for |x| > 88; tanh(15) is 1 in float32.
    wgsl: ([x]) => `tanh(clamp(${x}, V(-15.0), V(15.0)))`,
    f64: ([x]) => Math.tanh(x),
    grad: (dy, _, y) => [mul(dy, sub(1, square(y)))],
  },
  sigmoid: {
    arity: 1,
    wgsl: ([x]) => `sigmoid(${x})`,
    f64: ([x]) => sigmoid64(x),
    grad: (dy, _, y) => [mul(dy, mul(y, sub(1, y)))],
  },
  relu: {
    arity: 1,
    wgsl: ([x]) => `max(${x}, V(0.0))`,
    f64: ([x]) => Math.max(x, 0),
    grad: (dy, _, y) => [reluGrad(dy, y, 0)],
  },
  leakyRelu: {
    arity: 1,
    wgsl: ([x], { slope }) => `leakyRelu(${x}, ${literal(slope)})`,
    f64: ([x], { slope }) => (x > 0 ? x : x * Number(slope)),
    // In terms of y, so that x need not be kept: slope is positive, so y has the sign of x.
    grad: (dy, _, y, { slope }) => [reluGrad(dy, y, Number(slope))],
  },
  /** dy where the activation y is positive, else slope · dy. */
  reluGrad: {
    arity: 2,
    wgsl: ([dy, y], { slope }) => `(${dy} * select(${literal(slope)}, V(1.0), ${y} > V(0.0)))`,
    f64: ([dy, y], { slope }) => (y > 0 ? dy : dy * Number(slope)),
    grad: (d, [, y], _, { slope }) => [reluGrad(d, y, Number(slope)), undefined],
  },
  /** log(1 + eˣ), exact for large |x|. */
  softplus: {
    arity: 1,
    wgsl: ([x]) => `softplus(${x})`,
    f64: ([x]) => softplus64(x),
    grad: (dy, [x]) => [mul(dy, sigmoid(x))],
  },
  /** Binary cross-entropy of sigmoid(x) against the target t, safe for large |x|: softplus(x) − x·t. */
  bceWithLogits: {
    arity: 2,
    wgsl: ([x, t]) => `bceWithLogits(${x}, ${t})`,
    f64: ([x, t]) => Math.max(x, 0) - x * t + Math.log1p(Math.exp(-Math.abs(x))),
    grad: (dy, [x, t]) => [mul(dy, sub(sigmoid(x), t)), neg(mul(dy, x))],
  },
  clamp: {
    arity: 1,
    // Not WGSL's clamp, which must not be given bounds in the wrong order; as in PyTorch, max wins.
    wgsl: ([x], { min, max }) => `min(max(${x}, ${literal(min)}), ${literal(max)})`,
    f64: ([x], { min, max }) => Math.min(Math.max(x, Number(min)), Number(max)),
    grad: (dy, [x], _, { min, max }) => [
      mul(
        dy,
        mul(greaterEqual(x, scalar(x, Number(min))), greaterEqual(scalar(x, Number(max)), x)),
      ),
    ],
  },
};

/** Sums a gradient over the axes that broadcasting added, back to the operand's shape. */
function unbroadcast(d: Tensor | undefined, shape: Shape): Tensor | undefined {
  if (!d || sameShape(d.shape, shape)) return d;
  const lead = d.rank - shape.length;
  const axes = d.shape.flatMap((n, i) =>
    i < lead || (shape[i - lead] === 1 && n !== 1) ? [i] : [],
  );
  return reshape(sum(d, axes), shape);
}

/** A row as an operation. */
function defineElementwise(name: string, row: Elementwise): OpDefinition {
  return defineOp({
    name,
    elementwise: true,
    detached: row.detached ?? false,
    infer(inputs) {
      const shape = broadcastShapes(inputs.map((t) => t.shape));
      if (inputs.length !== row.arity || !shape || inputs.some((t) => t.dtype !== 'f32')) {
        throw new ShapeError(
          name,
          inputs.map((t) => t.shape),
          `${row.arity} f32 tensors whose shapes broadcast together`,
        );
      }
      return [{ shape, dtype: 'f32' }];
    },
    grad: row.grad
      ? ({ node, inputs, outputs, dOutputs }) => {
          const [dy] = dOutputs;
          if (!dy || !row.grad) return [];
          return row
            .grad(dy, inputs, outputs[0], node.attrs)
            .map((d, i) => unbroadcast(d, inputs[i].shape));
        }
      : undefined,
  });
}

/** The operations of the table, by name. */
export const elementwiseOps: Readonly<Record<string, OpDefinition>> =
  /* @__PURE__ */ defineElementwiseOps();

function defineElementwiseOps(): Record<string, OpDefinition> {
  const rows = Object.entries(elementwiseTable);
  return Object.fromEntries(rows.map(([name, row]) => [name, defineElementwise(name, row)]));
}

/** A tensor whose every element is one number; kernels inline it. */
export const constantOp = /* @__PURE__ */ defineOp({
  name: 'constant',
  infer(_, attrs) {
    return [{ shape: attrs.shape as Shape, dtype: 'f32' }];
  },
});

/** A tensor, or a number that stands for a scalar. */
export type Operand = Tensor | number;

/** The scalar `value` in the graph of `like`. */
export const scalar = (like: Tensor, value: number): Tensor =>
  like.graph.add(constantOp.name, [], { value, shape: [] })[0];

function apply(op: string, operands: readonly Operand[], attrs: Attrs = {}): Tensor {
  const like = operands.find((x) => typeof x !== 'number');
  if (like === undefined || typeof like === 'number') {
    throw new ShapeError(op, [], 'at least one tensor among the operands');
  }
  const tensors = operands.map((x) => (typeof x === 'number' ? scalar(like, x) : x));
  return like.graph.add(elementwiseOps[op].name, tensors, attrs)[0];
}

/** a + b, with broadcasting. */
export const add = (a: Operand, b: Operand): Tensor => apply('add', [a, b]);
/** a − b, with broadcasting. */
export const sub = (a: Operand, b: Operand): Tensor => apply('sub', [a, b]);
/** a · b element by element, with broadcasting. */
export const mul = (a: Operand, b: Operand): Tensor => apply('mul', [a, b]);
/** a / b, with broadcasting. */
export const div = (a: Operand, b: Operand): Tensor => apply('div', [a, b]);
/** The larger of a and b. */
export const maximum = (a: Operand, b: Operand): Tensor => apply('maximum', [a, b]);
/** The smaller of a and b. */
export const minimum = (a: Operand, b: Operand): Tensor => apply('minimum', [a, b]);
/** 1 where a > b, else 0. */
export const greater = (a: Operand, b: Operand): Tensor => apply('greater', [a, b]);
/** 1 where a ≥ b, else 0. */
export const greaterEqual = (a: Operand, b: Operand): Tensor => apply('greaterEqual', [a, b]);
/** 1 where a = b, else 0. */
export const equal = (a: Operand, b: Operand): Tensor => apply('equal', [a, b]);
/** a where condition ≠ 0, else b. */
export const select = (condition: Operand, a: Operand, b: Operand): Tensor =>
  apply('select', [condition, a, b]);
/** x, as a constant for gradients: PyTorch's `detach`. */
export const detach = (x: Tensor): Tensor => apply('detach', [x]);
/** −x. */
export const neg = (x: Tensor): Tensor => apply('neg', [x]);
/** eˣ. */
export const exp = (x: Tensor): Tensor => apply('exp', [x]);
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply('log', [x]);
/** √x. */
export const sqrt = (x: Tensor): Tensor => apply('sqrt', [x]);
/** 1/√x. */
export const rsqrt = (x: Tensor): Tensor => apply('rsqrt', [x]);
/** |x|. Its gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => apply('abs', [x]);
/** −1, 0 or 1. */
export const sign = (x: Tensor): Tensor => apply('sign', [x]);
/** The largest whole number that is at most x. Its gradient is 0. */
export const floor = (x: Tensor): Tensor => apply('floor', [x]);
/** x². */
export const square = (x: Tensor): Tensor => apply('square', [x]);
/** Hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => apply('tanh', [x]);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (x: Tensor): Tensor => apply('sigmoid', [x]);
/** max(x, 0). */
export const relu = (x: Tensor): Tensor => apply('relu', [x]);
/** x where positive, else slope · x. `slope` > 0. */
export function leakyRelu(x: Tensor, slope: number): Tensor {
  if (!(slope > 0))
    throw new ShapeError('leakyRelu', [x.shape], `a slope > 0, got ${slope}; use relu for 0`);
  return apply('leakyRelu', [x], { slope });
}
const reluGrad = (dy: Tensor, y: Tensor, slope: number): Tensor =>
  apply('reluGrad', [dy, y], { slope });
/** log(1 + eˣ), numerically safe. */
export const softplus = (x: Tensor): Tensor => apply('softplus', [x]);
/** Binary cross-entropy with logits, element by element (PyTorch's `reduction='none'`). */
export const bceWithLogits = (logits: Tensor, target: Operand): Tensor =>
  apply('bceWithLogits', [logits, target]);
/** x limited to [min, max], either of which may be infinite; the gradient is 0 outside. */
export const clamp = (x: Tensor, min: number, max: number): Tensor =>
  // JSON has no infinities: the largest f32 means the same.
  apply('clamp', [x], { min: Math.max(min, -LARGEST_F32), max: Math.min(max, LARGEST_F32) });
