// What page and worker make of each other's values, over a port in one process.
import { afterEach, describe, expect, test } from 'vitest';
import * as api from '../../src/index.ts';
import { copiedClasses } from '../../src/worker/classes.ts';
import { WorkerError } from '../../src/worker/errors.ts';
import { Peer } from '../../src/worker/peer.ts';

const { GanvasError, GraphError, OutOfMemoryError, Pictures, RecoveryError, transfer } = api;

const ports: MessagePort[] = [];
afterEach(() => {
  for (const port of ports.splice(0)) port.close();
});

/** One end of a connection whose other end has `root`. */
function connected(root: object): Peer {
  const { port1, port2 } = new MessageChannel();
  ports.push(port1, port2);
  new Peer(port2, { root });
  return new Peer(port1);
}

const echoed = (value: unknown) => connected({ echo: (x: unknown) => x }).callRoot('echo', value);

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.unreachable('it did not fail'),
    (error: unknown) => error,
  );

/** Errors of what `connect` does not offer: it runs where it is called, so that they never cross. */
const LOCAL = [
  ...['ClassifierError', 'DistributionError', 'DivergenceError', 'InferenceError'],
  'StorageError',
];

test('every error class that a worker may throw crosses as itself', () => {
  const isError = (value: unknown): value is typeof GanvasError =>
    typeof value === 'function' &&
    (value === GanvasError || value.prototype instanceof GanvasError);
  const known = new Set<unknown>(Object.values(copiedClasses));
  const classes = Object.entries(api).filter(([, value]) => isError(value));
  expect(classes.length).toBeGreaterThan(10);
  const unknown = classes.filter(([, value]) => !known.has(value)).map(([name]) => name);
  expect(unknown.sort()).toEqual(LOCAL);
});

describe('values', () => {
  test('that are plain data are copied', async () => {
    const value = { a: [1, { b: null }], m: new Map([['k', Uint8Array.of(1)]]), u: undefined };
    expect(await echoed(value)).toEqual(value);
    expect(value.m.get('k')).toHaveLength(1);
  });

  test('with methods stay, and are the same when they come back', async () => {
    const callback = () => {};
    class Counter {
      count = 0;
      add() {
        return ++this.count;
      }
    }
    const counter = new Counter();
    const peer = connected({
      use: async (given: { counter: { add(): Promise<number> } }) => {
        await given.counter.add();
        return [await given.counter.add(), given.counter];
      },
      echo: (x: unknown) => x,
    });
    expect(await peer.callRoot('use', { counter })).toEqual([2, counter]);
    expect(((await peer.callRoot('use', { counter })) as unknown[])[1]).toBe(counter);
    expect(await peer.callRoot('echo', callback)).toBe(callback);
  });

  test('of a part of a buffer cost that part alone', async () => {
    const part = new Uint8Array(1000).fill(7).subarray(10, 12);
    const peer = connected({ size: (x: Uint8Array) => [x.length, x.buffer.byteLength] });
    expect(await peer.callRoot('size', part)).toEqual([2, 2]);
  });

  test('are moved where that is wished, and on the way back', async () => {
    const set = { name: 'set', data: new Uint8Array(5), labels: new Uint8Array(2) };
    const kept = new Uint8Array(3);
    const peer = connected({ keep: () => kept, echo: (x: unknown) => x });
    expect(await peer.callRoot('echo', transfer(set))).toEqual({
      ...{ name: 'set', data: new Uint8Array(5), labels: new Uint8Array(2) },
    });
    expect([set.data.length, set.labels.length]).toEqual([0, 0]);
    await peer.callRoot('keep');
    expect(kept.length).toBe(0);
  });

  test('are of their classes', async () => {
    const pixels = new Uint8Array(4);
    const pictures = new Pictures({ width: 2, height: 2, channels: 1, count: 1, pixels, step: 3 });
    expect(await echoed(pictures)).toBeInstanceOf(Pictures);
    expect(await echoed(pictures)).toMatchObject({ width: 2, step: 3 });
    expect(await echoed(new URL('https://a.example/b'))).toBe('https://a.example/b');
  });
});

describe('errors', () => {
  const thrown = (error: unknown) =>
    failureOf(
      connected({
        fail: () => {
          throw error;
        },
      }).callRoot('fail'),
    );

  test('are of their classes, with all that they say', async () => {
    const error = new OutOfMemoryError('no room', { needed: 5, held: 7 });
    const copy = await thrown(error);
    expect(copy).toBeInstanceOf(OutOfMemoryError);
    expect(copy).toMatchObject({ ...error, message: error.message, stack: error.stack });
    expect(copy).not.toBe(error);
  });

  test('bring their causes', async () => {
    const copy = (await thrown(new RecoveryError(new TypeError('why')))) as Error;
    expect(copy).toBeInstanceOf(RecoveryError);
    expect(copy.cause).toBeInstanceOf(TypeError);
  });

  test('of classes that the API keeps to itself are of the nearest that it does not', async () => {
    class Inner extends GraphError {
      override readonly name = 'GraphError';
      readonly detail = [1];
    }
    const copy = await thrown(new Inner('what', 'do'));
    expect(Object.getPrototypeOf(copy)).toBe(GraphError.prototype);
    expect(copy).toMatchObject({ code: 'graph', advice: 'do', detail: [1] });
  });

  test('that are nobody’s are at least errors', async () => {
    class Odd extends Error {}
    expect(await thrown(new Odd('what'))).toMatchObject({ message: 'what' });
    expect(await thrown(new RangeError('far'))).toBeInstanceOf(RangeError);
    expect(await thrown('a word')).toBe('a word');
  });

  test('of what cannot cross reach who sent it', async () => {
    const peer = connected({ give: () => Symbol('s'), take: () => 1 });
    expect(await failureOf(peer.callRoot('take', Symbol('s')))).toMatchObject({
      name: 'DataCloneError',
    });
    // Node loses what the error says on its way; browsers do not.
    await failureOf(peer.callRoot('give'));
    expect(await peer.callRoot('take')).toBe(1);
  });

  test('of callbacks reach who called them', async () => {
    const mine = new TypeError('mine');
    const peer = connected({ call: (callback: () => unknown) => callback() });
    const failing = () => {
      throw mine;
    };
    expect(await failureOf(peer.callRoot('call', failing))).toMatchObject({ message: 'mine' });
  });
});

test('what waits when a connection ends is told why', async () => {
  const forever = () => new Promise(() => {});
  const peer = connected({ forever, dispose: forever });
  const waiting = failureOf(peer.callRoot('forever'));
  const disposal = peer.callRoot('dispose');
  const error = new WorkerError('ended');
  peer.close(error);
  expect(await waiting).toBe(error);
  expect(await failureOf(peer.callRoot('forever'))).toBe(error);
  // All is gone: that is what it was asked for.
  await disposal;
  await peer.callRoot('dispose');
});

test('an aborted signal is aborted there, with the same reason back here', async () => {
  const reason = { why: 'so' };
  const peer = connected({
    wait: (signal: AbortSignal) =>
      new Promise((_, reject) => {
        const end = () => reject(signal.reason);
        if (signal.aborted) end();
        signal.addEventListener('abort', end);
      }),
  });
  const controller = new AbortController();
  const waiting = failureOf(peer.callRoot('wait', controller.signal));
  controller.abort(reason);
  expect(await waiting).toBe(reason);
  expect(await failureOf(peer.callRoot('wait', controller.signal))).toBe(reason);
});
