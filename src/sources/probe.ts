/**
 * Sub-page heat for hosts without a PMU, which most virtual machines are: a few huge pages drawn at random are split,
 * their sub-pages watched for a while, and then collapsed again. From the sample follows how many huge pages are
 * sparse, with its uncertainty, and which of those looked at. Unlike other sources it changes memory, so it is no
 * source of `plan` but a command of its own; its cost is bounded beforehand and told afterwards, and pressure or a
 * signal stops it. It splits nothing before it has tried to watch.
 */

import type { Host } from '../host/host.js';
import { PAGE_IS } from '../host/host.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { ProcessIdentity } from '../vocabulary/process.js';
import {
  COMPLETE,
  NO_PAGE,
  SAMPLE_KIND,
  type SampleColumns,
  type SampleOrigin,
  sampleColumns,
} from '../vocabulary/sample.js';
import type { BlockNumber, Milliseconds, PageGeometry, ProcessId } from '../vocabulary/units.js';
import { MIB } from '../vocabulary/units.js';
import { shareInterval } from './probe/estimate.js';
import { openWatcher, type PageCounts, type PageWatcher } from './probe/watch-pages.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** What the probe acts with; lent by the assembly, because sources know no actuators and keep no journal. */
export interface ProbeHands {
  /** Why the probe cannot work here, empty otherwise. */
  readonly missing: string;
  /** Splits as far as it can be done; what is split afterwards is seen by looking. */
  split(process: ProcessIdentity, blocks: readonly BlockNumber[]): Promise<void>;
  /** Puts back what `split` did, even after a signal; throws only where the journal cannot be written. */
  collapse(process: ProcessIdentity, blocks: readonly BlockNumber[]): Promise<void>;
  /** Why so many blocks must not be collapsed now; undefined when they may. */
  pressure(blocks: number): string | undefined;
}

/** How many huge pages are split, and for how long each is watched. */
export interface ProbeOptions {
  /** Huge pages split at most, over all processes. */
  readonly sampleBlocks: number;
  /** How long each batch of huge pages is watched. */
  readonly windowMs: Milliseconds;
  /** From this share of touched sub-pages on a huge page is dense and collapsed again. */
  readonly denseShare: number;
  /** Collapse the sparse ones again, too; otherwise they stay split. */
  readonly restoreAll: boolean;
  readonly shareDamon: boolean;
}

/** 16 huge pages, 4 seconds each, all put back. */
export const PROBE_DEFAULTS: ProbeOptions = {
  sampleBlocks: 16,
  windowMs: 4000,
  denseShare: 0.5,
  restoreAll: true,
  shareDamon: false,
};

/** Blocks watched at a time: 2048 regions of one page. */
const BLOCKS_AT_A_TIME = 4;
/** Pressure is looked at so often while watching. */
const LOOK_EVERY_MS = 500;
/** Rows for one page at most: beyond that more rows would not make it hotter than it looks. */
const ROWS_PER_PAGE = 8;

interface Probed {
  readonly block: BlockNumber;
  readonly touched: number;
}

/** What one process's part of the probe came to. */
interface Tally {
  readonly candidates: number;
  readonly drawn: number;
  readonly probed: Probed[];
  /** Blocks that were split at all. */
  split: number;
  collapsed: number;
  /** Why it ended before all drawn blocks were looked at, empty otherwise. */
  stopped: string;
}

/** The same for people and scripts. */
export interface ProbeTally {
  readonly pid: ProcessId;
  /** Huge pages of the process, and those of them that were drawn. */
  readonly candidates: number;
  readonly drawn: number;
  readonly split: number;
  /** Watched for a whole window. */
  readonly watched: number;
  readonly sparse: number;
  readonly collapsed: number;
  readonly stopped: string;
}

/** One process while it is probed. */
interface Probing {
  readonly process: ProcessIdentity;
  readonly watcher: PageWatcher;
  readonly tally: Tally;
  readonly context: SourceContext;
}

