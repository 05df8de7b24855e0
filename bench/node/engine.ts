// What Node measures of the engine, in one bundle: its shaders are imported by Vite's `?raw`.
export { Engine } from '../../src/runtime/engine.ts';
export { measureCeilings } from '../ceilings.ts';
export { createOn } from '../contestants/ganvas.ts';
export { readProblem } from '../problem.ts';
export { profile } from '../profile.ts';
export { Session } from '../session.ts';
