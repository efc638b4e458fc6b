/**
 * Counters of blocks by process, in a memory of their own that the loop of assembly/heat fills: every sample goes
 * through one loop of it. Why WebAssembly: docs/decisions/0103-loops-in-webassembly.md.
 */
import { loopMemory } from '../../vocabulary/loop-memory.js';
import type { SampleBatch } from '../../vocabulary/sample.js';
import type {
  BlockNumber,
  Bytes,
  Fraction,
  PageGeometry,
  PageNumber,
  ProcessId,
} from '../../vocabulary/units.js';
import { BINARY, type LoopExports, type LoopHost } from './binary.js';

/** Reasons why a sample is in no map, in the order in which the loop counts them. */
export const UNPLACED = [
  'no virtual address',
  'guest address',
  'kernel address',
  'unknown process',
  'other process',
  'no memory left for maps',
  'thinned out to stay within the memory allowed',
] as const;

/** What is kept of each block: a count of each sub-page, or one bit. */
export type HotMapDetail = 'counts' | 'bitmap';

/** First byte of the kernel half on any architecture with at most 57-bit addresses and 4 KiB pages. */
const KERNEL_HALF_BYTES = 2 ** 63;
/** The columns and the first blocks; then it grows, up to what 32 bits address. */
const FIRST_PAGES = 8;
const MOST_PAGES = 65536;
/** Offsets in a block (assembly/heat/blocks.ts). */
const SAMPLES_AT = 8;
const WEIGHT_AT = 16;
const PID_AT = 24;
const NEXT_AT = 28;
const COUNTERS_AT = 32;
const LISTED_AT = 36;
/** Bytes of a block with its list of sub-pages (HEAD and LISTED of assembly/heat/blocks.ts). */
const HEAD_BYTES = 40;

/** Views of the loop's memory, made anew when it has grown. */
interface Views {
  readonly data: DataView;
  readonly virtualPage: Float64Array;
  readonly weight: Float64Array;
  readonly pid: Int32Array;
  readonly flags: Uint16Array;
  readonly times: Float64Array;
  /** In place of `virtualPage`: counts of sub-pages. */
  readonly counts: Uint16Array;
}

/** Address of a block in the table; 0 for none. */
export type BlockAddress = number;
/** The address of no block. */
export const NO_BLOCK: BlockAddress = 0;

/** What the samples of a block say; `bitmap` detail does not know which sub-pages had one or two. */
export interface BlockHeat {
  readonly samples: number;
  readonly weight: number;
  readonly touched: number;
  readonly once: number | undefined;
  readonly twice: number | undefined;
}

/** A loop with its memory. */
interface Loop {
  readonly memory: WebAssembly.Memory;
  readonly calls: LoopExports;
}

/**
 * Counters of one nature of samples for all processes. Past its bound of bytes it keeps every second block,
 * then every fourth.
 */
export class HeatTable {
  readonly geometry: PageGeometry;
  readonly detail: HotMapDetail;
  /** 1 of 2^thinned blocks is kept. */
  thinned = 0;
  readonly #mostBytes: Bytes;
  readonly #keeps: (pid: ProcessId) => boolean;
  readonly #scratch: Uint16Array;
  #loop: Loop;
  readonly #capacity: number;
  #known: Views | undefined;
  #byProcess = new Map<ProcessId, BlockNumber[]>();
  /** The last block that `byProcess` has. */
  #lastListed: BlockAddress = 0;
  #listed = 0;
  /** Samples without a place of tables before the last thinning. */
  readonly #unplacedBefore = new Float64Array(UNPLACED.length);

  /**
   * `keeps` is asked once for each process whether its blocks are kept. Beyond `mostBytes` the table keeps a random half
   * of its blocks, then a quarter, and so on.
   */
  constructor(
    geometry: PageGeometry,
    detail: HotMapDetail,
    keeps: (pid: ProcessId) => boolean,
    mostBytes: Bytes = Number.POSITIVE_INFINITY,
  ) {
    this.geometry = geometry;
    this.detail = detail;
    this.#keeps = keeps;
    this.#mostBytes = mostBytes;
    this.#scratch = new Uint16Array(geometry.pagesPerBlock);
    this.#loop = this.#newLoop();
    this.#capacity = this.#calls.CAPACITY.value;
  }

