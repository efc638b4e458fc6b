/** A turn as the agent tells it. */
import type { Milliseconds } from '../../vocabulary/units.js';
import type { TargetGuards } from '../guarding/target-guards.js';
import type { LastTurn } from '../life/target-life.js';
import type { Taken } from '../turn/hands.js';
import { metOf, returnedBy, type TurnResult } from '../turn/target-turn.js';

/** What is remembered of a turn, for the status. */
export function lastTurn(atMs: Milliseconds, processes: number, { end, why, taken }: TurnResult): LastTurn {
  const verdicts = taken?.done?.verdicts ?? [];
  return {
    ...{ atMs, end, why, processes },
    resident: taken?.seen.resident ?? null,
    huge: taken?.seen.huge ?? null,
    planned: taken?.plan.steps.length ?? 0,
    met: metOf(verdicts),
    returnedBytes: returnedBy(verdicts),
    notes: notesOf(taken),
  };
}

/** Notes of a plan that the status shows, at most. */
const MOST_NOTES = 8;

function notesOf(taken: Taken | undefined): readonly string[] {
  return (taken?.notes ?? []).slice(0, MOST_NOTES);
}

/** How a turn ended, for the list of what happened. */
export function turnWords({ end, why, taken }: TurnResult, { decision }: TargetGuards): string {
  const planned = taken?.plan.steps.length ?? 0;
  const verdicts = taken?.done?.verdicts ?? [];
  switch (end) {
    case 'observed':
      return `observed; ${planned} steps would be taken`;
    case 'nothing-to-do':
      return 'nothing to do';
    case 'acted':
      return `acted: ${metOf(verdicts)} of ${verdicts.length} steps met`;
    case 'held':
      if (taken?.done !== undefined)
        return `stopped after ${verdicts.length} of ${planned} steps, ${metOf(verdicts)} met: ${why}`;
      return `only observed, ${planned} steps would be taken: ${why}`;
    case 'gone':
      return 'its processes are gone';
    case 'busy':
      return `another Octavo is at work: ${why}`;
    case 'failed':
      return decision.state === 'observe-only'
        ? `${why}; from now on it is only observed`
        : `${why}; backing off`;
  }
}

/** How far the wall clock jumped, in words. */
export function jumpWords(jumpMs: Milliseconds): string {
  const seconds = Math.round(Math.abs(jumpMs) / 1000);
  return `the clock jumped ${seconds} s ${jumpMs > 0 ? 'ahead: it was set, or the machine slept' : 'back'}`;
}
