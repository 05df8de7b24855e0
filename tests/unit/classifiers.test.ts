import { describe, expect, test } from 'vitest';
import { Graph } from '../../src/graph/graph.ts';
import {
  ConvClassifier,
  type ImageSet,
  logisticRegression,
  Net,
  readSafetensors,
  traceFeatureNet,
} from '../../src/index.ts';
import { encodeState } from '../../src/training/state.ts';

describe('classifiers', () => {
  test('logistic regression is a linear map of all numbers, in PyTorch’s order', () => {
    const net = new Net('c', logisticRegression(2 * 3 * 3, 4));
    expect([...net.parameters.keys()]).toEqual(['1.weight', '1.bias']);
    expect(net.parameterCount).toBe(4 * 18 + 4);
    const x = new Graph().variable('x', [5, 3, 3, 2]);
    expect(net.forward(x, { training: true }).shape).toEqual([5, 4]);
  });

  test('a convolutional one halves pictures down to 4×4', () => {
    const model = new ConvClassifier({ imageSize: 32, classes: 10 });
    const net = new Net('c', model);
    // Convolutions without biases, batch-norms, 512 → 64 → 10.
    const convs = 25 * 8 + 9 * (8 * 16 + 16 * 32);
    expect(net.parameterCount).toBe(convs + 2 * (8 + 16 + 32) + 513 * 64 + 65 * 10);
    expect([...net.parameters.keys()].at(0)).toBe('features.0.weight');
    expect([...net.parameters.keys()].at(-1)).toBe('classifier.bias');
    const x = new Graph().variable('x', [5, 32, 32, 1]);
    const pass = { training: false, weights: net.weights(x.graph) };
    const features = model.features(x, pass);
    expect(features.shape).toEqual([5, model.featureCount]);
    expect(model.classify(features, pass).shape).toEqual([5, 10]);
    expect(net.forward(x, pass).shape).toEqual([5, 10]);
  });

  test.each([4, 28, 33, 0])('refuses pictures of %i', (imageSize) => {
    expect(() => new ConvClassifier({ imageSize, classes: 2 })).toThrow(
      expect.objectContaining({ code: 'classifier' }),
    );
  });

  test.each([{ classes: 0 }, { classes: 2, width: 1.5 }, { classes: 2, features: 0 }])(
    'refuses %j',
    (sizes) => {
      expect(() => new ConvClassifier({ imageSize: 8, ...sizes })).toThrow('whole number');
    },
  );
});

describe('traceFeatureNet', () => {
  const set: ImageSet = {
    ...{ name: 'eights', count: 4, height: 8, width: 8, channels: 1 },
    data: new Uint8Array(256),
    labels: Uint8Array.of(0, 2, 1, 2),
  };

  test('writes the net alone, and what it is', () => {
    const { program, file } = traceFeatureNet(set, { steps: 3, batchSize: 2, features: 5 });
    const state = encodeState(program, program.initial, {});
    const { tensors, metadata } = readSafetensors(file(state, { accuracy: '0.5' }));
    expect(JSON.parse(metadata.shape)).toEqual({
      ...{ imageSize: 8, channels: 1, classes: 3, features: 5 },
    });
    expect(metadata).toMatchObject({ data: 'eights', accuracy: '0.5' });
    expect([...tensors.keys()].every((name) => name.startsWith('net.'))).toBe(true);
    expect(tensors.get('net.features.1.running_var')?.shape).toEqual([8]);
    expect(tensors.get('net.classifier.weight')?.shape).toEqual([3, 5]);
  });

  test.each([
    ['no labels', { ...set, labels: undefined }],
    ['one class', { ...set, labels: new Uint8Array(4) }],
    ['oblong pictures', { ...set, height: 4, width: 16 }],
  ])('refuses %s', (_, given) => {
    expect(() => traceFeatureNet(given as ImageSet, { steps: 1 })).toThrow(
      expect.objectContaining({ code: 'features-training' }),
    );
  });
});
