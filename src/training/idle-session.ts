import { GanvasError } from '../graph/errors.ts';
import { Graph } from '../graph/graph.ts';
import type { Net } from '../nn/net.ts';
import type { Engine } from '../runtime/engine.ts';
import type { Elements } from '../runtime/variables.ts';
import type { GraphFunction, TracedFunction } from './graph-function.ts';
import { LastingSession } from './lasting-session.ts';
import type { TrainingProgram } from './program.ts';
import { Session } from './session.ts';

const quiet = { lost: () => {}, recovered: () => {} };

/** What a net keeps, with a step that does nothing but name it for functions beside it. */
function idleProgram(net: Net, values: ReadonlyMap<string, Elements>): TrainingProgram {
  const step = new Graph();
  net.weights(step);
  for (const buffer of net.buffers.values()) buffer.read(step);
  const initial = new Map([...values].filter(([name]) => step.variables.has(name)));
  return { step, metrics: [], initial, parts: net.parts() };
}

/** A net out of a file on the device, where nothing trains it, for the functions that read it. */
export class IdleSession extends LastingSession {
  private constructor(
    /** What it is called where it is used too late. */
    private readonly what: string,
    ...session: ConstructorParameters<typeof LastingSession>
  ) {
    super(...session);
  }

  /** Uploads a net. Of `values`, which are named as its variables are, others than the net's are left out. */
  static async open(
    engine: Engine,
    net: Net,
    values: ReadonlyMap<string, Elements>,
    { what, step = 0 }: { what: string; step?: number },
  ): Promise<IdleSession> {
    const program = idleProgram(net, values);
    const session = await Session.open(engine, program, program.initial);
    return new IdleSession(what, engine, program, session, step, quiet);
  }

  override assertUsable(): void {
    if (this.disposed)
      throw new GanvasError('disposed', `This ${this.what} has been disposed.`, 'Load it again.');
    super.assertUsable();
  }

  override async compile<Input extends string, Output extends string>(
    traced: TracedFunction<Input, Output>,
  ): Promise<GraphFunction<Input, Output>> {
    this.assertUsable();
    const fn = await super.compile(traced);
    if (this.disposed) fn.dispose();
    this.assertUsable();
    return fn;
  }
}
