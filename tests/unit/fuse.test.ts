// What is fused to what. The rules are those of kernels, without kernels.
import { describe, expect, test } from 'vitest';
import { type FusionRules, fuse, type Group } from '../../src/graph/fuse.ts';
import { Graph, type Tensor } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import { conv2d } from '../../src/ops/conv2d.ts';
import { add, exp, leakyRelu, mul, neg, sigmoid, sub, tanh } from '../../src/ops/elementwise.ts';
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
import { mean, sum } from '../../src/ops/reduce.ts';
import '../../src/ops/index.ts';

const buffers: Record<string, number> = { matmul: 3, conv2d: 3, sum: 2, max: 2, batchNorm: 7 };
const rules: FusionRules = {
  buffersOf: ({ op }) => buffers[op],
  takesPrologue: ({ op }) => op === 'sum' || op === 'max',
  canAdd: ({ node, index }) => node.op === 'batchNormGrad' && index > 0,
  maxBuffers: 8,
  alignment: 256,
};

const chainOf = ({ instructions }: Group['map']) => instructions.map((i) => i.op);

/** 'prologue > kernel > epilogue', the chains as their operations. */
function describeGroup({ node, map, prologue }: Group): string {
  const before = prologue && chainOf(prologue as Group['map']).length > 0;
  return [
    ...(before ? [chainOf(prologue as Group['map']).join(' ')] : []),
    ...(node ? [node.op] : []),
    ...(chainOf(map).length > 0 || !node ? [chainOf(map).join(' ') || 'copy'] : []),
  ].join(' > ');
}

function groupsOf(build: (graph: Graph) => Tensor | Record<string, Tensor>, changed = {}): Group[] {
  const graph = new Graph();
  const made = build(graph);
  const outputs = 'graph' in made ? { y: made as Tensor } : made;
  for (const [name, t] of Object.entries(outputs)) graph.output(name, t);
  return fuse(graph, prune(graph), { ...rules, ...changed });
}
const fused = (...args: Parameters<typeof groupsOf>) => groupsOf(...args).map(describeGroup);
const accesses = (group: Group) => group.map.operands.map((o) => o.access.kind);

const square = (graph: Graph, name = 'a') => graph.variable(name, [8, 8]);
const constant = (graph: Graph, value: number, shape: number[]) =>
  graph.add('constant', [], { value, shape })[0];

