/** The second half of a turn, with everything around it: lock, recovery, resuming, journal, retention. */
import type { Actuator } from '../actuators/actuator.js';
import type { Host } from '../host/host.js';
import { ownHolder } from '../host/lock-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Plan, Step, Verdict } from '../vocabulary/plan.js';
import { takenBackBy } from './acts.js';
import { noteUndone } from './aftermath.js';
import { actuatorOf } from './bursts.js';
import { type CarriedOut, carryOut } from './carry-out.js';
import { learnCosts } from './cost-file.js';
import {
  createJournal,
  type DamagedReading,
  type JournalPlace,
  nextRunName,
  removeRun,
  tryReadRun,
} from './journal.js';
import type { Leash } from './leash.js';
import { type Recovered, recoverRuns } from './recovery.js';
import { DEFAULT_RETENTION, type Dropped, keepWithin, NOTHING_DROPPED, type Retention } from './retention.js';
import { RunIndex } from './run-index.js';
import { lastVerdicts } from './run-summary.js';
import { openSame } from './same-process.js';
import { lockState } from './state-lock.js';

export { runName } from './journal.js';

/** A plan, and what carries it out. */
export interface ApplyOptions {
  readonly place: JournalPlace;
  readonly plan: Plan;
  readonly actuators: readonly Actuator[];
  readonly signal: AbortSignal;
  /** Bounds of the journal; the defaults where absent. */
  readonly retention?: Retention;
  /** What may still be done, asked before each burst. */
  readonly leash?: Leash | undefined;
  progress(done: number, total: number, unit: string): void;
}

/** What carrying out a plan came to, recovery of earlier runs included. */
export interface Applied extends CarriedOut {
  /** Empty when the plan had no step: there is no run then. */
  readonly run: string;
  /** Earlier runs that were found unfinished and settled first. */
  readonly recovered: readonly Recovered[];
  /** Steps that an earlier run of the same plan had done. */
  readonly doneBefore: readonly Verdict[];
  /** Runs that cannot be read; they were left out. */
  readonly damaged: readonly DamagedReading[];
  /** Old runs that were thrown away to keep the journal within its bounds. */
  readonly dropped: Dropped;
}

/** What comes of a plan without a step. */
const NOTHING_TO_DO = {
  run: '',
  how: 'complete',
  why: 'nothing to do',
  receipts: [],
  verdicts: [],
  closed: true,
  dropped: NOTHING_DROPPED,
  memory: { cgroups: [], free: null },
} as const;

/**
 * Carries out a plan under the state lock. Throws an OctavoError where nothing was begun; later failures are
 * in the result.
 */
export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { place, plan } = options;
  checkBoot(place.host, plan);
  const lock = lockState(place);
  try {
    const index = RunIndex.read(place);
    const { recovered, damaged } = recoverRuns(place, index);
    checkPlan(options);
    const doneBefore = doneByEarlierRuns(place, index, plan);
    if (plan.steps.length === 0)
      return { ...NOTHING_TO_DO, recovered, damaged, doneBefore: [...doneBefore.values()] };
    const steps = plan.steps.filter((step) => !doneBefore.has(step.id));
    const run = nextRunName(place);
    const carried = await carryOutJournalled(options, run, steps);
    learnCosts(place, plan, carried.receipts);
    if (carried.closed) index.note(run);
    noteTakenBack(place, index, plan, { run, verdicts: carried.verdicts });
    const kept = [run, ...(plan.undoes === undefined ? [] : [plan.undoes])];
    const dropped = keepWithin(place, options.retention ?? DEFAULT_RETENTION, kept, index);
    return { ...carried, run, recovered, damaged, dropped, doneBefore: [...doneBefore.values()] };
  } finally {
    lock.release();
  }
}

/** A run that failed before its first act leaves nothing behind. */
async function carryOutJournalled(
  options: ApplyOptions,
  run: string,
  steps: readonly Step[],
): Promise<CarriedOut> {
  const { place, plan, signal, progress, leash } = options;
  const journal = createJournal(place, run, plan, ownHolder(place.host));
  const actuators = actuatorsByName(options);
  try {
    const carried = await carryOut({
      host: place.host,
      plan,
      steps,
      actuators,
      journal,
      signal,
      progress,
      leash,
    });
    journal.close();
    return carried;
  } catch (problem) {
    journal.close();
    if (!journal.announced) removeRun(place, run);
    throw problem;
  }
}

function actuatorsByName({ actuators }: ApplyOptions): ReadonlyMap<string, Actuator> {
  return new Map(actuators.map((actuator) => [actuator.name, actuator]));
}

/** What can be known to be impossible is refused before there is a run. Throws PLAN_STALE, PERMISSION or ABILITY_MISSING. */
function checkPlan(options: ApplyOptions): void {
  const { place, plan } = options;
  const actuators = actuatorsByName(options);
  for (const step of plan.steps) actuatorOf(actuators, step);
  const pids = new Set(plan.steps.map((step) => step.proposal.process.pid));
  for (const process of plan.processes) {
    const handle = pids.has(process.pid) ? openSame(place.host, process, plan.target) : 'gone';
    if (handle !== 'gone') handle.close();
  }
}

/** Verdicts of the steps that earlier runs of this very plan have done. */
function doneByEarlierRuns(place: JournalPlace, index: RunIndex, plan: Plan): ReadonlyMap<number, Verdict> {
  const done = new Map<number, Verdict>();
  for (const name of index.ofPlan(plan.id)) {
    const reading = tryReadRun(place, name);
    if (reading.kind !== 'run' || reading.run.plan.id !== plan.id) continue;
    for (const [step, verdict] of lastVerdicts(reading.run))
      if (verdict.outcome === 'met') done.set(step, verdict);
  }
  return done;
}

/**
 * Says in the journal of the run that this plan takes back which of its steps are undone now. Where that cannot be
 * written, a later look back finds it out from this run's own journal.
 */
function noteTakenBack(
  place: JournalPlace,
  index: RunIndex,
  plan: Plan,
  undo: { readonly run: string; readonly verdicts: readonly Verdict[] },
): void {
  if (plan.undoes === undefined) return;
  const reading = tryReadRun(place, plan.undoes);
  if (reading.kind !== 'run') return;
  const back = takenBackBy(reading.run, plan, undo.run, undo.verdicts);
  if (back.length === 0) return;
  try {
    noteUndone(place, index, reading.run, back);
  } catch (problem) {
    if (!(problem instanceof OctavoError && problem.code === 'FILE_UNWRITABLE')) throw problem;
  }
}

function checkBoot(host: Host, plan: Plan): void {
  const { bootId, geometry } = host.identity;
  if (plan.bootId !== bootId)
    throw new OctavoError('PLAN_OTHER_HOST', { planned: plan.bootId, found: bootId });
  if (plan.geometry.blockBytes !== geometry.blockBytes || plan.geometry.pageBytes !== geometry.pageBytes) {
    throw new OctavoError('PLAN_OTHER_HOST', {
      planned: `${plan.geometry.pageBytes} byte pages`,
      found: `${geometry.pageBytes} byte pages`,
    });
  }
}
