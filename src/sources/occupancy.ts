/**
 * Which sub-pages of huge blocks hold anything but zeroes, read from the memory itself. Not heat, but proof of bloat: a
 * zero-filled sub-page is returned to the system by a split to order 0. Blocks that cannot be acted on are not read.
 */
import type { Answer, Host, ProcessMemory } from '../host/host.js';
import { BLOCK_FLAG, MAPPING_LEVEL, type PageSizes } from '../vocabulary/page-sizes.js';
import { COMPLETE, type SampleOrigin } from '../vocabulary/sample.js';
import {
  type BlockNumber,
  type Bytes,
  blockToPage,
  MIB,
  type PageRange,
  type ProcessId,
} from '../vocabulary/units.js';
import type { Reading, Source, SourceAccount, SourceContext } from './source.js';

/** How fast and how much is read. */
export interface OccupancyOptions {
  /** Bytes read per second, so that memory bandwidth and caches stay the target's. */
  readonly bytesPerSecond: Bytes;
  /** Read only this many blocks of each process, drawn at random; all when undefined. */
  readonly sampleBlocks?: number;
  /** Read only these blocks, by process; all when undefined. */
  readonly only?: ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;
}

/** All huge blocks, at 1 GiB a second. */
export const OCCUPANCY_DEFAULTS: OccupancyOptions = { bytesPerSecond: 1024 * MIB };

/** A huge block of 64 KiB pages is 512 MiB: read in pieces of this size. */
const MOST_AT_ONCE: Bytes = 2 * MIB;

interface Candidate {
  readonly sizes: PageSizes;
  readonly block: BlockNumber;
}

/** Huge blocks of a process by whether their content is worth a read. */
export interface Readable {
  /** Rows of `blocks` that a PMD entry maps, ascending. */
  readonly rows: readonly number[];
  /** Blocks that other processes map as well, of which a process cannot give anything back. */
  readonly shared: number;
  /** Blocks of mlocked memory, whose zero-filled pages a split does not free. */
  readonly locked: number;
}

/**
 * PMD-mapped anonymous and shmem blocks; those of the huge zero page hold nothing to read. What is mapped page by page is
 * left out: a read marks such pages accessed (folio_mark_accessed() in follow_page_pte()), which huge mappings are spared.
 */
export function readableBlocks({ blocks, mappings }: PageSizes): Readable {
  const rows: number[] = [];
  let shared = 0;
  let locked = 0;
  for (let row = 0; row < blocks.count; row++) {
    if (blocks.level[row] !== MAPPING_LEVEL.pmd || blocks.present[row] === 0) continue;
    const { kind, flags } = mappings[blocks.mapping[row]];
    if (kind !== 'anon' && kind !== 'shmem') continue;
    if (blocks.flags[row] & BLOCK_FLAG.shared) shared++;
    else if (flags.includes('lo')) locked++;
    else rows.push(row);
  }
  return { rows, shared, locked };
}

