import { type Deferred, deferred } from '../gpu/deferred.ts';
import type { Graph, GraphData } from '../graph/graph.ts';
import type { BaseTrainer, RunOptions } from '../training/base-trainer.ts';
import { Codec, type Connection, disposedError, type Sending } from './codec.ts';
import { DISPOSE, disposes, type Message } from './messages.ts';
import { isStream } from './values.ts';

/**
 * Steps that a run may be ahead of whoever consumes them: so long may a page be busy before the GPU
 * idles. A slow consumer holds the run there.
 */
const AHEAD = 16;

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

type Trainer = Pick<BaseTrainer<string>, 'paused' | 'pause' | 'stop'>;

/**
 * One end of a connection: calls what the other side has, and serves what this side has. Plain data is
 * copied; functions and objects with methods stay, and the other side calls them from afar.
 */
export class Peer {
  readonly #port: MessagePort;
  readonly #codec: Codec;
  readonly #calls = new Map<number, Call>();
  readonly #flows = new Map<number, Flow>();
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
    const connection: Connection = {
      post: (message) => this.#post(message),
      call: (...call) => this.#call(...call).promise,
      stream: (...call) => this.#stream(...call),
      readGraph,
    };
    this.#codec = new Codec(connection, root);
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
    this.#codec.close();
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
      const encoded = args?.map((arg) => this.#codec.encode(arg, sending));
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
    this.#codec.settled(call);
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
        call?.onItem?.(this.#codec.decode(message.value));
        break;
      case 'done':
      case 'failed': {
        if (!call) break;
        // Before the signals are forgotten, of which it may be the reason.
        const value = this.#codec.decode(message.value);
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
        this.#codec.abort(id, message.value);
        break;
      case 'release':
        this.#codec.release(id);
        break;
    }
  }

  async #serve({ id, target, name, args }: Message & { readonly type: 'call' }): Promise<void> {
    const signals: number[] = [];
    const reply = (type: 'done' | 'failed', value: unknown, move: boolean) => {
      const sending: Sending = { transfer: new Set(), signals: [] };
      this.#post({ type, id, value: this.#codec.encode(value, sending, move) }, sending.transfer);
    };
    try {
      const given = args?.map((arg) => this.#codec.decode(arg, signals));
      const owner = this.#codec.exported(target) as Record<PropertyKey, unknown> | undefined;
      const ends = disposes(name);
      if (!owner && !ends) throw disposedError();
      let value: unknown = owner;
      if (name !== undefined) value = owner?.[name === DISPOSE ? Symbol.dispose : name];
      if (owner && given) value = Reflect.apply(value as () => unknown, owner, given);
      if (ends) this.#codec.release(target);
      if (isStream(value))
        value = await this.#pump(id, owner as unknown as Trainer, value, given?.[0] as RunOptions);
      // What a method gives is the caller's; what is read of an object stays the object's.
      reply('done', await value, given !== undefined);
    } catch (error) {
      reply('failed', error, false);
    } finally {
      this.#codec.answered(signals);
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
}
