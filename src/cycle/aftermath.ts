/**
 * A later look at what earlier runs split: which blocks are huge again, and who made them so (attribution.ts). What the
 * kernel undid is left alone for a while (planning/guard.ts); what Octavo or the process did is only noted.
 */
import type { Host } from '../host/host.js';
import { type Feuds, withRecollapse } from '../planning/guard.js';
import { type CameBack, type Regret, type Regrets, regretKey, withCameBack } from '../planning/regret.js';
import { BlockObserver } from '../verification/block-observer.js';
import { OctavoError } from '../vocabulary/errors.js';
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import type { Milliseconds } from '../vocabulary/units.js';
import { type Act, type AttributedVerdict, actsOn, type Superseded, takenBack } from './acts.js';
import { type Attribution, attribute, evidence, marksNow, UNKNOWN } from './attribution.js';
import { cameBack, type LookedAt } from './came-back.js';
import { keepFeuds, keepRegrets, keepWatches, readFeuds, readRegrets, readWatches } from './feuds.js';
import {
  type DamagedReading,
  type JournalPlace,
  listRuns,
  type Marks,
  openJournal,
  type ReadRun,
  tryReadRun,
} from './journal.js';
import { runState } from './recovery.js';
import { RunIndex } from './run-index.js';
import { lockState } from './state-lock.js';

export { readFeuds, readRegrets } from './feuds.js';

/** Runs on a process that are looked back at; older ones have had their say. */
const RUNS_LOOKED_AT = 20;
/** Runs of the index that are searched for them. */
const ROWS_LOOKED_AT = 1000;

/** What became of earlier splits since the last look. */
export interface Aftermath {
  readonly feuds: Feuds;
  /** Splits that were found undone since the last look, each with who did it. */
  readonly undone: readonly AttributedVerdict[];
  /** What came back of the memory that earlier splits returned, by process. */
  readonly regrets: Regrets;
  /** Processes whose returned memory was looked at just now. */
  readonly cameBack: readonly Regret[];
  /** Runs that cannot be read and were left out. */
  readonly damaged: readonly DamagedReading[];
}

/** Takes a look at a process, so that it can be timed without what is read of Octavo's own files. */
export type AroundLook = <Value>(process: ProcessIdentity, look: () => Value) => Value;

/** The same for a turn that is about to act, under the state lock, since it writes to journals. */
export function lookBackUnderLock(
  place: JournalPlace,
  processes: readonly ProcessIdentity[],
  around?: AroundLook,
): Aftermath {
  const lock = lockState(place);
  try {
    return lookBack(place, processes, around);
  } finally {
    lock.release();
  }
}

/** Looks again at the splits of recent runs, keeps the feuds and notes in the journals what was undone. */
export function lookBack(
  place: JournalPlace,
  processes: readonly ProcessIdentity[],
  around: AroundLook = (_, look) => look(),
): Aftermath {
  const index = RunIndex.read(place);
  const recent = recentRuns(place, index, processes);
  const watches = new Map(readWatches(place));
  const undone: AttributedVerdict[] = [];
  let feuds = readFeuds(place);
  let regrets = readRegrets(place);
  const back: Regret[] = [];
  for (const process of processes) {
    const looked = unlessGone(() =>
      around(process, () => lookAtProcess(place.host, recent, process, watches.get(process.pid))),
    );
    if (!looked) continue;
    watches.set(process.pid, looked.marks);
    if (looked.cameBack) {
      regrets = withCameBack(regrets, process, looked.cameBack, place.host.clock.wallMs());
      const regret = regrets.get(regretKey(process));
      if (regret) back.push(regret);
    }
    for (const [run, verdicts] of looked.undone) noteUndone(place, index, run, verdicts);
    const verdicts = [...looked.undone.values()].flat();
    feuds = verdicts.reduce((all, verdict) => feudsAfter(place.host, all, process, verdict), feuds);
    undone.push(...verdicts);
  }
  if (undone.length > 0) keepFeuds(place, feuds);
  keepWatches(place, watches);
  keepRegrets(place, regrets);
  return { feuds, undone, regrets, cameBack: back, damaged: recent.damaged };
}

function feudsAfter(
  host: Host,
  feuds: Feuds,
  process: ProcessIdentity,
  { by, after }: AttributedVerdict,
): Feuds {
  if (by.who !== 'kernel' && by.who !== 'unknown') return feuds;
  return withRecollapse(feuds, process, after.block, host.clock.wallMs(), by.who);
}

interface RecentRuns {
  /** Ended runs of this boot on the processes, newest first. */
  readonly runs: readonly ReadRun[];
  readonly damaged: readonly DamagedReading[];
  /** Collapses that Octavo made in recent runs that began at this time or later. */
  collapsesSince(atMs: Milliseconds): number;
}

function recentRuns(place: JournalPlace, index: RunIndex, processes: readonly ProcessIdentity[]): RecentRuns {
  const runs: ReadRun[] = [];
  const damaged: DamagedReading[] = [];
  const names = listRuns(place).slice(-ROWS_LOOKED_AT).reverse();
  for (const name of names) {
    if (runs.length === RUNS_LOOKED_AT) break;
    if (!processes.some(({ pid }) => index.mayConcern(name, pid))) continue;
    const reading = tryReadRun(place, name);
    if (reading.kind === 'damaged') damaged.push(reading);
    if (reading.kind === 'run' && concerns(place.host, reading.run, processes)) runs.push(reading.run);
  }
  return { runs, damaged, collapsesSince: (atMs) => collapsesSince(index, names, atMs) };
}

