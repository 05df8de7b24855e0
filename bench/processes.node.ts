// Processor time of a process and all that it started, where the system tells.
import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in ticks of this many a second, whatever its timer's. */
const TICKS_A_SECOND = 100;

interface Process {
  readonly parent: number;
  readonly ticks: number;
}

function processes(): Map<number, Process> {
  const found = new Map<number, Process>();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      // The command may hold spaces and brackets; what follows its last bracket is regular:
      // state, parent, …, user and system ticks, and those of children that have ended.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      found.set(Number(name), {
        parent: Number(fields[1]),
        ticks: Number(fields[11]) + Number(fields[12]),
      });
    } catch {
      // It ended in between.
    }
  }
  return found;
}

/** Seconds of processor time so far of a process and its descendants; undefined elsewhere than on Linux. */
export function cpuSeconds(root: number | undefined): number | undefined {
  if (process.platform !== 'linux' || root === undefined) return undefined;
  const all = processes();
  const belongs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = all.get(at)?.parent)
      if (at === root) return true;
    return false;
  };
  let ticks = 0;
  for (const [pid, { ticks: own }] of all) if (belongs(pid)) ticks += own;
  return ticks / TICKS_A_SECOND;
}
