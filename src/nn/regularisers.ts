import type { Graph } from '../graph/graph.ts';
import { clamp } from '../ops/elementwise.ts';
import type { Net } from './net.ts';

/**
 * Traces the newest parameters of a net being limited to [−limit, limit], after its `minimise`
 * (Arjovsky et al. 2017, algorithm 1, line 7). All of them are, those of normalisations too.
 */
export function clipWeights(net: Net, graph: Graph, limit: number): void {
  graph.assign(net.variable, clamp(net.weights(graph), -limit, limit));
}
