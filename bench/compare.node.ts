// The contestants side by side on one model, taking turns.

import type { BenchModel } from './models.ts';
import { stepFlops } from './models.ts';
import { makeProblem } from './problem.node.ts';
import type { Ceilings, Started, Turn } from './protocol.ts';
import { matmulCeiling } from './protocol.ts';
import type { Entry, Seat } from './seat.ts';
import { median } from './statistics.ts';

/** What a contestant did. */
export interface Measured {
  readonly name: string;
  readonly own: boolean;
  readonly started: Started;
  readonly turns: readonly (Turn & { readonly cpuSeconds: number | undefined })[];
}

/** Numbers a step, of all turns. */
export interface Result {
  readonly name: string;
  readonly own: boolean;
  readonly ms: { readonly median: number; readonly min: number; readonly max: number };
  readonly gflops: number;
  /** Useful work as a share of the best matrix product's rate. */
  readonly shareOfCeiling: number | undefined;
  /** The fastest peer's time ÷ this one's. */
  readonly timesFastestPeer: number | undefined;
  readonly dispatches: number | undefined;
  readonly submits: number | undefined;
  readonly bindGroups: number | undefined;
  readonly buffers: number | undefined;
  readonly pipelines: number | undefined;
  /** The data set apart. */
  readonly peakBytes: number | undefined;
  readonly firstStepMs: number;
  readonly pipelinesOfFirstStep: number | undefined;
  readonly encodeMs: number | undefined;
  readonly cpuSeconds: number | undefined;
  readonly check: Check;
}

/** Whether a contestant's first step is the reference's. */
export interface Check {
  readonly reference: string;
  /** The larger of the two losses' relative differences. */
  readonly lossDifference: number;
  /** The larger of the nets' relative differences of how far a weight moves. */
  readonly changeDifference: number;
  readonly same: boolean;
}

export interface Comparison {
  readonly model: BenchModel;
  readonly flops: number;
  readonly results: readonly Result[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** A turn of fast steps does so many of them that it takes about this long. */
const TURN_MS = 500;
const LOSS_TOLERANCE = 1e-3;
/** A weight's first move is its gradient's sign, which noise decides where the gradient is nothing. */
const CHANGE_TOLERANCE = 0.02;

interface Running {
  readonly entry: Entry;
  readonly seat: Seat;
  readonly started: Started;
  readonly turns: Measured['turns'][number][];
  stepsATurn: number;
}

async function takeTurn({ seat, stepsATurn }: Running): Promise<Measured['turns'][number]> {
  const before = seat.cpuSeconds();
  const turn = await seat.turn(stepsATurn);
  const after = seat.cpuSeconds();
  const known = before !== undefined && after !== undefined;
  return { ...turn, cpuSeconds: known ? after - before : undefined };
}

/** Every contestant's first step, then `rounds` rounds in which each takes a turn. */
export async function compare(
  model: BenchModel,
  entries: readonly Entry[],
  rounds: number,
  ceilings: Ceilings | undefined,
  tell: (text: string) => void,
): Promise<Comparison> {
  const problem = makeProblem(model);
  const failed: { name: string; error: string }[] = [];
  let running: Running[] = [];
  const attempt = async (entry: Entry, seat: Seat | undefined, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      failed.push({ name: entry.name, error: reason });
      running = running.filter((r) => r.entry !== entry);
      tell(`${model.name}, ${entry.name} failed: ${reason}`);
      await seat?.close().catch(() => {});
    }
  };
  for (const entry of entries) {
    await attempt(entry, undefined, async () => {
      const seat = await entry.open(model, problem);
      await attempt(entry, seat, async () => {
        const started = await seat.start();
        tell(`${model.name}, ${entry.name}: first step in ${Math.round(started.firstStepMs)} ms`);
        running.push({ entry, seat, started, turns: [], stepsATurn: 1 });
      });
    });
  }
  // The round before the first warms up and says how many steps make a turn.
  for (let round = 0; round <= rounds; round++) {
    for (const current of [...running]) {
      await attempt(current.entry, current.seat, async () => {
        const turn = await takeTurn(current);
        if (round === 0) current.stepsATurn = Math.max(1, Math.round(TURN_MS / turn.ms));
        else current.turns.push(turn);
        tell(
          `${model.name}, ${current.entry.name}: ${Math.round(turn.ms / turn.steps)} ms a step` +
            (round === 0 ? ' (warming up)' : ''),
        );
      });
    }
  }
  for (const { seat } of running) await seat.close();
  const measured = running.map(({ entry: { name, own }, started, turns }) => ({
    ...{ name, own, started, turns },
  }));
  return { model, flops: stepFlops(model), results: resultsOf(model, measured, ceilings), failed };
}

const relative = (a: number, b: number): number => Math.abs(a - b) / Math.abs(b);

function check({ started }: Measured, reference: Measured): Check {
  const [a, b] = [started, reference.started];
  const lossDifference = Math.max(
    relative(a.losses.lossD, b.losses.lossD),
    relative(a.losses.lossG, b.losses.lossG),
  );
  const changeDifference = Math.max(
    relative(a.change.generator, b.change.generator),
    relative(a.change.discriminator, b.change.discriminator),
  );
  const moved = a.change.generator > 0 && a.change.discriminator > 0;
  return {
    reference: reference.name,
    lossDifference,
    changeDifference,
    same: moved && lossDifference <= LOSS_TOLERANCE && changeDifference <= CHANGE_TOLERANCE,
  };
}

function resultsOf(
  model: BenchModel,
  measured: readonly Measured[],
  ceilings: Ceilings | undefined,
): Result[] {
  const msOf = ({ turns }: Measured) => turns.map((turn) => turn.ms / turn.steps);
  const peers = measured.filter(({ own }) => !own).map((m) => median(msOf(m)));
  const fastestPeer = peers.length > 0 ? Math.min(...peers) : undefined;
  const reference = measured.find(({ own }) => own) ?? measured[0];
  return measured.map((m): Result => {
    const ms = msOf(m);
    const middle = median(ms);
    const gflops = stepFlops(model) / middle / 1e6;
    const perStep = (value: (turn: Measured['turns'][number]) => number | undefined) => {
      const values = m.turns.map((turn) => [value(turn), turn.steps] as const);
      const known = values.flatMap(([v, steps]) => (v === undefined ? [] : [v / steps]));
      return known.length > 0 ? median(known) : undefined;
    };
    const peaks = m.turns.flatMap(({ peakBytes }) => (peakBytes === undefined ? [] : [peakBytes]));
    return {
      name: m.name,
      own: m.own,
      ms: { median: middle, min: Math.min(...ms), max: Math.max(...ms) },
      gflops,
      shareOfCeiling: ceilings && gflops / matmulCeiling(ceilings),
      timesFastestPeer: fastestPeer && fastestPeer / middle,
      dispatches: perStep((turn) => turn.counts?.dispatches),
      submits: perStep((turn) => turn.counts?.submits),
      bindGroups: perStep((turn) => turn.counts?.bindGroups),
      buffers: perStep((turn) => turn.counts?.buffers),
      pipelines: perStep((turn) => turn.counts?.pipelines),
      peakBytes: peaks.length > 0 ? Math.max(...peaks) - m.started.dataBytes : undefined,
      firstStepMs: m.started.firstStepMs,
      pipelinesOfFirstStep: m.started.pipelines,
      encodeMs: perStep((turn) => turn.counts?.encodeMs),
      cpuSeconds: perStep((turn) => turn.cpuSeconds),
      check: check(m, reference),
    };
  });
}
