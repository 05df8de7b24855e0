/** What happens on Ctrl-C: a run is asked to stop, and a second time it is not asked. */

/**
 * A terminal sends Ctrl-C to every process of its group, and npm and tsx pass it on to their
 * children once more: signals closer together than this are one.
 */
const SAME_SIGNAL_MS = 500;

/** Exit codes of a run that a signal ended: 128 + its number. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** A signal that ends a run. */
export type Signal = keyof typeof SIGNALS;

/** A run that was interrupted before there was anything to write. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Turns signals into one request to stop; a second one ends the process. */
export class Interrupt {
  /** The first signal, if there was one. */
  signal: Signal | undefined;
  /** Ends what would keep running without this process. */
  kill: () => void = () => {};
  /** Asks training to end; until it runs, `aborted` ends what comes before it. */
  stop: (() => void) | undefined;
  /** Rejects on the first signal that finds nothing to stop gently. */
  readonly aborted: Promise<never>;

  constructor() {
    let abort: (error: Error) => void = () => {};
    this.aborted = new Promise<never>((_, reject) => {
      abort = reject;
    });
    // It is raced against other work, and may lose.
    this.aborted.catch(() => {});
    let first = 0;
    for (const signal of Object.keys(SIGNALS) as Signal[]) {
      process.on(signal, () => {
        const now = performance.now();
        if (this.signal === undefined) {
          this.signal = signal;
          first = now;
          if (this.stop) this.stop();
          else abort(new Interrupted(signal));
        } else if (now - first > SAME_SIGNAL_MS) {
          this.kill();
          process.exit(SIGNALS[this.signal]);
        }
      });
    }
  }
}
