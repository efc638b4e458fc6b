/** A turn that goes on, and why it must not: another configuration, or a guard, can end it before its time. */

import type { Budgets } from '../../vocabulary/plan.js';
import type { ProcessIdentity } from '../../vocabulary/process.js';
import type { Milliseconds } from '../../vocabulary/units.js';
import type { Configuration, Target, TimedBudgets } from '../configuration/configuration.js';
import type { Used } from '../life/allowance.js';
import { isWithin } from '../patterns/hours.js';
import type { Roster } from '../targets/roster.js';

/** A turn from its beginning to its end. */
export class GoingTurn {
  /** As it was configured when the turn began. */
  readonly target: Target;
  readonly processes: readonly ProcessIdentity[];
  /** Whether a person asked for it: a pause does not end it. */
  readonly isAsked: boolean;
  readonly #stop = new AbortController();
  cpuMs: Milliseconds = 0;
  /** Whether it may act. */
  acts = false;
  /** What the plan that is carried out may take; undefined before there is one. */
  planned: Used | undefined;
  /** Why it was withdrawn; empty while it was not. */
  withdrawn = '';

  constructor(target: Target, processes: readonly ProcessIdentity[], isAsked = false) {
    this.target = target;
    this.processes = processes;
    this.isAsked = isAsked;
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Ends with the agent. */
  end(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Ends the turn at the next boundary between steps, for a reason that is told. */
  withdraw(why: string): void {
    if (this.signal.aborted) return;
    this.withdrawn = why;
    this.#stop.abort(why);
  }
}

/** What a turn is judged by when the configuration was read again. */
export interface NewRules {
  readonly configuration: Configuration;
  readonly roster: Roster;
  readonly wallMs: Milliseconds;
  /** What the target's timed budgets leave by now. */
  left(target: Target): Used;
}

/** Returns why a turn may not go on under another configuration; empty when it may. */
export function withdrawnBecause(turn: GoingTurn, rules: NewRules): string {
  const { name } = turn.target;
  const now = rules.configuration.targets.find((target) => target.name === name);
  if (now === undefined) return `${name} is no target any more`;
  const other = turn.processes.find((process) => rules.roster.isElsewhere(process, name));
  if (other !== undefined) return `process ${other.pid} is denied or of another target now`;
  if (!turn.acts) return '';
  if (!now.act) return 'it is only watched from now on (act: false)';
  if (!isWithin(now.hours, rules.wallMs)) return 'outside its hours';
  return isTooMuch(turn, now, rules.left(now)) ? 'its budgets were lowered' : '';
}

/** A plan that was made holds if what it may take fits; one that is being made is made anew by the lower budgets. */
function isTooMuch({ target, planned }: GoingTurn, now: Target, left: Used): boolean {
  if (planned === undefined)
    return isLower(target.timed, now.timed) || isLowerRun(target.budgets, now.budgets);
  return planned.blocks > left.blocks || planned.bytes > left.bytes || planned.lockMs > left.lockMs;
}

function isLower(before: TimedBudgets, now: TimedBudgets): boolean {
  return (Object.keys(before) as (keyof TimedBudgets)[]).some((key) => bound(now[key]) < bound(before[key]));
}

function isLowerRun(before: Budgets, now: Budgets): boolean {
  const keys = ['maxBlocks', 'maxBytes', 'lockUsPerSecond', 'maxPressure'] as const;
  const isNarrower = keys.some((key) => bound(now[key]) < bound(before[key]));
  return isNarrower || now.minFreeBytes > before.minFreeBytes;
}

/** 0 stands for no bound. */
function bound(value: number): number {
  return value === 0 ? Number.POSITIVE_INFINITY : value;
}