  get #calls(): LoopExports {
    return this.#loop.calls;
  }

  #newLoop(): Loop {
    const { geometry, detail } = this;
    const keeps = this.#keeps;
    const memory = loopMemory(FIRST_PAGES, MOST_PAGES);
    const host: LoopHost = { keeps: (pid) => (keeps(pid) ? 1 : 0) };
    const instance = new WebAssembly.Instance(compiled(), { env: { memory }, host: { ...host } });
    const calls = instance.exports as unknown as LoopExports;
    calls.begin(this.counterBytes);
    calls.setGeometry(
      geometry.hugeOrder,
      KERNEL_HALF_BYTES / geometry.pageBytes,
      detail === 'bitmap' ? 1 : 0,
    );
    return { memory, calls };
  }

  /** Bytes that the counters of a block take when it needs all of them. */
  get counterBytes(): number {
    const pages = this.geometry.pagesPerBlock;
    return this.detail === 'counts' ? pages * 2 : pages / 8;
  }

  get byteLength(): number {
    return this.#calls.usedBytes();
  }

  /** Number of blocks. */
  get size(): number {
    return this.#calls.blockCount();
  }

  addSamples(batch: SampleBatch): void {
    const capacity = this.#capacity;
    const each = batch.inCommon?.weight;
    for (let from = 0; from < batch.count; from += capacity) {
      const to = Math.min(batch.count, from + capacity);
      const { virtualPage, weight, pid, flags, times } = this.#views;
      virtualPage.set(batch.virtualPage.subarray(from, to));
      if (each === undefined) weight.set(batch.weight.subarray(from, to));
      pid.set(batch.pid.subarray(from, to));
      flags.set(batch.flags.subarray(from, to));
      if (batch.times !== undefined) times.set(batch.times.subarray(from, to));
      this.#calls.addRows(to - from, batch.times === undefined ? 0 : 1, each ?? Number.NaN);
      if (this.byteLength > this.#mostBytes) this.#thin();
    }
  }

  /** Moves a random half of the blocks, the same in every table, to a fresh memory; the rest is gone. */
  #thin(): void {
    const kept = this.#addresses();
    const { data } = this.#views;
    this.thinned++;
    this.#startAnew();
    for (const address of kept) this.#take(data, address);
  }

  /**
   * Keeps of each sub-page the samples that `draw` says of their number, each of which then stands for 1 / `share` of what
   * it stood for. Returns how many samples are gone. Not with `bitmap` detail, which does not know how many there are.
   */
  rarefy(share: Fraction, draw: (count: number) => number): number {
    const all = this.#addresses();
    const { data } = this.#views;
    const { pagesPerBlock } = this.geometry;
    this.#startAnew();
    let gone = 0;
    for (const address of all) {
      const samples = data.getFloat64(address + SAMPLES_AT, true);
      const each = data.getFloat64(address + WEIGHT_AT, true) / samples / share;
      const [pid, block] = [data.getInt32(address + PID_AT, true), data.getFloat64(address, true)];
      gone += samples;
      copyCounts(data, address, this.detail, this.#scratch);
      this.#scratch.forEach((count, subPage) => {
        const drawn = count === 0 ? 0 : draw(count);
        if (drawn > 0) this.#calls.addCount(pid, block * pagesPerBlock + subPage, drawn, drawn * each);
        gone -= drawn;
      });
    }
    return gone;
  }

  /** Drops the blocks of a process. Returns how many samples they had. */
  forget(forgotten: ProcessId): number {
    if (this.blocksOf(forgotten).length === 0) return 0;
    const all = this.#addresses();
    const { data } = this.#views;
    this.#startAnew();
    let gone = 0;
    for (const address of all) {
      if (data.getInt32(address + PID_AT, true) === forgotten)
        gone += data.getFloat64(address + SAMPLES_AT, true);
      else this.#take(data, address);
    }
    return gone;
  }

  #startAnew(): void {
    this.#rememberUnplaced();
    this.#loop = this.#newLoop();
    this.#known = undefined;
    this.#byProcess = new Map();
    this.#lastListed = 0;
    this.#listed = 0;
    this.#calls.setThinning(2 ** this.thinned - 1);
  }

  #rememberUnplaced(): void {
    this.#unplacedCounts().forEach((count, index) => {
      this.#unplacedBefore[index] = count;
    });
  }

  /** Takes a block of a memory that is given up; not when it is none of those kept. */
  #take(data: DataView, address: BlockAddress): void {
    const pid = data.getInt32(address + PID_AT, true);
    const block = data.getFloat64(address, true);
    const [samples, weight] = [
      data.getFloat64(address + SAMPLES_AT, true),
      data.getFloat64(address + WEIGHT_AT, true),
    ];
    const own = this.#calls.add(pid, block) >>> 0;
    if (own === 0) {
      this.#unplacedBefore[UNPLACED.length - 1] += samples;
      return;
    }
    copyCounts(data, address, this.detail, this.#scratch);
    this.#calls.addWeight(own, samples - this.#addScratch(own), weight);
  }

  /** Adds the counts of `scratch` to a block; returns how many samples they are. */
  #addScratch(block: BlockAddress): number {
    const scratch = this.#scratch;
    const most = this.#views.counts.length;
    let counted = 0;
    for (let from = 0; from < scratch.length; from += most) {
      const part = scratch.subarray(from, from + most);
      // Counters may make the memory grow, which makes the views anew.
      this.#views.counts.set(part);
      counted += this.#calls.addCounts(block, from, part.length);
    }
    return counted;
  }

  /** `samples` samples on a page at once. */
  addCount(pid: ProcessId, page: PageNumber, samples: number, weight: number): void {
    this.#calls.addCount(pid, page, samples, weight);
  }

  find(pid: ProcessId, block: BlockNumber): BlockAddress {
    return this.#calls.find(pid, block) >>> 0;
  }

  /** What the samples of a block say; undefined when it has none. */
  heatOf(pid: ProcessId, block: BlockNumber): BlockHeat | undefined {
    const address = this.find(pid, block);
    if (address === NO_BLOCK) return undefined;
    return { samples: this.samples(address), weight: this.weight(address), ...this.#seen(address) };
  }

  /** Sum of the weights of a block's samples. */
  weightOf(pid: ProcessId, block: BlockNumber): number {
    const address = this.find(pid, block);
    return address === NO_BLOCK ? 0 : this.weight(address);
  }

  /** Fills `into` (pagesPerBlock) as `counts` does; false when the block has no samples. */
  countsOf(pid: ProcessId, block: BlockNumber, into: Uint16Array): boolean {
    const address = this.find(pid, block);
    if (address === NO_BLOCK) return false;
    this.counts(address, into);
    return true;
  }

  #seen(address: BlockAddress): Pick<BlockHeat, 'touched' | 'once' | 'twice'> {
    if (this.detail === 'counts') return this.tally(address);
    this.counts(address, this.#scratch);
    return { touched: this.#scratch.reduce((sum, one) => sum + one, 0), once: undefined, twice: undefined };
  }

  samples(address: BlockAddress): number {
    return this.#views.data.getFloat64(address + SAMPLES_AT, true);
  }

  weight(address: BlockAddress): number {
    return this.#views.data.getFloat64(address + WEIGHT_AT, true);
  }

  /** Counts of a block's sub-pages, or with `bitmap` detail 1 for each that was sampled, into `into` (pagesPerBlock). */
  counts(address: BlockAddress, into: Uint16Array): void {
    copyCounts(this.#views.data, address, this.detail, into);
  }

  /** Sub-pages of a block with `counts` detail that have any, exactly one and exactly two samples. */
  tally(address: BlockAddress): { readonly touched: number; readonly once: number; readonly twice: number } {
    this.#calls.tally(address, this.geometry.pagesPerBlock);
    const { data } = this.#views;
    const at = this.#calls.TALLY.value;
    return {
      touched: data.getUint32(at, true),
      once: data.getUint32(at + 4, true),
      twice: data.getUint32(at + 8, true),
    };
  }

  /** Samples in all blocks. */
  placed(): number {
    return this.#addresses().reduce((sum, address) => sum + this.samples(address), 0);
  }

  /** Blocks of a process in the order in which they came. */
  blocksOf(pid: ProcessId): readonly BlockNumber[] {
    this.#list();
    return this.#byProcess.get(pid) ?? [];
  }

  /** Samples without a place, by reason. */
  unplaced(): Readonly<Record<string, number>> {
    const counts = this.#unplacedCounts().map((count, index) => [UNPLACED[index], count] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  #unplacedCounts(): number[] {
    const { data } = this.#views;
    const at = this.#calls.UNPLACED.value;
    return UNPLACED.map((_, index) => this.#unplacedBefore[index] + data.getUint32(at + 4 * index, true));
  }

  /** Adds what another table has: its blocks and samples without a place. */
  absorb(other: HeatTable): void {
    while (this.thinned < other.thinned) this.#thin();
    const { data } = other.#views;
    for (const address of other.#addresses()) this.#take(data, address);
    other.#unplacedCounts().forEach((count, index) => {
      this.#unplacedBefore[index] += count;
    });
    if (this.byteLength > this.#mostBytes) this.#thin();
  }

  #addresses(): BlockAddress[] {
    const { data } = this.#views;
    const found: BlockAddress[] = [];
    let address = this.#calls.firstBlock() >>> 0;
    for (; address !== 0; address = this.#next(data, address)) found.push(address);
    return found;
  }

  /** Takes blocks that are new since the last time into `byProcess`. */
  #list(): void {
    const count = this.#calls.blockCount();
    if (this.#listed === count) return;
    const { data } = this.#views;
    let address =
      this.#lastListed === 0 ? this.#calls.firstBlock() >>> 0 : this.#next(data, this.#lastListed);
    for (; address !== 0; address = this.#next(data, address)) {
      const pid = data.getInt32(address + PID_AT, true);
      const blocks = this.#byProcess.get(pid);
      if (blocks === undefined) this.#byProcess.set(pid, [data.getFloat64(address, true)]);
      else blocks.push(data.getFloat64(address, true));
      this.#lastListed = address;
    }
    this.#listed = count;
  }

  #next(data: DataView, address: BlockAddress): BlockAddress {
    return data.getUint32(address + NEXT_AT, true);
  }

  get #views(): Views {
    const { buffer } = this.#loop.memory;
    if (this.#known?.data.buffer !== buffer) this.#known = this.#viewsOf(buffer);
    return this.#known;
  }

  #viewsOf(buffer: ArrayBuffer): Views {
    const calls = this.#calls;
    const capacity = this.#capacity;
    return {
      data: new DataView(buffer),
      virtualPage: new Float64Array(buffer, calls.VIRTUAL_PAGE.value, capacity),
      weight: new Float64Array(buffer, calls.WEIGHT.value, capacity),
      pid: new Int32Array(buffer, calls.PID.value, capacity),
      flags: new Uint16Array(buffer, calls.FLAGS.value, capacity),
      times: new Float64Array(buffer, calls.TIMES.value, capacity),
      counts: new Uint16Array(buffer, calls.VIRTUAL_PAGE.value, 4 * capacity),
    };
  }
}

/** Copies the counts of a block's sub-pages out of a loop's memory; with `bitmap` detail 1 for each that has any. */
function copyCounts(data: DataView, address: BlockAddress, detail: HotMapDetail, into: Uint16Array): void {
  const counters = data.getUint32(address + COUNTERS_AT, true);
  if (counters === 0) copyList(data, address, detail, into);
  else if (detail === 'counts') into.set(new Uint16Array(data.buffer, counters, into.length));
  else {
    for (let page = 0; page < into.length; page++) {
      into[page] = (data.getUint8(counters + (page >> 3)) >> (page & 7)) & 1;
    }
  }
}

function copyList(data: DataView, address: BlockAddress, detail: HotMapDetail, into: Uint16Array): void {
  const end = address + HEAD_BYTES + 4 * data.getUint32(address + LISTED_AT, true);
  into.fill(0);
  for (let at = address + HEAD_BYTES; at < end; at += 4) {
    into[data.getUint16(at, true)] = detail === 'bitmap' ? 1 : data.getUint16(at + 2, true);
  }
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
