/**
 * The sample loop: the loops that see every sample, as WebAssembly, with the memory that they read from and write
 * to. Bytes of a recording are read straight into that memory, and the columns of a batch lie in it, so that nothing is
 * copied between the two worlds. Why: docs/decisions/0103-loops-in-webassembly.md.
 */

import { assert } from '../../base/assert.js';
import type { AccessColumns } from '../../vocabulary/access-columns.js';
import { type HashedRows, microsecondsOf } from '../../vocabulary/fingerprint.js';
import { loopMemory } from '../../vocabulary/loop-memory.js';
import { NO_PAGE, SAMPLE_FLAG } from '../../vocabulary/sample.js';
import { MISC } from '../perf-abi/constants.js';
import { BINARY, type LoopExports, type LoopHost } from './binary.js';
import { EXCHANGE_WORDS } from './exchange.js';

/** Bytes read from a recording at once; with the columns they stay in the second-level cache. */
const STREAM_BYTES = 1 << 18;
/** Room for decompressed records: whole zstd blocks beside the beginning of a record. */
const INNER_BYTES = 1 << 20;
/** Room before each area for the beginning of an SPE record whose rest it holds. */
export const GAP_BYTES = 4096;
const WASM_PAGE = 65536;
/** Numbers of a call of hashRows. */
const HASHED_WORDS = 10;

/** A piece of the loop's memory. */
export interface LoopArea {
  /** Where it begins in the loop's memory. */
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
}

/** Loops of readers that have ended: each holds on to address space, so they are used again. */
const idle: SampleLoop[] = [];
const MOST_IDLE = 2;

/** One instance of the loop for one recording. */
export class SampleLoop {
  readonly calls: LoopExports;
  readonly columns: AccessColumns;
  /** Bytes of the recording, of what it holds compressed, and of AUX buffers that had to wait. */
  readonly outer: LoopArea;
  readonly inner: LoopArea;
  readonly aux: LoopArea;
  /** Results of the last call; see EXCHANGE. */
  readonly exchange: Int32Array;
  /** Loads by SPE data source. */
  readonly sourceCounts: Uint32Array;
  /** SAMPLE_FLAG bits by SPE data source of the CPU that is decoded for. */
  readonly sourceFlags: Uint16Array;
  /** SAMPLE_KIND by payload of an SPE operation packet. */
  readonly operationKinds: Uint8Array;
  /** The memory as it is. */
  readonly memory: Uint8Array;
  readonly #hashes: Float64Array;
  readonly #coarse: Float64Array;
  readonly #hashed: Float64Array;
  #host: LoopHost | undefined;
  #free: number;
  readonly #buffer: ArrayBuffer;

  /** A loop for one reader, which has to give it back. */
  static take(host: LoopHost): SampleLoop {
    const loop = idle.pop() ?? new SampleLoop();
    loop.#begin(host);
    return loop;
  }

