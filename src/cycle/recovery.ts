/**
 * After a crash or kill -9: finds out from the journal and the memory itself what an unfinished run did, and writes
 * that down, so that nothing is done twice and nothing is lost.
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
  type JournalPlace,
  type JournalRecord,
  listRuns,
  openJournal,
  type ReadRun,
  readRun,
} from './journal.js';

export type RunState = 'active' | 'unfinished' | 'complete' | 'interrupted' | 'stopped' | 'recovered';

/** What a run's journal says of it now. */
export function runState(host: Host, run: ReadRun): RunState {
  const end = run.records.findLast((record) => record.kind === 'end');
  if (end?.kind === 'end') return end.how;
  const begin = run.records[0];
  return begin.kind === 'begin' && isAlive(host, begin.owner) ? 'active' : 'unfinished';
}

/** The last verdict on each step, by step id. */
export function lastVerdicts(run: ReadRun): ReadonlyMap<number, Verdict> {
  const last = new Map<number, Verdict>();
  for (const record of run.records) {
    if (record.kind !== 'verdicts' && record.kind !== 'recovered' && record.kind !== 'undone') continue;
    for (const verdict of record.verdicts) last.set(verdict.step, verdict);
  }
  return last;
}

export interface Recovered {
  readonly run: string;
  readonly verdicts: readonly Verdict[];
}

/** Settles every unfinished run whose process is gone. The caller holds the state lock. */
export function recoverRuns(place: JournalPlace): readonly Recovered[] {
  const recovered: Recovered[] = [];
  for (const name of listRuns(place)) {
    const run = readRun(place, name);
    if (run && runState(place.host, run) === 'unfinished') recovered.push(settle(place, run));
  }
  return recovered;
}

function settle(place: JournalPlace, run: ReadRun): Recovered {
  const { host } = place;
  const open = openIntents(run);
  const verdicts = open.map(({ step, before }) => judge(host, run, step, before));
  const writer = openJournal(place, run.run, run.records.length);
  const atMs = host.clock.wallMs();
  writer.write({ kind: 'recovered', verdicts, atMs });
  writer.write({
    kind: 'end',
    how: 'recovered',
    why: `its process ended without closing the journal; ${verdicts.length} steps were looked at again`,
    atMs,
  });
  writer.close();
  return { run: run.run, verdicts };
}

/** Steps that were announced and have no verdict. */
function openIntents(run: ReadRun): { step: Step; before: BlockState }[] {
  const judged = lastVerdicts(run);
  const intents = run.records.filter(
    (record): record is Extract<JournalRecord, { kind: 'intent' }> => record.kind === 'intent',
  );
  return intents.flatMap((intent) =>
    intent.steps.flatMap((id, index) => {
      const step = run.plan.steps.find((candidate) => candidate.id === id);
      return step && !judged.has(id) ? [{ step, before: intent.before[index] }] : [];
    }),
  );
}

function judge(host: Host, run: ReadRun, step: Step, before: BlockState): Verdict {
  const { pid, startTicks } = step.proposal.process;
  const after =
    run.plan.bootId === host.identity.bootId ? lookAt(host, pid, startTicks, step.proposal.block) : undefined;
  if (!after) {
    const gone = emptyBlock(step.proposal.block);
    return {
      step: step.id,
      outcome: 'not-met',
      cause: 'target-gone',
      why: 'the process is gone, and its memory with it',
      before,
      after: gone,
      residentDelta: 0,
    };
  }
  const outcome = outcomeOf(step, before, after, host.identity.geometry);
  const why =
    outcome === 'met' ? 'it was done before the run was killed' : 'the run was killed before it was done';
  const residentDelta = (after.present - before.present) * host.identity.geometry.pageBytes;
  return {
    step: step.id,
    outcome,
    cause: outcome === 'met' ? 'none' : 'not-tried',
    why,
    before,
    after,
    residentDelta,
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
