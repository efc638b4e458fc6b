/** Runs one scheme once over exactly the given blocks and says what the kernel made of it. */

import type { DamonSlot, SchemeStatistics } from '../../damon/slot.js';
import { unmappedRanges } from '../../damon/unmapped.js';
import type { Answer, Host, Refusal } from '../../host/host.js';
import type { BlockNumber } from '../../vocabulary/units.js';
import { type BlockOrder, blockContext, type Pacing, padsNeeded } from './block-context.js';
import { placeBlocks } from './one-mapping.js';

/** How a run of a scheme came to its end. */
export type RunEnd =
  /** One pass over all blocks was made. */
  | 'done'
  /** The kdamond ended by itself: its target is gone. */
  | 'target-gone'
  /** No pass was completed in time; with a watermark this is memory that stayed scarce. */
  | 'no-pass'
  /** A write was refused. */
  | 'refused';

/** What was refused: the whole run, or else stopping it. */
type Ending =
  | { readonly end: 'refused'; readonly refusal: Refusal }
  | { readonly end: Exclude<RunEnd, 'refused'>; readonly refusal: Refusal | undefined };

/** How a run ended, and what the kernel counted until then. */
export type BlocksRun = Ending & RunFacts;

interface RunFacts {
  readonly statistics: SchemeStatistics;
  /** CPU time of the kdamond: the only time for which its target may have been kept waiting. */
  readonly busyNs: number | undefined;
  /** Blocks that were left out because they do not lie in one mapping. */
  readonly cut: readonly BlockNumber[];
}

type SchemeRun = Ending & Omit<RunFacts, 'cut'>;
type PassRun = Ending & Pick<RunFacts, 'statistics'>;

const NOTHING: SchemeStatistics = {
  tried: 0n,
  triedBytes: 0n,
  applied: 0n,
  appliedBytes: 0n,
  quotaExceeds: 0n,
  snapshots: undefined,
};
const NOT_ONE_WHOLE: SchemeRun = {
  end: 'done',
  statistics: NOTHING,
  refusal: undefined,
  busyNs: 0,
};
const POLL_MS = 60;
/** A pass is due after 50 ms; actions on many blocks take their time, and an emulated machine is slow. */
const BASE_PATIENCE_MS = 10_000;
const PATIENCE_PER_BLOCK_MS = 100;

/**
 * Starts a kdamond on the blocks, waits for one whole pass, and reads its counters. Always stops the kdamond,
 * also when `signal` aborts.
 */
export async function runOnBlocks(
  slot: DamonSlot,
  wanted: Omit<BlockOrder, 'snapshotLimit'>,
  pacing: Pacing,
  signal?: AbortSignal,
): Promise<BlocksRun> {
  const { snapshotLimit } = slot.features();
  const maps = slot.host.files.readText(`/proc/${wanted.pid}/maps`);
  // A process that is gone is the kernel's to refuse.
  const { whole, cut } = maps.ok
    ? placeBlocks(maps.value, wanted.blocks, geometry(slot))
    : { whole: wanted.blocks, cut: [] };
  if (whole.length === 0) return { ...NOT_ONE_WHOLE, cut };
  const order = { ...wanted, blocks: whole, snapshotLimit };
  // Where the kernel does not end a scheme, its quota does not hold in the first window either.
  const inOneGo = snapshotLimit || pacing.blocksPerSecond === 0;
  return { ...(await (inOneGo ? runScheme : runInPortions)(slot, order, pacing, signal)), cut };
}

async function runInPortions(
  slot: DamonSlot,
  order: BlockOrder,
  pacing: Pacing,
  signal?: AbortSignal,
): Promise<SchemeRun> {
  const size = Math.max(1, Math.floor(pacing.blocksPerSecond));
  let sum: SchemeRun = { end: 'done', statistics: NOTHING, refusal: undefined, busyNs: 0 };
  for (let at = 0; at < order.blocks.length && sum.end === 'done'; at += size) {
    if (at > 0) await slot.host.clock.sleep((1000 * size) / pacing.blocksPerSecond, signal);
    const portion = { ...order, blocks: order.blocks.slice(at, at + size) };
    const run: SchemeRun = await runScheme(slot, portion, pacing, signal);
    const busyNs: number | undefined = bothOf(sum.busyNs, run.busyNs);
    sum = { ...run, busyNs, statistics: addedUp(sum.statistics, run.statistics) };
  }
  return sum;
}

