import { GraphError } from '../graph/errors.ts';
import type { Optimiser } from '../nn/optimisers.ts';
import { STATE } from '../ops/random.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Choices } from '../runtime/plan.ts';
import { BaseTrainer } from './base-trainer.ts';
import type { GraphFunction, TracedFunction } from './graph-function.ts';
import type { TrainingProgram } from './program.ts';
import { Session } from './session.ts';
import { decodeState, encodeState } from './state.ts';
import type { TrainerOptions } from './survival.ts';

/** What a trainer is given beside its program. */
export interface CustomTrainerOptions extends TrainerOptions {
  /** A file of `save`: go on from there. Data sets are not in it: the program brings them again. */
  readonly state?: Uint8Array | undefined;
}

/**
 * Runs a training step of your own, which `traceTraining` made: anything that can be written with
 * nets, operations and optimisers.
 *
 * ```ts
 * const trainer = await Trainer.create(engine, program);
 * for await (const { step, lossD, lossG } of trainer.run({ steps: 1000 })) console.log(step, lossD, lossG);
 * ```
 */
export class Trainer<Name extends string = string> extends BaseTrainer<Name> {
  private constructor(
    engine: Engine,
    private readonly traced: TrainingProgram<Name>,
    session: Session,
    settings: TrainerOptions,
    start: { readonly step: number; readonly begun: number },
  ) {
    super(engine, traced, session, settings, start);
  }

  /**
   * Uploads the program's data, compiles its step, and begins at its initial values or goes on from
   * `state`: bit by bit as if it had never stopped, on the same kind of adapter.
   *
   * Errors: `LimitError` and `OutOfMemoryError` for what the device is too small for; `StateError` and
   * `SafetensorsError` for a state that is damaged or of another program.
   */
  static async create<Name extends string>(
    engine: Engine,
    program: TrainingProgram<Name>,
    { state, ...settings }: CustomTrainerOptions = {},
  ): Promise<Trainer<Name>> {
    const begun = performance.now();
    let initial = program.initial;
    let choices: Choices | undefined;
    if (state) ({ values: initial, choices } = decodeState(program, state));
    const started = { ...program, initial };
    const session = await Session.open(engine, started, initial, choices, settings);
    const step = initial.get(STATE)?.[2] ?? 0;
    return new Trainer(engine, started, session, settings, { step, begun });
  }

  /** Sets a new learning rate; the next step submitted uses it. */
  setLearningRate(optimiser: Optimiser, lr: number): void {
    const { variable, values } = optimiser.withLearningRate(lr);
    this.assertKnown(variable);
    this.write(variable, values);
  }

  /** Compiles a function of `traceFunction`: it reads what is being trained as it is when it runs. */
  override async compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    const inputs = new Set<string>(traced.inputs.keys());
    for (const name of traced.graph.variables.keys()) if (!inputs.has(name)) this.assertKnown(name);
    return super.compile(traced);
  }

  private assertKnown(variable: string): void {
    if (this.traced.initial.has(variable)) return;
    throw new GraphError(
      `There is no '${variable}' in this trainer.`,
      'Name its optimiser in `optimisers`, or its net in `nets`, of traceTraining.',
    );
  }

  /**
   * All that the run is but its data sets, as a safetensors file: parameters and running statistics
   * under PyTorch's `state_dict` names after that of their net, and in its layouts; optimisers' states;
   * learning rates; the seed and the step. Of one moment, between two steps, even while a run goes on;
   * of the last snapshot where the device is lost.
   */
  async save(): Promise<Uint8Array<ArrayBuffer>> {
    return encodeState(this.traced, await this.readState(), this.choices);
  }
}
