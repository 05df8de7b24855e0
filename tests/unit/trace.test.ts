// What a step of one's own is traced into: plain data, the same each time, and refused where it means
// nothing. Numbers are those of the float64 interpreter.
import { describe, expect, test } from 'vitest';
import {
  Adam,
  add,
  BatchNorm2d,
  bceWithLogitsLoss,
  Conv2d,
  constantInit,
  crossEntropyLoss,
  decodeFunction,
  decodeProgram,
  encodeFunction,
  encodeProgram,
  Flatten,
  Linear,
  Module,
  ModuleBuffer,
  mean,
  mseLoss,
  mul,
  Net,
  oneHot,
  Parameter,
  type Pass,
  ReLU,
  reshape,
  Sequential,
  SGD,
  type Shape,
  type StepContext,
  sum,
  type Tensor,
  type TrainingProgram,
  traceFunction,
  traceTraining,
  WeightAverage,
} from '../../src/index.ts';
import { planGraph } from '../../src/runtime/plan.ts';
import { decodeState, encodeState } from '../../src/training/state.ts';
import { defaultTraits } from '../support/check-plan.ts';
import { interpretSteps } from '../support/interpret-steps.ts';
import { noisePictures } from '../support/pictures.ts';

/** All that a plan says, as text. */
function describePlan(program: TrainingProgram): string {
  const plan = planGraph(program.step, defaultTraits);
  const { commands, poolSizes, outputs } = plan;
  const text = { commands, poolSizes, fixed: plan.fixed, outputs: [...outputs] };
  return JSON.stringify(text, (key, value) =>
    // Dispatches name tensors; the bindings beside them say where those are.
    key === 'buffers'
      ? Object.keys(value)
      : ArrayBuffer.isView(value)
        ? [...(value as Uint32Array)]
        : value,
  );
}

/** A step that trains nothing, to look at what it draws: [n] numbers become n metrics. */
function drawing(
  draws: (context: StepContext) => Tensor,
  data: Record<string, { shape: Shape; values: Float32Array }> = {},
  seed = 1,
) {
  const program = traceTraining({
    seed,
    optimisers: [],
    data,
    step(context) {
      const flat = draws(context);
      const all = Array.from({ length: flat.size }, (_, i) =>
        sum(mul(reshape(flat, [flat.size]), pick(context, flat.size, i))),
      );
      return Object.fromEntries(all.map((x, i) => [`x${i}`, x]));
    },
  });
  return (steps: number) =>
    interpretSteps(program, steps).map(({ metrics }) => Object.values(metrics));
}

const pick = ({ variable }: StepContext, size: number, i: number) =>
  variable(`pick ${i}`, {
    shape: [size],
    values: Float32Array.from({ length: size }, (_, k) => +(k === i)),
  });

const numbers = (count: number) => ({
  shape: [count],
  values: Float32Array.from({ length: count }, (_, i) => i),
});

/** Something of everything: pictures and labels, convolution, batch-norm, Adam, SGD, an average. */
function classifier(seed = 5) {
  const set = noisePictures(10, 4);
  const labels = oneHot(
    Array.from({ length: 10 }, (_, i) => i % 3),
    3,
  );
  const net = new Net(
    'classifier',
    new Sequential(
      new Conv2d(1, 4, { kernelSize: 3, padding: 1 }),
      new BatchNorm2d(4),
      new ReLU(),
      new Flatten(),
      new Linear(64, 3),
    ),
  );
  const critic = new Net('critic', new Linear(3, 1));
  const optimiser = new Adam(net, { lr: 0.01 });
  const other = new SGD(critic, { lr: 0.1, momentum: 0.5 });
  const average = new WeightAverage(net, 0.9);
  const program = traceTraining({
    seed,
    optimisers: [optimiser, other],
    averages: [average],
    data: { pictures: set, labels },
    step({ batch, normal, uniform, graph }) {
      const [x, t] = batch(['pictures', 'labels'], 4, { flip: true });
      const logits = net.forward(add(x, mul(normal(x.shape), 0.1)), { training: true });
      const loss = crossEntropyLoss(logits, t);
      const { gradNorm } = optimiser.minimise(loss);
      average.update(graph);
      const judged = critic.forward(uniform([2, 3], -1, 1), { training: true });
      const lossC = bceWithLogitsLoss(judged, 1);
      other.minimise(lossC);
      return { loss, gradNorm, lossC };
    },
  });
  return { program, net, critic, average };
}

