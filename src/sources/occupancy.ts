/**
 * Which sub-pages of huge blocks hold anything but zeroes, read from the memory itself with process_vm_readv. Not
 * heat, but proof of bloat: a zero-filled sub-page is returned to the system by a split to order 0.
 */
import { type Host, PAGE_IS } from '../host/host.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import type { SampleOrigin } from '../vocabulary/sample.js';
import {
  type BlockNumber,
  type Bytes,
  blockToPage,
  MIB,
  type PageRange,
  type ProcessId,
} from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

export interface OccupancyOptions {
  /** Bytes read per second, so that memory bandwidth and caches stay the target's. */
  readonly bytesPerSecond: Bytes;
  /** Read only this many blocks of each process, drawn at random; all when undefined. */
  readonly sampleBlocks?: number;
  /** Read only these blocks, by process; all when undefined. */
  readonly only?: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;
}

export const OCCUPANCY_DEFAULTS: OccupancyOptions = { bytesPerSecond: 1024 * MIB };

interface Candidate {
  readonly sizes: PageSizes;
  readonly block: BlockNumber;
  /** Its part that is mapped page by page, where pages that nobody maps make it a candidate for a split. */
  readonly partOf: PageRange | undefined;
}

export class OccupancySource implements Source {
  readonly name = 'occupancy';
  readonly origin: SampleOrigin;
  readonly #options: OccupancyOptions;
  readonly #losses: Record<string, number> = {};
  #bytesRead = 0;
  #blocks = 0;

  constructor(options: OccupancyOptions = OCCUPANCY_DEFAULTS) {
    this.#options = options;
    this.origin = {
      source: this.name,
      detail: 'contents of PMD-mapped folios',
      tells: 'content',
      granularity: { pages: 1, blindInsideHugePages: false, blindToCachedTranslations: false },
      windowNs: undefined,
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const candidates = context.processes.flatMap((sizes) => this.#candidates(context.host, sizes));
    const started = context.host.clock.monotonicNs();
    let filled = new Uint8Array(0);
    let buffer = new Uint8Array(0);
    for (const [index, { sizes, block, partOf }] of candidates.entries()) {
      if (context.signal.aborted) break;
      const { blockBytes, pagesPerBlock } = sizes.geometry;
      if (buffer.length !== blockBytes) {
        buffer = new Uint8Array(blockBytes);
        filled = new Uint8Array(pagesPerBlock / 8);
      }
      const isRead = partOf
        ? this.#readMapped(context.host, sizes, partOf, buffer, filled)
        : this.#readBlock(context.host, sizes, block, buffer, filled);
      if (isRead) {
        yield { kind: 'content', content: { pid: sizes.process.pid, block, filled } };
      }
      context.progress(index + 1, candidates.length, 'blocks');
      await this.#keepRate(context, started);
    }
  }

  account(): SourceAccount {
    return {
      losses: this.#losses,
      bytesRead: this.#bytesRead,
      notes:
        this.#blocks === 0
          ? []
          : [
              `read ${this.#blocks} huge blocks (${Math.round(this.#bytesRead / MIB)} MiB); reading marks pages referenced, as any access does`,
            ],
    };
  }

  /** PMD-mapped anonymous blocks; those of the huge zero page hold nothing to read. */
  #candidates(host: Host, sizes: PageSizes): Candidate[] {
    const { blocks } = sizes;
    const found: Candidate[] = [];
    for (let row = 0; row < blocks.count; row++) {
      const isPartial = blocks.level[row] === MAPPING_LEVEL.pte && blocks.unmapped[row] > 0;
      if ((blocks.level[row] !== MAPPING_LEVEL.pmd && !isPartial) || blocks.present[row] === 0) continue;
      // Nothing of it goes back while another process maps it as well.
      if (blocks.flags[row] & BLOCK_FLAG.shared) continue;
      const { kind } = sizes.mappings[blocks.mapping[row]];
      const block = blocks.block[row];
      if (this.#isAsked(sizes, block) && (kind === 'anon' || kind === 'shmem'))
        found.push({ sizes, block, partOf: isPartial ? partOf(sizes, row) : undefined });
    }
    return this.#options.sampleBlocks === undefined ? found : drawn(host, found, this.#options.sampleBlocks);
  }

  #isAsked({ process }: PageSizes, block: BlockNumber): boolean {
    const { only } = this.#options;
    return only === undefined || (only.get(process.pid)?.has(block) ?? false);
  }

  /** Only pages that are there: a read of the others would map zero pages. */
  #readMapped(
    host: Host,
    { geometry, process }: PageSizes,
    part: PageRange,
    buffer: Uint8Array,
    filled: Uint8Array,
  ): boolean {
    const start = part.start - (part.start % geometry.pagesPerBlock);
    const scanned = host.calls.scanPagemap(process.pid, {
      range: part,
      inverted: PAGE_IS.PFNZERO,
      mask: PAGE_IS.PRESENT | PAGE_IS.PFNZERO,
      anyOf: 0,
      report: PAGE_IS.PRESENT,
    });
    if (!scanned.ok) return this.#lost(scanned.error.errno);
    const { count, starts, ends } = scanned.value;
    filled.fill(0);
    for (let region = 0; region < count; region++) {
      const range = { start: starts[region], end: ends[region] };
      const into = buffer.subarray(0, (range.end - range.start) * geometry.pageBytes);
      const read = host.calls.processVmRead(process.pid, [range], into);
      if (!read.ok) return this.#lost(read.error.errno);
      if (read.value < into.length) return this.#lost('short read');
      markPages(into, geometry.pageBytes, filled, range.start - start);
      this.#bytesRead += read.value;
    }
    this.#blocks++;
    return true;
  }

