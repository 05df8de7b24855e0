// Where tensors lie: what is updated where it is, what has to be copied, and that the copies are right.
import { describe, expect, test } from 'vitest';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { add, mul, neg, sigmoid, tanh } from '../../src/ops/elementwise.ts';
import '../../src/ops/batch-norm.ts';
import { matmul } from '../../src/ops/matmul.ts';
import { pack, reshape, slice, transpose, view } from '../../src/ops/movement.ts';
import { adam, sgd } from '../../src/ops/optimiser.ts';
import { advance, random, STATE_SHAPE } from '../../src/ops/random.ts';
import { mean, sum } from '../../src/ops/reduce.ts';
import { type Command, planGraph } from '../../src/runtime/plan.ts';
import { checkPlan, defaultTraits } from '../support/check-plan.ts';

type Dispatched = Extract<Command, { kind: 'dispatch' }>;

/** The plan of a graph, checked over two steps, in the terms of these tests. */
function planOf(build: (graph: Graph) => void) {
  const graph = new Graph();
  build(graph);
  const plan = planGraph(graph, defaultTraits);
  checkPlan(graph, plan);
  const dispatches = plan.commands.filter((c): c is Dispatched => c.kind === 'dispatch');
  const copies = plan.commands
    .filter((c) => c.kind === 'copy')
    .map(({ from, to }) => `${from.storage.label} → ${to.storage.label}`);
  /** What a dispatch writes, by the labels of the memory that it lies in. */
  const writes = dispatches.map(({ dispatch, bindings }) =>
    dispatch.shader.bindings
      .filter((b) => b.kind === 'read_write')
      .map((b) => bindings.find(({ name }) => name === b.name)!.place.storage.label),
  );
  return { plan, dispatches, copies, writes };
}

/** Adam on variables of a graph; parts can be replaced. */
function update(graph: Graph, parts: Partial<Parameters<typeof adam>[0]> = {}, size = 70) {
  const flat = (name: string) => graph.variable(name, [size]);
  return adam({
    ...{ parameters: flat('p'), gradients: flat('g'), m: flat('m'), v: flat('v') },
    hyper: graph.variable('hyper', [4]),
    corrections: graph.variable('corrections', [2]),
    ...parts,
  });
}

function assignAll(graph: Graph, next: ReturnType<typeof update>) {
  graph.assign('p', next.parameters);
  graph.assign('m', next.m);
  graph.assign('v', next.v);
}

describe('an optimiser', () => {
  test('updates variables where they are', () => {
    const { copies, writes } = planOf((graph) => assignAll(graph, update(graph)));
    expect(copies).toEqual([]);
    expect(writes).toEqual([['p', 'm', 'v', expect.stringContaining('adam')]]);
  });

  test('twice in a row too', () => {
    const { copies } = planOf((graph) => {
      const { parameters, m, v } = update(graph);
      assignAll(graph, update(graph, { parameters, m, v, gradients: neg(parameters) }));
    });
    // The gradients of the second update are read from what it overwrites, but made before it.
    expect(copies).toEqual([]);
  });

  test('leaves the old value to who reads it afterwards', () => {
    const { copies } = planOf((graph) => {
      const p = graph.variable('p', [70]);
      const next = update(graph);
      assignAll(graph, next);
      graph.output('y', matmul(reshape(next.parameters, [1, 70]), reshape(p, [70, 1])));
    });
    expect(copies).toEqual(['p → adam#6[70]', 'adam#6[70] → p']);
  });

  test('leaves the old value to an output, and to another variable', () => {
    for (const keep of ['output', 'variable'] as const) {
      const { copies } = planOf((graph) => {
        const p = graph.variable('p', [70]);
        graph.variable('old', [70]);
        assignAll(graph, update(graph));
        if (keep === 'output') graph.output('old', p);
        else graph.assign('old', p);
      });
      // p aside, to be updated there; the old value saved; the new one home.
      expect(copies).toHaveLength(keep === 'output' ? 3 : 4);
    }
  });

  test('shows its result as an output without a copy', () => {
    const { plan, copies } = planOf((graph) => {
      const next = update(graph);
      assignAll(graph, next);
      graph.output('p', next.parameters);
      graph.output('half', view(next.parameters, 64, [6]));
    });
    expect(copies).toEqual([]);
    expect(plan.outputs.get('p')?.storage.label).toBe('p');
    expect(plan.outputs.get('half')?.offset).toBe(256);
  });

  test.each<[string, (graph: Graph) => Partial<Parameters<typeof adam>[0]>]>([
    ['parameters as gradients', (g) => ({ gradients: g.variable('p', [70]) })],
    ['m as v', (g) => ({ v: g.variable('m', [70]) })],
    ['a window of m as hyperparameters', (g) => ({ hyper: view(g.variable('m', [70]), 64, [4]) })],
  ])('copies what is bound twice: %s', (_, parts) => {
    const { copies } = planOf((graph) => {
      const next = update(graph, parts(graph));
      graph.variable('v', [70]);
      assignAll(graph, next);
    });
    expect(copies.length).toBeGreaterThan(0);
  });

  test('updates an intermediate where it is, but never an output in shared memory', () => {
    const build = (asOutput: boolean) => (graph: Graph) => {
      const parameters = matmul(graph.variable('a', [8, 8]), graph.variable('b', [8, 8]));
      const next = sgd({
        ...{ parameters: reshape(parameters, [64]), gradients: graph.variable('g', [64]) },
        ...{ v: graph.variable('v', [64]), hyper: graph.variable('hyper', [2]) },
      });
      graph.assign('v', next.v);
      if (asOutput) graph.output('y', next.parameters);
      else graph.output('y', mean(next.parameters));
    };
    expect(planOf(build(false)).copies).toEqual([]);
    expect(planOf(build(true)).copies).toHaveLength(1);
  });
});