describe('a program', () => {
  test('is the same for the same code, and other numbers for another seed', () => {
    const [a, b, c] = [classifier(), classifier(), classifier(6)].map(({ program }) => program);
    expect(JSON.stringify(b.step)).toBe(JSON.stringify(a.step));
    expect(b.initial).toEqual(a.initial);
    expect(JSON.stringify(c.step)).toBe(JSON.stringify(a.step));
    expect(c.initial.get('classifier.parameters')).not.toEqual(
      a.initial.get('classifier.parameters'),
    );
  });

  test('as data gives the same plan, and trains the same', () => {
    const { program } = classifier();
    // As a worker would get it, and by way of JSON for the graph.
    const posted = structuredClone(encodeProgram(program));
    const copy = decodeProgram({ ...posted, step: JSON.parse(JSON.stringify(posted.step)) });
    expect(describePlan(copy)).toBe(describePlan(program));
    expect(describePlan(copy).length).toBeGreaterThan(10_000);
    expect(copy.metrics).toEqual(['loss', 'gradNorm', 'lossC']);
    expect(interpretSteps(copy, 3)).toEqual(interpretSteps(program, 3));
    expect({ ...copy, step: 0 }).toEqual({ ...program, step: 0 });
  });

  test('learns', () => {
    const losses = interpretSteps(classifier().program, 40).map(({ metrics }) => metrics.loss);
    const average = (of: number[]) => of.reduce((a, b) => a + b) / of.length;
    expect(average(losses.slice(-10))).toBeLessThan(average(losses.slice(0, 10)) / 2);
  });

  test('a function as data is the same function', () => {
    const { net } = classifier();
    const traced = traceFunction({ x: [2, 4, 4, 1] }, ({ x }) => ({
      logits: net.forward(x, { training: false }),
    }));
    const copy = decodeFunction(structuredClone(encodeFunction(traced)));
    expect(JSON.stringify(copy.graph)).toBe(JSON.stringify(traced.graph));
    expect([...copy.inputs]).toEqual([['x', new Float32Array(32)]]);
    expect(copy.outputs).toEqual(['logits']);
  });
});

describe('batches', () => {
  const data = { numbers: numbers(10) };
  const sorted = (drawn: number[]) => [...drawn].sort((a, b) => a - b);
  const ten = sorted([...numbers(10).values]);

  test('of a step are different items, whatever their sizes, and an epoch has each once', () => {
    const draw = drawing(({ batch }) => add(reshape(batch('numbers', 5), [5]), 0), data);
    const [one, two, three, four] = draw(4);
    expect(sorted([...one, ...two])).toEqual(ten);
    expect(sorted([...three, ...four])).toEqual(ten);
    expect([...three, ...four]).not.toEqual([...one, ...two]);

    const several = drawing(({ batch, graph }) => {
      const parts = [batch('numbers', 3), batch('numbers', 1), batch('numbers', 1)];
      expect(parts.every((p) => p.graph === graph)).toBe(true);
      // The first three, and the two others added to them as digits of their own.
      const [a, b, c] = parts;
      return add(add(a, mul(b, 100)), mul(c, 10_000));
    }, data);
    const seen = several(2).flatMap(([x, y, z]) => [
      ...[x % 100, y % 100, z % 100],
      ...[Math.floor(x / 100) % 100, Math.floor(x / 10_000)],
    ]);
    expect(sorted(seen)).toEqual(ten);
    // It is the same sequence, in portions of a step's.
    expect(seen).toEqual([...one, ...two]);
  });

  test('that are drawn together have the same places, and an order of their own', () => {
    const doubled = numbers(10).values.map((x) => 2 * x);
    const sets = { ...data, doubled: { shape: [10], values: doubled } };
    const pairs = drawing(({ batch }) => {
      const [x, y] = batch(['numbers', 'doubled'], 5);
      return add(x, mul(y, 100));
    }, sets)(2).flat();
    for (const x of pairs) expect(Math.round(x / 100)).toBe(2 * (x % 100));
    expect(sorted(pairs.map((x) => x % 100))).toEqual(ten);

    const apart = drawing(
      ({ batch }) => add(batch('numbers', 5), mul(batch('doubled', 5), 100)),
      sets,
    );
    const [places, others] = [apart(2).flat(), apart(2).flat()].map((all, i) =>
      all.map((x) => (i === 0 ? x % 100 : Math.round(x / 100) / 2)),
    );
    expect(sorted(others)).toEqual(ten);
    expect(others).not.toEqual(places);
  });

  test('may be larger than the data set', () => {
    const [drawn] = drawing(({ batch }) => batch('numbers', 25), data)(1);
    expect(sorted(drawn.slice(0, 10))).toEqual(ten);
    expect(sorted(drawn.slice(10, 20))).toEqual(ten);
  });

  test('keep the shape of rows', () => {
    const program = traceTraining({
      optimisers: [],
      data: { rows: { shape: [3, 2, 5], values: new Float32Array(30) } },
      step({ batch }) {
        const rows = batch('rows', 7);
        expect(rows.shape).toEqual([7, 2, 5]);
        return { mean: mean(rows) };
      },
    });
    expect(program.metrics).toEqual(['mean']);
  });
});

