// Runs a traced graph the way the trainer does, through Engine, Variables and Executable, and holds
// every output and every variable against the reference. Memory starts as NaN wherever a kernel has
// to write before somebody reads.
import type { DeviceTraits } from '../../src/kernels/kernel.ts';
import '../../src/ops/index.ts';
import type { Graph, Variable } from '../../src/graph/graph.ts';
import { prune } from '../../src/graph/prune.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { Executable } from '../../src/runtime/executable.ts';
import type { Elements, Variables } from '../../src/runtime/variables.ts';
import { type Interpretation, interpret } from '../reference/index.ts';
import { randomVariables } from '../reference/random-values.ts';

/** An output, or a variable after a step. */
export interface Compared {
  /** 'output NAME' or 'variable NAME', and which step. */
  readonly name: string;
  readonly values: Float32Array | Uint32Array | Uint8Array;
  readonly expected: Float64Array;
  /** It must be equal to the last bit: no step assigns it, or it is a whole number. */
  readonly exact: boolean;
  readonly reference: Interpretation;
}

export interface RunOptions {
  /** What variables start with; those left out are drawn from `seed`. */
  readonly variables?: ReadonlyMap<string, ArrayLike<number>>;
  readonly seed?: number;
  /** How many times in a row. Each step is compared with the reference from the state before it. */
  readonly steps?: number;
  /** Replaces what the device says of itself. */
  readonly traits?: Partial<DeviceTraits>;
}

const arrays = { f32: Float32Array, u32: Uint32Array, u8: Uint8Array } as const;
const NAN_BITS = 0xff;

/** The buffers of an executable by label: it keeps them to itself, so they are caught being made. */
async function compile(engine: Engine, graph: Graph, variables: Variables) {
  const { device } = engine;
  const made: [label: string, buffer: GPUBuffer][] = [];
  const { createBuffer } = device;
  device.createBuffer = (label, bytes, usage) => {
    const buffer = createBuffer.call(device, label, bytes, usage);
    made.push([label, buffer]);
    return buffer;
  };
  try {
    return { executable: await engine.compile(graph, variables), made };
  } finally {
    device.createBuffer = createBuffer;
  }
}

/** Fills what a step must write with NaN. The gaps of packs alone are zeros from the start. */
function poison(
  graph: Graph,
  { device, plan }: Executable,
  made: readonly (readonly [string, GPUBuffer])[],
) {
  const packs = new Map(
    graph.nodes.filter((n) => n.op === 'pack').map((n) => [String(n.outputs[0]), n]),
  );
  const fill = (buffer: GPUBuffer, offset: number, bytes: number) =>
    device.gpu.queue.writeBuffer(buffer, offset, new Uint8Array(bytes).fill(NAN_BITS));
  const fixed = new Set(plan.fixed.map((s) => s.label));
  for (const [label, buffer] of made) {
    const pack = packs.get(label);
    if (pack) {
      pack.inputs.forEach((t, i) => {
        fill(buffer, (pack.attrs.offsets as number[])[i] * 4, t.size * 4);
      });
    } else if (label.startsWith('pool ') || fixed.has(label)) fill(buffer, 0, buffer.size);
  }
}

/** The variable's elements, with NaN in what is left of its last vector. */
function write(variables: Variables, { name, shape, dtype }: Variable, values: ArrayLike<number>) {
  const buffer = variables.buffer(name, { shape, dtype });
  if (dtype === 'f32')
    variables.device.gpu.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(NAN_BITS));
  variables.write(name, arrays[dtype].from(values) as Elements);
}

/** Every output and variable after each of some steps, beside what float64 says of that step. */
export async function runGraph(
  engine: Engine,
  graph: Graph,
  { variables: given, seed = 1, steps = 1, traits }: RunOptions = {},
): Promise<Compared[]> {
  const { device } = engine;
  const own = device.traits;
  Object.assign(device, { traits: { ...own, ...traits } });
  const errors: Error[] = [];
  const forget = engine.onError((error) => errors.push(error));
  const variables = engine.variables();
  let executable: Executable | undefined;
  try {
    const start = randomVariables(graph, seed, given);
    for (const variable of graph.variables.values()) {
      write(variables, variable, start.get(variable.name)!);
    }
    const compiled = await compile(engine, graph, variables);
    executable = compiled.executable;
    const nodes = [
      ...prune(graph),
      ...graph.nodes.filter((n) => n.op === 'variable' && !prune(graph).includes(n)),
    ];
    const results: Compared[] = [];
    let state: ReadonlyMap<string, ArrayLike<number>> = start;
    for (let step = 1; step <= steps; step++) {
      poison(graph, executable, compiled.made);
      executable.run();
      const reference = interpret(graph, state, nodes);
      const compare = (kind: string, name: string, values: Elements, exact: boolean) => {
        const table = kind === 'output' ? reference.outputs : reference.variables;
        const expected = table.get(name)!;
        results.push({ name: `${kind} ${name}, step ${step}`, values, expected, exact, reference });
      };
      for (const [name, { dtype }] of graph.outputs) {
        const values = await executable.read(name);
        const whole = dtype !== 'f32';
        compare('output', name, whole ? new Uint32Array(values.buffer) : values, whole);
      }
      const after = new Map<string, Elements>();
      for (const { name, dtype, initial, current } of graph.variables.values()) {
        const values = await variables.read(name);
        after.set(name, values);
        compare('variable', name, values, dtype !== 'f32' || initial === current);
      }
      state = after;
    }
    if (errors.length > 0) throw errors[0];
    return results;
  } finally {
    forget();
    executable?.dispose();
    variables.dispose();
    Object.assign(device, { traits: own });
  }
}

/** The design's bound for what sums K products: ‖error‖/‖expected‖. */
export const linearTolerance = (terms: number): number =>
  Math.max(1e-6, 4 * Math.sqrt(terms) * 2 ** -24);

/** ‖values − expected‖, and NaN if there is one. */
function distance(values: ArrayLike<number>, expected: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < expected.length; i++) sum += (values[i] - expected[i]) ** 2;
  return Math.sqrt(sum);
}

const norm = (values: ArrayLike<number>): number =>
  distance(values, new Float64Array(values.length));

/**
 * Throws unless ‖values − expected‖ ≤ tolerance · ‖scale‖, where `scale` is what the rounding errors
 * of a result are proportional to: the result itself, or larger where terms cancel.
 */
export function assertClose(
  { name, values, expected, exact }: Compared,
  tolerance: number,
  scale: ArrayLike<number> = expected,
): void {
  if (values.length !== expected.length) throw new Error(`${name}: ${values.length} elements`);
  const error = distance(values, expected);
  if (error <= (exact ? 0 : tolerance * norm(scale))) return;
  const errors = expected.map((x, i) => Math.abs(values[i] - x));
  // Of those that are not numbers the first; else the largest.
  const at = errors.reduce(
    (worst, e, i) => (Number.isNaN(errors[worst]) || e <= errors[worst] ? worst : i),
    0,
  );
  throw new Error(
    `${name} is off by ${error} of ${norm(scale)}; [${at}] of ${expected.length} is ${values[at]}, not ${expected[at]}`,
  );
}

/** Runs a graph and checks all that comes of it, by `assertClose`. */
export async function checkGraph(
  engine: Engine,
  graph: Graph,
  { tolerance = 1e-5, ...options }: RunOptions & { tolerance?: number } = {},
): Promise<void> {
  for (const result of await runGraph(engine, graph, options)) assertClose(result, tolerance);
}
