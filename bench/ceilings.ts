// What the device can do at most: the yardsticks of the table and the profile.
import { bufferUsage, type Device } from '../src/gpu/device.ts';
import { pipelinesOf } from '../src/gpu/pipelines.ts';
import { readBuffer } from '../src/gpu/readback.ts';
import { Graph } from '../src/graph/graph.ts';
import { link } from '../src/kernels/wgsl.ts';
import { HostRandom } from '../src/nn/initialisers.ts';
import { matmul } from '../src/ops/matmul.ts';
import type { Engine } from '../src/runtime/engine.ts';
import type { Ceilings } from './protocol.ts';
import copyVectors from './shaders/copy.wgsl?raw';
import copyRuns from './shaders/copy_runs.wgsl?raw';
import register4x4 from './shaders/matmul_register_4x4.wgsl?raw';
import register8x8 from './shaders/matmul_register_8x8.wgsl?raw';
import workgroupTile from './shaders/matmul_workgroup_tile.wgsl?raw';
import oneNumber from './shaders/one_number.wgsl?raw';

/** Matrices are N × N. */
const N = 1024;
/** Larger than the caches of most GPUs. */
const COPY_BYTES = 64 * 2 ** 20;
const DISPATCHES = 1000;
/** A measurement lasts at least this long, so that submitting and waiting do not count. */
const LEAST_MS = 50;
const ROUNDS = 3;

const forms = [
  { form: 'workgroup tile 64×64', code: workgroupTile, grid: [N / 64, N / 64] },
  { form: 'register tile 4×4', code: register4x4, grid: [N / 32, N / 32] },
  { form: 'register tile 8×8', code: register8x8, grid: [N / 32, N / 32] },
] as const;

/** Least milliseconds of one repetition; `work` submits so many of them. */
async function bestMs({ gpu }: Device, work: (repetitions: number) => void): Promise<number> {
  const time = async (repetitions: number) => {
    const begun = performance.now();
    work(repetitions);
    await gpu.queue.onSubmittedWorkDone();
    return performance.now() - begun;
  };
  let repetitions = 1;
  // The first run may compile; it also says how often to repeat.
  await time(1);
  let best = await time(1);
  while (best * repetitions < LEAST_MS && repetitions < 4096) {
    repetitions *= 4;
    best = (await time(repetitions)) / repetitions;
  }
  for (let i = 1; i < ROUNDS; i++) best = Math.min(best, (await time(repetitions)) / repetitions);
  return best;
}

interface Step {
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
  readonly grid: readonly [number, number];
}

async function prepare(
  device: Device,
  label: string,
  code: string,
  buffers: Readonly<Record<string, GPUBuffer>>,
  grid: readonly [number, number],
  constants: Readonly<Record<string, number>> = {},
): Promise<Step> {
  const shader = link(code, [], constants);
  const cache = pipelinesOf(device);
  const pipeline = await cache.pipeline(shader, label);
  return { pipeline, group: cache.bindGroup(shader, buffers, label), grid };
}

function submit({ gpu }: Device, steps: readonly Step[], repetitions: number): void {
  const encoder = gpu.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let i = 0; i < repetitions; i++) {
    for (const { pipeline, group, grid } of steps) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(...grid);
    }
  }
  pass.end();
  gpu.queue.submit([encoder.finish()]);
}

/** A wrong product is no ceiling: some elements are compared with the host's. */
function checkProduct(form: string, a: Float32Array, b: Float32Array, c: Float32Array): void {
  for (let i = 0; i < N; i += 97) {
    const j = (i * 31) % N;
    let sum = 0;
    let scale = 0;
    for (let k = 0; k < N; k++) {
      sum += a[i * N + k] * b[k * N + j];
      scale += Math.abs(a[i * N + k] * b[k * N + j]);
    }
    if (!(Math.abs(c[i * N + j] - sum) < 1e-5 * scale))
      throw new Error(`${form}: element (${i}, ${j}) is ${c[i * N + j]}, not ${sum}`);
  }
}

