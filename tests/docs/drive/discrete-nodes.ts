import { Engine, Trainer } from 'ganvas';
import { categories } from './categories.ts';
import { density } from './density.ts';

const engine = await Engine.create();
const ones = (at: number) => Array.from({ length: 4 }, (_, i) => Number(i === at));
const rows = Array.from({ length: 64 }, (_, i) => ones(i % 8 === 0 ? 3 : 1)).flat();
const real = { shape: [64, 4], values: Float32Array.from(rows) };
const learned = categories(real, { lr: 0.05 });
const trainer = await Trainer.create(engine, learned.program);
const last = await trainer.train({ steps: 60 });
const read = await trainer.compile(learned.probabilities);
const { p } = await read.call({ one: Float32Array.of(1) });

const data = { shape: [256, 1], values: Float32Array.from({ length: 256 }, (_, i) => i / 128 - 1) };
const fitted = density(data, { steps: 3, batch: 32 });
const fitter = await Trainer.create(engine, fitted.program);
const { loss } = (await fitter.train({ steps: 3 }))!;
engine.dispose();
const largest = p.indexOf(Math.max(...p));
Object.assign(globalThis, { result: { largest, step: last?.step, loss } });
