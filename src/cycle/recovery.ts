/**
 * After a crash or kill -9: finds out from the journal and the memory itself what an unfinished run did, and writes
 * that down, so that nothing is done twice and nothing is lost. Those who only look get the same answer without a
 * word being written.
 */
import type { Host } from '../host/host.js';
import { isAlive } from '../host/lock-file.js';
import { BlockObserver } from '../verification/block-observer.js';
import { emptyBlock } from '../verification/block-rows.js';
import { identityOf } from '../verification/observe.js';
import { outcomeOf } from '../verification/verify.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Step, Verdict } from '../vocabulary/plan.js';
import {
  type DamagedReading,
  type JournalPlace,
  listRuns,
  openJournal,
  type ReadRun,
  type RunReading,
  removeRun,
  tryReadRun,
} from './journal.js';
import { endedSummary } from './run-end.js';
import { type IndexRow, RunIndex, rowOf } from './run-index.js';
import { lastVerdicts } from './run-summary.js';

export { lastVerdicts } from './run-summary.js';

/** How a run stands: active while its holder lives, else by its end. */
export type RunState = 'active' | 'unfinished' | 'complete' | 'interrupted' | 'stopped' | 'recovered';

/** What a run's journal says of it now. */
export function runState(host: Host, run: ReadRun): RunState {
  const end = run.records.findLast((record) => record.kind === 'end');
  if (end) return end.how;
  return isAlive(host, run.begin.owner) ? 'active' : 'unfinished';
}

/** An unfinished run that was settled, with the verdicts that memory now supports. */
export interface Recovered {
  readonly run: string;
  readonly verdicts: readonly Verdict[];
}

/** All runs that were settled, and those that cannot be. */
export interface Recovery {
  readonly recovered: readonly Recovered[];
  /** Runs that cannot be read. They are left out and hold nothing up. */
  readonly damaged: readonly DamagedReading[];
}

/** Newest runs whose journals are compared with the index at every start, so that damage in them is noticed early. */
const RECENT = 100;
/** Rows that are held until they are written to the index: all of 10 000 took 12 MiB. */
const ROWS_AT_ONCE = 256;

/**
 * Settles every unfinished run whose process is gone, and brings the index up to date. Costs what the index lacks, not
 * what is stored. The caller holds the state lock.
 */
export function recoverRuns(place: JournalPlace, index = RunIndex.read(place)): Recovery {
  const recovered: Recovered[] = [];
  const damaged: DamagedReading[] = [];
  let rows: [string, IndexRow][] = [];
  const rowAfterAll = (name: string): IndexRow | undefined => {
    const reading = settleIfOver(place, tryReadRun(place, name), recovered, damaged);
    if (reading.kind === 'damaged') damaged.push(reading);
    if (reading.kind === 'absent') removeRun(place, name);
    return rowOf(reading);
  };
  for (const name of notIndexed(place, index)) {
    const row = (index.has(name) ? undefined : endedSummary(place, name)) ?? rowAfterAll(name);
    if (row && !isOpen(row)) rows.push([name, row]);
    if (rows.length < ROWS_AT_ONCE) continue;
    index.add(rows);
    rows = [];
  }
  index.add(rows);
  return { recovered, damaged };
}

/** Runs that the index does not know, knows as damaged, or that are recent and have changed since. */
function notIndexed(place: JournalPlace, index: RunIndex): readonly string[] {
  const names = listRuns(place);
  const damaged = new Set(index.damaged());
  const recent = names.length - RECENT;
  return names.filter(
    (name, at) => !index.has(name) || damaged.has(name) || (at >= recent && !index.isFresh(name)),
  );
}

/** A run without an end has no row: the next start has to find it. */
function isOpen(row: IndexRow): boolean {
  return 'state' in row && row.state === 'unfinished';
}

/** A run of this very process that has no end is over as well: it could not be closed, and nothing acts now. */
function isOver(host: Host, run: ReadRun): boolean {
  const state = runState(host, run);
  const isOwn = run.begin.owner.pid === host.identity.pid;
  return state === 'unfinished' || (state === 'active' && isOwn);
}