/** `names` are newest first. A run without a row is still going on, or did nothing yet. */
function collapsesSince(index: RunIndex, names: readonly string[], atMs: Milliseconds): number {
  let collapses = 0;
  for (const name of names) {
    const row = index.row(name);
    if (!row || 'damaged' in row) continue;
    if (row.atMs < atMs) break;
    collapses += row.collapses;
  }
  return collapses;
}

function concerns(host: Host, run: ReadRun, processes: readonly ProcessIdentity[]): boolean {
  return (
    run.plan.bootId === host.identity.bootId &&
    run.plan.processes.some(({ pid }) => has(processes, pid)) &&
    // The journal of a run in progress is its own; an unfinished one is recovery's.
    !['active', 'unfinished'].includes(runState(host, run))
  );
}

function has(processes: readonly ProcessIdentity[], pid: number): boolean {
  return processes.some((process) => process.pid === pid);
}

interface LookedBack {
  readonly undone: ReadonlyMap<ReadRun, readonly AttributedVerdict[]>;
  readonly cameBack: CameBack | undefined;
  readonly marks: Marks;
}

/** Undefined when there is nothing to look at. Throws TARGET_GONE or PERMISSION. */
function lookAtProcess(
  host: Host,
  recent: RecentRuns,
  process: ProcessIdentity,
  watch: Marks | undefined,
): LookedBack | undefined {
  const acts = actsOn(recent.runs, process);
  if (acts.standing.length + acts.superseded.length === 0) return undefined;
  const observer = new BlockObserver(host, process.pid);
  const seen = asTheyAre(observer, acts.standing);
  const blocks = acts.standing.map(({ step }) => step.proposal.block);
  const marks = marksNow(host, process, observer, blocks);
  const undone = new Map<ReadRun, AttributedVerdict[]>();
  for (const act of acts.superseded) add(undone, act.run, supersededVerdict(act));
  const hugeAgain = seen.filter(({ now }) => now.level === 'pmd');
  for (const [then, found] of byMarks(hugeAgain, process, watch)) {
    const who = then
      ? attribute(evidence(then, marks, observer, found.length, ownCollapses(recent, then)))
      : UNKNOWN;
    for (const { act, now } of found) add(undone, act.run, undoneVerdict(act, now, who, host));
  }
  const back = cameBack(seen, host.identity.geometry.pageBytes, host.clock.wallMs());
  return { undone, marks, cameBack: back };
}

/** What stood by the journals, as its blocks are now. */
function asTheyAre(observer: BlockObserver, standing: readonly Act[]): readonly LookedAt[] {
  const states = observer.look(standing.map(({ step }) => step.proposal.block));
  return standing.map((act, index) => ({ act, now: states[index] }));
}

/** A process that has ended, or that this user may not look into, has nothing to tell. */
function unlessGone<Value>(look: () => Value): Value | undefined {
  try {
    return look();
  } catch (problem) {
    if (problem instanceof OctavoError && ['TARGET_GONE', 'PERMISSION'].includes(problem.code))
      return undefined;
    throw problem;
  }
}

/** By the last marks that were taken while the block was still split. */
function byMarks(
  seen: readonly LookedAt[],
  process: ProcessIdentity,
  watch: Marks | undefined,
): ReadonlyMap<Marks | undefined, readonly LookedAt[]> {
  const last = watch?.startTicks === process.startTicks ? watch : undefined;
  const groups = new Map<Marks | undefined, LookedAt[]>();
  for (const one of seen) {
    const own = marksOf(one.act.run, process);
    const then = own && last ? (own.atMs > last.atMs ? own : last) : (own ?? last);
    groups.set(then, [...(groups.get(then) ?? []), one]);
  }
  return groups;
}

function marksOf(run: ReadRun, { pid, startTicks }: ProcessIdentity): Marks | undefined {
  return run.records
    .flatMap((record) => (record.kind === 'marks' ? [record.marks] : []))
    .findLast((marks) => marks.pid === pid && marks.startTicks === startTicks);
}

/** Collapses by runs that began after the marks, or in whose course they were taken. */
function ownCollapses({ runs, collapsesSince }: RecentRuns, then: Marks): number {
  const run = runs.find(({ records }) =>
    records.some((record) => record.kind === 'marks' && record.marks === then),
  );
  return collapsesSince(run?.begin.atMs ?? then.atMs);
}

function add(undone: Map<ReadRun, AttributedVerdict[]>, run: ReadRun, verdict: AttributedVerdict): void {
  undone.set(run, [...(undone.get(run) ?? []), verdict]);
}

function supersededVerdict({ step, verdict, later }: Superseded): AttributedVerdict {
  return takenBack(step, verdict, later.verdict.after, later.run.run);
}

function undoneVerdict(
  { step, verdict }: Act,
  now: BlockState,
  who: Attribution,
  host: Host,
): AttributedVerdict {
  return {
    step: step.id,
    outcome: 'undone-since',
    ...who,
    before: verdict.after,
    after: now,
    residentDelta: (now.present - verdict.after.present) * host.identity.geometry.pageBytes,
  };
}

/** Adds to the journal of an ended run what was undone of it. The caller holds the state lock. Throws FILE_UNWRITABLE. */
export function noteUndone(
  place: JournalPlace,
  index: RunIndex,
  run: ReadRun,
  verdicts: readonly Verdict[],
): void {
  const writer = openJournal(place, run);
  try {
    writer.write({ kind: 'undone', verdicts: [...verdicts], atMs: place.host.clock.wallMs() });
  } finally {
    writer.close();
  }
  index.note(run.run);
}
