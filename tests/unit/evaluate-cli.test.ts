import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/cli/command.node.ts';
import { parseEvaluateOptions } from '../../src/cli/evaluate-options.node.ts';
import { tableOf } from '../../src/cli/evaluating.node.ts';
import type { Quality } from '../../src/index.ts';

describe('the options of evaluate', () => {
  test('have defaults', () => {
    expect(parseEvaluateOptions(['--checkpoint', 'a.safetensors'])).toEqual({
      options: { checkpoint: 'a.safetensors', samples: 2000, seed: 0, adapter: 'auto' },
    });
    const all = ['--pictures', 'p.idx', '--samples', '4096', '--seed', '7', '--json'];
    expect(parseEvaluateOptions([...all, '--real', 'r.idx', '--features', 'f'])).toEqual({
      options: {
        ...{ pictures: 'p.idx', samples: 4096, seed: 7, json: true, adapter: 'auto' },
        ...{ real: 'r.idx', features: 'f' },
      },
    });
  });

  test.each([
    [[], 'either --checkpoint or --pictures'],
    [['--checkpoint', 'a', '--pictures', 'b'], 'either --checkpoint or --pictures'],
    [['--pictures', 'b', '--samples', '15'], 'from 16 to 4096'],
    [['--pictures', 'b', '--samples', '5000'], 'from 16 to 4096'],
    [['--pictures', 'b', '--seed', '-1'], 'a whole number from 0'],
    [['--picture', 'b'], '--picture'],
  ])('%j is refused', (argv, message) => {
    expect(() => parseEvaluateOptions(argv)).toThrow(UsageError);
    expect(() => parseEvaluateOptions(argv)).toThrow(message);
  });

  test('help says whose features these are', () => {
    const parsed = parseEvaluateOptions(['--help']);
    expect('help' in parsed && parsed.help).toContain('not of Inception');
  });
});

test('the table has every measure beside that of real pictures, and whose features they are', () => {
  const quality = (base: number): Quality => ({
    ...{ frechetDistance: base, kernelDistance: base / 100, precision: 0.5, recall: 0.25 },
    ...{ density: 1, coverage: 0.75, classesCovered: 9, classDistance: 0.125, confidence: 0.875 },
    ...{ slicedWasserstein: 0.0625, pairwiseDiversity: 17 },
  });
  const report = { trainedOn: 'MNIST', samples: 500, pictures: quality(12), real: quality(0.5) };
  const shape = { width: 28, height: 28, channels: 1 };
  const lines = tableOf({ report, shape, judgedAt: shape, step: 3 }).split('\n');
  expect(lines).toHaveLength(1 + Object.keys(report.real).length);
  expect(lines[0]).toMatch(/^MNIST features, not Inception; 500 samples +pictures +real$/);
  expect(lines[1]).toMatch(/^Fréchet distance, squared +12\.000 +0\.500$/);
  expect(lines[7]).toMatch(/^classes covered +9 +9$/);
  expect(new Set(lines.map((line) => line.length)).size).toBe(1);
});
