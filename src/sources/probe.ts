/**
 * Sub-page heat for hosts without a PMU, which most virtual machines are: a few huge pages drawn at random are split,
 * their sub-pages watched for a while, and those that prove dense are collapsed again. From the sample follows how
 * many huge pages are sparse, with its uncertainty, and which of those looked at. Unlike other sources it changes
 * memory, so its cost is bounded beforehand and told afterwards, and pressure stops it.
 */

import { DamonSlot } from '../damon/slot.js';
import { watchRanges } from '../damon/watch.js';
import type { Host } from '../host/host.js';
import { PAGE_IS } from '../host/host.js';
import type { AddressRange } from '../vocabulary/damon.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import {
  NO_PAGE,
  SAMPLE_KIND,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import type { BlockNumber, Milliseconds, PageGeometry, ProcessId } from '../vocabulary/units.js';
import { MIB } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** What the probe acts with; lent by the assembly, because sources know no actuators. */
export interface ProbeHands {
  /** Why the probe cannot work here, empty otherwise. */
  readonly missing: string;
  split(pid: ProcessId, blocks: readonly BlockNumber[]): Promise<void>;
  collapse(pid: ProcessId, blocks: readonly BlockNumber[]): Promise<void>;
  /** Why so many blocks must not be collapsed now; undefined when they may. */
  pressure(blocks: number): string | undefined;
}

export interface ProbeOptions {
  /** Huge pages split at most, over all processes. */
  readonly sampleBlocks: number;
  readonly windowMs: Milliseconds;
  /** From this share of touched sub-pages on a huge page is dense and collapsed again. */
  readonly denseShare: number;
  /** Collapse the sparse ones again, too, and leave the decision to the plan. */
  readonly restoreAll: boolean;
  readonly shareDamon: boolean;
}

export const PROBE_DEFAULTS: ProbeOptions = {
  sampleBlocks: 16,
  windowMs: 4000,
  denseShare: 0.5,
  restoreAll: false,
  shareDamon: false,
};

/** Blocks watched at a time: 2048 regions of one page. */
const BLOCKS_AT_A_TIME = 4;
/** Rows for one page at most: beyond that more rows would not make it hotter than it looks. */
const ROWS_PER_PAGE = 8;
const PAGEMAP_SOFT_DIRTY_HIGH = 1 << 23;
const PAGEMAP_WORD = 8;

interface Probed {
  readonly block: BlockNumber;
  readonly touched: number;
}

type Watcher = (blocks: readonly BlockNumber[]) => Promise<Map<BlockNumber, Float64Array> | string>;

export class ProbeSource implements Source {
  readonly name = 'probe';
  readonly origin: SampleOrigin;
  readonly #hands: ProbeHands;
  readonly #options: ProbeOptions;
  readonly #geometry: PageGeometry;
  readonly #notes: string[] = [];
  readonly #losses: Record<string, number> = {};

