// A page that trains when it is told to, and knows what its policy forbade.
import { train } from './train.ts';

const violations: string[] = [];
document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
  violations.push(`${violatedDirective} ${blockedURI}`),
);

/** What a worker of the page made of a few steps. */
const inWorker = () =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = ({ message }) => reject(new Error(message));
  });

const canvas = () => document.querySelector('canvas')?.transferControlToOffscreen();

Object.assign(globalThis, { survival: { train, inWorker, canvas, violations } });
