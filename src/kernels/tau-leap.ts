import shader from '../../shaders/tau_leap.wgsl?raw';
import { LARGE_MEAN, MOST, MOST_SMALL, type ReactionNetwork } from '../ops/tau-leap.ts';
import { foldGrid } from './grid.ts';
import type { Kernel } from './kernel.ts';
import { link } from './wgsl.ts';

const WORKGROUP = 64;

const list = (numbers: readonly number[]): string => `array(${numbers.map((n) => `${n}f`)})`;

export const tauLeapKernel: Kernel = {
  lower({ node, device }) {
    const [rates, uniforms] = node.inputs;
    const { initial, reactions, tau, every } = node.attrs as unknown as ReactionNetwork;
    const [rows] = rates.shape;
    const [leaps] = uniforms.shape;
    return [
      {
        label: `tauLeap ${rows} × ${leaps}`,
        shader: link(shader, [], {
          ...{ WORKGROUP, MOST, LARGE_MEAN, MOST_SMALL, TAU: tau },
          ...{ KINDS: initial.length, REACTIONS: reactions.length, INITIAL: list(initial) },
          TAKES: list(reactions.flatMap(({ takes }) => takes)),
          CHANGES: list(reactions.flatMap(({ takes, makes }) => makes.map((n, i) => n - takes[i]))),
        }),
        buffers: { rates, uniforms, y: node.outputs[0] },
        params: Uint32Array.of(rows, leaps, every),
        grid: foldGrid(Math.ceil(rows / WORKGROUP), device),
        flops: 0,
      },
    ];
  },
};