  constructor(geometry: PageGeometry, hands: ProbeHands, options: ProbeOptions = PROBE_DEFAULTS) {
    this.#hands = hands;
    this.#options = options;
    this.#geometry = geometry;
    this.origin = {
      source: this.name,
      detail: `sub-pages of up to ${options.sampleBlocks} split huge pages for ${options.windowMs} ms`,
      tells: 'heat',
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: true },
      windowNs: options.windowMs * 1e6,
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    if (this.#hands.missing) {
      this.#lose(`processes not probed: ${this.#hands.missing}`, context.processes.length);
      return;
    }
    const share = Math.max(1, Math.floor(this.#options.sampleBlocks / context.processes.length));
    for (const sizes of context.processes) yield* this.#probe(sizes, share, context);
  }

  account(): SourceAccount {
    return { losses: this.#losses, bytesRead: 0, notes: [...this.#notes] };
  }

  async *#probe(sizes: PageSizes, most: number, context: SourceContext): AsyncGenerator<Reading> {
    const { host, signal } = context;
    const { pid } = sizes.process;
    const candidates = hugeBlocks(sizes);
    const drawn = draw(candidates, most, host);
    const began = host.clock.monotonicNs();
    const probed: Probed[] = [];
    let restored = 0;
    for (let at = 0; at < drawn.length && !signal.aborted; at += BLOCKS_AT_A_TIME) {
      context.progress(at, drawn.length, 'huge pages');
      const stop = this.#hands.pressure(BLOCKS_AT_A_TIME);
      if (stop) {
        this.#notes.push(`the probe stopped after ${probed.length} of ${drawn.length} huge pages: ${stop}`);
        break;
      }
      const blocks = drawn.slice(at, at + BLOCKS_AT_A_TIME);
      const counts = await this.#splitAndWatch(host, pid, blocks, signal);
      const found = [...counts].map(([block, pages]) => ({ block, touched: touchedPages(pages) }));
      probed.push(...found);
      restored += await this.#restore(pid, found);
      yield* readings(pid, counts, this.#geometry);
    }
    this.#tell(sizes, candidates.length, probed, restored, (host.clock.monotonicNs() - began) / 1e6);
  }

  async #splitAndWatch(host: Host, pid: ProcessId, blocks: readonly BlockNumber[], signal: AbortSignal) {
    await this.#hands.split(pid, blocks);
    const split = blocks.filter((block) => !isHuge(host, pid, block, this.#geometry));
    if (split.length < blocks.length) {
      this.#lose('huge pages that would not split (pinned, shared or locked)', blocks.length - split.length);
    }
    if (split.length === 0) return new Map<BlockNumber, Float64Array>();
    const watch = this.#watcher(host, pid, signal);
    const counts = await watch(split);
    if (typeof counts !== 'string') return counts;
    this.#lose(counts, split.length);
    await this.#hands.collapse(pid, split);
    return new Map<BlockNumber, Float64Array>();
  }

  /** DAMON sees reads and writes; where it cannot be had, soft-dirty bits see writes. */
  #watcher(host: Host, pid: ProcessId, signal: AbortSignal): Watcher {
    return async (blocks) => {
      const slot = await DamonSlot.open(host, { share: this.#options.shareDamon });
      if (!slot.ok) {
        this.#remember(
          `watched by soft-dirty bits, which show writes only: DAMON is used by ${slot.error.owner}`,
        );
        return watchWrites(host, pid, blocks, this.#options.windowMs, signal);
      }
      try {
        return await watchPages(slot.value, pid, blocks, this.#options.windowMs, signal);
      } finally {
        await slot.value.close();
      }
    };
  }

  async #restore(pid: ProcessId, probed: readonly Probed[]): Promise<number> {
    const { denseShare, restoreAll } = this.#options;
    const dense = probed.filter(
      ({ touched }) => restoreAll || touched >= denseShare * this.#geometry.pagesPerBlock,
    );
    if (dense.length === 0) return 0;
    const stop = this.#hands.pressure(dense.length);
    if (stop) {
      this.#notes.push(`${dense.length} probed huge pages stay split: ${stop}`);
      return 0;
    }
    await this.#hands.collapse(
      pid,
      dense.map(({ block }) => block),
    );
    return dense.length;
  }

  #tell(sizes: PageSizes, of: number, probed: readonly Probed[], restored: number, ms: number): void {
    if (probed.length === 0) return;
    const { pid } = sizes.process;
    const limit = this.#options.denseShare * this.#geometry.pagesPerBlock;
    const sparse = probed.filter(({ touched }) => touched < limit).length;
    const [low, high] = wilson(sparse, probed.length);
    const percent = (share: number) => `${Math.round(share * 100)} %`;
    const bytes = probed.length * this.#geometry.blockBytes;
    this.#notes.push(
      `the probe split ${probed.length} of ${of} huge pages of process ${pid} (${bytes / MIB} MiB) for ${Math.round(ms)} ms: ${sparse} proved sparse, so ${percent(low)} to ${percent(high)} of all are (95 %)`,
      `its cost: ${probed.length} splits, ${restored} collapses (${(restored * this.#geometry.blockBytes) / MIB} MiB copied); ${probed.length - restored} sparse ones stay split`,
    );
  }

  #remember(note: string): void {
    if (!this.#notes.includes(note)) this.#notes.push(note);
  }

  #lose(reason: string, count: number): void {
    this.#losses[reason] = (this.#losses[reason] ?? 0) + count;
  }
}

/** Wilson's interval for a share, at 95 %. */
export function wilson(hits: number, trials: number): readonly [low: number, high: number] {
  const z2 = 1.96 ** 2;
  const share = hits / trials;
  const middle = (share + z2 / (2 * trials)) / (1 + z2 / trials);
  const half =
    (1.96 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials ** 2))) / (1 + z2 / trials);
  return [Math.max(0, middle - half), Math.min(1, middle + half)];
}

function hugeBlocks({ blocks, geometry }: PageSizes): BlockNumber[] {
  const found: BlockNumber[] = [];
  for (let row = 0; row < blocks.count; row++) {
    const isWhole = (blocks.flags[row] & BLOCK_FLAG.wholeInMapping) !== 0;
    if (
      blocks.level[row] === MAPPING_LEVEL.pmd &&
      isWhole &&
      blocks.present[row] === geometry.pagesPerBlock
    ) {
      found.push(blocks.block[row]);
    }
  }
  return found;
}

/** So many of them, drawn without putting back (Fisher–Yates). */
function draw(blocks: readonly BlockNumber[], most: number, { random }: Host): BlockNumber[] {
  const left = [...blocks];
  const count = Math.min(most, left.length);
  for (let at = 0; at < count; at++) {
    const other = at + (random.uint32() % (left.length - at));
    [left[at], left[other]] = [left[other], left[at]];
  }
  return left.slice(0, count).sort((one, other) => one - other);
}