describe('variables', () => {
  const two = (graph: Graph) => ['a', 'b'].map((name) => graph.variable(name, [4, 16]));

  test('b = a, while a is updated', () => {
    const { copies } = planOf((graph) => {
      const [a] = two(graph);
      graph.assign('b', a);
      graph.assign('a', neg(a));
    });
    expect(copies).toHaveLength(3);
  });

  test('swapped', () => {
    planOf((graph) => {
      const [a, b] = two(graph);
      graph.assign('a', b);
      graph.assign('b', a);
    });
  });

  test('passed round, and shown as they were', () => {
    planOf((graph) => {
      const [a, b] = two(graph);
      const c = graph.variable('c', [4, 16]);
      graph.assign('c', b);
      graph.assign('b', a);
      graph.assign('a', c);
      for (const [i, t] of [a, b, c].entries()) graph.output(`old ${i}`, t);
    });
  });

  test.each<[string, (a: Tensor, b: Tensor) => Tensor, number]>([
    ['a constant', (a) => a.graph.add('constant', [], { value: 3, shape: a.shape })[0], 0],
    ['another variable', (_, b) => b, 1],
    ['itself under its own shape', (a) => reshape(reshape(a, [64]), [4, 16]), 0],
    ['another under its own shape', (_, b) => reshape(reshape(b, [64]), [4, 16]), 1],
    ['itself transposed', (a) => reshape(transpose(a, [1, 0]), [4, 16]), 1],
    ['another transposed', (_, b) => reshape(transpose(b, [1, 0]), [4, 16]), 0],
    ['a product', (_, b) => slice(matmul(b, b, { transposeA: true }), [0, 0], [4, 16]), 0],
    ['a product of itself', (a, b) => matmul(matmul(a, b, { transposeB: true }), a), 1],
  ])('%s', (_, value, copiesNeeded) => {
    const { copies } = planOf((graph) => {
      const [a, b] = two(graph);
      graph.assign('a', value(a, b));
    });
    expect(copies).toHaveLength(copiesNeeded);
  });

  test.each([64, 128, 10])('a window of a larger one, from %i on', (offset) => {
    planOf((graph) => {
      graph.variable('a', [64]);
      const big = graph.variable('big', [256]);
      graph.assign('a', view(big, offset, [64]));
      graph.assign('big', tanh(big));
    });
  });

  test('an average is kept in place: one binding, read and written', () => {
    const { copies, dispatches, writes } = planOf((graph) => {
      const [a, b] = two(graph);
      graph.assign('a', add(mul(a, 0.9), mul(b, 0.1)));
    });
    expect(copies).toEqual([]);
    expect(writes).toEqual([['a']]);
    expect(dispatches[0].bindings).toHaveLength(2);
  });

  test.each<[string, (a: Tensor, b: Tensor) => Tensor]>([
    ['at other places', (a, b) => add(reshape(transpose(a, [1, 0]), [4, 16]), b)],
    ['at the same and other places', (a) => mul(a, reshape(transpose(a, [1, 0]), [4, 16]))],
    ['by a kernel', (a, b) => add(matmul(a, matmul(a, b, { transposeA: true })), b)],
  ])('what reads the old value %s is made elsewhere', (_, value) => {
    const { copies } = planOf((graph) => {
      const [a, b] = two(graph);
      graph.assign('a', value(a, b));
    });
    expect(copies).toHaveLength(1);
  });

  test('each new version from both old ones', () => {
    const { copies } = planOf((graph) => {
      const [a, b] = two(graph);
      graph.assign('a', add(a, b));
      graph.assign('b', mul(a, b));
    });
    // The one that is made last may lie where its old version was.
    expect(copies).toHaveLength(1);
  });

  test('one new value for two of them', () => {
    const { copies } = planOf((graph) => {
      const [a, b] = two(graph);
      const value = add(a, b);
      graph.assign('a', value);
      graph.assign('b', value);
      graph.output('y', value);
    });
    expect(copies).toHaveLength(1);
  });

  test('the random state advances in place after its last reader', () => {
    const { copies } = planOf((graph) => {
      const state = graph.variable('state', STATE_SHAPE, 'u32');
      const draw = (stream: number) => random(state, [8], { distribution: 'normal', stream });
      const first = draw(1);
      graph.assign('state', advance(state));
      graph.output('y', add(first, draw(2)));
    });
    // Traced before the second draw: too early, so the copy is what keeps the draw right.
    expect(copies).toHaveLength(2);
  });
});

