// Makes the problem that all contestants start from: Ganvas's initial weights, and the noise and the
// batch of its first step, which are functions of its seed. In float64 on the CPU, so that the check
// does not rest on the kernels that it checks.
import { Players, traceStep, variableNames } from '../src/gan/step.ts';
import { Graph } from '../src/graph/graph.ts';
import { writeSafetensors } from '../src/io/safetensors.ts';
import { interpret } from '../tests/reference/index.ts';
import { type BenchModel, pictures, trainingOptions } from './models.ts';
import type { NamedTensor } from './problem.ts';

/** The noise and the real pictures of step 1, by the operations that the step itself begins with. */
function firstBatch(model: BenchModel, players: Players) {
  const set = pictures(model);
  const shape = [set.count, set.height, set.width, set.channels] as const;
  const step = traceStep(players, shape);
  const attrsOf = (op: string) => {
    const node = step.nodes.find((n) => n.op === op);
    if (!node) throw new Error(`The step has no ${op}.`);
    return node.attrs;
  };
  const graph = new Graph();
  const state = graph.variable(variableNames.state, [4], 'u32');
  const data = graph.variable(variableNames.data, shape, 'u8');
  const [z] = graph.add('random', [state], attrsOf('random'));
  const [indices] = graph.add('shuffledIndices', [state], attrsOf('shuffledIndices'));
  const [real] = graph.add('gatherPictures', [data, indices, state], attrsOf('gatherPictures'));
  const initial = players.initialValues().get(variableNames.state);
  if (!initial) throw new Error('The step has no state.');
  const { values } = interpret(
    graph,
    new Map<string, ArrayLike<number>>([
      [variableNames.state, initial],
      [variableNames.data, set.data],
    ]),
  );
  const tensor = (t: typeof z, size: readonly number[]): NamedTensor => ({
    shape: size,
    data: Float32Array.from(values.get(t.id) ?? []),
  });
  return { z: tensor(z, [model.batchSize, model.latentDim]), real: tensor(real, real.shape) };
}

export function makeProblem(model: BenchModel): Uint8Array {
  const players = new Players(trainingOptions(model));
  const tensors = new Map<string, NamedTensor>(Object.entries(firstBatch(model, players)));
  const initial = players.initialValues();
  for (const net of [players.generator, players.discriminator]) {
    const flat = initial.get(net.variable) as Float32Array<ArrayBuffer>;
    for (const [name, { shape, offset, size }] of net.parameters)
      tensors.set(`${net.name}.${name}`, { shape, data: flat.slice(offset, offset + size) });
  }
  return writeSafetensors(
    new Map([...tensors].map(([name, t]) => [name, { dtype: 'F32', ...t } as const])),
  );
}