describe('to the kernel before', () => {
  const image = (graph: Graph) =>
    conv2d(graph.variable('x', [2, 8, 8, 4]), graph.variable('w', [3, 3, 4, 8]), {
      stride: 1,
      padding: 1,
    });

  test('bias and activation of a convolution', () => {
    const groups = groupsOf((g) => leakyRelu(add(image(g), g.variable('b', [8])), 0.2));
    expect(groups.map(describeGroup)).toEqual(['conv2d > add leakyRelu']);
    expect(accesses(groups[0])).toEqual(['cyclic']);
    expect(groups[0].output.node.op).toBe('leakyRelu');
  });

  test('through a view', () => {
    expect(fused((g) => tanh(reshape(matmul(square(g), square(g)), [4, 16])))).toEqual([
      'matmul > tanh',
    ]);
  });

  test('a chain before another operand comes along', () => {
    const groups = groupsOf((g) =>
      add(matmul(square(g), square(g)), tanh(g.variable('x', [8, 8]))),
    );
    expect(groups.map(describeGroup)).toEqual(['matmul > tanh add']);
  });

  test('both operands the same', () => {
    const twice = (g: Graph) => {
      const x = matmul(square(g), square(g));
      return mul(x, x);
    };
    expect(fused(twice)).toEqual(['matmul > mul']);
  });

  test('two kernels: to the later one', () => {
    const groups = groupsOf((g) => {
      const first = matmul(square(g), square(g));
      return add(first, matmul(square(g, 'b'), square(g)));
    });
    expect(groups.map(describeGroup)).toEqual(['matmul', 'matmul > add']);
    expect(groups[1].map.operands[0].tensor).toBe(groups[0].output);
  });

  test('not to a kernel that runs before another operand is there', () => {
    const groups = fused((g) => {
      const first = matmul(square(g), square(g));
      const second = sum(matmul(first, square(g)), [0]);
      return { y: mul(matmul(square(g, 'b'), square(g)), second), first };
    });
    expect(groups).toEqual(['matmul', 'matmul', 'sum', 'matmul > mul']);
    const late = fused((g) => {
      const first = matmul(square(g), square(g, 'b'));
      const statistics = tanh(sum(g.variable('x', [9, 8]), [0]));
      return { y: mul(first, statistics), statistics };
    });
    expect(late).toEqual(['matmul', 'sum > tanh', 'mul']);
  });

  test.each<[string, (x: Tensor) => Record<string, Tensor>]>([
    ['another node', (x) => ({ y: tanh(x), z: matmul(x, x) })],
    ['the graph’s results', (x) => ({ y: tanh(x), x })],
    ['the graph’s results under another shape', (x) => ({ y: tanh(x), x: reshape(x, [64]) })],
    ['a window of it', (x) => ({ y: tanh(x), z: neg(view(x, 0, [8])) })],
  ])('not where the kernel’s own result is used by %s', (_, build) => {
    expect(fused((g) => build(matmul(square(g), square(g))))[0]).toBe('matmul');
  });

  test('not where a variable keeps the kernel’s own result', () => {
    const groups = fused((g) => {
      const x = matmul(square(g), square(g));
      g.assign('a', x);
      return tanh(x);
    });
    expect(groups).toEqual(['matmul', 'tanh']);
  });

  test('not where broadcasting repeats the kernel’s result', () => {
    const groups = fused((g) => {
      const row = matmul(g.variable('r', [1, 8]), square(g));
      return add(row, g.variable('x', [5, 8]));
    });
    expect(groups).toEqual(['matmul', 'add']);
  });

  test('where only axes of one are added', () => {
    const groups = fused((g) => {
      const loss = mean(square(g));
      return { y: add(loss, reshape(sum(square(g, 'b')), [1])) };
    });
    expect(groups).toEqual(['sum', 'sum > add']);
  });

  test('to the first output alone', () => {
    const groups = fused((g) => {
      const vector = (name: string) => g.variable(name, [8]);
      const running = g.variable('running', [2, 8]);
      const inputs = [square(g), vector('gamma'), vector('beta'), running];
      const [y, saved] = g.add('batchNorm', inputs, { momentum: 0.1, eps: 1e-5 });
      return { y: tanh(y), saved: tanh(saved) };
    });
    expect(groups).toEqual(['batchNorm > tanh', 'tanh']);
  });

  test('as many operands as there are bindings, the rest apart', () => {
    const long = (g: Graph) => {
      let x = matmul(square(g), square(g));
      for (let i = 0; i < 12; i++) x = add(x, g.variable(`v${i}`, [8, 8]));
      return x;
    };
    const groups = groupsOf(long);
    // 3 + 5 operands with the matmul, then 8 less the result and what was made before.
    expect(groups.map((g) => g.map.operands.length)).toEqual([5, 7, 2]);
    expect(groupsOf(long, { maxBuffers: 5 }).map((g) => g.map.operands.length)).toEqual([
      ...[2, 4, 4, 4, 2],
    ]);
  });

  test('an operand that counts once', () => {
    const groups = groupsOf((g) => {
      let x = matmul(square(g), square(g));
      for (let i = 0; i < 20; i++) x = add(x, mul(square(g, 'b'), g.variable('row', [8])));
      return x;
    });
    expect(groups).toHaveLength(1);
    expect(groups[0].map.operands).toHaveLength(2);
  });
});

