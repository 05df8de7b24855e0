import type { Optimiser } from '../nn/optimisers.ts';
import type { BaseTrainer } from '../training/base-trainer.ts';
import { DISPOSE, type MemberKind, type Stand } from './messages.ts';

/** What `transfer` marked. */
export const moved = new WeakSet<object>();

/**
 * Marks a value that is passed to a worker: its bytes are moved there, which takes no time and no
 * memory, and are gone here. All others are copied.
 *
 * ```ts
 * const trainer = await ganvas.GanTrainer.create(engine, transfer(pictures), options);
 * ```
 */
export function transfer<T extends object>(value: T): T {
  moved.add(value);
  return value;
}

/** Whether a class of JavaScript made it: a structured clone would leave its methods behind. */
export function hasMethods(value: object): boolean {
  if (Symbol.dispose in value) return true;
  const maker = Object.getPrototypeOf(value)?.constructor;
  return typeof maker === 'function' && !/\[native code\]/.test(String(maker));
}

/** Whether it is a record of fields. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

/** Streams are the runs of trainers: nothing else of the API is one. */
export const isStream = (value: unknown): value is ReturnType<BaseTrainer<string>['run']> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** What the browser says that it is: unlike a class, a name that is there in every runtime. */
export const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

/** `setLearningRate(optimiser, lr)` as it is sent. */
export function settingOf(args: unknown[]): [Stand] {
  const [optimiser, lr] = args as [Optimiser, number];
  return [{ ganvas: 'setting', ...optimiser.withLearningRate(lr) }];
}

/** All that can be called and read of an object, also where it is meant for its own side only. */
export function membersOf(object: object): [string, MemberKind][] {
  const members = new Map<string, MemberKind>();
  for (let at = object; at && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at)) {
      const name = key === Symbol.dispose ? DISPOSE : key;
      if (typeof name === 'symbol' || name === 'constructor' || members.has(name)) continue;
      const { value } = Object.getOwnPropertyDescriptor(at, key) as PropertyDescriptor;
      if (typeof value !== 'function') members.set(name, 'value');
      else members.set(name, kindOf(value) === 'AsyncGeneratorFunction' ? 'stream' : 'call');
    }
  }
  return [...members];
}
