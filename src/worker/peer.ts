import { type Deferred, deferred } from '../gpu/deferred.ts';
import { GanvasError } from '../graph/errors.ts';
import { Graph, type GraphData } from '../graph/graph.ts';
import type { Optimiser } from '../nn/optimisers.ts';
import type { BaseTrainer, RunOptions, TrainOptions } from '../training/base-trainer.ts';
import { follow } from '../training/follow.ts';
import { copiedClasses } from './classes.ts';

/**
 * What page and worker say to each other before they are connected: with a port, the page opens a
 * connection; without, it asks whether the worker listens, and the worker says so. All else goes by the
 * port, so that the worker's own messages stay its owner's.
 */
export const HELLO = 'ganvas';

/**
 * Steps that a run may be ahead of whoever consumes them: so long may a page be busy before the GPU
 * idles. A slow consumer holds the run there.
 */
export const AHEAD = 16;

/** What is behind a name of an object on the other side. */
type MemberKind = 'value' | 'call' | 'stream';

/** What stands for a value that no structured clone can carry. `id`s are given by whoever has it. */
type Stand =
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

type Message =
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

/** What has to happen for one message, besides sending it. */
interface Sending {
  readonly transfer: Set<Transferable>;
  /** Signals to listen to until the call is over. */
  readonly signals: (readonly [id: number, signal: AbortSignal, listener: () => void])[];
}

/** A call that waits for the other side. */
interface Call extends Deferred<unknown> {
  readonly id: number;
  readonly name: string | undefined;
  /** It reads a value, which may be a promise that is never fulfilled. */
  readonly reads: boolean;
  readonly onItem: ((value: unknown) => void) | undefined;
  readonly signals: Sending['signals'];
}

/** A stream that the other side consumes. */
interface Flow {
  /** Elements sent and not consumed. */
  ahead: number;
  left: boolean;
  /** While it waits for the consumer: goes on. */
  wake: (() => void) | undefined;
  /** Makes the stream end where it waits for something of its own. */
  readonly stop: () => void;
}

/** How `Symbol.dispose` is called in messages. */
const DISPOSE = '[Symbol.dispose]';

const disposes = (name: string | undefined): boolean => name === 'dispose' || name === DISPOSE;

const moved = new WeakSet<object>();

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
function hasMethods(value: object): boolean {
  if (Symbol.dispose in value) return true;
  const maker = Object.getPrototypeOf(value)?.constructor;
  return typeof maker === 'function' && !/\[native code\]/.test(String(maker));
}

function isPlain(value: object): value is Record<string, unknown> {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype;
}

type Trainer = Pick<BaseTrainer<string>, 'paused' | 'pause' | 'stop'>;

/** Streams are the runs of trainers: nothing else of the API is one. */
const isStream = (value: unknown): value is ReturnType<BaseTrainer<string>['run']> =>
  typeof value === 'object' && value !== null && Symbol.asyncIterator in value;

/** What the browser says that it is: unlike a class, a name that is there in every runtime. */
const kindOf = (value: object): string => Object.prototype.toString.call(value).slice(8, -1);

const disposedError = () =>
  new GanvasError('disposed', 'This has been disposed.', 'Make a new one.');

/** `setLearningRate(optimiser, lr)` as it is sent. */
function settingOf(args: unknown[]): [Stand] {
  const [optimiser, lr] = args as [Optimiser, number];
  return [{ ganvas: 'setting', ...optimiser.withLearningRate(lr) }];
}