/** A time of which a part is not known is not known. */
function bothOf(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? undefined : left + right;
}

function addedUp(left: SchemeStatistics, right: SchemeStatistics): SchemeStatistics {
  return {
    tried: left.tried + right.tried,
    triedBytes: left.triedBytes + right.triedBytes,
    applied: left.applied + right.applied,
    appliedBytes: left.appliedBytes + right.appliedBytes,
    quotaExceeds: left.quotaExceeds + right.quotaExceeds,
    snapshots: undefined,
  };
}

async function runScheme(
  slot: DamonSlot,
  order: BlockOrder,
  pacing: Pacing,
  signal?: AbortSignal,
): Promise<SchemeRun> {
  const pads = unmappedRanges(mapsOf(slot.host, order.pid), padsNeeded(order.blocks.length), geometry(slot));
  const staged = await slot.stage(blockContext(order, pads, pacing, geometry(slot)));
  if (!staged.ok) return refusedRun(staged.error);
  const started = await slot.start();
  if (!started.ok) return refusedRun(started.error);
  const run = { ...(await waitForPass(slot, order, pacing, signal)), busyNs: slot.busyNs() };
  const stopped = await slot.stop();
  return stopped.ok ? run : { ...run, refusal: stopped.error };
}

async function waitForPass(
  slot: DamonSlot,
  order: BlockOrder,
  pacing: Pacing,
  signal?: AbortSignal,
): Promise<PassRun> {
  const wanted = BigInt(new Set(order.blocks).size) * BigInt(geometry(slot).blockBytes);
  const deadline = slot.host.clock.monotonicNs() + 1e6 * patience(order.blocks.length, pacing);
  let statistics = NOTHING;
  while (slot.host.clock.monotonicNs() < deadline) {
    await slot.host.clock.sleep(POLL_MS, signal);
    if (signal?.aborted) break;
    // Read before the kdamond is stopped: afterwards the counters cannot be had any more.
    const answer: Answer<SchemeStatistics> = await slot.statistics(0);
    if (!answer.ok) return lostRun(answer.error, statistics);
    statistics = answer.value;
    if (isComplete(statistics, wanted)) return { end: 'done', statistics, refusal: undefined };
  }
  return { end: 'no-pass', statistics, refusal: undefined };
}

function isComplete({ snapshots, triedBytes }: SchemeStatistics, wanted: bigint): boolean {
  return (snapshots ?? 0n) > 0n || triedBytes >= wanted;
}

function patience(blocks: number, { blocksPerSecond }: Pacing): number {
  const paced = blocksPerSecond > 0 ? (blocks / blocksPerSecond) * 1000 : 0;
  return BASE_PATIENCE_MS + blocks * PATIENCE_PER_BLOCK_MS + 2 * paced;
}

/** ECANCELED for an update means that the kdamond has ended; EBUSY that another tool kept the lock all the time. */
function lostRun(refusal: Refusal, statistics: SchemeStatistics): PassRun {
  if (refusal.errno === 'ECANCELED') return { end: 'target-gone', statistics, refusal: undefined };
  return { end: 'refused', statistics, refusal };
}

function refusedRun(refusal: Refusal): SchemeRun {
  return { end: 'refused', statistics: NOTHING, refusal, busyNs: 0 };
}

function mapsOf(host: Host, pid: number): string {
  const maps = host.files.readText(`/proc/${pid}/maps`);
  return maps.ok ? maps.value : '';
}

const geometry = (slot: DamonSlot) => slot.host.identity.geometry;
