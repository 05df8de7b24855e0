// What the page makes of choices, links and numbers: no browser is needed for it.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { diagnose } from '../../demo/diagnosis.ts';
import { type FieldRule, fields } from '../../demo/fields.ts';
import { History } from '../../demo/history.ts';
import { hashOf, settingsOf } from '../../demo/link.ts';
import { change, initialSettings, type Settings } from '../../demo/presets.ts';
import { requirements } from '../../src/gan/requirements.ts';

describe('a link', () => {
  /** Any value that a field offers. */
  const anyOf = (field: FieldRule): fc.Arbitrary<string | number | boolean> => {
    switch (field.kind) {
      case 'check':
        return fc.boolean();
      case 'choice':
        return fc.constantFrom(...field.options);
      case 'number':
        return field.whole
          ? fc.integer({ min: field.min, max: field.max })
          : fc.double({ min: field.min, max: field.max, noNaN: true });
    }
  };
  const anySettings = fc
    .record(Object.fromEntries(fields.map((field) => [field.key, anyOf(field)])))
    .map((values) => ({ ...initialSettings, ...values, preset: 'custom' }) as Settings);

  test('brings back any settings that it was made of', () => {
    fc.assert(
      fc.property(anySettings, (settings) => {
        const { settings: found, unknown } = settingsOf(hashOf(settings));
        expect(found).toEqual(settings);
        expect(unknown).toEqual([]);
      }),
      { numRuns: 200, seed: 1 },
    );
  });

  test('brings back presets and data sets, and is short', () => {
    expect(hashOf(initialSettings)).toBe('#preset=small');
    const faces = change(change(initialSettings, { data: 'faces' }), { preset: 'full' });
    expect(hashOf(faces)).toBe('#data=faces&preset=full');
    expect(settingsOf(hashOf(faces))).toEqual({ settings: faces, chosen: true, unknown: [] });
    expect(settingsOf('')).toEqual({ settings: initialSettings, chosen: false, unknown: [] });
  });

  test('says which of its parts mean nothing, and takes the rest', () => {
    const { settings, unknown } = settingsOf(
      '#width=16&batchSize=7&lrD=fast&beta1=1&colours=4&dSteps=1.5',
    );
    expect(settings).toEqual({ ...initialSettings, width: 16, preset: 'custom' });
    expect([...unknown].sort()).toEqual([
      'batchSize=7',
      'beta1=1',
      'colours=4',
      'dSteps=1.5',
      'lrD=fast',
    ]);
  });
});

describe('a choice', () => {
  const check = (settings: Settings) => {
    const { data: _d, preset: _p, colour: _c, fit: _f, ...options } = settings;
    requirements({ ...options, imageSize: 16, width: 4, batchSize: 4 }, { count: 10 });
  };
  const objectives = fields.find(({ key }) => key === 'objective');
  const names = objectives?.kind === 'choice' ? objectives.options : [];

  test.each(names)('of the objective %s brings along what it needs', (objective) => {
    // From settings that suit another one badly.
    const before: Settings = {
      ...initialSettings,
      generatorLoss: 'maximum-likelihood',
      labelSmoothing: 0.1,
    };
    check(change(before, { objective } as Partial<Settings>));
  });

  test('of batch-norm takes away the penalties that it cannot have', () => {
    const wasserstein = change(initialSettings, { objective: 'wasserstein' });
    expect(wasserstein).toMatchObject({ gradientPenalty: 10, normD: 'none' });
    const back = change(change(wasserstein, { objective: 'original' }), { normD: 'none', r1: 10 });
    check(back);
    const batch = change(back, { normD: 'batch' });
    expect(batch).toMatchObject({ r1: 0, gradientPenalty: 0 });
    check(batch);
  });

  test('of the data brings the preset that learns them', () => {
    const emoji = change(initialSettings, { data: 'emoji' });
    expect(emoji).toMatchObject({ preset: 'small', width: 16, lrD: 1e-3, lrG: 1e-3 });
    expect(change(emoji, { data: 'faces' })).toMatchObject({ width: 8, lrG: 1e-3 });
    expect(change(emoji, { data: 'mnist' })).toEqual(initialSettings);
  });

  test('of a number of a preset makes it a custom one', () => {
    expect(change(initialSettings, { lrG: 1e-3 }).preset).toBe('custom');
    expect(change(initialSettings, { seed: 2 }).preset).toBe('small');
    expect(change(initialSettings, { preset: 'full' })).toMatchObject({ width: 64, lrD: 2e-4 });
  });
});

describe('advice', () => {
  const run = (steps: number, dReal: number, dFake: number, diversity: number) => {
    const history = new History(['dReal', 'dFake']);
    const quality = new History(['diversity', 'distance']);
    for (let step = 1; step <= steps; step++) {
      history.push({ step, dReal, dFake });
      if (step % 20 === 0) quality.push({ step, diversity, distance: 0.1 });
    }
    return [history, quality] as const;
  };

  test('is given when one side has won or the samples are alike, and not before', () => {
    expect(diagnose(...run(1000, 0.6, 0.4, 0.9), true)).toBeNull();
    expect(diagnose(...run(1000, 0.99, 0.01, 0.9), true)).toBe('d-wins');
    expect(diagnose(...run(1000, 0.4, 0.6, 0.9), true)).toBe('g-wins');
    expect(diagnose(...run(1000, 0.6, 0.4, 0.1), true)).toBe('collapse');
    expect(diagnose(...run(200, 0.99, 0.01, 0.1), true)).toBeNull();
  });

  test('waits while the samples become less alike', () => {
    const [history, quality] = run(1000, 0.6, 0.4, 0.1);
    for (const [n, diversity] of [0.11, 0.13, 0.15].entries())
      quality.push({ step: 1001 + n, diversity, distance: 0.1 });
    expect(diagnose(history, quality, true)).toBeNull();
  });

  test('does not take other objectives for probabilities', () => {
    expect(diagnose(...run(1000, 0.99, 0.01, 0.9), false)).toBeNull();
    expect(diagnose(...run(1000, 0.99, 0.01, 0.1), false)).toBe('collapse');
  });

  test('is silent on numbers that are none: another message speaks of them', () => {
    expect(diagnose(...run(1000, Number.NaN, 0.5, Number.NaN), true)).toBeNull();
  });
});
