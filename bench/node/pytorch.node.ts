// PyTorch in a process of its own, where there is one.
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { cpuSeconds } from '../processes.node.ts';
import type { Started, Turn } from '../protocol.ts';
import type { Entry, Seat } from '../seat.ts';

interface Variant {
  readonly name: string;
  readonly device: 'cpu' | 'cuda';
  readonly tf32: boolean;
}

const PROBE = 'import torch; print(torch.__version__, torch.cuda.is_available())';

/** PyTorch on the GPU, without and with TF32, else on the CPU; none where it is not installed. */
export async function pytorchEntries(python: string): Promise<Entry[]> {
  let version: string;
  let cuda: string;
  try {
    const { stdout } = await promisify(execFile)(python, ['-c', PROBE]);
    [version, cuda] = stdout.trim().split(' ');
  } catch {
    return [];
  }
  const variants: Variant[] =
    cuda === 'True'
      ? [
          { name: `PyTorch ${version}, CUDA`, device: 'cuda', tf32: false },
          { name: `PyTorch ${version}, CUDA, TF32`, device: 'cuda', tf32: true },
        ]
      : [{ name: `PyTorch ${version}, CPU`, device: 'cpu', tf32: false }];
  return variants.map((variant) => entry(python, variant));
}

function entry(python: string, { name, device, tf32 }: Variant): Entry {
  return {
    name,
    own: false,
    async open(model, problem): Promise<Seat> {
      const folder = await mkdtemp(join(tmpdir(), 'ganvas-bench-'));
      const file = join(folder, 'problem.safetensors');
      await writeFile(file, problem);
      const script = join(import.meta.dirname, 'pytorch.py');
      const args = [script, file, device, tf32 ? 'tf32' : 'float32', JSON.stringify(model)];
      const child = spawn(python, args, { stdio: ['pipe', 'pipe', 'inherit'] });
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      const ask = async <T>(command: string): Promise<T> => {
        child.stdin.write(`${command}\n`);
        const { value, done } = await lines.next();
        if (done) throw new Error('Python ended.');
        return JSON.parse(value) as T;
      };
      return {
        start: () => ask<Started>('start'),
        turn: (steps) => ask<Turn>(`turn ${steps}`),
        cpuSeconds: () => cpuSeconds(child.pid),
        async close() {
          child.stdin.end();
          await rm(folder, { recursive: true });
        },
      };
    },
  };
}
