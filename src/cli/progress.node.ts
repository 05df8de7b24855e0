/** Progress of a run on standard error: a bar on a terminal, a line now and then elsewhere. */

import { SingleBar } from 'cli-progress';
import type { StepRow } from './protocol.ts';

/** Seconds between two lines where there is no terminal. */
const LINE_SECONDS = 5;

/** The bar counts in thousandths of the run. */
const RESOLUTION = 1000;

/** Characters of the bar: the most, and the least for which it gives way to shorter text. */
const BAR = 20;
const LEAST_BAR = 5;

/** Seconds over which the speed is averaged. */
const RATE_SECONDS = 5;

/** When a run ends; at least one of its limits is given. */
export interface RunLimits {
  /** Steps that were done before it: 0 unless it goes on from a checkpoint. */
  readonly from: number;
  /** Steps beyond those. */
  readonly steps: number | undefined;
  readonly seconds: number | undefined;
}

/** Where text goes; `process.stderr` is one. */
export interface TextOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Takes the cursor to the start of its line and clears it. */
const CLEAR_LINE = '\r\x1b[K';

/** A line on standard error, under the program's name. */
export function say(text: string): void {
  clearPassing();
  process.stderr.write(`ganvas: ${text}\n`);
}

/** Shows on a terminal what is going on, until something else is said. */
export function showPassing(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`${CLEAR_LINE}${text}`);
}

/** Takes it away. */
export function clearPassing(): void {
  if (process.stderr.isTTY) process.stderr.write(CLEAR_LINE);
}

/** Shows how far a run is, how fast it goes, and what its losses are. */
export class Progress {
  readonly #limits: RunLimits;
  readonly #output: TextOutput;
  readonly #now: () => number;
  #bar: SingleBar | undefined;
  #start = 0;
  #lastLine = 0;
  #latest: StepRow | undefined;
  /** Times (seconds) and steps of the last few seconds, oldest first. */
  #recent: { readonly time: number; readonly step: number }[] = [];

  /** @param now a clock, in seconds */
  constructor(
    limits: RunLimits,
    output: TextOutput = process.stderr,
    now: () => number = () => performance.now() / 1000,
  ) {
    this.#limits = limits;
    this.#output = output;
    this.#now = now;
  }

  /** The first step begins. */
  start(): void {
    this.#start = this.#now();
    this.#lastLine = this.#start;
    this.#recent = [{ time: this.#start, step: this.#limits.from }];
    if (!this.#output.isTTY) return;
    this.#bar = new SingleBar({
      format: (_options, { progress }, { texts }: { texts: readonly string[] }) =>
        barLine(progress, texts, process.stderr.columns),
      stream: process.stderr,
      // Signals are handled by whoever started the run.
      gracefulExit: false,
    });
    this.#bar.start(RESOLUTION, 0, { texts: ['first step …'] });
  }

  /** Steps have been made. */
  update(rows: readonly StepRow[]): void {
    const last = rows.at(-1);
    if (!last) return;
    this.#latest = last;
    const time = this.#now();
    this.#recent.push({ time, step: last.step });
    while (this.#recent.length > 2 && time - this.#recent[1]!.time > RATE_SECONDS) {
      this.#recent.shift();
    }
    if (this.#bar) {
      this.#bar.update(Math.round(this.#done(time) * RESOLUTION), {
        texts: this.#texts(time),
      });
    } else if (time - this.#lastLine >= LINE_SECONDS) {
      this.#lastLine = time;
      this.#output.write(`${this.#texts(time)[0]}\n`);
    }
  }

  /** The run is at an earlier step again. */
  goBack(step: number): void {
    this.#recent = [{ time: this.#now(), step }];
  }

  /** The run is over, for whatever reason. Safe to call at any time, more than once. */
  stop(): void {
    if (this.#bar) {
      this.#bar.stop();
      this.#bar = undefined;
    } else if (this.#latest && this.#output.isTTY !== true) {
      this.#output.write(`${this.#texts(this.#now())[0]}\n`);
    }
    this.#latest = undefined;
  }

  #done(time: number): number {
    const { from, steps, seconds } = this.#limits;
    const bySteps = steps ? ((this.#latest?.step ?? from) - from) / steps : 0;
    const byTime = seconds ? (time - this.#start) / seconds : 0;
    return Math.min(1, Math.max(bySteps, byTime));
  }

  /** How things stand, in a long line and in a short one. */
  #texts(time: number): [long: string, short: string] {
    const m = this.#latest!;
    const { from, steps, seconds } = this.#limits;
    const last = steps === undefined ? undefined : from + steps;
    const oldest = this.#recent[0]!;
    const newest = this.#recent.at(-1)!;
    const rate = (newest.step - oldest.step) / Math.max(1e-3, newest.time - oldest.time);
    const left = Math.max(
      0,
      Math.min(
        last === undefined ? Number.POSITIVE_INFINITY : (last - m.step) / rate,
        seconds === undefined ? Number.POSITIVE_INFINITY : seconds - (time - this.#start),
      ),
    );
    const done = `${m.step}${last === undefined ? '' : `/${last}`}`;
    const speed = rate.toFixed(rate < 10 ? 2 : 1);
    const wait = `${duration(left)} left`;
    const [long, short] = measured(m);
    return [
      [`step ${done}`, `${speed} steps/s`, wait, ...long].join(' | '),
      [done, `${speed}/s`, wait, ...short].join('  '),
    ];
  }
}

/** What a step measured, at length and in short. */
function measured(m: StepRow): [long: string[], short: string[]] {
  if ('elbo' in m) {
    const { loss, reconstruction, kl } = m;
    const [l, r, k] = [loss, reconstruction, kl].map((value) => value.toFixed(1));
    return [[`loss ${l}`, `reconstruction ${r}`, `KL ${k}`], [`loss ${l} KL ${k}`]];
  }
  const two = (value: number) => value.toFixed(2);
  return [
    [
      `loss D ${m.lossD.toFixed(3)} G ${m.lossG.toFixed(3)}`,
      `D(x) ${m.dReal.toFixed(3)}`,
      `D(G(z)) ${m.dFake.toFixed(3)} / ${m.dFakeAfter.toFixed(3)}`,
    ],
    [
      `D ${two(m.lossD)} G ${two(m.lossG)}`,
      `D(x) ${two(m.dReal)}`,
      `D(G(z)) ${two(m.dFake)}/${two(m.dFakeAfter)}`,
    ],
  ];
}

/**
 * A bar and the first of the texts beside which it has room; the last one where none leaves any.
 *
 * @param progress 0 to 1
 */
export function barLine(progress: number, texts: readonly string[], columns = 80): string {
  const text = texts.find((t) => t.length + 1 + LEAST_BAR <= columns) ?? texts.at(-1) ?? '';
  const size = Math.min(BAR, Math.max(0, columns - text.length - 1));
  const full = Math.round(progress * size);
  return `${'█'.repeat(full)}${'░'.repeat(size - full)} ${text}`;
}

/** Seconds as `1:02:03` or `2:03`; `?` where they are not known. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return '?';
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const rest = two(whole % 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`;
}
