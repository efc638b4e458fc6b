/**
 * DAMON's own monitoring as a source. It looks at accessed bits and so has two blind spots that no setting cures:
 * a huge page has one bit for all of its sub-pages (T2), and a translation that stays in the TLB sets none (T1). It
 * therefore tells which blocks are in use, never which sub-pages of a huge page; both are said in its notes.
 */
import { missingDamon } from '../damon/damon-features.js';
import { findListening, listen } from '../damon/listen.js';
import type { Occupied } from '../damon/owner.js';
import { DamonSlot, type TriedRegion } from '../damon/slot.js';
import { ADAPTIVE_SAMPLE_US, type Watched, watchAdaptively, watchRanges } from '../damon/watch.js';
import type { Host, Refusal } from '../host/host.js';
import type { AddressRange } from '../vocabulary/damon.js';
import { MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import {
  COMPLETE,
  NO_PAGE,
  SAMPLE_KIND,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import { throwIfStopped } from '../vocabulary/stopping.js';
import type { BlockNumber, Bytes, Milliseconds, PageGeometry } from '../vocabulary/units.js';
import { MIB } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** How long and how finely DAMON watches. */
export interface DamonRegionsOptions {
  readonly windowMs: Milliseconds;
  /** Use a free slot of a tree that another tool set up. */
  readonly share: boolean;
  /** Up to so many blocks every block has a region of its own; DAMON chooses regions beyond. */
  readonly mostExactBlocks: number;
}

/** 5 seconds, own tree only, a region for each of up to 512 blocks. */
export const DAMON_REGIONS_DEFAULTS: DamonRegionsOptions = {
  windowMs: 5000,
  share: false,
  mostExactBlocks: 512,
};

/** Reach of the largest second-level TLBs with base pages: about 2000 entries. A set within it can look idle (T1). */
const TLB_ENTRIES = 2048;
/** A process that ran for this share of the window did touch memory. */
const BUSY_SHARE = 0.2;
const BATCH_ROWS = 4096;

/** Starts a kdamond on the processes, and yields what it found. */
export class DamonRegionsSource implements Source {
  readonly name = 'damon-regions';
  readonly origin: SampleOrigin;
  readonly #options: DamonRegionsOptions;
  readonly #geometry: PageGeometry;
  readonly #notes: string[] = [];
  readonly #losses: Record<string, number> = {};
  #samples = 0;
  #obstacle: Occupied | Refusal | undefined;

  constructor(geometry: PageGeometry, options: DamonRegionsOptions = DAMON_REGIONS_DEFAULTS) {
    this.#options = options;
    this.#geometry = geometry;
    this.origin = {
      source: this.name,
      detail: `accessed bits by DAMON (fvaddr) for ${options.windowMs} ms`,
      tells: 'heat',
      granularity: {
        pages: geometry.pagesPerBlock,
        blindInsideHugePages: true,
        blindToCachedTranslations: true,
      },
      nature: 'access-bits',
      ...COMPLETE,
      windowNs: options.windowMs * 1e6,
    };
  }

  /** Samples of the last window: the largest weight that a row of it can have. */
  get samples(): number {
    return this.#samples;
  }

  /** Why the last process could not be watched: who has DAMON, or what the kernel refused. */
  get obstacle(): Occupied | Refusal | undefined {
    return this.#obstacle;
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const missing = missingDamon(context.host);
    if (missing) {
      this.#lose(`processes not watched: ${missing}`, context.processes.length);
      return;
    }
    const slot = await DamonSlot.open(context.host, { share: this.#options.share });
    if (!slot.ok) {
      yield* this.#listenToOthers(context, slot.error);
      return;
    }
    try {
      for (const [index, sizes] of context.processes.entries()) {
        if (context.signal.aborted) break;
        context.progress(index, context.processes.length, 'processes');
        yield* this.#watch(slot.value, sizes, context);
      }
    } finally {
      await slot.value.close();
    }
  }

  account(): SourceAccount {
    return { losses: this.#losses, bytesRead: 0, notes: [...this.#notes] };
  }

  /** Where another tool has DAMON: what its kdamond finds out about these processes, if it looks at them. */
  async *#listenToOthers(context: SourceContext, { owner, remedy }: Occupied): AsyncGenerator<Reading> {
    for (const sizes of context.processes) {
      const { pid } = sizes.process;
      const listening = await findListening(context.host, pid);
      if (!listening) {
        this.#lose('processes not watched: DAMON is in use', 1);
        this.#obstacle = { owner, remedy };
        this.#notes.push(`DAMON is used by ${owner}. ${remedy}`);
        continue;
      }
      this.#notes.push(
        `listening to kdamond ${listening.kdamond.slot} of another tool, which watches ${pid}`,
      );
      const { windowMs } = this.#options;
      const busy = busyMeter(context.host, pid);
      const wait = (ms: number) => waitWhole(context, ms);
      const heard = await listen(context.host, listening, { windowMs, wait });
      if (!heard.ok) {
        this.#refused(heard.error);
        continue;
      }
      this.#say(sizes, heard.value, busy());
      yield* this.#readings(sizes, heard.value, residentBlocks(sizes));
    }
  }

  async *#watch(slot: DamonSlot, sizes: PageSizes, context: SourceContext): AsyncGenerator<Reading> {
    const blocks = residentBlocks(sizes);
    if (blocks.length === 0) return;
    const busy = busyMeter(context.host, sizes.process.pid);
    const exact = blocks.length <= this.#options.mostExactBlocks;
    const request = {
      pid: sizes.process.pid,
      ranges: exact
        ? blocks.map((block) => rangeOf(block, 1, this.#geometry))
        : joined(blocks, this.#geometry),
      windowMs: this.#options.windowMs,
      wait: (ms: number) => waitWhole(context, ms),
    };
    const watched = exact ? await watchRanges(slot, request) : await watchAdaptively(slot, request);
    if (!watched.ok) {
      this.#refused(watched.error);
      return;
    }
    this.#say(sizes, watched.value, busy());
    yield* this.#readings(sizes, watched.value, blocks);
  }

  /**
   * One row for each block that a region with accesses covers, however many cover it; its weight is their counts by the
   * share of the block that each covers, so that it never exceeds the samples taken.
   */
  *#readings(sizes: PageSizes, { regions }: Watched, blocks: readonly BlockNumber[]): Generator<Reading> {
    const batch = sampleColumns(BATCH_ROWS);
    for (const [block, accesses] of heatOf(regions, new Set(blocks), this.#geometry)) {
      addRow(batch, sizes.process.pid, block * this.#geometry.pagesPerBlock, accesses);
      if (batch.count === BATCH_ROWS) {
        yield { kind: 'samples', batch };
        batch.count = 0;
      }
    }
    if (batch.count > 0) yield { kind: 'samples', batch };
  }

  #say(sizes: PageSizes, { regions, samples, tunedUs }: Watched, busyShare: number): void {
    this.#samples = samples;
    const { pid } = sizes.process;
    const hot = regions.filter(({ accesses }) => accesses > 0);
    const bytes = hot.reduce((sum, { start, end }) => sum + Number(end - start), 0);
    this.#notes.push(
      `DAMON saw accesses in ${mebibytes(bytes)} MiB of process ${pid} (${hot.length} of ${regions.length} regions, ${samples} samples each)`,
    );
    if (tunedUs !== undefined && tunedUs !== ADAPTIVE_SAMPLE_US) {
      this.#notes.push(
        `DAMON tuned its sampling interval from ${ADAPTIVE_SAMPLE_US / 1000} to ${tunedUs / 1000} ms: the counts are of its last ${Math.round((tunedUs * samples) / 1000)} ms`,
      );
    }
    const huge = hugeBytesWithin(sizes, hot, this.#geometry);
    if (huge > 0) {
      this.#notes.push(
        `T2: ${mebibytes(huge)} MiB of that are huge pages, each seen as one: down to ${Math.round(huge / this.#geometry.pagesPerBlock / 1024)} KiB of it may really be in use`,
      );
    }
    if (busyShare > BUSY_SHARE && bytes <= TLB_ENTRIES * this.#geometry.pageBytes) {
      this.#notes.push(
        `T1: process ${pid} ran for ${Math.round(busyShare * 100)} % of the window but hardly any access was seen: this working set may fit the TLB`,
      );
    }
  }

  #refused(refusal: Refusal): void {
    this.#obstacle = refusal;
    this.#lose(`processes not watched: ${refusal.errno} for ${refusal.call}`, 1);
  }

  #lose(reason: string, count: number): void {
    this.#losses[reason] = (this.#losses[reason] ?? 0) + count;
  }
}