/** A run of a process that may not be looked into stays open; it is told, and holds nothing up. */
function settleIfOver(
  place: JournalPlace,
  reading: RunReading,
  recovered: Recovered[],
  untold: DamagedReading[],
): RunReading {
  if (reading.kind !== 'run' || !isOver(place.host, reading.run)) return reading;
  const { run } = reading.run;
  try {
    recovered.push(settle(place, reading.run));
    return tryReadRun(place, run);
  } catch (problem) {
    if (!(problem instanceof OctavoError && problem.code === 'PERMISSION')) throw problem;
    untold.push({ kind: 'damaged', run, problem });
    return reading;
  }
}

function settle(place: JournalPlace, run: ReadRun): Recovered {
  const verdicts = openVerdicts(place.host, run);
  const writer = openJournal(place, run);
  const atMs = place.host.clock.wallMs();
  const why = `its process ended without closing the journal; ${verdicts.length} steps were looked at again`;
  try {
    writer.write(
      { kind: 'recovered', verdicts: [...verdicts], atMs },
      { kind: 'end', how: 'recovered', why, atMs },
    );
  } finally {
    writer.close();
  }
  return { run: run.run, verdicts };
}

/**
 * A run as its recovery would leave it, for those who only look: nothing is written. A process that may not be looked
 * into leaves its open steps without a verdict.
 */
export function asIfRecovered(host: Host, run: ReadRun): ReadRun {
  if (runState(host, run) !== 'unfinished') return run;
  const atMs = host.clock.wallMs();
  const verdicts = verdictsIfPermitted(host, run);
  return { ...run, records: [...run.records, { kind: 'recovered', verdicts: [...verdicts], atMs }] };
}

function verdictsIfPermitted(host: Host, run: ReadRun): readonly Verdict[] {
  try {
    return openVerdicts(host, run);
  } catch (problem) {
    if (problem instanceof OctavoError && problem.code === 'PERMISSION') return [];
    throw problem;
  }
}

/** What memory says of the steps that were announced and have no verdict. */
function openVerdicts(host: Host, run: ReadRun): readonly Verdict[] {
  return openIntents(run).map(({ step, before }) => judge(host, run, step, before));
}

/** Steps that were announced and have no verdict, each once, as their last announcement has them. */
function openIntents(run: ReadRun): readonly { step: Step; before: BlockState }[] {
  const judged = lastVerdicts(run);
  const steps = new Map(run.plan.steps.map((step) => [step.id, step]));
  const open = new Map<number, { step: Step; before: BlockState }>();
  for (const record of run.records) {
    if (record.kind !== 'intent') continue;
    for (const [index, id] of record.steps.entries()) {
      const step = steps.get(id);
      if (step && !judged.has(id)) open.set(id, { step, before: record.before[index] ?? step.before });
    }
  }
  return [...open.values()];
}

function judge(host: Host, run: ReadRun, step: Step, before: BlockState): Verdict {
  const { pid, startTicks } = step.proposal.process;
  const after =
    run.plan.bootId === host.identity.bootId ? lookAt(host, pid, startTicks, step.proposal.block) : undefined;
  return after ? found(host, step, before, after) : gone(step, before);
}

function gone(step: Step, before: BlockState): Verdict {
  return {
    step: step.id,
    outcome: 'not-met',
    cause: 'target-gone',
    why: 'the process is gone, and its memory with it',
    before,
    after: emptyBlock(step.proposal.block),
    residentDelta: 0,
  };
}

function found(host: Host, step: Step, before: BlockState, after: BlockState): Verdict {
  const { geometry } = host.identity;
  const outcome = outcomeOf(step, before, after, geometry);
  const met = outcome === 'met';
  return {
    step: step.id,
    outcome,
    cause: met ? 'none' : 'not-tried',
    why: met ? 'it was done before the run was killed' : 'the run was killed before it was done',
    before,
    after,
    residentDelta: (after.present - before.present) * geometry.pageBytes,
  };
}

function lookAt(host: Host, pid: number, startTicks: number, block: number): BlockState | undefined {
  try {
    if (identityOf(host, pid).startTicks !== startTicks) return undefined;
    return new BlockObserver(host, pid).look([block])[0];
  } catch (error) {
    if (error instanceof OctavoError && error.code === 'TARGET_GONE') return undefined;
    throw error;
  }
}