/** Reads huge blocks without a trace, and yields which sub-pages are zero-filled. */
export class OccupancySource implements Source {
  readonly name = 'occupancy';
  readonly origin: SampleOrigin;
  readonly #options: OccupancyOptions;
  readonly #losses: Record<string, number> = {};
  readonly #left = { shared: 0, locked: 0 };
  #buffer = new Uint8Array(0);
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
    const { host, signal } = context;
    const candidates = context.processes.flatMap((sizes) => this.#candidates(sizes));
    const chosen =
      this.#options.sampleBlocks === undefined
        ? candidates
        : drawn(host, candidates, this.#options.sampleBlocks);
    const started = host.clock.monotonicNs();
    const memories = new Memories(host);
    try {
      for (const [index, { sizes, block }] of chosen.entries()) {
        if (signal.aborted) break;
        const filled = this.#readBlock(memories, sizes, block);
        if (filled) yield { kind: 'content', content: { pid: sizes.process.pid, block, filled } };
        context.progress(index + 1, chosen.length, 'blocks');
        await this.#keepRate(context, started);
      }
    } finally {
      memories.close();
    }
  }

  account(): SourceAccount {
    const { shared, locked } = this.#left;
    const notes: string[] = [];
    if (this.#blocks > 0) {
      notes.push(`read ${this.#blocks} huge blocks (${Math.round(this.#bytesRead / MIB)} MiB)`);
    }
    if (shared > 0) notes.push(`left ${shared} huge blocks unread that other processes map as well`);
    if (locked > 0) notes.push(`left ${locked} huge blocks of locked memory unread`);
    return { losses: this.#losses, bytesRead: this.#bytesRead, notes };
  }

  #candidates(sizes: PageSizes): Candidate[] {
    const { rows, shared, locked } = readableBlocks(sizes);
    if (this.#options.only === undefined) {
      this.#left.shared += shared;
      this.#left.locked += locked;
    }
    return rows
      .map((row) => ({ sizes, block: sizes.blocks.block[row] }))
      .filter(({ block }) => this.#isAsked(sizes, block));
  }

  #isAsked({ process }: PageSizes, block: BlockNumber): boolean {
    const { only } = this.#options;
    return only === undefined || only.get(process.pid)?.has(block) === true;
  }

  /** So many bytes of the buffer, which grows as needed. */
  #room(bytes: Bytes): Uint8Array {
    if (this.#buffer.length < bytes) this.#buffer = new Uint8Array(bytes);
    return this.#buffer.subarray(0, bytes);
  }

  #lost(reason: string): undefined {
    this.#losses[reason] = (this.#losses[reason] ?? 0) + 1;
    return undefined;
  }

  /** Returns one bit for each sub-page, or undefined when the block could not be read whole, which is counted. */
  #readBlock(memories: Memories, { process, geometry }: PageSizes, block: BlockNumber) {
    const { pagesPerBlock, pageBytes, blockBytes } = geometry;
    const piece = Math.min(pagesPerBlock, Math.floor(MOST_AT_ONCE / pageBytes));
    const into = this.#room(piece * pageBytes);
    const filled = new Uint8Array(pagesPerBlock / 8);
    const start = blockToPage(block, geometry);
    for (let page = 0; page < pagesPerBlock; page += piece) {
      const range = { start: start + page, end: start + page + piece };
      const read = memories.read(process.pid, range, into);
      if (!read.ok || read.value < into.length)
        return this.#lost(read.ok ? 'no longer in memory' : read.error.errno);
      markFilled(into, pageBytes, filled.subarray(page / 8, (page + piece) / 8));
    }
    this.#bytesRead += blockBytes;
    this.#blocks++;
    return filled;
  }

  async #keepRate({ host, signal }: SourceContext, started: number): Promise<void> {
    const elapsedMs = (host.clock.monotonicNs() - started) / 1e6;
    const dueMs = (this.#bytesRead / this.#options.bytesPerSecond) * 1000;
    if (dueMs - elapsedMs > 1) await host.clock.sleep(dueMs - elapsedMs, signal);
  }
}

/** The memory of one process at a time, opened when it is first read. */
class Memories {
  readonly #host: Host;
  #open: Answer<ProcessMemory> | undefined;
  #pid: ProcessId | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  read(pid: ProcessId, range: PageRange, into: Uint8Array): Answer<Bytes> {
    if (this.#pid !== pid || this.#open === undefined) {
      this.close();
      this.#open = this.#host.calls.openMemory(pid);
      this.#pid = pid;
    }
    return this.#open.ok ? this.#open.value.read(range, into) : this.#open;
  }

  close(): void {
    if (this.#open?.ok) this.#open.value.close();
    this.#open = undefined;
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

/** The first line, where most data shows at once; then all of it by the C library, which takes a fifth of a loop's time. */
function holdsData(words: Int32Array, from: number, to: number): boolean {
  const line =
    words[from] |
    words[from + 1] |
    words[from + 2] |
    words[from + 3] |
    words[from + 4] |
    words[from + 5] |
    words[from + 6] |
    words[from + 7];
  return line !== 0 || !isZero(words, from, to);
}

let zeroes = Buffer.alloc(0);

function isZero(words: Int32Array, from: number, to: number): boolean {
  const bytes = (to - from) * 4;
  if (zeroes.length !== bytes) zeroes = Buffer.alloc(bytes);
  return zeroes.equals(new Uint8Array(words.buffer, words.byteOffset + from * 4, bytes));
}
