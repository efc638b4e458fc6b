/**
 * Counters of blocks by process, in a memory of their own that the kernel of assembly/heat fills: every sample goes
 * through one loop of it. Why WebAssembly: docs/decisions/0103-kernels-in-webassembly.md.
 */
import { kernelMemory } from '../../vocabulary/kernel-memory.js';
import type { SampleBatch } from '../../vocabulary/sample.js';
import type { BlockNumber, PageGeometry, PageNumber, ProcessId } from '../../vocabulary/units.js';
import { BINARY } from './binary.js';

/** Reasons why a sample is in no map, in the order in which the kernel counts them. */
export const UNPLACED = [
  'no virtual address',
  'guest address',
  'kernel address',
  'unknown process',
  'other process',
  'no memory left for maps',
] as const;
export type Unplaced = (typeof UNPLACED)[number];

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

interface Exports {
  readonly CAPACITY: WebAssembly.Global;
  readonly VIRTUAL_PAGE: WebAssembly.Global;
  readonly WEIGHT: WebAssembly.Global;
  readonly PID: WebAssembly.Global;
  readonly FLAGS: WebAssembly.Global;
  readonly UNPLACED: WebAssembly.Global;
  readonly TALLY: WebAssembly.Global;
  readonly HEAD: WebAssembly.Global;
  begin(counterBytes: number): void;
  setGeometry(blockShift: number, firstKernelPage: number, isBitmap: number): void;
  addRows(count: number): void;
  addCount(pid: number, page: number, samples: number, weight: number): void;
  add(pid: number, block: number): number;
  find(pid: number, block: number): number;
  tally(block: number, pages: number): void;
  blockCount(): number;
  firstBlock(): number;
  usedBytes(): number;
}

/** Views of the kernel's memory, made anew when it has grown. */
interface Views {
  readonly data: DataView;
  readonly virtualPage: Float64Array;
  readonly weight: Float64Array;
  readonly pid: Int32Array;
  readonly flags: Uint16Array;
}

/** Address of a block in the table; 0 for none. */
export type BlockAddress = number;

export class HeatTable {
  readonly geometry: PageGeometry;
  readonly detail: HotMapDetail;
  private readonly memory = kernelMemory(FIRST_PAGES, MOST_PAGES);
  private readonly calls: Exports;
  private readonly head: number;
  private readonly capacity: number;
  private known: Views | undefined;
  private readonly byProcess = new Map<ProcessId, BlockNumber[]>();
  /** The last block that `byProcess` has. */
  private lastListed: BlockAddress = 0;
  private listed = 0;

  /** `keeps` is asked once for each process whether its blocks are kept. */
  constructor(geometry: PageGeometry, detail: HotMapDetail, keeps: (pid: ProcessId) => boolean) {
    this.geometry = geometry;
    this.detail = detail;
    const instance = new WebAssembly.Instance(compiled(), {
      env: { memory: this.memory },
      host: { keeps: (pid: number) => (keeps(pid) ? 1 : 0) },
    });
    this.calls = instance.exports as unknown as Exports;
    this.head = this.calls.HEAD.value;
    this.capacity = this.calls.CAPACITY.value;
    this.calls.begin(this.counterBytes);
    this.calls.setGeometry(
      geometry.hugeOrder,
      KERNEL_HALF_BYTES / geometry.pageBytes,
      detail === 'bitmap' ? 1 : 0,
    );
  }

  /** Bytes that the counters of a block take. */
  get counterBytes(): number {
    const pages = this.geometry.pagesPerBlock;
    return this.detail === 'counts' ? pages * 2 : pages / 8;
  }

  get byteLength(): number {
    return this.calls.usedBytes();
  }

  addSamples(batch: SampleBatch): void {
    const { capacity, calls } = this;
    for (let from = 0; from < batch.count; from += capacity) {
      const to = Math.min(batch.count, from + capacity);
      const { virtualPage, weight, pid, flags } = this.views;
      virtualPage.set(batch.virtualPage.subarray(from, to));
      weight.set(batch.weight.subarray(from, to));
      pid.set(batch.pid.subarray(from, to));
      flags.set(batch.flags.subarray(from, to));
      calls.addRows(to - from);
    }
  }

