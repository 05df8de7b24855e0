// The same seed, options and adapter give the same bits, whatever else happens.
import { expect, test } from 'vitest';
import type { GanTrainer } from '../../src/index.ts';
import { engineForTests } from '../support/engine.ts';
import { type Bits, CHANNEL, reproduce, reproduceApart } from '../support/reproduce.ts';

const engine = await engineForTests();

let first: Promise<Bits> | undefined;
/** The run that all others are compared with. */
const expected = (): Promise<Bits> => {
  first ??= reproduce(engine);
  return first;
};

/** What a script that runs elsewhere says on the channel. */
function heard(start: () => void): Promise<Bits> {
  const channel = new BroadcastChannel(CHANNEL);
  return new Promise<Bits>((resolve, reject) => {
    channel.onmessage = ({ data }: MessageEvent<Bits | string>) => {
      if (typeof data === 'string') reject(new Error(data));
      else resolve(data);
    };
    start();
  }).finally(() => channel.close());
}

test('on two devices', async () => {
  const { generator, discriminator } = await expected();
  const again = await reproduceApart();
  expect(again.generator).toEqual(generator);
  expect(again.discriminator).toEqual(discriminator);
  // They have learned, and are numbers.
  expect(new Set(generator).size).toBeGreaterThan(generator.length / 2);
  expect(new Float32Array(generator.buffer).every(Number.isFinite)).toBe(true);
});

test('but not for another seed', async () => {
  const { generator, discriminator } = await expected();
  const other = await reproduce(engine, { seed: 12 });
  expect(other.generator).not.toEqual(generator);
  expect(other.discriminator).not.toEqual(discriminator);
});

test('whatever is drawn, saved or awaited in between', async () => {
  let view: Awaited<ReturnType<GanTrainer['attachCanvas']>> | undefined;
  const busy = async (trainer: GanTrainer, step: number) => {
    if (step % 10 === 3) await trainer.sampleGrid({ count: 5 });
    if (step % 20 === 4) await trainer.checkpoint();
    if (step === 7) view = await trainer.attachCanvas(new OffscreenCanvas(1, 1), { count: 4 });
    if (step > 7) view?.draw();
    if (step === 30) {
      trainer.pause();
      setTimeout(() => trainer.resume(), 30);
    }
  };
  expect(await reproduce(engine, {}, busy)).toEqual(await expected());
});

test('in a page of its own', async () => {
  // Another document has modules, a WebGPU and a device of its own, as the page has after a reload.
  const frame = document.createElement('iframe');
  const bits = await heard(() => {
    document.body.append(frame);
    const script = document.createElement('script');
    script.type = 'module';
    script.src = new URL('../support/reproduce-elsewhere.ts', import.meta.url).href;
    frame.contentDocument?.head.append(script);
  });
  frame.remove();
  expect(bits).toEqual(await expected());
});

test('in a worker', async () => {
  let worker: Worker | undefined;
  const bits = await heard(() => {
    const script = new URL('../support/reproduce-elsewhere.ts', import.meta.url);
    worker = new Worker(script, { type: 'module' });
  });
  worker?.terminate();
  expect(bits).toEqual(await expected());
});
