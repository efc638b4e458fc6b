/** From a turn to the observation that history and metrics keep of it. */
import {
  type ActingState,
  addKnown,
  FIELD_NAMES,
  FIELDS,
  type Observation,
  valuesOf,
} from '../../history/observation.js';
import type { Verdict } from '../../vocabulary/plan.js';
import { failuresOf } from '../turn/target-turn.js';
import type { TurnRecord } from '../turn/turn-record.js';

/** Notes that are kept of a turn, and of what length. */
const MOST_NOTES = 4;
const LONGEST_NOTE = 300;

/** Returns the observation of a turn. What the turn did not measure is unknown, never 0. */
export function observationOf(record: TurnRecord): Observation {
  const { target, atMs, taken, why, by } = record;
  const { policy, act } = by;
  const notes = [...(why === '' ? [] : [why]), ...(taken?.notes ?? [])];
  return {
    ...{ target, atMs, policy, state: stateOf(record, act) },
    values: valuesOf({ ownCpuNs: Math.round(record.cpuMs * 1e6), ...turnValues(record) }),
    notes: notes.slice(0, MOST_NOTES).map((note) => note.slice(0, LONGEST_NOTE)),
  };
}

function stateOf({ standing, end }: TurnRecord, act: boolean): ActingState {
  if (standing === 'observe-only') return 'stopped';
  if (standing !== 'clear') return 'backing-off';
  return act && end !== 'held' ? 'acting' : 'observing';
}

function turnValues({ taken }: TurnRecord) {
  if (taken === undefined) return {};
  const { plan, done, seen, undone, cameBack } = taken;
  const verdicts = done?.verdicts ?? [];
  const met = verdicts.filter(({ outcome }) => outcome === 'met');
  const steps = new Map(plan.steps.map((step) => [step.id, step.proposal]));
  const metBy = (action: string) => met.filter(({ step }) => steps.get(step)?.action === action).length;
  const predicted = verdicts.map(({ step }) => steps.get(step)?.gain.returnedBytes ?? null);
  const tried = (done?.receipts ?? []).filter((receipt) => receipt.tried);
  return {
    ...{
      processes: seen.processes,
      residentBytes: seen.resident,
      hugeBytes: seen.huge,
      holeBytes: seen.holes,
    },
    ...{ emptyInHugeBytes: seen.emptyInHuge ?? null, coldBytes: seen.cold ?? null, samples: seen.samples },
    unmappedHeldBytes: seen.unmapped ?? null,
    stillReturnedBytes: seen.stillReturned ?? null,
    returnedBytes: returnedOf(verdicts),
    predictedBytes: predicted.reduce(addKnown, 0),
    ...{ cameBackBytes: cameBack, undone, refused: plan.refused.length },
    ...{ splits: metBy('split'), collapses: metBy('collapse'), failed: failuresOf(verdicts) },
    ...{ verdicts: met.length + failuresOf(verdicts), verdictsMet: met.length },
    lockNs: Math.round(tried.reduce((sum, { durationUs }) => sum + durationUs * 1000, 0)),
  };
}

/** Bytes that the system got back, as far as that is known. */
function returnedOf(verdicts: readonly Verdict[]): number | null {
  return verdicts.map(({ returnedBytes }) => returnedBytes ?? null).reduce(addKnown, 0);
}

/** Two turns of one target as one: sums add up, gauges are those of the later. */
export function merged(earlier: Observation, later: Observation): Observation {
  const values = FIELD_NAMES.map((name) => [
    name,
    FIELDS[name].nature === 'sum'
      ? addKnown(earlier.values[name], later.values[name])
      : (later.values[name] ?? earlier.values[name]),
  ]);
  return { ...later, values: Object.fromEntries(values) };
}