const mebibytes = (bytes: Bytes) => Math.round((bytes / MIB) * 100) / 100;

function addRow(batch: SampleColumns, pid: number, page: number, weight: number): void {
  const row = batch.count++;
  batch.time[row] = Number.NaN;
  batch.pid[row] = pid;
  batch.tid[row] = -1;
  batch.virtualPage[row] = page;
  batch.physicalPage[row] = NO_PAGE;
  batch.kind[row] = SAMPLE_KIND.unknown;
  batch.weight[row] = weight;
  batch.flags[row] = 0;
}

function residentBlocks({ blocks }: PageSizes): BlockNumber[] {
  const found = new Set<BlockNumber>();
  for (let row = 0; row < blocks.count; row++) if (blocks.present[row] > 0) found.add(blocks.block[row]);
  return [...found].sort((left, right) => left - right);
}

function rangeOf(block: BlockNumber, count: number, geometry: PageGeometry): AddressRange {
  const size = BigInt(geometry.blockBytes);
  return { start: BigInt(block) * size, end: BigInt(block + count) * size };
}

/** Neighbouring blocks as one range. */
function joined(blocks: readonly BlockNumber[], geometry: PageGeometry): AddressRange[] {
  const ranges: AddressRange[] = [];
  let first = blocks[0];
  blocks.forEach((block, index) => {
    if (blocks[index + 1] === block + 1) return;
    ranges.push(rangeOf(first, block - first + 1, geometry));
    first = blocks[index + 1];
  });
  return ranges;
}

