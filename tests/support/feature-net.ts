/** The feature net without a GPU. */

import { featureNetModel } from '../../src/evaluation/feature-net-model.ts';
import { Graph } from '../../src/graph/graph.ts';
import type { FeatureNet, ImageSet } from '../../src/index.ts';
import { decodeState } from '../../src/training/state.ts';
import { interpret } from '../reference/index.ts';

/** Features computed in float64, rounded at the end, [count, dimension], of pictures that have the net's size and one channel. */
export function float64Features(
  { shape }: FeatureNet,
  file: Uint8Array,
  { count, height, width, data }: ImageSet,
): Float32Array {
  const { net: layers, model } = featureNetModel(shape);
  const graph = new Graph();
  const x = graph.variable('x', [count, height, width, 1]);
  const pass = { training: false, weights: layers.weights(graph) };
  graph.output('features', model.features(x, pass));
  const own = [...graph.variables.values()].filter(({ name }) => name !== 'x');
  const initial = new Map(own.map((v) => [v.name, new Float32Array(v.initial.size)]));
  const program = { step: graph, metrics: [], initial, parts: layers.parts() };
  const { values } = decodeState(program, file);
  const pixels = Float32Array.from(data, (byte) => byte / 127.5 - 1);
  const { outputs } = interpret(graph, new Map([...values, ['x', pixels]]));
  return Float32Array.from(outputs.get('features')!);
}
