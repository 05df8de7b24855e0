import type { GraphData } from '../graph/graph.ts';
import type { copiedClasses } from './classes.ts';

/**
 * What page and worker say to each other before they are connected: with a port, the page opens a
 * connection; without, it asks whether the worker listens, and the worker says so. All else goes by the
 * port, so that the worker's own messages stay its owner's.
 */
export const HELLO = 'ganvas';

/** What is behind a name of an object on the other side. */
export type MemberKind = 'value' | 'call' | 'stream';

/** What stands for a value that no structured clone can carry. `id`s are given by whoever has it. */
export type Stand =
  /** A function of the sender. */
  | { readonly ganvas: 'function'; readonly id: number }
  /** An object of the sender, with its methods and readable values. */
  | {
      readonly ganvas: 'object';
      readonly id: number;
      readonly members: readonly (readonly [name: string, kind: MemberKind])[];
    }
  /** Something of the receiver's own, or that it was given before. */
  | { readonly ganvas: 'yours'; readonly id: number }
  | { readonly ganvas: 'canvas'; readonly id: number; readonly canvas: OffscreenCanvas }
  /** `reason` is there where it is aborted already. */
  | { readonly ganvas: 'signal'; readonly id: number; readonly reason?: readonly [unknown] }
  /** The reason of the receiver's signal: the very same, not a copy. */
  | { readonly ganvas: 'reason'; readonly id: number }
  | { readonly ganvas: 'graph'; readonly data: GraphData }
  /** What an optimiser, which stays where it was made, would set. */
  | { readonly ganvas: 'setting'; readonly variable: string; readonly values: unknown }
  | {
      readonly ganvas: 'copy';
      readonly of: keyof typeof copiedClasses;
      readonly fields: unknown;
      readonly error?: readonly [message: string, stack: string | undefined];
    };

/** What goes by the port. */
export type Message =
  /** Calls a method, a function (no name), or reads a value (no arguments). */
  | {
      readonly type: 'call';
      readonly id: number;
      readonly target: number;
      readonly name: string | undefined;
      readonly args: readonly unknown[] | undefined;
    }
  /** An element of the stream that the call began. */
  | { readonly type: 'item'; readonly id: number; readonly value: unknown }
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly value: unknown }
  /** An element was consumed, and another one is wanted. */
  | { readonly type: 'more'; readonly id: number }
  /** No more elements are wanted. */
  | { readonly type: 'leave'; readonly id: number }
  | { readonly type: 'abort'; readonly id: number; readonly value: unknown }
  /** The receiver's thing is not referred to any more. */
  | { readonly type: 'release'; readonly id: number };

/** How `Symbol.dispose` is called in messages. */
export const DISPOSE = '[Symbol.dispose]';

/** Whether a call by such a name frees what it is of. */
export const disposes = (name: string | undefined): boolean =>
  name === 'dispose' || name === DISPOSE;