function isHuge(host: Host, pid: ProcessId, block: BlockNumber, geometry: PageGeometry): boolean {
  const start = block * geometry.pagesPerBlock;
  const range = { start, end: start + geometry.pagesPerBlock };
  const scan = { range, inverted: 0, mask: PAGE_IS.HUGE, anyOf: 0, report: PAGE_IS.HUGE };
  const found = host.calls.scanPagemap(pid, scan);
  return found.ok && found.value.count > 0;
}

async function watchPages(
  slot: DamonSlot,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  windowMs: Milliseconds,
  signal: AbortSignal,
): Promise<Map<BlockNumber, Float64Array> | string> {
  const { geometry } = slot.host.identity;
  const page = BigInt(geometry.pageBytes);
  const ranges: AddressRange[] = [...blocks]
    .sort((one, other) => one - other)
    .flatMap((block) => {
      const first = BigInt(block) * BigInt(geometry.blockBytes);
      return Array.from({ length: geometry.pagesPerBlock }, (_, index) => {
        const start = first + BigInt(index) * page;
        return { start, end: start + page };
      });
    });
  const watched = await watchRanges(slot, { pid, ranges, windowMs, signal });
  if (!watched.ok) return `huge pages not watched: ${watched.error.errno} for ${watched.error.call}`;
  const counts = new Map(blocks.map((block) => [block, new Float64Array(geometry.pagesPerBlock)]));
  for (const { start, accesses } of watched.value.regions) {
    const number = Number(start / page);
    const pages = counts.get(Math.floor(number / geometry.pagesPerBlock));
    if (pages) pages[number % geometry.pagesPerBlock] = accesses;
  }
  return counts;
}

/** Clears the soft-dirty bits of the process, waits, and takes every page that was written since. */
async function watchWrites(
  host: Host,
  pid: ProcessId,
  blocks: readonly BlockNumber[],
  windowMs: Milliseconds,
  signal: AbortSignal,
): Promise<Map<BlockNumber, Float64Array> | string> {
  const { pagesPerBlock } = host.identity.geometry;
  const cleared = host.files.writeKernelFile(`/proc/${pid}/clear_refs`, '4');
  if (!cleared.ok) return `huge pages not watched: ${cleared.error.errno} for ${cleared.error.call}`;
  await host.clock.sleep(windowMs, signal);
  const pagemap = host.files.open(`/proc/${pid}/pagemap`);
  if (!pagemap.ok) return `huge pages not watched: ${pagemap.error.errno} for ${pagemap.error.call}`;
  const bytes = Buffer.alloc(pagesPerBlock * PAGEMAP_WORD);
  const counts = new Map<BlockNumber, Float64Array>();
  try {
    for (const block of blocks) {
      const read = pagemap.value.read(bytes, block * pagesPerBlock * PAGEMAP_WORD);
      if (!read.ok || read.value < bytes.length) continue;
      counts.set(block, dirtyPages(bytes, pagesPerBlock));
    }
  } finally {
    pagemap.value.close();
  }
  return counts;
}

function dirtyPages(bytes: Buffer, pages: number): Float64Array {
  const counts = new Float64Array(pages);
  for (let page = 0; page < pages; page++) {
    const high = bytes.readUInt32LE(page * PAGEMAP_WORD + 4);
    if ((high & PAGEMAP_SOFT_DIRTY_HIGH) !== 0) counts[page] = 1;
  }
  return counts;
}

function touchedPages(counts: Float64Array): number {
  let touched = 0;
  for (const count of counts) if (count > 0) touched++;
  return touched;
}

function* readings(
  pid: ProcessId,
  counts: ReadonlyMap<BlockNumber, Float64Array>,
  geometry: PageGeometry,
): Generator<Reading> {
  const batch = sampleColumns(geometry.pagesPerBlock * ROWS_PER_PAGE);
  for (const [block, pages] of counts) {
    batch.count = 0;
    pages.forEach((count, page) => {
      addRows(batch, pid, block * geometry.pagesPerBlock + page, count);
    });
    if (batch.count > 0) yield { kind: 'samples', batch };
  }
}

/** A page that was seen in use so often gets as many rows, up to a bound, which share its weight. */
function addRows(batch: SampleColumns, pid: ProcessId, page: number, count: number): void {
  const rows = Math.min(ROWS_PER_PAGE, Math.ceil(count));
  for (let index = 0; index < rows; index++) {
    const row = batch.count++;
    batch.time[row] = Number.NaN;
    batch.pid[row] = pid;
    batch.tid[row] = -1;
    batch.virtualPage[row] = page;
    batch.physicalPage[row] = NO_PAGE;
    batch.kind[row] = SAMPLE_KIND.unknown;
    batch.weight[row] = count / rows;
    batch.flags[row] = 0;
  }
}
