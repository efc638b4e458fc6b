/** Guards of what acting costs: free huge blocks, lock time, the agent's own CPU and memory, how often steps are met. */
import type { Bytes, Fraction, Milliseconds, Nanoseconds } from '../vocabulary/units.js';
import { blind, CLEAR, type Guard, type GuardReading, objecting, percent, type Verdict } from './guard.js';
import { Windowed } from './windowed.js';

const MIB: Bytes = 1024 * 1024;

/** Memory that is free in whole huge blocks: without them a collapse has to compact, which stalls. */
export class FreeBlocksGuard implements Guard {
  readonly name = 'free-blocks';
  readonly #least: Bytes;

  /** 0 for no bound. */
  constructor(least: Bytes) {
    this.#least = least;
  }

  observe(_nowMs: Milliseconds, { freeHugeBytes }: GuardReading): Verdict {
    if (this.#least === 0) return CLEAR;
    if (freeHugeBytes === undefined) return blind('how much memory is free in huge blocks is not known');
    if (freeHugeBytes >= this.#least) return CLEAR;
    const [free, least] = [freeHugeBytes, this.#least].map((bytes) => Math.floor(bytes / MIB));
    return objecting(this.name, 'hold', `${free} MiB are free in huge blocks, bound is ${least} MiB`);
  }
}

/** Time over which shares are taken: one slow call is not yet a habit. */
const SHARE_WINDOW_MS: Milliseconds = 60_000;

/** Time of the target's locks. The acting side paces itself; what exceeds the bound all the same is a reason to stop. */
export class LockTimeGuard implements Guard {
  readonly name = 'lock-time';
  readonly #bound: Fraction;
  readonly #held = new Windowed(SHARE_WINDOW_MS);

  /** Share of the time; 0 for no bound. */
  constructor(bound: Fraction) {
    this.#bound = bound;
  }

  observe(nowMs: Milliseconds, { lock }: GuardReading): Verdict {
    if (this.#bound === 0) return CLEAR;
    if (lock === undefined) return blind('how long locks were held is not known');
    this.#held.add(nowMs, lock.heldNs, lock.overNs);
    const { part, whole } = this.#held.sums();
    // A share of less than a second says nothing: one hold is most of it.
    if (whole < 1e9 || part / whole <= this.#bound) return CLEAR;
    this.#held.clear();
    const share = percent(part / whole);
    return objecting(
      this.name,
      'stop',
      `the target’s locks were held for ${share} of the last ${seconds(whole)} s, bound is ${percent(this.#bound)}`,
    );
  }
}

/** Bounds on what the agent itself takes. */
export interface OverheadBounds {
  /** Share of one CPU; 0 for no bound. */
  readonly cpu: Fraction;
  /** Resident memory of both processes; 0 for no bound. */
  readonly residentBytes: Bytes;
}

/** 5 % of one CPU and 400 MiB. */
export const USUAL_OVERHEAD: OverheadBounds = { cpu: 0.05, residentBytes: 400 * MIB };
/** Times the bound from which it is no longer a matter of waiting. */
const FAR_BEYOND = 2;

/** What the agent itself takes. */
export class OverheadGuard implements Guard {
  readonly name = 'overhead';
  readonly #bounds: OverheadBounds;
  readonly #cpu = new Windowed(SHARE_WINDOW_MS);

  constructor(bounds: OverheadBounds = USUAL_OVERHEAD) {
    this.#bounds = bounds;
  }

  observe(nowMs: Milliseconds, { own }: GuardReading): Verdict {
    if (own === undefined) return blind('what the agent itself takes is not known');
    const { cpu, residentBytes } = this.#bounds;
    if (residentBytes > 0 && own.residentBytes > residentBytes) {
      const [found, bound] = [own.residentBytes, residentBytes].map((bytes) => Math.round(bytes / MIB));
      return objecting(this.name, 'stop', `the agent has ${found} MiB of memory, bound is ${bound} MiB`);
    }
    this.#cpu.add(nowMs, own.cpuNs, own.overNs);
    const { part, whole } = this.#cpu.sums();
    if (cpu === 0 || whole < SHARE_WINDOW_MS * 1e6 * 0.5 || part / whole <= cpu) return CLEAR;
    const share = part / whole;
    const how = share > FAR_BEYOND * cpu ? 'stop' : 'hold';
    if (how === 'stop') this.#cpu.clear();
    return objecting(
      this.name,
      how,
      `the agent took ${percent(share)} of a CPU in the last ${seconds(whole)} s, bound is ${percent(cpu)}`,
    );
  }
}

/** Verdicts that are looked at, and how many are needed before they say anything. */
const VERDICTS = 50;
const FEWEST_VERDICTS = 20;
/** Older verdicts are of another time. */
const VERDICTS_MS: Milliseconds = 3_600_000;
/** Share of steps that must be met: below it acting is not worth what it costs. */
export const USUAL_SUCCESS: Fraction = 0.9;

interface Judged {
  readonly atMs: Milliseconds;
  readonly met: number;
  readonly all: number;
}

/** Steps that do not reach what they are for cost something and give nothing. */
export class SuccessGuard implements Guard {
  readonly name = 'success';
  readonly #least: Fraction;
  #judged: Judged[] = [];

  constructor(least: Fraction = USUAL_SUCCESS) {
    this.#least = least;
  }

  observe(nowMs: Milliseconds, { verdicts }: GuardReading): Verdict {
    if (verdicts !== undefined && verdicts.met + verdicts.notMet > 0)
      this.#judged.push({ atMs: nowMs, met: verdicts.met, all: verdicts.met + verdicts.notMet });
    this.#judged = latest(this.#judged, nowMs);
    const met = this.#judged.reduce((sum, one) => sum + one.met, 0);
    const all = this.#judged.reduce((sum, one) => sum + one.all, 0);
    if (all < FEWEST_VERDICTS || met >= this.#least * all) return CLEAR;
    this.#judged = [];
    return objecting(
      this.name,
      'stop',
      `${met} of the last ${all} steps were met (${percent(met / all)}), bound is ${percent(this.#least)}`,
    );
  }
}

/** The last turns that have VERDICTS verdicts together; a clock that was set back makes none of them last for ever. */
function latest(judged: readonly Judged[], nowMs: Milliseconds): Judged[] {
  const kept: Judged[] = [];
  let all = 0;
  for (const one of judged.toReversed()) {
    if (all >= VERDICTS) break;
    if (Math.abs(nowMs - one.atMs) >= VERDICTS_MS) continue;
    all += one.all;
    kept.unshift(one);
  }
  return kept;
}

function seconds(ns: Nanoseconds): number {
  return Math.round(ns / 1e9);
}