  private constructor() {
    const memory = loopMemory(MEMORY_PAGES, MEMORY_PAGES);
    this.#buffer = memory.buffer;
    this.memory = new Uint8Array(this.#buffer);
    this.calls = this.#instantiate(memory);
    this.#free = this.calls.FREE.value;
    assert(this.#free <= LOOP_BYTES, 'the loop’s own memory is too small');
    this.exchange = new Int32Array(this.#buffer, this.calls.EXCHANGE.value, EXCHANGE_WORDS);
    this.sourceCounts = new Uint32Array(this.#buffer, this.calls.SOURCE_COUNTS.value, 65536);
    this.sourceFlags = new Uint16Array(this.#buffer, this.calls.SOURCE_FLAGS.value, 32);
    this.operationKinds = new Uint8Array(this.#buffer, this.calls.OPERATION_KINDS.value, 256);
    this.#hashes = new Float64Array(this.#buffer, this.calls.HASHES.value, this.calls.CAPACITY.value);
    this.#coarse = new Float64Array(this.#buffer, this.calls.COARSE.value, this.calls.CAPACITY.value);
    this.#hashed = new Float64Array(this.#buffer, this.calls.HASHED.value, HASHED_WORDS);
    this.columns = this.#layColumns();
    this.outer = this.#area(STREAM_BYTES);
    this.inner = this.#area(INNER_BYTES);
    this.aux = this.#area(INNER_BYTES);
    this.#placeModeFlags();
  }

  /** The next reader may have it. Columns and areas must not be used any more. */
  giveBack(): void {
    this.#host = undefined;
    if (idle.length < MOST_IDLE) idle.push(this);
  }

  /**
   * Hashes of the rows in the columns, which then know what they have in common; hashes whose high word is above `bound`,
   * and those of microseconds above `coarseBound`, are left out.
   */
  hashRows(bound: number, coarseBound = bound): HashedRows {
    const { columns, calls } = this;
    const hashes = this.#hashes;
    const hashed = this.#hashed;
    const { us, restNs } = microsecondsOf(columns.timeOrigin);
    const low = Number(columns.timeOrigin & 0xffffffffn);
    const kept = calls.hashRows(columns.count, low, us, restNs, bound, coarseBound);
    const [count, timed, sum, first, last, flags, oneEvent, oneWeight, virtualRows, keptCoarse] = hashed;
    columns.flagsSeen = flags;
    columns.isOneEvent = oneEvent === 1;
    // Rows without any page were not looked at for their times.
    const span = count === columns.count && timed === count ? { first, last } : undefined;
    columns.inCommon = { span, weight: oneWeight === 1 ? columns.weight[0] : undefined, virtualRows };
    const coarse = this.#coarse.subarray(0, keptCoarse);
    return { count, timed, sum, first, last, hashes: hashes.subarray(0, kept), coarse };
  }

  #begin(host: LoopHost): void {
    this.#host = host;
    this.columns.count = 0;
    this.columns.flagsSeen = undefined;
    this.columns.isOneEvent = undefined;
    this.columns.inCommon = undefined;
    this.columns.physicalPage.fill(NO_PAGE);
    this.columns.physicalLow.fill(0);
    this.columns.physicalHigh.fill(0);
    this.columns.latency.fill(0);
    this.sourceCounts.fill(0);
    this.sourceFlags.fill(0);
    this.exchange.fill(0);
    this.calls.forget();
    this.calls.forgetOrigin();
    this.calls.forgetConversion();
  }

  #instantiate(memory: WebAssembly.Memory): LoopExports {
    const host: LoopHost = {
      eventOf: (low, high) => this.#asked.eventOf(low >>> 0, high >>> 0),
      isWanted: (pid) => this.#asked.isWanted(pid),
      meaningOfSource: (low, high) => this.#asked.meaningOfSource(low >>> 0, high >>> 0),
      processOf: (tid) => this.#asked.processOf(tid),
      seekThread: (time) => this.#asked.seekThread(time),
    };
    const instance = new WebAssembly.Instance(compiled(), { env: { memory }, host: { ...host } });
    return instance.exports as unknown as LoopExports;
  }

  get #asked(): LoopHost {
    if (this.#host === undefined) throw new Error('the sample loop is used after it was given back');
    return this.#host;
  }

  #layColumns(): AccessColumns {
    const { calls } = this;
    const buffer = this.#buffer;
    const rows = calls.CAPACITY.value;
    const doubles = (at: WebAssembly.Global) => new Float64Array(buffer, at.value, rows);
    const words = (at: WebAssembly.Global) => new Uint32Array(buffer, at.value, rows);
    const integers = (at: WebAssembly.Global) => new Int32Array(buffer, at.value, rows);
    const halves = (at: WebAssembly.Global) => new Uint16Array(buffer, at.value, rows);
    return {
      capacity: rows,
      count: 0,
      timeOrigin: 0n,
      time: doubles(calls.TIME),
      pid: integers(calls.PID),
      tid: integers(calls.TID),
      virtualPage: doubles(calls.VIRTUAL_PAGE),
      physicalPage: doubles(calls.PHYSICAL_PAGE),
      kind: new Uint8Array(buffer, calls.KIND.value, rows),
      weight: doubles(calls.WEIGHT),
      flags: halves(calls.FLAGS),
      addressLow: words(calls.ADDRESS_LOW),
      addressHigh: words(calls.ADDRESS_HIGH),
      physicalLow: words(calls.PHYSICAL_LOW),
      physicalHigh: words(calls.PHYSICAL_HIGH),
      latency: words(calls.LATENCY),
      event: halves(calls.EVENT),
      flagsSeen: undefined,
      isOneEvent: undefined,
      inCommon: undefined,
    };
  }

  /** An area behind a gap, where the host may put what comes before its bytes. */
  #area(length: number): LoopArea {
    const address = this.#reserve(GAP_BYTES + length) + GAP_BYTES;
    return {
      address,
      bytes: new Uint8Array(this.#buffer, address, length),
      words: new Uint32Array(this.#buffer, address, length / 4),
    };
  }

  #reserve(bytes: number): number {
    const address = (this.#free + 63) & ~63;
    this.#free = address + bytes;
    return address;
  }

  #placeModeFlags(): void {
    const flags = new Uint8Array(this.#buffer, this.calls.MODE_FLAGS.value, 8);
    flags[MISC.kernel] = SAMPLE_FLAG.kernel;
    flags[MISC.guestUser] = SAMPLE_FLAG.guest;
    flags[MISC.guestKernel] = SAMPLE_FLAG.guest | SAMPLE_FLAG.kernel;
  }
}

/** Tables and columns (kept below this by a check) and areas, with a page to spare for their alignment. */
const LOOP_BYTES = 20 * WASM_PAGE;
const MEMORY_PAGES = Math.ceil((LOOP_BYTES + STREAM_BYTES + 2 * INNER_BYTES + 3 * GAP_BYTES) / WASM_PAGE + 1);

let module: WebAssembly.Module | undefined;

function compiled(): WebAssembly.Module {
  module ??= new WebAssembly.Module(Buffer.from(BINARY, 'base64'));
  return module;
}
