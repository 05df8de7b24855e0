import type { Graph } from '../graph/graph.ts';
import type { NamedPart } from '../nn/file-layout.ts';
import type { Elements } from '../runtime/variables.ts';

export type { NamedPart };

/**
 * A training step and what it starts from: plain data, made without a device, so that it can be
 * posted to a worker, run again on another device, and continued from a file.
 */
export interface TrainingProgram<Name extends string = string> {
  /** One step. It reads and assigns variables, and outputs its metrics by `reportMetrics`. */
  readonly step: Graph;
  /** Names of the metrics, in the order that they were reported in. */
  readonly metrics: readonly Name[];
  /**
   * What every variable starts as. Those that the step never assigns (data sets, learning rates)
   * are kept on the host as they were given; the others are what a snapshot holds.
   */
  readonly initial: ReadonlyMap<string, Elements>;
  /** The tensors that a run's state is made of, by the names of files and messages: all but data sets. */
  readonly parts: readonly NamedPart[];
}

/** The variables that a step changes: with the constants, all that a run is. */
export const assignedVariables = ({ step }: TrainingProgram): string[] =>
  [...step.variables.values()].filter((v) => v.current !== v.initial).map((v) => v.name);
