import { Graph, type Tensor } from '../graph/graph.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { HostRandom } from '../nn/initialisers.ts';
import { wholePart } from '../nn/net.ts';
import { STATE, STATE_SHAPE } from '../ops/random.ts';
import type { Elements } from '../runtime/variables.ts';
import { type DataSet, ProgramError, type TrainingDefinition } from './definition.ts';
import type { TracedFunction } from './graph-function.ts';
import { type Metrics, reportMetrics } from './metrics.ts';
import type { TrainingProgram } from './program.ts';
import { Tracer } from './tracer.ts';

const RESERVED: readonly (keyof Metrics)[] = ['step', 'timeMs'];

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
