// A program's steps in float64.
import { prune } from '../../src/graph/prune.ts';
import { METRIC_PITCH } from '../../src/training/metrics.ts';
import type { TrainingProgram } from '../../src/training/program.ts';
import { interpret } from '../reference/index.ts';

export interface InterpretedStep {
  readonly metrics: Readonly<Record<string, number>>;
  /** What the variables are after the step. */
  readonly variables: ReadonlyMap<string, Float64Array>;
}

/** The first steps of a program, one after the other from its initial values. */
export function interpretSteps(program: TrainingProgram, steps: number): InterpretedStep[] {
  const nodes = prune(program.step);
  let state: ReadonlyMap<string, ArrayLike<number>> = program.initial;
  return Array.from({ length: steps }, () => {
    const { outputs, variables } = interpret(program.step, state, nodes);
    state = variables;
    const packed = outputs.get('metrics')!;
    const named = program.metrics.map((name, i) => [name, packed[i * METRIC_PITCH]] as const);
    return { metrics: Object.fromEntries(named), variables };
  });
}