  /** `samples` samples on a page at once. */
  addCount(pid: ProcessId, page: PageNumber, samples: number, weight: number): void {
    this.calls.addCount(pid, page, samples, weight);
  }

  /** Tracks a block that is known to be there, without any sample. */
  addBlock(pid: ProcessId, block: BlockNumber): void {
    this.calls.add(pid, block);
  }

  find(pid: ProcessId, block: BlockNumber): BlockAddress {
    return this.calls.find(pid, block) >>> 0;
  }

  samples(address: BlockAddress): number {
    return this.views.data.getFloat64(address + SAMPLES_AT, true);
  }

  weight(address: BlockAddress): number {
    return this.views.data.getFloat64(address + WEIGHT_AT, true);
  }

  /** Counters of a block with `counts` detail; only until something is added. */
  counts(address: BlockAddress): Uint16Array {
    return new Uint16Array(this.memory.buffer, address + this.head, this.geometry.pagesPerBlock);
  }

  /** Sub-pages of a block with `counts` detail that have any, exactly one and exactly two samples. */
  tally(address: BlockAddress): { readonly touched: number; readonly once: number; readonly twice: number } {
    this.calls.tally(address, this.geometry.pagesPerBlock);
    const { data } = this.views;
    const at = this.calls.TALLY.value;
    return {
      touched: data.getUint32(at, true),
      once: data.getUint32(at + 4, true),
      twice: data.getUint32(at + 8, true),
    };
  }

  /** Bits of a block with `bitmap` detail; only until something is added. */
  bitmap(address: BlockAddress): Uint8Array {
    return new Uint8Array(this.memory.buffer, address + this.head, this.geometry.pagesPerBlock / 8);
  }

  /** Blocks of a process in the order in which they came. */
  blocksOf(pid: ProcessId): readonly BlockNumber[] {
    this.list();
    return this.byProcess.get(pid) ?? [];
  }

  /** Samples without a place, by reason. */
  unplaced(): Readonly<Record<string, number>> {
    const { data } = this.views;
    const at = this.calls.UNPLACED.value;
    const counts = UNPLACED.map((reason, index) => [reason, data.getUint32(at + 4 * index, true)] as const);
    return Object.fromEntries(counts.filter(([, count]) => count > 0));
  }

  /** Takes blocks that are new since the last time into `byProcess`. */
  private list(): void {
    const count = this.calls.blockCount();
    if (this.listed === count) return;
    const { data } = this.views;
    let address = this.lastListed === 0 ? this.calls.firstBlock() >>> 0 : this.next(data, this.lastListed);
    for (; address !== 0; address = this.next(data, address)) {
      const pid = data.getInt32(address + PID_AT, true);
      const blocks = this.byProcess.get(pid);
      if (blocks === undefined) this.byProcess.set(pid, [data.getFloat64(address, true)]);
      else blocks.push(data.getFloat64(address, true));
      this.lastListed = address;
    }
    this.listed = count;
  }

  private next(data: DataView, address: BlockAddress): BlockAddress {
    return data.getUint32(address + NEXT_AT, true);
  }

  private get views(): Views {
    const { buffer } = this.memory;
    if (this.known?.data.buffer !== buffer) this.known = this.viewsOf(buffer);
    return this.known;
  }

  private viewsOf(buffer: ArrayBuffer): Views {
    const { calls, capacity } = this;
    return {
      data: new DataView(buffer),
      virtualPage: new Float64Array(buffer, calls.VIRTUAL_PAGE.value, capacity),
      weight: new Float64Array(buffer, calls.WEIGHT.value, capacity),
      pid: new Int32Array(buffer, calls.PID.value, capacity),
      flags: new Uint16Array(buffer, calls.FLAGS.value, capacity),
    };
  }
}

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