/** Splits, watches and collapses in batches, and yields the heat of the sampled blocks. */
export class ProbeSource implements Source {
  readonly name = 'probe';
  readonly origin: SampleOrigin;
  readonly #hands: ProbeHands;
  readonly #options: ProbeOptions;
  readonly #geometry: PageGeometry;
  readonly #notes: string[] = [];
  readonly #losses: Record<string, number> = {};
  readonly #tallies: { readonly pid: ProcessId; readonly tally: Tally }[] = [];

  constructor(geometry: PageGeometry, hands: ProbeHands, options: ProbeOptions = PROBE_DEFAULTS) {
    this.#hands = hands;
    this.#options = options;
    this.#geometry = geometry;
    this.origin = {
      source: this.name,
      detail: `sub-pages of up to ${options.sampleBlocks} split huge pages for ${options.windowMs} ms`,
      tells: 'heat',
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: true },
      nature: 'page-bits',
      ...COMPLETE,
      windowNs: options.windowMs * 1e6,
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const { processes } = context;
    let left = this.#options.sampleBlocks;
    for (const [index, sizes] of processes.entries()) {
      if (context.signal.aborted) return;
      const { missing } = this.#hands;
      // Never more than was asked for, even when there are more processes than huge pages to look at.
      const share = Math.min(left, Math.max(1, Math.floor(left / (processes.length - index))));
      if (missing) this.#lose(`processes not probed: ${missing}`, 1);
      else if (share === 0) this.#lose('processes not probed: the sample was used up by others', 1);
      else left -= yield* this.#probe(sizes, share, context);
    }
  }

