/** Counters of a simulation at one instant: two marks tell what happened between them. */
import type { TlbCounters } from '../../model/hardware/tlb-counters.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { TimeSpent } from './access-times.js';
import { type Machine, tlbCounters } from './host-machine.js';
import type { RunningProcess } from './running-process.js';

/** Counters of one process. */
export interface ProcessMark {
  readonly accesses: number;
  readonly busyNs: Nanoseconds;
  readonly spent: TimeSpent;
  readonly majorFaults: number;
}

/** Counters of the whole simulation. */
export interface Mark {
  readonly tlb: TlbCounters;
  readonly splits: number;
  readonly collapses: number;
  readonly shootdowns: number;
  /** By name. */
  readonly processes: ReadonlyMap<string, ProcessMark>;
}

const NOTHING_YET: ProcessMark = {
  accesses: 0,
  busyNs: 0,
  spent: { think: 0, translation: 0, fault: 0, stall: 0 },
  majorFaults: 0,
};

/** Returns all counters as of now. */
export function takeMark(machine: Machine, processes: readonly RunningProcess[]): Mark {
  const { counters, flushes } = machine.kernel;
  const sum = (counts: Float64Array) => counts.reduce((total, count) => total + count, 0);
  return {
    tlb: tlbCounters(machine),
    splits: sum(counters.byOrder.split),
    collapses: sum(counters.collapsed),
    shootdowns: flushes.shootdowns,
    processes: new Map(processes.map((process) => [process.name, markOf(process)])),
  };
}

function markOf({ accesses, busyNs, times, task }: RunningProcess): ProcessMark {
  return { accesses, busyNs, spent: times.spent, majorFaults: task.mm?.majorFaults ?? 0 };
}

/** A process at a mark; all zeroes where it had not begun. */
export function processAt(mark: Mark, name: string): ProcessMark {
  return mark.processes.get(name) ?? NOTHING_YET;
}

/** Accesses a second of busy time between two marks; 0 where it was never busy. */
export function rateBetween(before: Mark, now: Mark, name: string): number {
  const [from, to] = [processAt(before, name), processAt(now, name)];
  const busy = to.busyNs - from.busyNs;
  return busy > 0 ? ((to.accesses - from.accesses) / busy) * 1e9 : 0;
}

/** What an access took on average between two marks, by what for. */
export function nsPerAccess(before: Mark, now: Mark, name: string): TimeSpent {
  const [from, to] = [processAt(before, name), processAt(now, name)];
  const accesses = Math.max(1, to.accesses - from.accesses);
  const mean = (part: keyof TimeSpent) => (to.spent[part] - from.spent[part]) / accesses;
  return {
    think: mean('think'),
    translation: mean('translation'),
    fault: mean('fault'),
    stall: mean('stall'),
  };
}
