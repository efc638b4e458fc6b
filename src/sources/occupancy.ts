/**
 * Which sub-pages of huge blocks hold anything but zeroes, read from the memory itself with process_vm_readv. Not
 * heat, but proof of bloat: a zero-filled sub-page is returned to the system by a split to order 0.
 */
import type { Host } from '../host/host.js';
import { MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import { type BlockNumber, type Bytes, blockToPage, MIB } from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

export interface OccupancyOptions {
  /** Bytes read per second, so that memory bandwidth and caches stay the target's. */
  readonly bytesPerSecond: Bytes;
  /** Read only this many blocks of each process, drawn at random; all when undefined. */
  readonly sampleBlocks?: number;
}

export const OCCUPANCY_DEFAULTS: OccupancyOptions = { bytesPerSecond: 1024 * MIB };

interface Candidate {
  readonly sizes: PageSizes;
  readonly block: BlockNumber;
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
      nature: 'content',
      ...COMPLETE,
      windowNs: undefined,
    };
  }

  async *read(context: SourceContext): AsyncIterable<Reading> {
    const candidates = context.processes.flatMap((sizes) => this.#candidates(context.host, sizes));
    const started = context.host.clock.monotonicNs();
    let filled = new Uint8Array(0);
    let buffer = new Uint8Array(0);
    for (const [index, { sizes, block }] of candidates.entries()) {
      if (context.signal.aborted) break;
      const { blockBytes, pagesPerBlock } = sizes.geometry;
      if (buffer.length !== blockBytes) {
        buffer = new Uint8Array(blockBytes);
        filled = new Uint8Array(pagesPerBlock / 8);
      }
      if (this.#readBlock(context.host, sizes, block, buffer, filled)) {
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
      if (blocks.level[row] !== MAPPING_LEVEL.pmd || blocks.present[row] === 0) continue;
      const { kind } = sizes.mappings[blocks.mapping[row]];
      if (kind === 'anon' || kind === 'shmem') found.push({ sizes, block: blocks.block[row] });
    }
    return this.#options.sampleBlocks === undefined ? found : drawn(host, found, this.#options.sampleBlocks);
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
      const reason = read.ok ? 'short read' : read.error.errno;
      this.#losses[reason] = (this.#losses[reason] ?? 0) + 1;
      return false;
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

/** `count` of the candidates, each equally likely (partial Fisher–Yates), in ascending order. */
function drawn(host: Host, candidates: Candidate[], count: number): Candidate[] {
  const last = Math.min(count, candidates.length);
  for (let at = 0; at < last; at++) {
    const other = at + (host.random.uint32() % (candidates.length - at));
    [candidates[at], candidates[other]] = [candidates[other], candidates[at]];
  }
  return candidates.slice(0, last).sort((left, right) => left.block - right.block);
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