/** The results of an update of two intermediates. */
function updated({ x, y }: { x: Tensor; y: Tensor }): Tensor[] {
  const { graph } = x;
  const flat = (t: Tensor) => reshape(t, [64]);
  const next = sgd({
    ...{ parameters: flat(x), gradients: graph.variable('g', [64]) },
    ...{ v: flat(y), hyper: graph.variable('hyper', [2]) },
  });
  return [next.parameters, next.v];
}

describe('what is added up in place', () => {
  /** dx, dγ and dβ of a use of a batch-norm. */
  const gradient = (graph: Graph, dy: string, gamma = graph.variable('gamma', [8])) =>
    graph.add('batchNormGrad', [
      ...[dy, 'x'].map((name) => graph.variable(name, [9, 8])),
      ...[gamma, graph.variable('saved', [2, 8])],
    ]);

  /** dγ and dβ of three uses of one batch-norm, each added up; dγ to something before them. */
  function totals(graph: Graph, ...first: Tensor[]): Tensor[] {
    const uses = ['b', 'c', 'd'].map((dy) => gradient(graph, dy));
    const sumOf = (parts: Tensor[]) => parts.reduce((a, b) => add(a, b));
    return [sumOf([...first, ...uses.map((made) => made[1])]), sumOf(uses.map((made) => made[2]))];
  }

  test('lies in its pack from the first part on', () => {
    const { copies, dispatches, writes } = planOf((graph) => {
      const [dgamma, dbeta] = totals(graph);
      graph.output('y', pack([dbeta, dgamma], [0, 64], 128));
    });
    expect(copies).toEqual([]);
    expect(dispatches).toHaveLength(6);
    for (const at of [1, 3, 5])
      expect(writes[at].slice(1)).toEqual(new Array(2).fill(expect.stringContaining('pack')));
  });

  test('is copied into a pack that it cannot be bound in', () => {
    const { copies } = planOf((graph) => {
      const [dgamma, dbeta] = totals(graph);
      graph.output('y', pack([dbeta, dgamma], [0, 8], 16));
    });
    expect(copies).toHaveLength(1);
  });

  test('shares memory until it is an output, or a variable', () => {
    for (const keep of ['output', 'variable'] as const) {
      const { copies, dispatches } = planOf((graph) => {
        const [dgamma, dbeta] = totals(graph);
        if (keep === 'output') graph.output('dgamma', dgamma);
        else graph.assign('gamma', dgamma);
        graph.output('y', mean(dbeta));
      });
      expect(copies).toHaveLength(1);
      expect(dispatches).toHaveLength(7);
    }
  });

  test('is no part of a pack that a part of it is made from', () => {
    const { copies } = planOf((graph) => {
      const [dgamma] = totals(graph);
      const [[, a], [, b]] = [gradient(graph, 'b', dgamma), gradient(graph, 'c')];
      graph.output('y', pack([dgamma, add(a, b)], [0, 64], 128));
    });
    expect(copies).toHaveLength(1);
  });

  test.each<[string, (graph: Graph) => Tensor]>([
    ['a pack', (graph) => pack([neg(graph.variable('v', [8]))], [0], 8)],
    [
      'an update',
      (graph) => {
        const [parameters, gradients, v] = ['p', 'g', 'v'].map((n) => graph.variable(n, [8]));
        return sgd({ parameters, gradients, v, hyper: graph.variable('hyper', [2]) }).v;
      },
    ],
  ])('onto the result of %s is no part of a pack', (_, first) => {
    const { copies } = planOf((graph) => {
      const [dgamma, dbeta] = totals(graph, first(graph));
      graph.output('y', pack([dgamma, dbeta], [64, 128], 136));
    });
    expect(copies.at(-1)).toMatch(/→ pack/);
  });
});