describe('random numbers', () => {
  test('are others in each call, step and seed, and the same in each trace', () => {
    const draws = ({ normal, uniform }: StepContext) =>
      add(add(normal([2]), mul(normal([2]), 1000)), mul(uniform([2]), 1e6));
    const [a, again, other] = [1, 1, 2].map((seed) => drawing(draws, {}, seed)(3).flat());
    expect(again).toEqual(a);
    expect(new Set([...a, ...other]).size).toBe(12);
    const twice = drawing(({ normal }) => add(normal([3]), mul(normal([3]), -1)))(1)[0];
    expect(twice.every((x) => Math.abs(x) > 1e-3)).toBe(true);
  });

  test('uniform ones lie between the bounds', () => {
    const range = (low?: number, high?: number) => {
      const all = drawing(({ uniform }) => uniform([50], low, high))(4).flat();
      return [Math.min(...all), Math.max(...all)];
    };
    for (const [low, high] of [
      [0, 1],
      [-1, 1],
      [3, 5],
    ]) {
      const [least, most] = low === 0 ? range() : range(low, high);
      const near = (high - low) * 0.05;
      expect(least).toBeGreaterThan(low);
      expect(least).toBeLessThan(low + near);
      expect(most).toBeLessThan(high);
      expect(most).toBeGreaterThan(high - near);
    }
  });
});

/** A layer with a parameter and a buffer of its own. */
class Scale extends Module {
  private readonly scale = new Parameter([1], constantInit(3));
  private readonly seen = new ModuleBuffer([2], new Float32Array(2));
  override readonly parameters = new Map([['scale', this.scale]]);
  override readonly buffers = new Map([['seen', this.seen]]);

  forward(x: Tensor, { training, weights }: Pass): Tensor {
    if (training) this.seen.assign(add(this.seen.read(x.graph), 1));
    return mul(x, this.scale.read(weights));
  }
}

describe('a module of one’s own', () => {
  const traced = () => {
    const net = new Net('own', new Sequential(new Scale(), new Scale()));
    const optimiser = new SGD(net, { lr: 0.01 });
    const program = traceTraining({
      optimisers: [optimiser],
      step({ graph, variable }) {
        const x = variable('x', { shape: [2], values: Float32Array.of(1, 2) });
        expect(x.graph).toBe(graph);
        const loss = mseLoss(net.forward(x, { training: true }), 1);
        optimiser.minimise(loss);
        return { loss };
      },
    });
    return program;
  };

  test('is trained, and its buffers go on from step to step', () => {
    const steps = interpretSteps(traced(), 2);
    // loss = mean((9·x − 1)²); ∂/∂a of mean((a·b·x − 1)²) = mean(2·(a·b·x − 1)·b·x).
    expect(steps[0].metrics.loss).toBeCloseTo((8 ** 2 + 17 ** 2) / 2, 10);
    const slope = (2 * 8 * 3 * 1 + 2 * 17 * 3 * 2) / 2;
    const [, { variables }] = steps;
    const [{ variables: first }] = steps;
    expect(first.get('own.parameters')![0]).toBeCloseTo(3 - 0.01 * slope, 5);
    expect(first.get('own.parameters')![64]).toBeCloseTo(3 - 0.01 * slope, 5);
    expect([...variables.get('own.0.seen')!]).toEqual([2, 2]);
  });

  test('has its names in a saved state', () => {
    const { parts } = traced();
    expect(parts.map(({ name }) => name)).toEqual([
      ...['own.0.scale', 'own.1.scale', 'own.0.seen', 'own.1.seen'],
      ...['sgd.own.v.0.scale', 'sgd.own.v.1.scale', 'sgd.own.hyper', 'x', 'state'],
    ]);
  });

  test('buffers must fit', () => {
    for (const make of [
      () => new ModuleBuffer([2], new Float32Array(3)),
      () => new ModuleBuffer([2], new Float32Array(2), ['one']),
    ])
      expect(make).toThrow(expect.objectContaining({ code: 'graph' }));
  });
});