/** All that can be called and read of an object, also where it is meant for its own side only. */
function membersOf(object: object): [string, MemberKind][] {
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

/**
 * One end of a connection: calls what the other side has, and serves what this side has. Plain data is
 * copied; functions and objects with methods stay, and the other side calls them from afar.
 */
export class Peer {
  readonly #port: MessagePort;
  readonly #readGraph: ((data: GraphData) => Graph) | undefined;
  /** What the other side may call; canvases that it gave, by the negative of its number. */
  readonly #exports = new Map<number, unknown>();
  readonly #calls = new Map<number, Call>();
  readonly #flows = new Map<number, Flow>();
  /** Signals that the other side listens to. */
  readonly #signals = new Map<number, AbortSignal>();
  /** What stands here for signals of the other side. */
  readonly #controllers = new Map<number, AbortController>();
  readonly #reasons = new WeakMap<object, number>();
  /** Numbers of what the other side has. */
  readonly #imports = new WeakMap<object, number>();
  readonly #collected = new FinalizationRegistry<number>((id) =>
    this.#post({ type: 'release', id }),
  );
  readonly #classes = new Map<unknown, keyof typeof copiedClasses>();
  #last = 0;
  #end: Error | undefined;

  /**
   * `root` is what the other side may call as number 0, and `readGraph` makes graphs of what it sends:
   * a page is sent none, and needs no operations for them.
   */
  constructor(
    port: MessagePort,
    { root, readGraph }: { root?: object; readGraph?: (data: GraphData) => Graph } = {},
  ) {
    this.#port = port;
    this.#readGraph = readGraph;
    this.#exports.set(0, root);
    for (const [name, copied] of Object.entries(copiedClasses))
      this.#classes.set(copied.prototype, name as keyof typeof copiedClasses);
    port.onmessage = ({ data }: MessageEvent<Message>) => this.#receive(data);
  }

  /** Calls a function of the other side's root. */
  callRoot(name: string, ...args: readonly unknown[]): Promise<unknown> {
    return this.#call(0, name, args).promise;
  }

  /**
   * Ends it: what waits for an answer, and what is called from now on, rejects with the error, but for
   * `dispose`: all is gone. What waits for something to happen, such as the loss of a device, goes on
   * waiting if `quiet`.
   */
  close(error: Error, { quiet = false }: { quiet?: boolean } = {}): void {
    this.#end ??= error;
    for (const call of [...this.#calls.values()])
      if (!(quiet && call.reads)) this.#refuse(call, this.#end);
    this.#exports.clear();
    this.#port.close();
  }

  #post(message: Message, transfer: Iterable<Transferable> = []): void {
    this.#port.postMessage(message, [...transfer]);
  }

  #call(
    target: number,
    name?: string,
    args?: readonly unknown[],
    onItem?: (value: unknown) => void,
  ): Call {
    const sending: Sending = { transfer: new Set(), signals: [] };
    const { transfer, signals } = sending;
    const id = ++this.#last;
    const call = { ...deferred<unknown>(), id, name, reads: !args, onItem, signals };
    this.#calls.set(id, call);
    if (this.#end) {
      this.#refuse(call, this.#end);
      return call;
    }
    try {
      const encoded = args?.map((arg) => this.#encode(arg, sending));
      this.#post({ type: 'call', id, target, name, args: encoded }, transfer);
    } catch (error) {
      this.#settle(call, () => call.reject(error));
    }
    return call;
  }

  /** The connection has ended. */
  #refuse(call: Call, error: Error): void {
    this.#settle(call, () => (disposes(call.name) ? call.resolve(undefined) : call.reject(error)));
  }

  #settle(call: Call, settle: () => void): void {
    this.#calls.delete(call.id);
    for (const [id, signal, listener] of call.signals) {
      this.#signals.delete(id);
      signal.removeEventListener('abort', listener);
    }
    settle();
  }

  #receive(message: Message): void {
    const { type, id } = message;
    const call = this.#calls.get(id);
    const flow = this.#flows.get(id);
    switch (type) {
      case 'call':
        void this.#serve(message);
        break;
      case 'item':
        call?.onItem?.(this.#decode(message.value));
        break;
      case 'done':
      case 'failed': {
        if (!call) break;
        // Before the signals are forgotten, of which it may be the reason.
        const value = this.#decode(message.value);
        this.#settle(call, () => (type === 'done' ? call.resolve(value) : call.reject(value)));
        break;
      }
      case 'more':
        if (flow) flow.ahead--;
        flow?.wake?.();
        break;
      case 'leave':
        if (flow) flow.left = true;
        if (flow?.wake) flow.wake();
        else flow?.stop();
        break;
      case 'abort':
        this.#abort(id, message.value);
        break;
      case 'release':
        this.#exports.delete(id);
        break;
    }
  }

  async #serve({ id, target, name, args }: Message & { readonly type: 'call' }): Promise<void> {
    const signals: number[] = [];
    const reply = (type: 'done' | 'failed', value: unknown, move: boolean) => {
      const sending: Sending = { transfer: new Set(), signals: [] };
      this.#post({ type, id, value: this.#encode(value, sending, move) }, sending.transfer);
    };
    try {
      const given = args?.map((arg) => this.#decode(arg, signals));
      const owner = this.#exports.get(target) as Record<PropertyKey, unknown> | undefined;
      const ends = disposes(name);
      if (!owner && !ends) throw disposedError();
      let value: unknown = owner;
      if (name !== undefined) value = owner?.[name === DISPOSE ? Symbol.dispose : name];
      if (owner && given) value = Reflect.apply(value as () => unknown, owner, given);
      if (ends) this.#exports.delete(target);
      if (isStream(value))
        value = await this.#pump(id, owner as unknown as Trainer, value, given?.[0] as RunOptions);
      // What a method gives is the caller's; what is read of an object stays the object's.
      reply('done', await value, given !== undefined);
    } catch (error) {
      reply('failed', error, false);
    } finally {
      for (const signal of signals) this.#controllers.delete(signal);
    }
  }

  /** Sends what a run yields, as far ahead of the consumer as is good. */
  async #pump(
    id: number,
    trainer: Trainer,
    stream: AsyncGenerator<{ readonly step: number }, void>,
    { boundaryEvery }: RunOptions = {},
  ): Promise<void> {
    // A run that is left while it is paused waits for nothing but this, and stays paused.
    const stop = () => {
      const { paused } = trainer;
      trainer.stop();
      if (paused) trainer.pause();
    };
    const flow: Flow = { ahead: 0, left: false, wake: undefined, stop };
    this.#flows.set(id, flow);
    try {
      for await (const value of stream) {
        if (flow.left) break;
        this.#post({ type: 'item', id, value });
        flow.ahead++;
        // At a boundary the consumer may want to see exactly this step.
        const most = boundaryEvery && value.step % boundaryEvery === 0 ? 0 : AHEAD - 1;
        while (flow.ahead > most && !flow.left) {
          const { promise, resolve } = deferred<void>();
          flow.wake = resolve;
          await promise;
          flow.wake = undefined;
        }
        if (flow.left) break;
      }
    } finally {
      this.#flows.delete(id);
    }
  }

  async *#stream(target: number, name: string, args: readonly unknown[]) {
    const items: unknown[] = [];
    let wake = () => {};
    let over = false;
    const call = this.#call(target, name, args, (item) => {
      items.push(item);
      wake();
    });
    const end = () => {
      over = true;
      wake();
    };
    call.promise.then(end, end);
    try {
      for (;;) {
        while (items.length > 0) {
          yield items.shift();
          this.#post({ type: 'more', id: call.id });
        }
        if (over) break;
        const { promise, resolve } = deferred<void>();
        wake = resolve;
        await promise;
      }
      await call.promise;
    } finally {
      if (!over) {
        this.#post({ type: 'leave', id: call.id });
        await call.promise.catch(() => {});
      }
    }
  }

  /** What is sent for a value. With `move`, its bytes go there. */
  #encode(value: unknown, sending: Sending, move = false): unknown {
    const stand = (given: Stand) => given;
    if (typeof value !== 'function' && (typeof value !== 'object' || value === null)) return value;
    const known = this.#imports.get(value);
    if (known !== undefined) return stand({ ganvas: 'yours', id: known });
    if (typeof value === 'function') return stand({ ganvas: 'function', id: this.#export(value) });
    const reasonOf = this.#reasons.get(value);
    if (reasonOf !== undefined) return stand({ ganvas: 'reason', id: reasonOf });

    move ||= moved.has(value);
    const inner = (part: unknown) => this.#encode(part, sending, move);
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
    const reason = () => this.#encode(signal.reason, { transfer: new Set(), signals: [] });
    const listener = () => this.#post({ type: 'abort', id, value: reason() });
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
  #decode(value: unknown, signals: number[] = []): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const inner = (part: unknown) => this.#decode(part, signals);
    if (Array.isArray(value)) return value.map(inner);
    if (value instanceof Map) return new Map([...value].map(([key, part]) => [key, inner(part)]));
    if (!isPlain(value)) return value;
    const fields = (of: unknown) =>
      Object.fromEntries(Object.entries(of as object).map(([name, field]) => [name, inner(field)]));
    const stand = value as Stand;
    switch (stand.ganvas) {
      case 'function': {
        const { id } = stand;
        return this.#import((...args: unknown[]) => this.#call(id, undefined, args).promise, id);
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
        if (stand.reason) this.#abort(stand.id, stand.reason[0]);
        return controller.signal;
      }
      case 'reason':
        return this.#signals.get(stand.id)?.reason;
      case 'graph':
        return this.#readGraph?.(stand.data);
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

  #abort(id: number, value: unknown): void {
    const reason = this.#decode(value);
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
        this.#call(target(), name, name === 'setLearningRate' ? settingOf(args) : args).promise;
      if (kind === 'value')
        Object.defineProperty(stub, name, { get: () => this.#call(target(), name).promise });
      else if (kind === 'stream')
        stub[name] = (...args: unknown[]) => this.#stream(target(), name, args);
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
