import { Engine, Trainer } from 'ganvas';
import { draw, learn } from './digits.ts';
import { readFolders } from './folders.ts';
import { ownStep } from './own-step.ts';

const data = Uint8Array.from({ length: 40 * 16 * 16 }, (_, i) => (i * 37) % 256);
const labels = Uint8Array.from({ length: 40 }, (_, i) => i % 10);
const digits = { name: 'stripes', count: 40, height: 16, width: 16, channels: 1, data, labels };
const canvas = document.createElement('canvas');
document.body.append(canvas);
const engine = await Engine.create();
const small = { imageSize: 16, width: 2, latentDim: 4, batchSize: 4 };
const file = await learn(engine, digits, canvas, { steps: 3, ...small });
const { sevens, oneHand } = await draw(engine, file);
const trainer = await Trainer.create(engine, ownStep(digits, 10, { width: 2, batch: 4, nz: 4 }));
const own = await trainer.train({ steps: 2 });
engine.dispose();

const square = new OffscreenCanvas(8, 8);
square.getContext('2d')?.fillRect(0, 0, 8, 8);
const png = await square.convertToBlob();
const files = ['dog-1', 'cat-1', 'dog-2'].map((name) => new File([png], name));
const named = await readFolders(files, ({ name }) => name.slice(0, 3));
const { classNames } = named;
Object.assign(globalThis, {
  result: {
    ...{ sevens: sevens.count, oneHand: [oneHand.count, oneHand.columns], own, classNames },
    labels: [...named.labels],
  },
});
