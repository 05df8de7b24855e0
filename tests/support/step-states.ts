// States of a training run, as maps of variables: what both the device and the reference start from.
import type { ImageSet } from '../../src/data/image-set.ts';
import { classData } from '../../src/gan/classes.ts';
import { type Players, variableNames } from '../../src/gan/step.ts';

export type Elements =
  | Float32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/**
 * A state to start from, as after some training. Fresh weights are so small that the fake pictures
 * are nearly blank, and D's first activations all lie at their kink.
 */
export function startOf(players: Players, pictures: ImageSet): Map<string, Elements> {
  const { labels } = pictures;
  const state = new Map<string, Elements>([
    ...players.initialValues(),
    [variableNames.data, new Uint8Array(pictures.data)],
    ...(labels ? classData(labels, players.options.classes) : []),
  ]);
  for (const net of [players.generator, players.discriminator]) {
    const flat = state.get(net.variable)!;
    const connected = players.options.model === 'fully-connected';
    for (const { shape, offset, size } of net.parameters.values()) {
      if (shape.length !== 4 && !(connected && net === players.discriminator)) continue;
      for (let i = offset; i < offset + size; i++) flat[i] *= connected ? 16 : 8;
    }
  }
  return state;
}

/** What the reference left behind, as the device can hold it. */
export function rounded(
  state: ReadonlyMap<string, Elements>,
  after: ReadonlyMap<string, Float64Array>,
): Map<string, Elements> {
  return new Map(
    [...state].map(([name, like]): [string, Elements] => {
      const values = after.get(name)!;
      if (like instanceof Float32Array) return [name, Float32Array.from(values)];
      if (like instanceof Uint32Array) return [name, Uint32Array.from(values)];
      return [name, like];
    }),
  );
}