function heatOf(
  regions: readonly TriedRegion[],
  resident: ReadonlySet<BlockNumber>,
  geometry: PageGeometry,
): ReadonlyMap<BlockNumber, number> {
  const heat = new Map<BlockNumber, number>();
  for (const region of regions) {
    if (region.accesses === 0) continue;
    for (const block of blocksWithin(region, geometry)) {
      if (resident.has(block)) {
        heat.set(block, (heat.get(block) ?? 0) + region.accesses * coveredShare(region, block, geometry));
      }
    }
  }
  return heat;
}

/** Share of a block that a region covers. */
function coveredShare({ start, end }: TriedRegion, block: BlockNumber, { blockBytes }: PageGeometry): number {
  const first = BigInt(block) * BigInt(blockBytes);
  const from = start > first ? start : first;
  const to = end < first + BigInt(blockBytes) ? end : first + BigInt(blockBytes);
  return Number(to - from) / blockBytes;
}

function* blocksWithin(region: TriedRegion, geometry: PageGeometry): Generator<BlockNumber> {
  const size = BigInt(geometry.blockBytes);
  const last = Number((region.end - 1n) / size);
  for (let block = Number(region.start / size); block <= last; block++) yield block;
}

function hugeBytesWithin(sizes: PageSizes, regions: readonly TriedRegion[], geometry: PageGeometry): Bytes {
  const huge = new Set<BlockNumber>();
  for (let row = 0; row < sizes.blocks.count; row++) {
    if (sizes.blocks.level[row] === MAPPING_LEVEL.pmd) huge.add(sizes.blocks.block[row]);
  }
  const seen = new Set<BlockNumber>();
  for (const region of regions) {
    for (const block of blocksWithin(region, geometry)) if (huge.has(block)) seen.add(block);
  }
  return seen.size * geometry.blockBytes;
}

/** CPUs' worth of time that a process took from now on until the answer is asked for; setting DAMON up takes time, too. */
function busyMeter(host: Host, pid: number): () => number {
  const ran = runTimeNs(host, pid);
  const began = host.clock.monotonicNs();
  return () => (runTimeNs(host, pid) - ran) / Math.max(1, host.clock.monotonicNs() - began);
}

/** Time that a process's threads ran, from /proc/PID/task; 0 when it cannot be read. */
function runTimeNs(host: Host, pid: number): number {
  const threads = host.files.list(`/proc/${pid}/task`);
  if (!threads.ok) return 0;
  let sum = 0;
  for (const thread of threads.value) {
    const text = host.files.readText(`/proc/${pid}/task/${thread}/schedstat`);
    if (text.ok) sum += Number(text.value.split(' ')[0]);
  }
  return sum;
}

/** Counts of a part of the window would make busy memory look idle: an interrupted watch has no result. */
async function waitWhole({ host, signal }: SourceContext, ms: number): Promise<void> {
  await host.clock.sleep(ms, signal);
  throwIfStopped(signal);
}
