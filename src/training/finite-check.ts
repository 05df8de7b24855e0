import { ReadbackRing, type ReadbackSlot } from '../gpu/readback.ts';
import { Graph } from '../graph/graph.ts';
import { firstNonFinite, NONE_FOUND } from '../ops/first-non-finite.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Executable } from '../runtime/executable.ts';
import type { Variables } from '../runtime/variables.ts';
import { assignedVariables, type NamedPart, type TrainingProgram } from './program.ts';

/** A number that is infinite or NaN. */
export interface NonFinite {
  /** Where it is: a part of the program, such as `generator.main.3.weight`, or a variable. */
  readonly tensor: string;
  readonly value: number;
}

const OUTPUT = 'found';
const BYTES = 16;
/** One for a look after a step, and one before a snapshot. */
const LOOKS_IN_FLIGHT = 2;

/** What the steps of a program may spoil: the f32 variables that they assign. */
const spoilable = (program: TrainingProgram): string[] =>
  assignedVariables(program).filter((name) => program.step.variables.get(name)?.dtype === 'f32');

/** The name of an element of a variable. */
function nameOf(parts: readonly NamedPart[], variable: string, element: number): string {
  const part = parts.find(
    ({ variable: v, offset, size }) =>
      v === variable && element >= offset && element < offset + size,
  );
  return part?.name ?? variable;
}

/**
 * Looks on the GPU for numbers that are not finite in what steps change. Metrics do not tell: relu
 * and max may hide a NaN in the parameters for good.
 */
export class FiniteCheck {
  private constructor(
    private readonly names: readonly string[],
    private readonly parts: readonly NamedPart[],
    private readonly executable: Executable,
    private readonly ring: ReadbackRing,
  ) {}

  /** For the program whose variables these are; nothing where its steps can spoil nothing. */
  static async compile(
    engine: Engine,
    program: TrainingProgram,
    variables: Variables,
  ): Promise<FiniteCheck | undefined> {
    const names = spoilable(program);
    if (names.length === 0) return undefined;
    const graph = new Graph();
    const types = program.step.variables;
    const read = names.map((name) => graph.variable(name, types.get(name)?.shape ?? []));
    graph.output(OUTPUT, firstNonFinite(read));
    const executable = await engine.compile(graph, variables, {});
    try {
      const ring = await ReadbackRing.allocate(variables.device, LOOKS_IN_FLIGHT, BYTES);
      return new FiniteCheck(names, program.parts, executable, ring);
    } catch (error) {
      executable.dispose();
      throw error;
    }
  }

  /** Submits a look, and resolves with what was found once the GPU has come to it. */
  run(): Promise<NonFinite | undefined> {
    const output = this.executable.outputs.get(OUTPUT);
    if (!output) throw new Error('the check has no output');
    let slot: ReadbackSlot | undefined;
    this.executable.run({
      tail: (encoder) => {
        slot = this.ring.encodeCopy(encoder, output.buffer, BYTES, output.offset);
      },
    });
    const copied = slot?.read() ?? Promise.reject(new Error('the result was not copied'));
    const found = copied.then((bytes) => this.decode(bytes));
    // It may fail before the run looks at it, while the loop's body is busy: that is not unhandled.
    found.catch(() => {});
    return found;
  }

  private decode(bytes: ArrayBuffer): NonFinite | undefined {
    const [tensor, element] = new Uint32Array(bytes);
    if (tensor === NONE_FOUND) return undefined;
    const [, , value] = new Float32Array(bytes);
    return { tensor: nameOf(this.parts, this.names[tensor], element), value };
  }

  dispose(): void {
    this.executable.dispose();
    this.ring.dispose();
  }
}
