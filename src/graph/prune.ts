import type { Graph, Node } from './graph.ts';

/** Nodes that the graph's results depend on, in trace order. The rest is never run. */
export function prune(graph: Graph): Node[] {
  const needed = new Set<Node>();
  const stack = graph.results().map((t) => t.node);
  for (let node = stack.pop(); node; node = stack.pop()) {
    if (needed.has(node)) continue;
    needed.add(node);
    for (const input of node.inputs) stack.push(input.node);
  }
  return graph.nodes.filter((node) => needed.has(node));
}