describe('a saved state', () => {
  test('has PyTorch’s names and layouts, and everything that can change', () => {
    const { program } = classifier();
    const names = program.parts.map(({ name }) => name);
    expect(names.slice(0, 8)).toEqual([
      ...['classifier.0.weight', 'classifier.0.bias', 'classifier.1.weight', 'classifier.1.bias'],
      ...['classifier.4.weight', 'classifier.4.bias'],
      ...['classifier.1.running_mean', 'classifier.1.running_var'],
    ]);
    expect(new Set(names).size).toBe(names.length);
    const assigned = [...program.step.variables.values()].filter((v) => v.current !== v.initial);
    const saved = new Set(program.parts.map(({ variable }) => variable));
    expect(assigned.filter(({ name }) => !saved.has(name))).toEqual([]);
    const weight = program.parts[0];
    expect(weight.axes.map((axis) => weight.shape[axis])).toEqual([4, 1, 3, 3]);
  });

  const { program } = classifier();
  const variables = new Map(
    [...program.initial].map(([name, start]) => {
      return [name, start.map((_, i) => i + 1) as typeof start];
    }),
  );
  const file = () => encodeState(program, variables, { key: 'way' });

  test('comes back as it was, gaps between parameters apart', () => {
    const { values, choices } = decodeState(program, file());
    expect(choices).toEqual({ key: 'way' });
    for (const { variable, offset, size } of program.parts) {
      const got = values.get(variable)!.slice(offset, offset + size);
      expect(got).toEqual(variables.get(variable)!.slice(offset, offset + size));
    }
    // The program's own values are not touched, and data sets are the program's.
    expect(program.initial.get('state')).toEqual(Uint32Array.of(5, 0, 0, 0));
    expect(values.get('data.pictures')).toBe(program.initial.get('data.pictures'));
  });

  test.each<[string, (p: TrainingProgram) => TrainingProgram, string]>([
    ['a part that is not there', (p) => ({ ...p, parts: p.parts.slice(1) }), 'missing'],
    [
      'a part that is too much',
      (p) => ({ ...p, parts: [...p.parts, { ...p.parts[0], name: 'more' }] }),
      'unknown',
    ],
    [
      'another shape',
      (p) => ({ ...p, parts: [{ ...p.parts[0], axes: [0, 1, 2, 3] }, ...p.parts.slice(1)] }),
      'type',
    ],
  ])('refuses %s', (_, change, code) => {
    const odd = encodeState(change(program), variables, {});
    expect(() => decodeState(program, odd)).toThrow(
      expect.objectContaining({ code: `state-${code}`, advice: expect.any(String) }),
    );
  });
});

