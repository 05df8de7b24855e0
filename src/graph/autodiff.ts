import { GraphError } from './errors.ts';
import type { Node, Tensor } from './graph.ts';
import { opDefinition } from './registry.ts';

/** Tensors that depend on one of `sources` in a way that gradients see, the sources included. */
function dependents(nodes: readonly Node[], sources: readonly Tensor[]): Set<Tensor> {
  const active = new Set(sources);
  for (const node of nodes) {
    const depends = node.inputs.some((t) => active.has(t)) && !opDefinition(node.op).detached;
    if (depends) for (const t of node.outputs) active.add(t);
  }
  return active;
}

const constant = (like: Tensor, value: number): Tensor =>
  like.graph.add('constant', [], { value, shape: like.shape })[0];

/**
 * Vector–Jacobian product by reverse accumulation: Σ_i seedsᵢᵀ · ∂outputsᵢ/∂wrtⱼ for each j.
 * `undefined` where an output does not depend on wrtⱼ. Nodes before `firstNode` are not walked.
 */
function vjp(
  outputs: readonly Tensor[],
  seeds: readonly (Tensor | undefined)[],
  wrt: readonly Tensor[],
  firstNode = 0,
): (Tensor | undefined)[] {
  if (outputs.length === 0) return wrt.map(() => undefined);
  const { graph } = outputs[0];
  // Nodes made from here on are gradients themselves: only those already there are walked back.
  const nodes = graph.nodes.slice(firstNode);
  const active = dependents(nodes, wrt);
  const adjoints = new Map<Tensor, Tensor>();
  const accumulate = (tensor: Tensor, value: Tensor | undefined) => {
    if (!value || !active.has(tensor)) return;
    const sum = adjoints.get(tensor);
    adjoints.set(tensor, sum ? graph.add('add', [sum, value])[0] : value);
  };
  outputs.forEach((output, i) => {
    accumulate(output, seeds[i]);
  });

  const { scope } = graph;
  for (const node of nodes.reverse()) {
    graph.scope = node.scope.replace(/( backward)?$/, ' backward');
    const dOutputs = node.outputs.map((t) => adjoints.get(t));
    if (dOutputs.every((d) => d === undefined)) continue;
    const needs = node.inputs.map((t) => active.has(t));
    if (!needs.includes(true)) continue;
    const definition = opDefinition(node.op);
    if (definition.grad) {
      const { inputs } = node;
      definition.grad({ node, inputs, outputs: node.outputs, dOutputs, needs }).forEach((d, i) => {
        if (needs[i]) accumulate(inputs[i], d);
      });
    } else if (definition.decompose) {
      const wanted = [...new Set(node.inputs.filter((_, i) => needs[i]))];
      // Only the replayed nodes are walked: how one input depends on another is this walk's business,
      // and would be counted twice.
      const firstReplayed = graph.nodes.length;
      const replayed = definition.decompose(node.inputs, node.attrs);
      vjp(replayed, dOutputs, wanted, firstReplayed).forEach((d, i) => {
        accumulate(wanted[i], d);
      });
    } else {
      throw new GraphError(
        `'${node.op}' has no gradient, but ${node.inputs.filter((_, i) => needs[i]).join(', ')} needs one.`,
        'Take the gradient with respect to something that does not pass through it.',
      );
    }
  }
  graph.scope = scope;
  return wrt.map((t) => adjoints.get(t));
}

/**
 * Gradients of a scalar `loss` with respect to tensors, as tensors of the same graph.
 * They are made of differentiable operations, so that they can be differentiated again.
 * A tensor that the loss does not depend on gets zeros, as with PyTorch's `materialize_grads`.
 */
export function gradients(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.size !== 1) {
    throw new GraphError(
      `The gradient of ${loss} is not defined.`,
      'Reduce it to a scalar first, with mean() or sum().',
    );
  }
  return vjp([loss], [constant(loss, 1)], wrt).map((d, i) => d ?? constant(wrt[i], 0));
}
