/**
 * What the journals tell of one block or of some processes: what was tried, why, what the kernel answered, what came of it, who
 * undid it, and what was refused. Newest runs first. Reads only, and only so many runs that it stays quick.
 */
import type { BlockState } from '../vocabulary/page-sizes.js';
import type { Plan, Proposal, Receipt, RefusalCode, Step, Verdict } from '../vocabulary/plan.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { BlockNumber, Bytes, Milliseconds } from '../vocabulary/units.js';
import { type DamagedReading, type JournalPlace, listRuns, type ReadRun, tryReadRun } from './journal.js';
import { RunIndex } from './run-index.js';

/** Runs that are read, the newest. */
const MOST_RUNS = 100;
/** Runs that are searched for those in question. */
const MOST_ROWS = 10_000;

/** A step on a block, with all that the journal has of it. */
export interface Tried {
  readonly run: string;
  readonly atMs: Milliseconds;
  readonly step: Step;
  readonly receipt: Receipt | undefined;
  /** In their order: the first tells what came of the step, later ones who undid it. */
  readonly verdicts: readonly Verdict[];
}

/** Something on a block that a plan wanted and did not do, or passed over. */
export interface LeftAlone {
  readonly run: string;
  readonly atMs: Milliseconds;
  readonly code: RefusalCode;
  readonly why: string;
}

/** What was tried on a block, and what was refused. */
export interface BlockStory {
  /** Newest first. */
  readonly tried: readonly Tried[];
  readonly leftAlone: readonly LeftAlone[];
  readonly damaged: readonly DamagedReading[];
}

/** Whose journals are read, and until when. */
export interface StoryRequest {
  readonly place: JournalPlace;
  readonly signal: AbortSignal;
}

/** The runs that may concern a process, or all of them, newest first. Throws STOPPED, FILE_UNREADABLE. */
export function recentRuns(
  { place, signal }: StoryRequest,
  concerns: (index: RunIndex, run: string) => boolean,
): { readonly runs: readonly ReadRun[]; readonly damaged: readonly DamagedReading[] } {
  const index = RunIndex.read(place);
  const runs: ReadRun[] = [];
  const damaged: DamagedReading[] = [];
  for (const name of listRuns(place).slice(-MOST_ROWS).reverse()) {
    throwIfStopped(signal);
    if (runs.length === MOST_RUNS) break;
    if (!concerns(index, name)) continue;
    const reading = tryReadRun(place, name);
    if (reading.kind === 'damaged') damaged.push(reading);
    if (reading.kind === 'run') runs.push(reading.run);
  }
  return { runs, damaged };
}

/** What was done to a block of a process, or of every process where none is given. */
export function blockStory(request: StoryRequest, block: BlockNumber, pid: number | undefined): BlockStory {
  const { runs, damaged } = recentRuns(
    request,
    (index, run) => pid === undefined || index.mayConcern(run, pid),
  );
  const isMeant = (process: ProcessIdentity) => pid === undefined || process.pid === pid;
  return {
    tried: runs.flatMap((run) =>
      triedIn(run, (proposal) => proposal.block === block && isMeant(proposal.process)),
    ),
    leftAlone: runs.flatMap((run) => leftAloneIn(run, block, isMeant)),
    damaged,
  };
}

type IsMeant = (process: ProcessIdentity) => boolean;

function triedIn(run: ReadRun, isWanted: (proposal: Proposal) => boolean): readonly Tried[] {
  return run.plan.steps
    .filter(({ proposal }) => isWanted(proposal))
    .map((step) => ({
      run: run.run,
      atMs: run.begin.atMs,
      step,
      receipt: receiptOf(run, step),
      verdicts: verdictsOn(run, step),
    }));
}

function receiptOf({ records }: ReadRun, { id }: Step): Receipt | undefined {
  return records
    .flatMap((record) => (record.kind === 'receipts' ? record.receipts : []))
    .findLast(({ step }) => step === id);
}