describe('refused, with a code and advice', () => {
  const net = () => new Net('net', new Linear(2, 1));
  const x = { shape: [4, 2], values: new Float32Array(8) };
  const refused = (trace: () => unknown, code: string, message: string | RegExp) => {
    expect(trace).toThrow(message);
    expect(trace).toThrow(
      expect.objectContaining({
        name: 'ProgramError',
        code: `program-${code}`,
        advice: expect.stringMatching(/\w/),
      }),
    );
  };
  const step = (returned: (context: StepContext<'x'>) => unknown) => () =>
    traceTraining({
      optimisers: [],
      data: { x },
      step: (context) => returned(context) as Record<string, Tensor>,
    });

  test('what is no metrics', () => {
    refused(
      step(() => undefined),
      'metrics',
      'The step returns undefined.',
    );
    refused(
      step(() => null),
      'metrics',
      'The step returns null.',
    );
    refused(
      step(() => ({})),
      'metrics',
      'The step returns no metrics.',
    );
    refused(
      step(async () => ({})),
      'metrics',
      'The step returns a promise.',
    );
    refused(
      step(() => ({ loss: 3 })),
      'metrics',
      "The metric 'loss' is no tensor of the step.",
    );
    refused(
      step(({ normal }) => ({ loss: normal([2]) })),
      'metrics',
      /The metric 'loss' is .*\[2\]/,
    );
    refused(
      step(({ normal }) => ({ step: normal([]) })),
      'metrics',
      "The metric 'step'",
    );
    let stray: Tensor | undefined;
    step(({ normal }) => {
      stray = normal([]);
      return { stray };
    })();
    refused(
      step(() => ({ stray })),
      'metrics',
      'no tensor of the step',
    );
  });

  test('data sets that are not there, or none', () => {
    refused(
      // @ts-expect-error The type of the step knows the names too.
      step(({ batch }) => ({ y: mean(batch('y', 2)) })),
      'data',
      "There is no data set 'y'. Known: x.",
    );
    for (const size of [0, 1.5, -1])
      refused(
        step(({ batch }) => ({ m: mean(batch('x', size)) })),
        'data',
        `A batch of ${size}`,
      );
    refused(
      step(({ batch }) => ({ m: mean(batch([] as 'x'[], 2)[0]) })),
      'data',
      'items',
    );
    const given = (data: Record<string, { shape: number[]; values: Float32Array }>) => () =>
      traceTraining({
        optimisers: [],
        data,
        step: ({ batch }) => ({ m: mean(batch(Object.keys(data), 2)[0]) }),
      });
    refused(
      given({ a: { shape: [2], values: new Float32Array(3) } }),
      'data',
      'of shape [2] has 3',
    );
    refused(given({ a: { shape: [], values: new Float32Array(1) } }), 'data', 'has no items');
    refused(given({ a: { shape: [0, 2], values: new Float32Array(0) } }), 'data', 'has no items');
    const odd = { shape: [2], values: [1, 2] as unknown as Float32Array };
    refused(given({ a: odd }), 'data', '2 values in Array');
    refused(given({ a: numbers(3), b: numbers(4) }), 'data', "'a, b' have 3, 4 items");
    const pictures = { ...noisePictures(2, 4), data: new Uint8Array(5) };
    expect(() =>
      traceTraining({
        optimisers: [],
        data: { pictures },
        step: ({ normal }) => ({ x: normal([]) }),
      }),
    ).toThrow(expect.objectContaining({ code: 'data-size' }));
  });

  test('nets and optimisers that were not named, or twice', () => {
    const train = (listed: boolean) => {
      const own = net();
      const optimiser = new SGD(own);
      return () =>
        traceTraining({
          optimisers: listed ? [optimiser, new SGD(own)] : [],
          data: { x },
          step({ batch }) {
            const loss = mean(own.forward(batch('x', 2), { training: true }));
            optimiser.minimise(loss);
            return { loss };
          },
        });
    };
    refused(train(false), 'variable', "Nothing says what 'net.parameters' starts as.");
    refused(train(true), 'names', "There are two of 'net.sgd.hyper'.");
    refused(
      () =>
        traceTraining({
          optimisers: [],
          nets: [net(), net()],
          step: ({ normal }) => ({ x: normal([]) }),
        }),
      'names',
      "There are two of 'net.parameters'.",
    );
    const idle = () =>
      traceTraining({ optimisers: [new Adam(net())], step: ({ normal }) => ({ x: normal([]) }) });
    refused(idle, 'optimiser', "The step does not update the net 'net'.");
  });

  test('seeds and variables', () => {
    for (const seed of [-1, 0.5, 2 ** 32, Number.NaN])
      refused(
        () => traceTraining({ seed, optimisers: [], step: ({ normal }) => ({ x: normal([]) }) }),
        'seed',
        `The seed is ${seed}.`,
      );
    const values = new Float32Array(2);
    refused(
      step(({ variable }) => ({ v: variable('v', { shape: [3], values }) })),
      'variable',
      "The variable 'v' of shape [3] has 2 values",
    );
  });

  test('wrong shapes name the operation', () => {
    const own = net();
    const forward = step(({ normal }) => ({
      y: mean(own.forward(normal([3, 5]), { training: true })),
    }));
    expect(forward).toThrow(/matmul: cannot take \[3, 5\], \[1, 2\]/);
    expect(forward).toThrow(expect.objectContaining({ code: 'shape' }));
    expect(step(({ batch }) => ({ l: mseLoss(batch('x', 2), batch('x', 3)) }))).toThrow(/mseLoss/);
  });
});
