import type { Tensor } from '../graph/graph.ts';
import type { Module, Pass } from './module.ts';
import type { Net } from './net.ts';

/** A layer of a net, that has no layers inside, as it is applied. */
export interface AppliedLayer {
  /** Its path in the net, as in PyTorch's `state_dict`: `main.0`. */
  readonly name: string;
  readonly module: Module;
  readonly input: Tensor;
  readonly output: Tensor;
}

/**
 * Calls back with every layer of a net whenever the net is applied, in the order of being applied: PyTorch's
 * `register_forward_hook`. For good: take a net that was made for this.
 */
export function registerForwardHook(net: Net, hook: (layer: AppliedLayer) => void): void {
  const visit = (name: string, module: Module) => {
    for (const [key, child] of module.children) visit(name ? `${name}.${key}` : key, child);
    if (module.children.size > 0) return;
    const forward = module.forward.bind(module);
    module.forward = (input: Tensor, pass: Pass) => {
      const output = forward(input, pass);
      hook({ name, module, input, output });
      return output;
    };
  };
  visit('', net.module);
}
