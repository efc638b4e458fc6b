/** What others want of a kdamond: commands that it runs at its call points, and a walk of tried regions. */
import { failure, type Result, success } from '../../../../base/result.js';
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { Context, Scheme } from './context.js';
import type { RegionList } from './region-list.js';

/** What a blocking command waits for. */
export interface Pending {
  /** Undefined until it is over. */
  readonly answer: Result<void, ErrnoName> | undefined;
}

/** A command that waits for the kdamond (struct damon_call_control). */
export interface Call {
  answer: Result<void, ErrnoName> | undefined;
  /** Waits for the end of an aggregation. */
  readonly afterAggregation: boolean;
  run(): Result<void, ErrnoName>;
}

/** A region that a scheme was tried on: its place in a list, and what the scheme found. */
export interface TriedRegion {
  readonly regions: RegionList;
  readonly index: number;
  readonly accesses: number;
  /** Bytes that passed the ops filters. */
  readonly passed: number;
}

/** A tried-regions walk: told of every region that any scheme tries until each has finished a pass. */
export interface Walk {
  answer: Result<void, ErrnoName> | undefined;
  visit(context: Context, scheme: Scheme, region: TriedRegion): void;
}

/** Queue of commands and walks of one kdamond. */
export class KdamondCalls {
  #calls: Call[] = [];
  #walk: Walk | undefined;

  add(call: Call): void {
    this.#calls.push(call);
  }

  /** Runs what is due; the rest, and everything behind a call that corrupts the context, waits for the next time. */
  run(aggregated: boolean, isCorrupted: () => boolean): void {
    const calls = this.#calls;
    this.#calls = [];
    for (const call of calls) {
      if (isCorrupted() || (call.afterAggregation && !aggregated)) this.#calls.push(call);
      else call.answer = call.run();
    }
  }

  /** Installs a walk. EBUSY while another one is under way. */
  startWalk(walk: Walk): void {
    if (this.#walk !== undefined) walk.answer = failure('EBUSY');
    else this.#walk = walk;
  }

  tried(context: Context, scheme: Scheme, region: TriedRegion): void {
    if (!scheme.walkDone) this.#walk?.visit(context, scheme, region);
  }

  /** The walk is over when every scheme has finished a pass since it began. */
  passed(context: Context, scheme: Scheme): void {
    if (this.#walk === undefined) return;
    scheme.walkDone = true;
    if (!context.schemes.every((other) => other.walkDone)) return;
    for (const other of context.schemes) other.walkDone = false;
    this.#walk.answer = success(undefined);
    this.#walk = undefined;
  }

  cancelWalk(): void {
    if (this.#walk === undefined) return;
    this.#walk.answer = failure('ECANCELED');
    this.#walk = undefined;
  }

  cancelAll(): void {
    for (const call of this.#calls) call.answer = failure('ECANCELED');
    this.#calls = [];
    this.cancelWalk();
  }
}