describe('added in place', () => {
  /** dx, dγ and dβ of a use of one batch-norm. */
  const gradient = (g: Graph, dy: string) =>
    g.add('batchNormGrad', [
      ...[square(g, dy), square(g)],
      ...[g.variable('gamma', [8]), g.variable('saved', [2, 8])],
    ]);
  const additions = (...args: Parameters<typeof groupsOf>) =>
    groupsOf(...args).map((group) => {
      const added = [...(group.additions?.keys() ?? [])].map((t) => t.index);
      return [describeGroup(group), ...added].join(' ');
    });

  test('gradients of two and of three uses', () => {
    const uses = (...names: string[]) =>
      additions((g) => {
        const all = names.map((name) => gradient(g, name));
        const sumOf = (i: number) => all.map((made) => made[i]).reduce((a, b) => add(a, b));
        return { dgamma: sumOf(1), dbeta: sumOf(2) };
      });
    expect(uses('b', 'c')).toEqual(['batchNormGrad', 'batchNormGrad 1 2']);
    expect(uses('b', 'c', 'd')).toEqual([
      'batchNormGrad',
      'batchNormGrad 1 2',
      'batchNormGrad 1 2',
    ]);
  });

  test('to the total, once it is one', () => {
    const groups = groupsOf((g) => {
      const [, first] = gradient(g, 'b');
      return add(gradient(g, 'c')[1], first);
    });
    const [[added, { onto, total }]] = [...(groups[1].additions ?? [])];
    expect([added.node, onto.node]).toEqual([groups[1].node, groups[0].node]);
    expect(total.node.op).toBe('add');
  });

  test('under another shape, and to another kernel’s result', () => {
    const groups = additions((g) => {
      const row = sum(square(g), [0]);
      return add(reshape(gradient(g, 'b')[1], [1, 8]), reshape(row, [1, 8]));
    });
    expect(groups).toEqual(['sum', 'batchNormGrad 1']);
  });

  test('to a chain', () => {
    expect(additions((g) => add(tanh(g.variable('v', [8])), gradient(g, 'b')[1]))).toEqual([
      'tanh',
      'batchNormGrad 1',
    ]);
  });

  test('but a later kernel with an epilogue takes the sum', () => {
    expect(additions((g) => add(gradient(g, 'b')[1], sum(square(g), [0])))).toEqual([
      'batchNormGrad',
      'sum > add',
    ]);
  });

  test.each<[string, (a: readonly Tensor[], b: readonly Tensor[]) => Record<string, Tensor>]>([
    ['the earlier one', ([, a], [, b]) => ({ y: add(a, b), z: tanh(a) })],
    ['the later one', ([, a], [, b]) => ({ y: add(a, b), z: tanh(b) })],
    ['the earlier one, as a result', ([, a], [, b]) => ({ y: add(a, b), a })],
    ['the later one, as a result', ([, a], [, b]) => ({ y: add(a, b), b: reshape(b, [2, 4]) })],
    ['a window of the earlier one', ([, a], [, b]) => ({ y: add(a, b), z: view(a, 0, [2]) })],
  ])('not where somebody else needs %s', (_, build) => {
    const groups = additions((g) => build(gradient(g, 'b'), gradient(g, 'c')));
    expect(groups).toContain('add');
    expect(groups.filter((group) => group === 'batchNormGrad')).toHaveLength(2);
  });

  const withItself = (g: Graph) => {
    const [, a] = gradient(g, 'b');
    return add(a, a);
  };
  const ofOneKernel = (g: Graph) => {
    const [, a, b] = gradient(g, 'b');
    return add(a, b);
  };
  test.each<[string, (g: Graph) => Tensor]>([
    ['two outputs of one kernel', ofOneKernel],
    ['an output to itself', withItself],
    ['to a variable', (g) => add(g.variable('v', [8]), gradient(g, 'b')[1])],
    ['to a constant', (g) => add(constant(g, 2, [8]), gradient(g, 'b')[1])],
    ['to what is repeated for it', (g) => add(sum(square(g, 'c')), gradient(g, 'b')[1])],
    ['to what it is repeated for', (g) => add(tanh(square(g, 'c')), gradient(g, 'b')[1])],
  ])('not %s', (_, build) => {
    const groups = additions((g) => build(g));
    expect(groups).toContain('batchNormGrad');
    expect(groups.join()).not.toMatch(/batchNormGrad \d/);
  });

  test('not what the kernel cannot add', () => {
    const never = { canAdd: () => false };
    const twice = (g: Graph) => add(gradient(g, 'b')[1], gradient(g, 'c')[1]);
    expect(additions(twice, never)).toEqual(['batchNormGrad', 'batchNormGrad', 'add']);
    const dx = (g: Graph) => add(gradient(g, 'b')[0], gradient(g, 'c')[0]);
    expect(additions(dx)).toEqual(['batchNormGrad', 'batchNormGrad', 'add']);
  });
});

