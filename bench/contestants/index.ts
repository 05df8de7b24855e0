// The contestants by name. Each is loaded only where it is asked for.
import type { Open } from './contestant.ts';

export const contestants = {
  ganvas: async () => (await import('./ganvas.ts')).open(),
  'tfjs-webgpu': async () => (await import('./tfjs.ts')).open('webgpu'),
  'tfjs-webgl': async () => (await import('./tfjs.ts')).open('webgl'),
  'jax-js': async () => (await import('./jax.ts')).open(),
} satisfies Readonly<Record<string, Open>>;

export type ContestantName = keyof typeof contestants;

export const contestantNames = Object.keys(contestants) as ContestantName[];