function verdictsOn({ records }: ReadRun, { id }: Step): readonly Verdict[] {
  return records
    .flatMap((record) => ('verdicts' in record ? record.verdicts : []))
    .filter(({ step }) => step === id);
}

function leftAloneIn(
  { run, begin, plan }: ReadRun,
  block: BlockNumber,
  isMeant: IsMeant,
): readonly LeftAlone[] {
  const at = { run, atMs: begin.atMs };
  const refused = plan.refused.filter(
    ({ proposal }) => proposal.block === block && isMeant(proposal.process),
  );
  const passed = plan.passedOver.filter(
    ({ examples, process }) => examples.includes(block) && isMeant(process),
  );
  return [...refused, ...passed].map(({ code, why }) => ({ ...at, code, why }));
}

/** What was gained against what was predicted, in bytes that the system got back. */
export interface Gains {
  /** Of the steps that were carried out; steps without a prediction or a reading are left out of both. */
  readonly predictedBytes: Bytes;
  readonly returnedBytes: Bytes;
  readonly steps: number;
}

/** Returns predicted and returned bytes over the steps that have both. */
export function gainsOf(tried: readonly Pick<Tried, 'step' | 'verdicts'>[]): Gains {
  let [predictedBytes, returnedBytes, steps] = [0, 0, 0];
  for (const { step, verdicts } of tried) {
    const predicted = step.proposal.gain.returnedBytes;
    const returned = verdicts.find(({ outcome }) => outcome === 'met' || outcome === 'partly')?.returnedBytes;
    if (predicted === null || returned === undefined || returned === null) continue;
    predictedBytes += predicted;
    returnedBytes += returned;
    steps++;
  }
  return { predictedBytes, returnedBytes, steps };
}

/**
 * Bytes of what the last split of a block returned that are in use again, by how the block is now; undefined where nothing was
 * split or something else was done to it since.
 */
export function cameBackOf(tried: readonly Tried[], now: BlockState, pageBytes: Bytes): Bytes | undefined {
  const last = tried.find(({ verdicts }) => verdicts.length > 0);
  const met = last?.verdicts.find(({ outcome }) => outcome === 'met' || outcome === 'partly');
  if (last === undefined || met === undefined || last.step.proposal.action !== 'split') return undefined;
  const returned = Math.max(0, met.before.present - met.after.present);
  return pageBytes * Math.min(returned, Math.max(0, now.present - met.after.present));
}

/** Everything that runs tried and left alone. */
export interface RunsStory {
  readonly runs: readonly ReadRun[];
  readonly tried: readonly Tried[];
  /** Blocks left alone by reason, most first. */
  readonly refusals: readonly { readonly code: RefusalCode; readonly blocks: number; readonly why: string }[];
}

/** The story of runs as far as it concerns the processes, or all of theirs. */
export function runsStory(runs: readonly ReadRun[], isMeant: IsMeant): RunsStory {
  const tried = runs.flatMap((run) => triedIn(run, ({ process }) => isMeant(process)));
  return { runs, tried, refusals: refusalsOf(runs.slice(0, 1), isMeant) };
}

/** Of the newest run: what is left alone is so in every turn. */
function refusalsOf(runs: readonly { readonly plan: Plan }[], isMeant: IsMeant): RunsStory['refusals'] {
  const found = new Map<RefusalCode, { code: RefusalCode; blocks: number; why: string }>();
  const add = (code: RefusalCode, why: string, blocks: number) => {
    const known = found.get(code);
    found.set(code, known ? { ...known, blocks: known.blocks + blocks } : { code, blocks, why });
  };
  for (const { plan } of runs) {
    for (const { proposal, code, why } of plan.refused) if (isMeant(proposal.process)) add(code, why, 1);
    for (const { process, code, why, blocks } of plan.passedOver)
      if (isMeant(process)) add(code, why, blocks);
  }
  return [...found.values()].sort((left, right) => right.blocks - left.blocks);
}
