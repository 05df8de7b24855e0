import { GanvasError } from '../graph/errors.ts';
import { Graph, type GraphData } from '../graph/graph.ts';
import type { BaseTrainer, TrainOptions } from '../training/base-trainer.ts';
import { follow } from '../training/follow.ts';
import { copiedClasses } from './classes.ts';
import { DISPOSE, type MemberKind, type Message, type Stand } from './messages.ts';
import { hasMethods, isPlain, kindOf, membersOf, moved, settingOf } from './values.ts';

/** What has to happen for one message, besides sending it. */
export interface Sending {
  readonly transfer: Set<Transferable>;
  /** Signals to listen to until the call is over. */
  readonly signals: (readonly [id: number, signal: AbortSignal, listener: () => void])[];
}

/** What the stand-ins of the other side's things do. */
export interface Connection {
  post(message: Message): void;
  /** Calls a method, a function (no name), or reads a value (no arguments). */
  call(target: number, name?: string, args?: readonly unknown[]): Promise<unknown>;
  stream(target: number, name: string, args: readonly unknown[]): AsyncGenerator<unknown>;
  /** Makes graphs of what is sent; a page is sent none, and needs no operations for them. */
  readonly readGraph: ((data: GraphData) => Graph) | undefined;
}

export const disposedError = () =>
  new GanvasError('disposed', 'This has been disposed.', 'Make a new one.');

/**
 * Makes of values what a port can carry, and values of what came. Plain data is copied; functions and
 * objects with methods stay, and the other side gets something that calls them.
 */
