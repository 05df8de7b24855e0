// The graph itself: what it refuses and how it says so, versions of variables, serialisation,
// pruning, and the rules of autodiff. What the operations compute is tested elsewhere.
import { describe, expect, test } from 'vitest';
import { gradients } from '../../src/graph/autodiff.ts';
import { GanvasError, GraphError, ShapeError } from '../../src/graph/errors.ts';
import { Graph, type GraphData, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { defineOp, opDefinition, opNames } from '../../src/graph/registry.ts';
import { elementwiseTable } from '../../src/ops/elementwise.ts';
import {
  adam,
  adamCorrections,
  add,
  advance,
  batchNorm,
  broadcastTo,
  clamp,
  concat,
  conv2d,
  conv2dInputGrad,
  conv2dWeightGrad,
  firstNonFinite,
  gatherPictures,
  gatherRows,
  leakyRelu,
  matmul,
  max,
  mean,
  mul,
  neg,
  operations,
  pack,
  pad,
  random,
  relu,
  reshape,
  rmsprop,
  STATE_SHAPE,
  sgd,
  shuffledIndices,
  slice,
  square,
  sub,
  sum,
  tanh,
  tauLeap,
  translate,
  transpose,
  view,
} from '../../src/ops/index.ts';
import { interpret } from '../reference/index.ts';
import { randomVariables } from '../reference/random-values.ts';

/** The error that something throws. */
function thrown(what: () => unknown): unknown {
  try {
    what();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Makes variables of given shapes in one graph, f32 unless a dtype comes first. */
function variables(graph: Graph, ...shapes: number[][]): Tensor[] {
  return shapes.map((shape) => graph.variable(`v${graph.variables.size}`, shape));
}

const draw = { first: 0, stride: 8, stream: 0 };
const network = {
  ...{ initial: [3], tau: 0.1, every: 2 },
  reactions: [
    { takes: [0], makes: [1] },
    { takes: [1], makes: [0] },
  ],
};

describe('shape errors name the operation, the shapes, and what was expected', () => {
  const o = { stride: 1, padding: 0 };
  type Bad = [build: (graph: Graph) => unknown, shapes: string, expected: string];
  const on =
    (build: (...t: Tensor[]) => unknown, ...shapes: number[][]) =>
    (graph: Graph) =>
      build(...variables(graph, ...shapes));
  const state = (graph: Graph) => graph.variable('state', [4], 'u32');

  const bad: Record<string, Bad[]> = {
    view: [
      [on((x) => view(x, 4, [3]), [2, 3]), '[2, 3], [3]', 'inside the tensor'],
      [(graph) => view(state(graph), 0, [2]), '[4], [2]', 'all elements of a tensor of u32'],
    ],
    pack: [
      [on((x, y) => pack([x, y], [0, 1], 9), [2], [3]), '[2], [3]', 'without overlap'],
      [on((x, y) => pack([x, y], [0, 2], 4), [2], [3]), '[2], [3]', 'fit in 4 elements'],
      [on((x, y) => pack([x, y], [0], 9), [2], [3]), '[2], [3]', 'one for each of 1 offsets'],
    ],
    transpose: [
      [on((x) => transpose(x, [0, 0]), [2, 3]), '[2, 3]', 'a permutation'],
      [on((x) => transpose(x, [0]), [2, 3]), '[2, 3]', 'a permutation'],
    ],
    slice: [
      [on((x) => slice(x, [0, 1], [2, 4]), [2, 3]), '[2, 3]', 'range inside every axis'],
      [on((x) => slice(x, [0, 1], [2, 1]), [2, 3]), '[2, 3]', 'non-empty'],
      [on((x) => slice(x, [0], [2]), [2, 3]), '[2, 3]', 'every axis'],
    ],
    pad: [[on((x) => pad(x, [0, -1], [0, 0]), [2, 3]), '[2, 3]', 'non-negative']],
    broadcastTo: [
      [on((x) => broadcastTo(x, [2, 4]), [2, 3]), '[2, 3]', 'broadcasts to'],
      [on((x) => broadcastTo(x, [3]), [2, 3]), '[2, 3]', 'broadcasts to'],
    ],
    translate: [
      [on((x, s) => translate(x, s), [2, 3, 3], [2, 2]), '[2, 3, 3], [2, 2]', '[N, H, W, C]'],
      [on((x, s) => translate(x, s), [2, 3, 3, 1], [3, 2]), '[3, 2]', 'shifts f32 [N, 2]'],
      [on((x, s) => x.graph.add('translate', [x, s]), [2, 3, 3, 1], [2, 2]), '[2, 2]', 'pictures'],
    ],
    sum: [[on((x) => sum(x, [2]), [2, 3]), '[2, 3]', '2']],
    max: [[on((x) => max(x, [-3]), [2, 3]), '[2, 3]', '-3']],
    matmul: [
      [on((a, b) => matmul(a, b), [2, 3], [4, 5]), '[2, 3], [4, 5]', '[M, K] and [K, N]'],
      [
        on((a, b) => matmul(a, b, { transposeA: true, transposeB: true }), [2, 3], [3, 4]),
        '[2, 3], [3, 4]',
        '[K, M] and [N, K]',
      ],
      [on((a, b) => matmul(a, b), [2, 3, 4], [4, 5]), '[2, 3, 4], [4, 5]', 'matrices'],
    ],
    conv2d: [
      [on((x, w) => conv2d(x, w, o), [1, 4, 4, 2], [3, 3, 1, 5]), '[3, 3, 1, 5]', 'Cx'],
      [on((x, w) => conv2d(x, w, o), [1, 2, 4, 1], [3, 3, 1, 5]), '[1, 2, 4, 1]', 'stride 1'],
      [on((x, w) => conv2d(x, w, o), [4, 4, 2], [3, 3, 2, 5]), '[4, 4, 2]', 'rank 4'],
      [
        on((x, w) => conv2d(x, w, { stride: 0, padding: -1 }), [1, 4, 4, 1], [3, 3, 1, 5]),
        '[1, 4, 4, 1], [3, 3, 1, 5]',
        'got 0 and -1',
      ],
    ],
    conv2dInputGrad: [
      [
        on((y, w) => conv2dInputGrad(y, w, [9, 9], o), [1, 4, 4, 5], [3, 3, 2, 5]),
        '[1, 4, 4, 5]',
        'y = [1, 7, 7, 5]',
      ],
    ],
    conv2dWeightGrad: [
      [
        on((x, y) => conv2dWeightGrad(x, y, [2, 2], o), [1, 4, 4, 5], [1, 2, 2, 3]),
        '[1, 2, 2, 3]',
        'y = [1, 3, 3, 3]',
      ],
    ],
    batchNorm: [
      [
        on((...t) => t[0].graph.add('batchNorm', t), [4, 2], [2], [3], [2, 2]),
        '[4, 2], [2], [3], [2, 2]',
        'vectors [C] and statistics [2, C]',
      ],
      [
        on((...t) => t[0].graph.add('batchNorm', t), [1, 2], [2], [2], [2, 2]),
        '[1, 2]',
        'more than one value per channel',
      ],
    ],
    batchNormGrad: [
      [
        on((...t) => t[0].graph.add('batchNormGrad', t), [4, 2], [4, 2], [2], [2]),
        '[4, 2], [4, 2], [2], [2]',
        'statistics [2, C]',
      ],
      [
        on((...t) => t[0].graph.add('batchNormGrad', t), [4, 2], [5, 2], [2], [2, 2]),
        '[4, 2], [5, 2]',
        'dy of the shape of x',
      ],
    ],
    random: [
      [
        on((s) => random(s, [8], { distribution: 'normal', stream: 0 }), [4]),
        '[4]',
        'state, u32 [4]',
      ],
    ],
    advance: [[(g) => advance(g.variable('s', [3], 'u32')), '[3]', 'state, u32 [4]']],
    shuffledIndices: [
      [(g) => shuffledIndices(state(g), { ...draw, count: 0, size: 8 }), '[4]', 'got 0 and 8'],
      [
        (g) => shuffledIndices(state(g), { ...draw, count: 2 ** 31, size: 8 }),
        '[4]',
        'got 2147483648 and 8',
      ],
    ],
    gatherRows: [
      [
        (g) => gatherRows(g.variable('d', [9, 2], 'u8'), g.variable('i', [3], 'u32')),
        '[9, 2], [3]',
        'rows f32 [N, …]',
      ],
      [on((d, i) => gatherRows(d, i), [9, 2], [3]), '[9, 2], [3]', 'indices u32 [B]'],
    ],
    gatherPictures: [
      [
        (g) => {
          const [data, indices] = [g.variable('d', [9, 2, 2, 1]), g.variable('i', [3], 'u32')];
          return gatherPictures(data, indices, state(g), { flip: false, stream: 0 });
        },
        '[9, 2, 2, 1], [3], [4]',
        'pictures u8 [N, H, W, C]',
      ],
    ],
    firstNonFinite: [
      [
        (g) => firstNonFinite([g.variable('x', [3]), g.variable('n', [2], 'u32')]),
        '[3], [2]',
        'all of f32',
      ],
      [(g) => g.add('firstNonFinite', []), '', 'at least one tensor'],
    ],
    adam: [
      [
        on(
          (parameters, grads, m, v, hyper, corrections) =>
            adam({ parameters, gradients: grads, m, v, hyper, corrections }),
          ...[[8], [8], [7], [8], [4], [2]],
        ),
        '[8], [8], [7], [8], [4]',
        'flat f32 tensors of one size and hyperparameters [4]',
      ],
      [
        on(
          (parameters, grads, m, v, hyper, corrections) =>
            adam({ parameters, gradients: grads, m, v, hyper, corrections }),
          ...[[8], [8], [8], [8], [4], [1]],
        ),
        '[1]',
        'corrections [2]',
      ],
    ],
    tauLeap: [
      ...(
        [
          [[5, 1], [6, 2, 5], {}],
          [[5, 2], [5, 6, 2], {}],
          [[5, 2], [7, 2, 5], {}],
          [[5, 2], [6, 2, 5], { tau: 0 }],
          [[5, 2], [6, 2, 5], { every: 0 }],
          [[5, 2], [6, 2, 5], { initial: [1.5] }],
          [[5, 2], [6, 2, 5], { initial: [1, 1] }],
          [[5, 2], [6, 2, 5], { reactions: [network.reactions[0], { takes: [3], makes: [0] }] }],
        ] as const
      ).map(
        ([rates, uniforms, changed]): Bad => [
          on((r, u) => tauLeap(r, u, { ...network, ...changed }), [...rates], [...uniforms]),
          `[${rates.join(', ')}], [${uniforms.join(', ')}]`,
          'rates [N, 2] and uniform numbers [leaps, 2, N]',
        ],
      ),
    ],
    rmsprop: [
      [
        on(
          (parameters, grads, v, hyper) => rmsprop({ parameters, gradients: grads, v, hyper }),
          ...[[8], [8], [8], [2]],
        ),
        '[8], [8], [8], [2]',
        'hyperparameters [3]',
      ],
    ],
    sgd: [
      [
        on(
          (parameters, grads, v, hyper) => sgd({ parameters, gradients: grads, v, hyper }),
          ...[[8], [2, 4], [8], [2]],
        ),
        '[8], [2, 4], [8], [2]',
        'hyperparameters [2]',
      ],
    ],
    ...Object.fromEntries(
      Object.entries(elementwiseTable).map(([op, { arity }]): [string, Bad[]] => {
        const unmatched = [[2, 3], [4], [1]].slice(0, arity);
        const text = unmatched.map((s) => `[${s.join(', ')}]`).join(', ');
        const bytes = (g: Graph) =>
          Array.from({ length: arity }, (_, i) => g.variable(`bytes${i}`, [5], 'u8'));
        return [
          op,
          [
            [(g) => g.add(op, bytes(g)), '[5]', `${arity} f32 tensors`],
            [(g) => g.add(op, []), '', `${arity} f32 tensors`],
            ...(arity > 1
              ? [[on((...t) => t[0].graph.add(op, t), ...unmatched), text, 'broadcast'] as Bad]
              : []),
          ],
        ];
      }),
    ),
  };

  test('each operation has a wrong call here', () => {
    // A constant has no inputs and takes any shape.
    expect([...Object.keys(bad), 'constant'].sort()).toEqual(opNames().sort());
  });

  test.each(Object.entries(bad))('%s', (op, calls) => {
    for (const [build, shapes, expected] of calls) {
      const graph = new Graph();
      const error = thrown(() => build(graph));
      expect(error).toBeInstanceOf(ShapeError);
      expect(error).toMatchObject({ code: 'shape', name: 'ShapeError' });
      const { message } = error as ShapeError;
      const [got, wanted] = message.split(' Expected ');
      expect(got.startsWith(`${op}: cannot take `)).toBe(true);
      expect(got).toContain(shapes);
      expect(wanted).toContain(expected);
    }
  });

  const compositions: [string, Bad][] = [
    ['reshape', [on((x) => reshape(x, [4, -1]), [2, 3]), '[2, 3], [4, -1]', '6 elements']],
    ['reshape', [on((x) => reshape(x, [-1, -1]), [2, 3]), '[-1, -1]', '6 elements']],
    ['concat', [on((a, b) => concat([a, b], 0), [2, 3], [2, 4]), '[2, 3], [2, 4]', 'axis 0']],
    ['concat', [on((a) => concat([a], 2), [2, 3]), '[2, 3]', 'axis 2']],
    ['concat', [() => concat([], 0), 'these attributes', 'axis 0']],
    ['leakyRelu', [on((x) => leakyRelu(x, 0), [2]), '[2]', 'slope > 0']],
    ['add', [() => add(1, 2), 'these attributes', 'at least one tensor']],
  ];
  test.each(compositions)('%s', (name, [build, shapes, expected]) => {
    const error = thrown(() => build(new Graph()));
    expect(error).toBeInstanceOf(ShapeError);
    const { message } = error as ShapeError;
    expect(message.startsWith(`${name}: `)).toBe(true);
    expect(message).toContain(shapes);
    expect(message).toContain(expected);
  });

  test('a node that was refused leaves nothing behind', () => {
    const graph = new Graph();
    const [a, b] = variables(graph, [2, 3], [4, 5]);
    expect(() => matmul(a, b)).toThrow(ShapeError);
    expect(graph.nodes).toHaveLength(2);
    expect(neg(a).id).toBe(2);
  });
});

describe('graphs', () => {
  test('do not mix', () => {
    const [a] = variables(new Graph(), [2]);
    const [b] = variables(new Graph(), [2]);
    const error = thrown(() => add(a, b));
    expect(error).toBeInstanceOf(GraphError);
    expect((error as GraphError).message).toContain(`${b} belongs to another graph`);
  });

  test('know only operations that are defined, each once', () => {
    expect(() => new Graph().add('convolve', [])).toThrow("There is no operation 'convolve'.");
    expect(() => defineOp(opDefinition('add'))).toThrow("'add' is defined twice");
    expect(thrown(() => opDefinition('convolve'))).toBeInstanceOf(GanvasError);
  });

  test('a result has one name, a name one result', () => {
    const graph = new Graph();
    const [a] = variables(graph, [2]);
    graph.output('loss', a);
    expect(() => graph.output('loss', neg(a))).toThrow("'loss' is declared twice");
  });

  test('sizes and bytes', () => {
    const graph = new Graph();
    const bytes = graph.variable('bytes', [3, 7], 'u8');
    const floats = graph.variable('floats', [3, 7]);
    const scalar = graph.variable('scalar', []);
    expect([bytes.size, bytes.bytes, bytes.rank]).toEqual([21, 32, 2]);
    expect([floats.size, floats.bytes]).toEqual([21, 96]);
    expect([scalar.size, scalar.bytes, scalar.rank]).toEqual([1, 16, 0]);
    expect(String(floats)).toBe('variable#1[3, 7]');
  });
});

describe('variables', () => {
  test('whoever reads after an assignment gets the new version', () => {
    const graph = new Graph();
    const before = graph.variable('w', [2]);
    expect(graph.variable('w', [2])).toBe(before);
    const updated = mul(before, 2);
    graph.assign('w', updated);
    expect(graph.variable('w', [2])).toBe(updated);
    graph.assign('w', add(graph.variable('w', [2]), 1));
    graph.output('old', neg(before));
    expect(graph.variables.get('w')!.initial).toBe(before);
    const result = interpret(graph, new Map([['w', [1, 2]]]));
    expect([...result.variables.get('w')!]).toEqual([3, 5]);
    expect([...result.outputs.get('old')!]).toEqual([-1, -2]);
  });

  test('only versions that are new are results', () => {
    const graph = new Graph();
    const [a, b] = [graph.variable('a', [2]), graph.variable('b', [2])];
    const next = add(a, b);
    graph.assign('a', next);
    const out = graph.output('out', neg(b));
    expect(graph.results()).toEqual([out, next]);
    // A variable may become another's old value, and take its own back.
    graph.assign('b', a);
    expect(graph.results()).toEqual([out, next, a]);
    graph.assign('a', a);
    graph.assign('b', b);
    expect(graph.results()).toEqual([out]);
  });

  test('keep their shape and dtype', () => {
    const graph = new Graph();
    const w = graph.variable('w', [2]);
    expect(() => graph.variable('w', [3])).toThrow("Variable 'w' is f32[2], not f32[3].");
    expect(() => graph.variable('w', [2], 'u32')).toThrow("Variable 'w' is f32[2], not u32[2].");
    expect(() => graph.assign('w', concat([w, w], 0))).toThrow("'w' of shape [2] cannot become");
    expect(() => graph.assign('v', w)).toThrow("There is no variable 'v'.");
    expect(thrown(() => graph.assign('v', w))).toBeInstanceOf(GraphError);
  });
});

/** A step with something of everything: data, noise, a small G and D, both updates. */
function step(): Graph {
  const graph = new Graph();
  const state = graph.variable('state', [4], 'u32');
  const data = graph.variable('data', [7, 4, 4, 1], 'u8');
  const indices = shuffledIndices(state, { ...draw, count: 7, size: 3 });
  const real = gatherPictures(data, indices, state, { flip: true, stream: 1 });
  const z = random(state, [3, 1, 1, 5], { distribution: 'normal', stream: 0 });

  const g = graph.variable('g', [4 * 4 * 5]);
  const fake = tanh(
    conv2dInputGrad(z, view(g, 0, [4, 4, 1, 5]), [4, 4], { stride: 1, padding: 0 }),
  );
  const d = graph.variable('d', [2 * 2 * 2 + 4 + 8]);
  const discriminate = (x: Tensor) => {
    const hidden = conv2d(x, view(d, 0, [2, 2, 1, 2]), { stride: 2, padding: 1 });
    const parts = {
      gamma: view(d, 8, [2]),
      beta: view(d, 10, [2]),
      running: graph.variable('running', [2, 2]),
    };
    const { y, running } = batchNorm(hidden, parts, { momentum: 0.1, eps: 1e-5 });
    graph.assign('running', running);
    const rows = reshape(leakyRelu(y, 0.2), [-1, 2]);
    return clamp(matmul(rows, view(d, 12, [2, 4])), Number.NEGATIVE_INFINITY, 30);
  };
  const loss = sub(mean(discriminate(fake)), mean(square(discriminate(real))));
  const [dg, dd] = gradients(graph.output('loss', loss), [g, d]);

  const hyper = graph.variable('hyper', [4]);
  const corrections = adamCorrections(graph.variable('corrections', [2]), hyper);
  const [m, v] = [graph.variable('m', g.shape), graph.variable('v', g.shape)];
  const next = adam({ parameters: g, gradients: dg, m, v, hyper, corrections });
  const updates = {
    g: next.parameters,
    m: next.m,
    v: next.v,
    corrections,
    d: sub(d, mul(dd, 0.1)),
  };
  for (const [name, value] of Object.entries(updates)) graph.assign(name, value);
  graph.output('gradient of G', next.gradSquares);
  graph.assign('state', advance(state));
  return graph;
}

const stepInputs = (graph: Graph) =>
  randomVariables(
    graph,
    8,
    new Map<string, ArrayLike<number>>([
      ['state', [1, 2, 3, 0]],
      ['running', [0, 0, 1, 1]],
      ['hyper', [1e-3, 0.5, 1e-3, 1e-8]],
      ['corrections', [0, 0]],
      ['v', new Float32Array(80)],
    ]),
  );

describe('serialised', () => {
  test('a graph that went through JSON means the same', () => {
    const graph = step();
    const inputs = stepInputs(graph);
    const text = JSON.stringify(graph);
    const copy = Graph.fromJSON(JSON.parse(text) as GraphData, operations());
    expect(JSON.stringify(copy)).toBe(text);
    const original = interpret(graph, inputs);
    const again = interpret(copy, inputs);
    expect(again).toEqual(original);
    // Nothing that is not a number hides in the comparison, and the step did something.
    expect([...original.values.values()].every((x) => x.every(Number.isFinite))).toBe(true);
    expect([...original.variables.get('state')!]).toEqual([1, 2, 4, 0]);
    for (const name of ['g', 'd', 'running'])
      expect([...original.variables.get(name)!]).not.toEqual(Array.from(inputs.get(name)!));
  });

  const matrices = (): GraphData => {
    const graph = new Graph();
    const [a, b] = variables(graph, [2, 3], [3, 4]);
    graph.output('y', matmul(a, b));
    return JSON.parse(JSON.stringify(graph)) as GraphData;
  };

  test('shapes are checked again', () => {
    const data = matrices();
    const [a, b, y] = data.nodes;
    const damaged = { ...data, nodes: [a, { ...b, outputs: a.outputs }, y] };
    expect(() => Graph.fromJSON(damaged, operations())).toThrow(ShapeError);
  });

  test('a tensor cannot be used before it is made', () => {
    const data = matrices();
    const [a, b, y] = data.nodes;
    for (const inputs of [
      [0, 2],
      [0, 7],
    ])
      expect(() =>
        Graph.fromJSON({ ...data, nodes: [a, b, { ...y, inputs }] }, operations()),
      ).toThrow('used before it is made');
    expect(() =>
      Graph.fromJSON({ ...data, outputs: [{ name: 'y', tensor: 9 }] }, operations()),
    ).toThrow(GraphError);
  });

  test('every operation can be named', () => {
    expect(
      operations()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(opNames().sort());
  });

  test('unknown operations are refused', () => {
    const data = matrices();
    const [a, b, y] = data.nodes;
    const damaged = { ...data, nodes: [a, b, { ...y, op: 'matmul2' }] };
    expect(() => Graph.fromJSON(damaged, operations())).toThrow("There is no operation 'matmul2'.");
  });
});

describe('prune', () => {
  const convolutionOf = (graph: Graph) => {
    const x = graph.variable('x', [2, 4, 4, 1]);
    const wg = graph.variable('G', [3, 3, 1, 1]);
    const wd = graph.variable('D', [2, 2, 1, 2]);
    const fake = relu(conv2d(x, wg, { stride: 1, padding: 1 }));
    const hidden = conv2d(fake, wd, { stride: 2, padding: 0 });
    const parts = {
      gamma: graph.variable('gamma', [2]),
      beta: graph.variable('beta', [2]),
      running: graph.variable('running', [2, 2]),
    };
    const { y, running } = batchNorm(hidden, parts, { momentum: 0.1, eps: 1e-5 });
    graph.assign('running', running);
    return { wg, wd, fake, loss: mean(square(y)) };
  };

  test('G’s update needs no gradient of D’s weights, but D’s statistics move on', () => {
    const graph = new Graph();
    const { wg, wd, loss } = convolutionOf(graph);
    const [dg, dd] = gradients(loss, [wg, wd]);
    graph.assign('G', sub(wg, mul(dg, 0.1)));
    const kept = prune(graph);
    expect(graph.nodes).toContain(dd.node);
    expect(kept).not.toContain(dd.node);
    expect(kept).toContain(dg.node);
    expect(kept).toContain(graph.variables.get('running')!.current.node);
    expect(kept.filter((n) => n.op === 'conv2dWeightGrad')).toEqual([dg.node]);
    expect([...kept].sort((a, b) => a.id - b.id)).toEqual(kept);

    const inputs = randomVariables(graph, 3);
    expect(interpret(graph, inputs, kept).variables).toEqual(interpret(graph, inputs).variables);
  });

  test('statistics alone keep the forward pass that they need', () => {
    const graph = new Graph();
    const { loss } = convolutionOf(graph);
    const ops = prune(graph).map((n) => n.op);
    expect(ops).toContain('batchNorm');
    expect(prune(graph)).not.toContain(loss.node);
  });

  test('the gradient of a first layer’s input is not even made', () => {
    const graph = new Graph();
    const { wg, loss } = convolutionOf(graph);
    const [dg] = gradients(loss, [wg]);
    const x = graph.variables.get('x')!;
    const made = graph.nodes.flatMap((n) => n.outputs).filter((t) => t.id > loss.id);
    expect(made).toContain(dg);
    // One input gradient for D's convolution, none for G's.
    const inputGradients = made.filter((t) => t.node.op === 'conv2dInputGrad');
    expect(inputGradients).toHaveLength(1);
    expect(inputGradients[0].shape).toEqual(x.shape);
    expect(inputGradients[0].node.inputs[1]).toBe(graph.variable('D', [2, 2, 1, 2]));
  });

  test('nothing asked for, nothing kept', () => {
    const graph = new Graph();
    neg(variables(graph, [2])[0]);
    expect(prune(graph)).toEqual([]);
  });
});

describe('gradients', () => {
  const valuesOf = (graph: Graph, t: Tensor, inputs: Record<string, number[]>) => [
    ...interpret(graph, new Map(Object.entries(inputs))).values.get(t.id)!,
  ];

  test('are of a scalar', () => {
    const [x] = variables(new Graph(), [2, 3]);
    const error = thrown(() => gradients(neg(x), [x]));
    expect(error).toBeInstanceOf(GraphError);
    expect((error as GraphError).message).toContain('[2, 3]');
    expect((error as GraphError).advice).toContain('mean() or sum()');
  });

  test('need a rule in every operation on the way, and only there', () => {
    const graph = new Graph();
    const state = graph.variable('state', STATE_SHAPE, 'u32');
    const noise = random(state, [3], { distribution: 'normal', stream: 0 });
    const [x] = variables(graph, [3]);
    const loss = sum(mul(noise, x));
    expect(() => gradients(loss, [state])).toThrow("'random' has no gradient");
    expect(() => gradients(loss, [x])).not.toThrow();
  });

  test('stop at an update', () => {
    const graph = new Graph();
    const [p, g, m, v, hyper, corrections] = variables(graph, [2], [2], [2], [2], [4], [2]);
    const { parameters } = adam({ parameters: p, gradients: g, m, v, hyper, corrections });
    const [dp, dg] = gradients(sum(mul(parameters, p)), [p, g]);
    const values = {
      v0: [1, 2],
      v1: [3, 4],
      v2: [0, 0],
      v3: [0, 0],
      v4: [0.1, 0.5, 0.5, 1],
      v5: [1, 1],
    };
    // What is left is the other factor: the new parameters, as a constant.
    expect(valuesOf(graph, dp, values)).toEqual(valuesOf(graph, parameters, values));
    expect(valuesOf(graph, dg, values)).toEqual([0, 0]);
  });

  test('are zero where nothing depends', () => {
    const graph = new Graph();
    const [a, b] = variables(graph, [2], [3]);
    const [da, db] = gradients(sum(square(a)), [a, b]);
    expect(db.shape).toEqual([3]);
    expect(valuesOf(graph, db, { v0: [1, 2], v1: [1, 2, 3] })).toEqual([0, 0, 0]);
    expect(valuesOf(graph, da, { v0: [1, 2], v1: [1, 2, 3] })).toEqual([2, 4]);
  });

  test('may be asked for in the middle, of the loss itself, twice, and in any order', () => {
    const graph = new Graph();
    const [a] = variables(graph, [2]);
    const middle = mul(a, 3);
    const loss = sum(square(middle));
    const [dMiddle, dLoss, dA, again] = gradients(loss, [middle, loss, a, a]);
    const at = (t: Tensor) => valuesOf(graph, t, { v0: [1, 2] });
    expect(at(dLoss)).toEqual([1]);
    expect(at(dMiddle)).toEqual([6, 12]);
    expect(at(dA)).toEqual([18, 36]);
    expect(again).toBe(dA);
    expect(at(gradients(loss, [a])[0])).toEqual([18, 36]);
  });

  test('flow through every version of a variable', () => {
    const graph = new Graph();
    const w = graph.variable('w', [1]);
    graph.assign('w', mul(w, w));
    const loss = sum(mul(graph.variable('w', [1]), w));
    expect(valuesOf(graph, gradients(loss, [w])[0], { w: [2] })).toEqual([12]);
  });

  test('of a one-element loss keep its shape', () => {
    const graph = new Graph();
    const x = graph.variable('x', [1, 1]);
    const [dx] = gradients(square(x), [x]);
    expect(dx.shape).toEqual([1, 1]);
    expect(valuesOf(graph, dx, { x: [3] })).toEqual([6]);
  });
});