describe('chains', () => {
  test('are one group, whatever is broadcast or moved on the way', () => {
    const groups = groupsOf((g) => {
      const x = g.variable('x', [4, 8]);
      const moved = transpose(g.variable('t', [8, 4]), [1, 0]);
      return mul(add(tanh(x), g.variable('row', [8])), sub(moved, g.variable('column', [4, 1])));
    });
    expect(groups.map(describeGroup)).toEqual(['tanh add sub mul']);
    expect(accesses(groups[0])).toEqual(['same', 'cyclic', 'strided', 'strided']);
  });

  test('a concatenation is one', () => {
    const groups = groupsOf((g) => concat([square(g), square(g, 'b'), square(g, 'c')], 1));
    expect(groups.map(describeGroup)).toEqual(['add add']);
  });

  test('break where they read too many tensors', () => {
    const groups = groupsOf((g) => {
      const all = Array.from({ length: 10 }, (_, i) => tanh(g.variable(`v${i}`, [4])));
      return all.reduce((a, b) => add(a, b));
    });
    expect(groups.map((g) => g.map.operands.length)).toEqual([7, 4]);
  });

  test('are computed once where two need them', () => {
    const groups = fused((g) => {
      const x = tanh(square(g));
      return { y: matmul(x, neg(x)), z: exp(x) };
    });
    expect(groups).toEqual(['tanh', 'neg', 'matmul', 'exp']);
  });

  test('read once where one needs them twice', () => {
    const groups = groupsOf((g) => {
      const x = tanh(square(g));
      return mul(x, reshape(x, [8, 8]));
    });
    expect(groups.map(describeGroup)).toEqual(['tanh mul']);
  });

  test('stay apart where they are repeated', () => {
    const groups = fused((g) => mul(tanh(g.variable('row', [8])), square(g)));
    expect(groups).toEqual(['tanh', 'mul']);
  });

  test('of one number are repeated wherever it is needed', () => {
    const groups = groupsOf((g) => {
      const scalar = broadcastTo(g.variable('s', []), [1, 1]);
      return mul(exp(neg(scalar)), square(g));
    });
    expect(groups.map(describeGroup)).toEqual(['neg exp mul']);
    expect(accesses(groups[0])).toEqual(['scalar', 'same']);
  });

  test('of constants are numbers to all who need them, and never run', () => {
    const groups = groupsOf((g) => {
      const c = tanh(constant(g, 2, [8]));
      return { y: mul(square(g), c), z: matmul(square(g), add(square(g), c)) };
    });
    expect(groups.map(describeGroup)).toEqual(['tanh mul', 'tanh add', 'matmul']);
  });
});