  account(): SourceAccount {
    return { losses: this.#losses, bytesRead: 0, notes: [...this.#notes] };
  }

  /** What the probe came to in each process that it could watch. */
  get tallies(): readonly ProbeTally[] {
    return this.#tallies.map(({ pid, tally: { probed, candidates, drawn, split, collapsed, stopped } }) => ({
      ...{ pid, candidates, drawn, split, collapsed, stopped },
      watched: probed.length,
      sparse: probed.filter((each) => this.#isSparse(each)).length,
    }));
  }

  /** Returns how many huge pages it took of the sample. */
  async *#probe(sizes: PageSizes, most: number, context: SourceContext): AsyncGenerator<Reading, number> {
    const candidates = hugeBlocks(sizes);
    const drawn = draw(candidates, most, context.host);
    if (drawn.length === 0) {
      this.#lose('processes not probed: they have no huge pages of their own', 1);
      return 0;
    }
    const { pid } = sizes.process;
    const watcher = await openWatcher(context.host, pid, drawn[0], this.#options.shareDamon);
    if (typeof watcher === 'string') {
      this.#lose(`processes not probed: ${watcher}`, 1);
      return 0;
    }
    if (watcher.withoutDamon) {
      this.#remember(`watched by soft-dirty bits, which show writes only: ${watcher.withoutDamon}`);
    }
    try {
      yield* this.#probeDrawn(sizes, candidates, drawn, watcher, context);
    } finally {
      await watcher.close();
    }
    return drawn.length;
  }

  async *#probeDrawn(
    sizes: PageSizes,
    candidates: readonly BlockNumber[],
    drawn: readonly BlockNumber[],
    watcher: PageWatcher,
    context: SourceContext,
  ): AsyncGenerator<Reading> {
    const { host, signal } = context;
    const plain = { probed: [], split: 0, collapsed: 0, stopped: '' };
    const tally: Tally = { candidates: candidates.length, drawn: drawn.length, ...plain };
    this.#tallies.push({ pid: sizes.process.pid, tally });
    const began = host.clock.monotonicNs();
    for (let at = 0; at < drawn.length && !signal.aborted && !tally.stopped; at += BLOCKS_AT_A_TIME) {
      context.progress(at, drawn.length, 'huge pages');
      const blocks = drawn.slice(at, at + BLOCKS_AT_A_TIME);
      tally.stopped = this.#hands.pressure(blocks.length) ?? '';
      if (!tally.stopped)
        yield* this.#probeBatch({ process: sizes.process, watcher, tally, context }, blocks);
    }
    this.#tell(sizes, tally, (host.clock.monotonicNs() - began) / 1e6);
  }

  async *#probeBatch(probing: Probing, blocks: readonly BlockNumber[]): AsyncGenerator<Reading> {
    const { process, tally, context } = probing;
    await this.#hands.split(process, blocks);
    const split = blocks.filter((block) => !isHuge(context.host, process.pid, block, this.#geometry));
    tally.split += split.length;
    if (split.length < blocks.length) {
      this.#lose('huge pages that would not split (pinned, shared or locked)', blocks.length - split.length);
    }
    if (split.length === 0) return;
    const counts = await this.#watch(probing, split);
    if (typeof counts === 'string') {
      this.#lose(counts, split.length);
      await this.#collapse(process, split, tally);
      return;
    }
    const found = [...counts].map(([block, pages]) => ({ block, touched: touchedPages(pages) }));
    tally.probed.push(...found);
    await this.#collapse(
      process,
      found.filter((probed) => this.#options.restoreAll || !this.#isSparse(probed)).map(({ block }) => block),
      tally,
    );
    yield* readings(process.pid, counts, this.#geometry);
  }

  /** Counts of a whole window; a part of one would make busy pages look idle and is thrown away. */
  async #watch(
    { process, watcher, tally, context: { host, signal } }: Probing,
    blocks: readonly BlockNumber[],
  ): Promise<PageCounts> {
    const wait = async (duration: Milliseconds) => {
      for (let left = duration; left > 0 && !signal.aborted && !tally.stopped; left -= LOOK_EVERY_MS) {
        await host.clock.sleep(Math.min(left, LOOK_EVERY_MS), signal);
        tally.stopped = this.#hands.pressure(blocks.length) ?? '';
      }
    };
    const { windowMs } = this.#options;
    const counts = await watcher.watch({ pid: process.pid, blocks, windowMs, wait });
    return signal.aborted || tally.stopped ? 'huge pages whose watch was cut short' : counts;
  }

  /** Puts blocks back, unless memory is short; then they stay split, and that is told. */
  async #collapse(process: ProcessIdentity, blocks: readonly BlockNumber[], tally: Tally): Promise<void> {
    if (blocks.length === 0) return;
    const stop = this.#hands.pressure(blocks.length);
    if (stop) {
      this.#notes.push(`${blocks.length} probed huge pages stay split: ${stop}`);
      return;
    }
    await this.#hands.collapse(process, blocks);
    tally.collapsed += blocks.length;
  }

  #isSparse({ touched }: Probed): boolean {
    return touched < this.#options.denseShare * this.#geometry.pagesPerBlock;
  }

  #tell(sizes: PageSizes, tally: Tally, ms: number): void {
    const { candidates, drawn, probed, split, collapsed, stopped } = tally;
    const { pid } = sizes.process;
    if (stopped) {
      this.#notes.push(`the probe stopped after ${probed.length} of ${drawn} huge pages: ${stopped}`);
    }
    if (probed.length > 0) {
      const sparse = probed.filter((each) => this.#isSparse(each)).length;
      const estimate = describeShare(shareInterval(sparse, probed.length, candidates));
      const bytes = probed.length * this.#geometry.blockBytes;
      this.#notes.push(
        `the probe split ${probed.length} of ${candidates} huge pages of process ${pid} (${bytes / MIB} MiB) for ${Math.round(ms)} ms: ${sparse} proved sparse, so ${estimate}`,
      );
    }
    if (split === 0) return;
    const copied = (collapsed * this.#geometry.blockBytes) / MIB;
    this.#notes.push(
      `its cost: ${split} splits (bound ${this.#options.sampleBlocks}, --sample), ${collapsed} collapses (${copied} MiB copied); ${split - collapsed} stay split`,
    );
  }

  #remember(note: string): void {
    if (!this.#notes.includes(note)) this.#notes.push(note);
  }

  #lose(reason: string, count: number): void {
    this.#losses[reason] = (this.#losses[reason] ?? 0) + count;
  }
}

function describeShare([low, high]: readonly [number, number]): string {
  const percent = (share: number) => `${Math.round(share * 100)} %`;
  return low === high
    ? `${percent(low)} of all are`
    : `${percent(low)} to ${percent(high)} of all are (95 %)`;
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
