// The commands as npm starts them, and what is in the files that they write.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Without npm between a command and its signals. */
export const commandOf = (name: string) => [
  '--import',
  'tsx',
  join(ROOT, 'src', 'cli', `${name}.node.ts`),
];

/** Small enough for a step to take some hundredths of a second in software. */
export const SMALL = [
  ...['--image-size', '16', '--width', '4', '--batch-size', '4', '--adapter', 'software'],
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function execute(name: string, args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...commandOf(name), ...args],
      { cwd: ROOT, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
      },
    );
  });
}

export const train = (...args: string[]) => execute('train', args);

export async function readRun(out: string): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(out, 'run.json'), 'utf8')) as Record<string, unknown>;
}

export async function readRows(out: string): Promise<number[][]> {
  const lines = (await readFile(join(out, 'metrics.csv'), 'utf8')).trimEnd().split('\n');
  expect(lines[0]).toMatch(/^step,loss_d,/);
  return lines.slice(1).map((line) => line.split(',').map(Number));
}