describe('constants', () => {
  test('are numbers under any shape', () => {
    const groups = groupsOf((g) => {
      const c = transpose(broadcastTo(reshape(constant(g, 3, [1, 4]), [4]), [8, 4]), [1, 0]);
      return add(g.variable('x', [2, 8]), slice(c, [1, 0], [3, 8]));
    });
    expect(groups[0].map.instructions[0].args[1]).toEqual({ kind: 'number', value: 3 });
  });

  test('exist where a kernel reads them, a pad surrounds them, or they are results', () => {
    expect(fused((g) => matmul(square(g), constant(g, 1, [8, 8])))).toEqual(['copy', 'matmul']);
    expect(fused((g) => pad(constant(g, 1, [2]), [1], [1]))).toEqual(['copy', 'copy']);
    expect(fused((g) => reshape(constant(g, 1, [2, 2]), [4]))).toEqual(['copy']);
    expect(fused((g) => view(constant(g, 1, [8]), 3, [2]))).toEqual(['copy']);
    expect(fused((g) => pack([view(constant(g, 1, [8]), 3, [2])], [0], 4))).toEqual([
      'copy',
      'pack',
    ]);
  });

  test('once, though two read them', () => {
    const groups = fused((g) => {
      const c = constant(g, 1, [8, 8]);
      return matmul(c, matmul(square(g), reshape(c, [8, 8])));
    });
    expect(groups).toEqual(['copy', 'matmul', 'matmul']);
  });
});

describe('reductions', () => {
  test('load through the chain before them, and store through the one after', () => {
    const groups = groupsOf((g) => sigmoid(mean(mul(square(g), g.variable('row', [8])), [0])));
    expect(groups.map(describeGroup)).toEqual(['mul > sum > sigmoid']);
    expect(groups[0].prologue?.operands.map((o) => o.access.kind)).toEqual(['same', 'cyclic']);
  });

  test('load through a movement, and through a view of a chain', () => {
    expect(fused((g) => sum(reshape(tanh(transpose(square(g), [1, 0])), [64])))).toEqual([
      'tanh > sum',
    ]);
  });

  test('read a chain that others read too', () => {
    const groups = fused((g) => {
      const x = tanh(square(g));
      return { y: sum(x), x };
    });
    expect(groups).toEqual(['tanh', 'sum']);
  });

  test('take no kernel’s epilogue from it', () => {
    expect(fused((g) => sum(tanh(matmul(square(g), square(g)))))).toEqual(['matmul > tanh', 'sum']);
  });

  test('of a constant load a number', () => {
    const groups = groupsOf((g) => mul(sum(constant(g, 2, [4, 4]), [0]), g.variable('x', [4])));
    expect(groups.map(describeGroup)).toEqual(['sum > mul']);
    expect(groups[0].prologue?.operands).toEqual([]);
  });
});

describe('views', () => {
  test('cost nothing where their bytes are aligned', () => {
    expect(fused((g) => matmul(view(g.variable('x', [128]), 64, [8, 8]), square(g)))).toEqual([
      'matmul',
    ]);
  });

  test('are copied where they are not, and once for all', () => {
    const groups = fused((g) => {
      const x = view(g.variable('x', [128]), 10, [8, 8]);
      return matmul(x, x);
    });
    expect(groups).toEqual(['copy', 'matmul']);
  });

  test('of views start where the inner one does', () => {
    const groups = groupsOf((g) => view(view(g.variable('x', [256]), 10, [200]), 64, [8]));
    // The inner one lies in memory of its own; in there, the outer one is aligned.
    expect(groups.map(describeGroup)).toEqual(['copy']);
    expect(groups[0].output.size).toBe(200);
  });

  test('fold into the chain that reads them', () => {
    const groups = groupsOf((g) => tanh(view(g.variable('x', [128]), 10, [8, 8])));
    expect(groups.map(describeGroup)).toEqual(['tanh']);
    expect(accesses(groups[0])).toEqual(['strided']);
  });
});

test('groups come in an order in which everything is there when it is read', () => {
  const groups = groupsOf((g) => {
    const a = matmul(square(g), square(g, 'b'));
    const b = tanh(add(a, sum(square(g, 'c'), [1])));
    return { y: mul(matmul(b, a), reshape(sum(b), [1, 1])), z: concat([a, b], 0) };
  });
  const made = new Set<Tensor>();
  for (const { node, map, prologue, output } of groups) {
    const reads = [
      ...(prologue ? [] : (node?.inputs ?? [])),
      ...(prologue ?? map).operands.map((o) => o.tensor),
    ];
    for (const t of reads)
      if (t.node.op !== 'variable' && t.node.op !== 'view') expect(made).toContain(t);
    made.add(output);
  }
});