  #lost(reason: string): false {
    this.#losses[reason] = (this.#losses[reason] ?? 0) + 1;
    return false;
  }

  #readBlock(
    host: Host,
    sizes: PageSizes,
    block: BlockNumber,
    buffer: Uint8Array,
    filled: Uint8Array,
  ): boolean {
    const { geometry, process } = sizes;
    const start = blockToPage(block, geometry);
    const range = { start, end: start + geometry.pagesPerBlock };
    const read = host.calls.processVmRead(process.pid, [range], buffer);
    if (!read.ok || read.value < geometry.blockBytes) {
      return this.#lost(read.ok ? 'short read' : read.error.errno);
    }
    this.#bytesRead += read.value;
    this.#blocks++;
    markFilled(buffer, geometry.pageBytes, filled);
    return true;
  }

  async #keepRate({ host, signal }: SourceContext, started: number): Promise<void> {
    const elapsedMs = (host.clock.monotonicNs() - started) / 1e6;
    const dueMs = (this.#bytesRead / this.#options.bytesPerSecond) * 1000;
    if (dueMs - elapsedMs > 1) await host.clock.sleep(dueMs - elapsedMs, signal);
  }
}

/** The pages of a block that lie in its row's mapping. */
function partOf({ blocks, mappings, geometry }: PageSizes, row: number): PageRange {
  const start = blockToPage(blocks.block[row], geometry);
  const mapping = mappings[blocks.mapping[row]];
  return {
    start: Math.max(start, mapping.start),
    end: Math.min(start + geometry.pagesPerBlock, mapping.end),
  };
}

/** `count` of the candidates, each equally likely (partial Fisher–Yates), in ascending order. */
function drawn(host: Host, candidates: Candidate[], count: number): Candidate[] {
  const last = Math.min(count, candidates.length);
  for (let at = 0; at < last; at++) {
    const other = at + (host.random.uint32() % (candidates.length - at));
    [candidates[at], candidates[other]] = [candidates[other], candidates[at]];
  }
  return candidates.slice(0, last).sort((left, right) => left.block - right.block);
}

/** Sets one bit for each page of `memory` that holds anything but zeroes, counted from sub-page `first` on. */
export function markPages(memory: Uint8Array, pageBytes: Bytes, filled: Uint8Array, first: number): void {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4);
  const perPage = pageBytes / 4;
  for (let at = 0, page = first; at < words.length; at += perPage, page++)
    if (holdsData(words, at, at + perPage)) filled[page >> 3] |= 1 << (page & 7);
}

/** Sets one bit for each page of `memory` (8-byte aligned) that holds anything but zeroes. */
export function markFilled(memory: Uint8Array, pageBytes: Bytes, filled: Uint8Array): void {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.byteLength / 4);
  const perPage = pageBytes / 4;
  filled.fill(0);
  for (let page = 0; page * perPage < words.length; page++) {
    if (holdsData(words, page * perPage, (page + 1) * perPage)) filled[page >> 3] |= 1 << (page & 7);
  }
}

/** A cache line at a time; ends at the first that is not all zeroes. */
function holdsData(words: Int32Array, from: number, to: number): boolean {
  for (let at = from; at < to; at += 8) {
    const line =
      words[at] |
      words[at + 1] |
      words[at + 2] |
      words[at + 3] |
      words[at + 4] |
      words[at + 5] |
      words[at + 6] |
      words[at + 7];
    if (line !== 0) return true;
  }
  return false;
}
