/** The second half of a turn, with everything around it: lock, recovery, resuming, journal. */
import type { Actuator } from '../actuators/actuator.js';
import type { Host } from '../host/host.js';
import { ownHolder } from '../host/lock-file.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { Plan, Step, Verdict } from '../vocabulary/plan.js';
import { type CarriedOut, carryOut } from './carry-out.js';
import { learnCosts } from './cost-file.js';
import { createJournal, type JournalPlace, listRuns, readRun } from './journal.js';
import { lastVerdicts, type Recovered, recoverRuns } from './recovery.js';
import { lockState } from './state-lock.js';

export interface ApplyOptions {
  readonly place: JournalPlace;
  readonly plan: Plan;
  readonly actuators: readonly Actuator[];
  readonly signal: AbortSignal;
  progress(done: number, total: number, unit: string): void;
}

export interface Applied extends CarriedOut {
  readonly run: string;
  /** Earlier runs that were found unfinished and settled first. */
  readonly recovered: readonly Recovered[];
  /** Steps that an earlier run of the same plan had done. */
  readonly doneBefore: readonly Verdict[];
}

export async function applyPlan(options: ApplyOptions): Promise<Applied> {
  const { place, plan } = options;
  checkBoot(place.host, plan);
  const lock = lockState(place);
  try {
    const recovered = recoverRuns(place);
    const doneBefore = doneByEarlierRuns(place, plan);
    const steps = plan.steps.filter((step) => !doneBefore.has(step.id));
    const run = runName(place.host);
    const carried = await carryOutJournalled(options, run, steps);
    learnCosts(place, plan, carried.receipts);
    return { ...carried, run, recovered, doneBefore: [...doneBefore.values()] };
  } finally {
    lock.release();
  }
}

async function carryOutJournalled(
  options: ApplyOptions,
  run: string,
  steps: readonly Step[],
): Promise<CarriedOut> {
  const { place, plan, signal, progress } = options;
  const journal = createJournal(place, run, plan, ownHolder(place.host));
  const actuators = new Map(options.actuators.map((actuator) => [actuator.name, actuator]));
  try {
    return await carryOut({ host: place.host, plan, steps, actuators, journal, signal, progress });
  } finally {
    journal.close();
  }
}

/** Names sort by time: `20261122T195500123Z-1f3a`. */
export function runName(host: Host): string {
  const time = new Date(host.clock.wallMs()).toISOString().replace(/[-:.]/g, '');
  return `${time}-${(host.random.uint32() & 0xffff).toString(16).padStart(4, '0')}`;
}

function doneByEarlierRuns(place: JournalPlace, plan: Plan): ReadonlyMap<number, Verdict> {
  const done = new Map<number, Verdict>();
  for (const name of listRuns(place)) {
    const run = readRun(place, name);
    if (run?.plan.id !== plan.id) continue;
    for (const [step, verdict] of lastVerdicts(run)) if (verdict.outcome === 'met') done.set(step, verdict);
  }
  return done;
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
