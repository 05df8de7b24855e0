import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../src/gpu/device.ts';
import { Graph } from '../../src/graph/graph.ts';
import { conv2d, leakyRelu, matmul } from '../../src/ops/index.ts';
import { Executable } from '../../src/runtime/executable.ts';
import { type Choices, choosable, planGraph } from '../../src/runtime/plan.ts';
import { adapterKey, type TuningStore, tune } from '../../src/runtime/tuner.ts';
import { indexedDbTuningStore } from '../../src/runtime/tuning-store.browser.ts';
import { Variables } from '../../src/runtime/variables.ts';

const device = await openDevice();
afterAll(() => device.dispose());

function graphOf(): Graph {
  const graph = new Graph();
  const x = graph.variable('x', [4, 16, 16, 8]);
  const w = graph.variable('w', [4, 4, 8, 16]);
  graph.output('y', leakyRelu(conv2d(x, w, { stride: 2, padding: 1 }), 0.2));
  graph.output('z', matmul(graph.variable('a', [64, 256]), graph.variable('b', [256, 32])));
  return graph;
}

function memoryStore(): TuningStore & { readonly saved: Map<string, Choices> } {
  const saved = new Map<string, Choices>();
  return {
    saved,
    load: async (adapter) => saved.get(adapter),
    save: async (adapter, choices) => void saved.set(adapter, choices),
  };
}

async function outputs(choices: Choices): Promise<Float32Array[]> {
  const variables = new Variables(device);
  const executable = await Executable.compile(graphOf(), variables, choices);
  for (const [name, { shape }] of variables.types()) {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    variables.write(
      name,
      values.map((_, i) => Math.sin(i * 0.7)),
    );
  }
  executable.run();
  const results = [await executable.read('y'), await executable.read('z')];
  executable.dispose();
  variables.dispose();
  return results;
}

describe('tuning', () => {
  test('measures every choice once, keeps it, and leaves no memory behind', async () => {
    const store = memoryStore();
    const before = device.counters.bufferBytes;
    const work = choosable(graphOf(), device.traits);
    let choices: Choices = {};
    // On a busy machine the budget ends before all are measured: each call measures one at least.
    for (let calls = 0; Object.keys(choices).length < work.length; calls++) {
      expect(calls).toBeLessThan(work.length);
      choices = await tune(device, graphOf(), 'on', store);
      expect(device.counters.bufferBytes).toBe(before);
    }
    for (const { key, candidates } of work) {
      expect(candidates.map((c) => c.name)).toContain(choices[key]);
    }
    expect(store.saved.get(adapterKey(device))).toEqual(choices);

    const made = device.counters.buffersMade;
    expect(await tune(device, graphOf(), 'on', store)).toEqual(choices);
    expect(device.counters.buffersMade).toBe(made);
  });

  test('measures nothing when off or cached', async () => {
    const made = device.counters.buffersMade;
    const store = memoryStore();
    store.saved.set(adapterKey(device), { some: 'choice' });
    expect(await tune(device, graphOf(), 'off', store)).toEqual({});
    expect(await tune(device, graphOf(), 'cached', store)).toEqual({ some: 'choice' });
    expect(await tune(device, graphOf(), 'cached', undefined)).toEqual({});
    expect(device.counters.buffersMade).toBe(made);
  });

  test('a choice decides what runs, and never what comes out', async () => {
    const usual = await outputs({});
    const labels = (choices: Choices) =>
      planGraph(graphOf(), device.traits, choices).commands.map((c) =>
        c.kind === 'dispatch' ? c.dispatch.shader.code : 'copy',
      );
    for (const { key, candidates } of choosable(graphOf(), device.traits)) {
      const codes = new Set<string>();
      for (const { name } of candidates) {
        const results = await outputs({ [key]: name });
        codes.add(labels({ [key]: name }).join('\n'));
        results.forEach((result, i) => {
          result.forEach((value, k) => {
            expect(Math.abs(value - usual[i][k])).toBeLessThan(1e-4);
          });
        });
      }
      expect(codes.size).toBeGreaterThan(1);
      expect(labels({ [key]: 'no longer there' })).toEqual(labels({}));
    }
  });

  test('choices survive in IndexedDB', async () => {
    const adapter = `test ${Math.random()}`;
    expect(await indexedDbTuningStore.load(adapter)).toBeUndefined();
    await indexedDbTuningStore.save(adapter, { key: 'way' });
    expect(await indexedDbTuningStore.load(adapter)).toEqual({ key: 'way' });
  });
});