async function matmulCeilings(engine: Engine): Promise<Ceilings['matmul']> {
  const { device } = engine;
  const random = new HostRandom(1);
  const values = () => Float32Array.from({ length: N * N }, () => random.uniform() - 0.5);
  const a = values();
  const b = values();
  const graph = new Graph();
  graph.output('c', matmul(graph.variable('a', [N, N]), graph.variable('b', [N, N])));
  const variables = engine.variables();
  const executable = await engine.compile(graph, variables);
  variables.write('a', a);
  variables.write('b', b);
  const gflops = (ms: number) => (2 * N ** 3) / ms / 1e6;
  const own = await bestMs(device, (repetitions) => {
    for (let i = 0; i < repetitions; i++) executable.run();
  });
  checkProduct("Ganvas's", a, b, await executable.read('c'));
  const results = [{ form: "Ganvas's own", gflops: gflops(own) }];
  const result = device.createBuffer(
    'product',
    4 * N * N,
    bufferUsage.storage | bufferUsage.copySource,
  );
  const type = { shape: [N, N], dtype: 'f32' } as const;
  const buffers = { a: variables.buffer('a', type), b: variables.buffer('b', type), result };
  for (const { form, code, grid } of forms) {
    const step = await prepare(device, form, code, buffers, grid);
    const ms = await bestMs(device, (repetitions) => submit(device, [step], repetitions));
    checkProduct(form, a, b, new Float32Array(await readBuffer(device, result)));
    results.push({ form, gflops: gflops(ms) });
  }
  device.destroyBuffer(result);
  executable.dispose();
  variables.dispose();
  return results;
}

async function copyCeilings(device: Device): Promise<Pick<Ceilings, 'copy' | 'bufferCopyGbs'>> {
  const usage = bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyTarget;
  const a = device.createBuffer('copy source', COPY_BYTES, usage);
  const result = device.createBuffer('copy target', COPY_BYTES, usage);
  const gbs = (ms: number) => (2 * COPY_BYTES) / ms / 1e6;
  const results: { form: string; gbs: number }[] = [];
  const workgroups = COPY_BYTES / 16 / 64;
  for (const { form, code, grid } of [
    { form: 'a vector an invocation', code: copyVectors, grid: [workgroups / 64, 64] },
    { form: '16 vectors an invocation', code: copyRuns, grid: [workgroups / 16, 1] },
  ] as const) {
    const step = await prepare(device, form, code, { a, result }, grid);
    const ms = await bestMs(device, (repetitions) => submit(device, [step], repetitions));
    results.push({ form, gbs: gbs(ms) });
  }
  const ms = await bestMs(device, (repetitions) => {
    const encoder = device.gpu.createCommandEncoder();
    for (let i = 0; i < repetitions; i++) encoder.copyBufferToBuffer(a, 0, result, 0, COPY_BYTES);
    device.gpu.queue.submit([encoder.finish()]);
  });
  device.destroyBuffer(a);
  device.destroyBuffer(result);
  return { copy: results, bufferCopyGbs: gbs(ms) };
}

async function dispatchUs(device: Device): Promise<number> {
  const steps: Step[] = [];
  const buffers: GPUBuffer[] = [];
  // Two of each, so that every dispatch switches.
  for (const addend of [1, 2]) {
    const result = device.createBuffer('one number', 16, bufferUsage.storage);
    buffers.push(result);
    steps.push(
      await prepare(device, 'one number', oneNumber, { result }, [1, 1], { ADDEND: addend }),
    );
  }
  const ms = await bestMs(device, (repetitions) =>
    submit(device, steps, (repetitions * DISPATCHES) / steps.length),
  );
  for (const buffer of buffers) device.destroyBuffer(buffer);
  return (ms / DISPATCHES) * 1000;
}

export async function measureCeilings(engine: Engine): Promise<Ceilings> {
  return {
    matmul: await matmulCeilings(engine),
    ...(await copyCeilings(engine.device)),
    dispatchUs: await dispatchUs(engine.device),
  };
}
