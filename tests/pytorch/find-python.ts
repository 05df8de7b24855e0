import { execFileSync } from 'node:child_process';
import type { TestProject } from 'vitest/node';
import { findBrowser } from '../../src/cli/browser.node.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** A Python that can import torch. */
    python: string;
  }
}

function importsTorch(python: string): boolean {
  try {
    execFileSync(python, ['-c', 'import torch, PIL'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** The first Python with PyTorch; there may be others before it on the PATH. */
export default async function setup(project: TestProject): Promise<void> {
  const given = process.env.GANVAS_PYTHON;
  const candidates = given ? [given] : ['python3', '/usr/bin/python3', 'python'];
  const python = candidates.find(importsTorch);
  if (!python) {
    throw new Error(
      `These tests need PyTorch 1.13 or newer and Pillow, and ${candidates.join(', ')} cannot import ` +
        'them. On Debian: apt-get install --no-install-recommends python3-torch python3-numpy ' +
        'python3-pil. Elsewhere: pip install torch numpy pillow. ' +
        'GANVAS_PYTHON names another Python to use.',
    );
  }
  project.provide('python', python);
  await findBrowser();
}