export class Codec {
  readonly #connection: Connection;
  /** What the other side may call; canvases that it gave, by the negative of its number. */
  readonly #exports = new Map<number, unknown>();
  /** Signals that the other side listens to. */
  readonly #signals = new Map<number, AbortSignal>();
  /** What stands here for signals of the other side. */
  readonly #controllers = new Map<number, AbortController>();
  readonly #reasons = new WeakMap<object, number>();
  /** Numbers of what the other side has. */
  readonly #imports = new WeakMap<object, number>();
  readonly #collected = new FinalizationRegistry<number>((id) =>
    this.#connection.post({ type: 'release', id }),
  );
  readonly #classes = new Map<unknown, keyof typeof copiedClasses>();
  #last = 0;

  /** `root` is what the other side may call as number 0. */
  constructor(connection: Connection, root: object | undefined) {
    this.#connection = connection;
    this.#exports.set(0, root);
    for (const [name, copied] of Object.entries(copiedClasses))
      this.#classes.set(copied.prototype, name as keyof typeof copiedClasses);
  }

  /** What the other side calls by a number, unless that is gone. */
  exported(id: number): unknown {
    return this.#exports.get(id);
  }

  /** The other side refers to it no more, or has disposed it. */
  release(id: number): void {
    this.#exports.delete(id);
  }

  /** The other side can call nothing any more. */
  close(): void {
    this.#exports.clear();
  }

  /** What was sent has been answered: its signals are of no use any more. */
  settled({ signals }: Pick<Sending, 'signals'>): void {
    for (const [id, signal, listener] of signals) {
      this.#signals.delete(id);
      signal.removeEventListener('abort', listener);
    }
  }

  /** What was asked has been answered: so are these signals of the other side. */
  answered(signals: readonly number[]): void {
    for (const signal of signals) this.#controllers.delete(signal);
  }

  /** What is sent for a value. With `move`, its bytes go there. */
  encode(value: unknown, sending: Sending, move = false): unknown {
    const stand = (given: Stand) => given;
    if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return value;
    const known = this.#imports.get(value);
    if (known !== undefined) return stand({ ganvas: 'yours', id: known });
    if (typeof value === 'function') return stand({ ganvas: 'function', id: this.#export(value) });
    const reasonOf = this.#reasons.get(value);
    if (reasonOf !== undefined) return stand({ ganvas: 'reason', id: reasonOf });

    move ||= moved.has(value);
    const inner = (part: unknown) => this.encode(part, sending, move);
    const innerFields = (fields: object) =>
      Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, inner(field)]));
    if (ArrayBuffer.isView(value)) {
      if (move) inner(value.buffer);
      // Of a part of a buffer, the whole buffer would be copied.
      else if (value.byteLength < value.buffer.byteLength && 'slice' in value)
        return (value as Uint8Array).slice();
      return value;
    }
    switch (kindOf(value)) {
      case 'ArrayBuffer':
      case 'ImageBitmap':
        if (move) sending.transfer.add(value as Transferable);
        return value;
      case 'Array':
        return (value as unknown[]).map(inner);
      case 'Map':
        return new Map([...(value as Map<unknown, unknown>)].map(([k, v]) => [k, inner(v)]));
      case 'URL':
        return (value as URL).href;
      case 'AbortSignal':
        return this.#encodeSignal(value as AbortSignal, sending);
      case 'HTMLCanvasElement':
      case 'OffscreenCanvas':
        return this.#encodeCanvas(value as HTMLCanvasElement | OffscreenCanvas, sending);
    }
    if (value instanceof Graph) return stand({ ganvas: 'graph', data: value.toJSON() });
    const of = this.#classOf(value);
    if (of) {
      const error = value instanceof Error ? ([value.message, value.stack] as const) : undefined;
      return stand({ ganvas: 'copy', of, fields: innerFields(value), ...(error && { error }) });
    }
    // Those of classes that are nobody's here go as what every browser knows of an error.
    if (value instanceof Error) return value;
    if (hasMethods(value))
      return stand({ ganvas: 'object', id: this.#export(value), members: membersOf(value) });
    return isPlain(value) ? innerFields(value) : value;
  }

  #export(value: unknown): number {
    const id = ++this.#last;
    this.#exports.set(id, value);
    return id;
  }

  #encodeSignal(signal: AbortSignal, { signals }: Sending): Stand {
    const id = ++this.#last;
    this.#signals.set(id, signal);
    const reason = () => this.encode(signal.reason, { transfer: new Set(), signals: [] });
    const listener = () => this.#connection.post({ type: 'abort', id, value: reason() });
    signal.addEventListener('abort', listener);
    signals.push([id, signal, listener]);
    return { ganvas: 'signal', id, ...(signal.aborted && { reason: [reason()] }) };
  }

  /** A canvas goes over once; after that it is named. */
  #encodeCanvas(given: HTMLCanvasElement | OffscreenCanvas, { transfer }: Sending): Stand {
    const canvas =
      'transferControlToOffscreen' in given ? given.transferControlToOffscreen() : given;
    transfer.add(canvas);
    const id = -++this.#last;
    this.#imports.set(given, id);
    this.#collected.register(given, id);
    return { ganvas: 'canvas', id, canvas };
  }

  #classOf(value: object): keyof typeof copiedClasses | undefined {
    for (let at = Object.getPrototypeOf(value); at; at = Object.getPrototypeOf(at)) {
      const name = this.#classes.get(at);
      if (name) return name;
    }
    return undefined;
  }

  /** What was meant by what came. `signals` takes the numbers of the signals in it. */
  decode(value: unknown, signals: number[] = []): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const inner = (part: unknown) => this.decode(part, signals);
    if (Array.isArray(value)) return value.map(inner);
    if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, inner(part)]));
    if (!isPlain(value)) return value;
    const fields = (of: unknown) =>
      Object.fromEntries(Object.entries(of as object).map(([name, field]) => [name, inner(field)]));
    const stand = value as Stand;
    switch (stand.ganvas) {
      case 'function': {
        const { id } = stand;
        return this.#import((...args: unknown[]) => this.#connection.call(id, undefined, args), id);
      }
      case 'object':
        return this.#decodeObject(stand.id, stand.members);
      case 'yours': {
        const own = this.#exports.get(stand.id);
        if (!own) throw disposedError();
        return own;
      }
      case 'canvas':
        this.#exports.set(stand.id, stand.canvas);
        return stand.canvas;
      case 'signal': {
        const controller = new AbortController();
        this.#controllers.set(stand.id, controller);
        signals.push(stand.id);
        if (stand.reason) this.abort(stand.id, stand.reason[0]);
        return controller.signal;
      }
      case 'reason':
        return this.#signals.get(stand.id)?.reason;
      case 'graph':
        return this.#connection.readGraph?.(stand.data);
      case 'setting':
        return { withLearningRate: () => stand };
      case 'copy': {
        const { prototype } = copiedClasses[stand.of];
        if (!stand.error) return Object.assign(Object.create(prototype), fields(stand.fields));
        const [message, stack] = stand.error;
        const error = Object.setPrototypeOf(new Error(message), prototype) as Error;
        return Object.assign(error, { stack }, fields(stand.fields));
      }
      default:
        return fields(value);
    }
  }

  /** A signal of the other side was aborted. */
  abort(id: number, value: unknown): void {
    const reason = this.decode(value);
    if (typeof reason === 'object' && reason !== null) this.#reasons.set(reason, id);
    this.#controllers.get(id)?.abort(reason);
  }

  #import<T extends object>(stub: T, id: number): T {
    this.#imports.set(stub, id);
    this.#collected.register(stub, id);
    return stub;
  }

  #decodeObject(id: number, members: readonly (readonly [string, MemberKind])[]): object {
    const stub: Record<PropertyKey, unknown> = {};
    // By way of the stub: who has but a method of it, still has it.
    const target = () => this.#imports.get(stub) as number;
    for (const [name, kind] of members) {
      const call = async (...args: unknown[]) =>
        this.#connection.call(target(), name, name === 'setLearningRate' ? settingOf(args) : args);
      if (kind === 'value')
        Object.defineProperty(stub, name, { get: () => this.#connection.call(target(), name) });
      else if (kind === 'stream')
        stub[name] = (...args: unknown[]) => this.#connection.stream(target(), name, args);
      else if (name === DISPOSE) stub[Symbol.dispose] = stub[Symbol.asyncDispose] = call;
      else stub[name] = call;
    }
    // Its loop is here, where its callback is: a step then waits for no message.
    if ('train' in stub) {
      const run = stub.run as BaseTrainer<string>['run'];
      stub.train = ({ onStep, ...options }: TrainOptions = {}) => follow(run(options), onStep);
    }
    return this.#import(stub, id);
  }
}
