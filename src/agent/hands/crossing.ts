/**
 * What is taken out of anything before it crosses to the deciding side, in one process or between two: frame numbers
 * (with them one can aim at neighbouring memory), physical pages of samples, samples of other processes.
 */

import type { Aftermath } from '../../cycle/aftermath.js';
import type { Applied } from '../../cycle/apply-plan.js';
import type { CostsDocument } from '../../planning/cost-book.js';
import type { Reading } from '../../sources/source.js';
import type { PageSizes } from '../../vocabulary/page-sizes.js';
import type { Verdict } from '../../vocabulary/plan.js';
import { copySample, NO_PAGE, sampleColumns } from '../../vocabulary/sample.js';
import type { ProcessId } from '../../vocabulary/units.js';
import type { LookedBack, Outcome } from './protocol.js';

/** Returns page sizes whose first frames are all unknown (`NO_PAGE`). */
export function withoutFrames(sizes: PageSizes): PageSizes {
  const firstFrame = new Float64Array(sizes.blocks.count).fill(NO_PAGE);
  return { ...sizes, blocks: { ...sizes.blocks, firstFrame } };
}

/** Returns a verdict whose block states before and after have no frame number. */
export function verdictWithoutFrames<Any extends Verdict>(verdict: Any): Any {
  const { before, after } = verdict;
  return { ...verdict, before: { ...before, firstFrame: null }, after: { ...after, firstFrame: null } };
}

/** A reading of these processes alone; undefined when nothing of it is left. */
export function ownReading(reading: Reading, pids: ReadonlySet<ProcessId>): Reading | undefined {
  if (reading.kind === 'replaced') return pids.has(reading.pid) ? reading : undefined;
  if (reading.kind === 'content') return pids.has(reading.content.pid) ? reading : undefined;
  if (reading.kind === 'range') return pids.has(reading.range.pid) ? reading : undefined;
  const { batch } = reading;
  const own = sampleColumns(batch.count);
  own.timeOrigin = batch.timeOrigin;
  for (let row = 0; row < batch.count; row++) if (pids.has(batch.pid[row])) copySample(batch, row, own);
  own.physicalPage.fill(NO_PAGE);
  if (own.count === 0) return undefined;
  const times = batch.times === undefined ? {} : { times: ownTimes(batch.times, batch.pid, pids, own.count) };
  return { ...reading, batch: { ...own, ...times } };
}

function ownTimes(
  times: Float64Array,
  pid: Int32Array,
  pids: ReadonlySet<ProcessId>,
  count: number,
): Float64Array {
  const own = new Float64Array(count);
  let at = 0;
  for (let row = 0; at < count; row++) if (pids.has(pid[row])) own[at++] = times[row];
  return own;
}

/** Returns what may cross of a run that was carried out: receipts, verdicts and bytes, without frames. */
export function outcomeOf(applied: Applied, costs: CostsDocument): Outcome {
  const { run, how, why, failure, closed, receipts, verdicts, memory, doneBefore, recovered } = applied;
  return {
    run,
    how,
    why,
    code: failure?.code ?? '',
    closed,
    receipts,
    verdicts: verdicts.map(verdictWithoutFrames),
    memory,
    doneBefore: doneBefore.map(verdictWithoutFrames),
    recovered: recovered.map((one) => one.run),
    costs,
  };
}

/** Returns what may cross of a look at earlier runs: blocks that were undone or came back. */
export function lookedBackOf({ feuds, regrets, undone, cameBack, damaged }: Aftermath): LookedBack {
  return {
    feuds: [...feuds.values()],
    regrets: [...regrets.values()],
    undone: undone.map(verdictWithoutFrames),
    cameBack,
    damaged: damaged.map(({ run }) => run),
  };
}