describe('a pack', () => {
  const parts = (graph: Graph) => {
    const a = graph.variable('a', [8, 8]);
    return { a, x: matmul(a, a), y: matmul(a, a, { transposeA: true }) };
  };

  test('has its parts written straight into it', () => {
    const { copies, plan } = planOf((graph) => {
      const { x, y } = parts(graph);
      graph.output('y', pack([reshape(x, [64]), sigmoid(y)], [64, 128], 200));
    });
    expect(copies).toEqual([]);
    expect(plan.fixed).toHaveLength(1);
  });

  test.each<[string, (p: { a: Tensor; x: Tensor; y: Tensor }) => [Tensor[], number[]], number]>([
    [
      'at an odd offset',
      ({ x, y }) => [
        [x, y],
        [0, 65],
      ],
      1,
    ],
    [
      'of one part twice',
      ({ x }) => [
        [x, x],
        [0, 64],
      ],
      2,
    ],
    [
      'of a part and a view of it',
      ({ x }) => [
        [x, view(x, 0, [64])],
        [0, 64],
      ],
      2,
    ],
    [
      'of a part and some of it',
      ({ x }) => [
        [view(x, 0, [8]), x],
        [0, 64],
      ],
      2,
    ],
    [
      'of a variable',
      ({ a, x }) => [
        [a, x],
        [0, 64],
      ],
      1,
    ],
    [
      'of a constant',
      ({ a }) => [[a.graph.add('constant', [], { value: 1, shape: [8] })[0]], [0]],
      0,
    ],
    [
      'of a pack',
      ({ x, y }) => [
        [pack([x], [64], 128), y],
        [0, 128],
      ],
      1,
    ],
    [
      'of parts that are made of each other',
      ({ x }) => [
        [x, tanh(sum(x, [0]))],
        [0, 64],
      ],
      1,
    ],
    ['of the results of an update', (p) => [updated(p), [0, 64]], 2],
  ])('%s', (_, build, expected) => {
    const { copies } = planOf((graph) => {
      const [tensors, offsets] = build(parts(graph));
      graph.output('y', pack(tensors, offsets, 300));
    });
    expect(copies).toHaveLength(expected);
  });

  test('of an output: both have it', () => {
    const { copies } = planOf((graph) => {
      const { x, y } = parts(graph);
      graph.output('x', x);
      graph.output('y', pack([x, y], [0, 64], 128));
    });
    expect(copies).toHaveLength(1);
  });

  test('becomes a variable, is updated, and keeps its gaps', () => {
    planOf((graph) => {
      const { x, y } = parts(graph);
      const packed = pack([x, y], [0, 70], 140);
      graph.variable('all', [140]);
      const next = update(graph, { parameters: packed }, 140);
      graph.assign('m', next.m);
      graph.assign('all', next.parameters);
    });
  });
});
