/**
 * Keeps the time for which a target waits for its locks within a share of any second, by what was measured. After a
 * hold the target has its locks to itself until the hold is no more than its share of the time; and no second, wherever
 * it begins, gets more holds than its share. Nothing is forgiven: what a slow hold overdrew, the next waits for. Room
 * is kept for a hold half as long again as the longest of late, since on a busy machine some take ten times as long as
 * others (but no more than 60 % of the share, unless one was longer than that), and for half of the share until enough
 * holds were seen to know what is long here.
 * Pure; times come from the caller's clock.
 */
import type { Fraction, Microseconds, Milliseconds, Nanoseconds } from '../vocabulary/units.js';

/** When an act began and ended, by the monotonic clock. */
export interface Span {
  readonly beganNs: Nanoseconds;
  readonly endedNs: Nanoseconds;
}

/** What an act measured. */
export interface Held {
  readonly kind: string;
  readonly steps: number;
  /** Time under the locks, of all steps together. */
  readonly heldUs: Microseconds;
  /** What waiters lose beside that, of the whole act. */
  readonly lateUs?: Microseconds;
  readonly span: Span;
}

interface Hold {
  readonly endedNs: Nanoseconds;
  readonly heldNs: Nanoseconds;
}

const SECOND_NS = 1e9;
/** Steps whose durations stand for the next one's: enough to have seen a busy CPU, few enough to forget it. */
const REMEMBERED = 8;
/** Bursts of which the longest is provided for. */
const PROVIDED_FOR = 128;
/** How much longer than the longest of those the next may be. */
const LONGER_STILL = 1.5;
/** Bursts after which the longest says something about the next. */
const ENOUGH = 32;
/** Part of the share that is kept back for a hold longer than all before it, and while few were seen. */
const KEPT_BACK: Fraction = 1 / 4;
const KEPT_BACK_AT_FIRST: Fraction = 1 / 2;
/** Kept back at most for what is longer than anything seen; otherwise a busy machine would get one hold a second. */
const KEPT_BACK_AT_MOST: Fraction = 6 / 10;
/**
 * Locks held in one go, where single steps are shorter: a Redis client that waits for all of a burst still gets its
 * answer within its usual milliseconds.
 */
export const BURST_US: Microseconds = 2000;

/** Tells when the next hold may begin and how long it may be, from the holds that were measured. */
export class LockPace {
  #budgetNs = 0;
  #holds: Hold[] = [];
  #notBeforeNs: Nanoseconds = 0;
  #longestNs: Nanoseconds[] = [];
  readonly #recentUs = new Map<string, Microseconds[]>();

  /** `share`: of any second that may be taken; 0 for no bound. */
  constructor(share: Fraction) {
    this.share = share;
  }

  /** Another share from now on: what was held before counts by it. */
  set share(share: Fraction) {
    this.#budgetNs = share * SECOND_NS;
  }

  /** Notes an act. What spread its holds over a longer span by itself owes the less. */
  add({ kind, steps, heldUs, lateUs = 0, span }: Held): void {
    if (steps === 0 || heldUs <= 0) return;
    this.#recentUs.set(kind, [...(this.#recentUs.get(kind) ?? []), heldUs / steps].slice(-REMEMBERED));
    if (this.#budgetNs <= 0) return;
    const heldNs = (heldUs + lateUs) * 1000;
    const isOneBurst = span.endedNs - span.beganNs < 2000 * heldUs;
    this.#longestNs = [...this.#longestNs, isOneBurst ? heldNs : heldNs / steps].slice(-PROVIDED_FOR);
    this.#holds.push({ endedNs: span.endedNs, heldNs });
    const paidNs = Math.max(span.beganNs, this.#notBeforeNs) + (heldNs * SECOND_NS) / this.#budgetNs;
    this.#notBeforeNs = Math.max(span.endedNs, paidNs);
  }

  /** How long a step of a kind is to be expected to hold the locks: the longest of the last ones, or the estimate. */
  expectedUs(kind: string, estimateUs: Microseconds): Microseconds {
    return Math.max(0, ...(this.#recentUs.get(kind) ?? [estimateUs]));
  }

  /** Steps of a kind that fit into one burst, at least one; one until a step has been measured. */
  burst(kind: string): number {
    if (this.#budgetNs <= 0) return Number.POSITIVE_INFINITY;
    return Math.max(1, Math.floor(BURST_US / this.expectedUs(kind, BURST_US)));
  }

  /** Milliseconds to wait before locks may be held for so long. */
  waitMs(nowNs: Nanoseconds, expectedUs: Microseconds): Milliseconds {
    if (this.#budgetNs <= 0) return 0;
    const room = Math.max(expectedUs * 1000, this.#reserveNs());
    const from = Math.max(this.#notBeforeNs, this.#windowOpensNs(nowNs, room));
    return Math.max(0, from - nowNs) / 1e6;
  }

  /** What is kept free of each second for a hold longer than the longest. */
  #reserveNs(): Nanoseconds {
    const keptBack = this.#longestNs.length < ENOUGH ? KEPT_BACK_AT_FIRST : KEPT_BACK;
    const longest = Math.max(0, ...this.#longestNs);
    const longer = Math.min(LONGER_STILL * longest, this.#budgetNs * KEPT_BACK_AT_MOST);
    return Math.max(this.#budgetNs * keptBack, longer, longest);
  }

  /** When so many of the holds have left the second that `roomNs` fit in. */
  #windowOpensNs(nowNs: Nanoseconds, roomNs: Nanoseconds): Nanoseconds {
    this.#holds = this.#holds.filter(({ endedNs }) => endedNs > nowNs - SECOND_NS);
    let sum = this.#holds.reduce((total, { heldNs }) => total + heldNs, roomNs);
    let opensNs = nowNs;
    for (const { endedNs, heldNs } of this.#holds) {
      if (sum <= this.#budgetNs) break;
      sum -= heldNs;
      opensNs = endedNs + SECOND_NS;
    }
    return opensNs;
  }
}
