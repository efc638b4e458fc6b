import { closeSync, openSync } from 'node:fs';
import { failure, success } from '../../base/result.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, PageGeometry, PageRange, ProcessId } from '../../vocabulary/units.js';
import type {
  Advice,
  Answer,
  Calls,
  PagemapScan,
  PerfEvents,
  ProcessHandle,
  ProcessMemory,
  Program,
  Refusal,
  ScannedRegions,
  ThpRule,
} from '../host.js';
import { becomeProgram } from './become.js';
import { Callers } from './callers.js';
import { errnoOf } from './files.js';
import { GrowingRegions } from './growing-regions.js';
import { hold, release } from './held.js';
import { hurryThreads, ownThreads } from './hurry.js';
import { type Inherited, takeInherited } from './inherited.js';
import { LruDrain } from './lru-drain.js';
import type { ArenaSpan, Native } from './native.js';
import { LinuxPerfEvents } from './perf-events.js';
import { PidFd } from './pidfd.js';
import { openProcessMemory } from './process-memory.js';
import { startProgram } from './program.js';

/** include/uapi/asm-generic/mman-common.h. */
const ADVICE: Record<Advice, number> = {
  MADV_WILLNEED: 3,
  MADV_COLD: 20,
  MADV_PAGEOUT: 21,
  MADV_COLLAPSE: 25,
};
/** include/uapi/linux/prctl.h. */
const PR_SET_THP_DISABLE = 41;
/** PR_THP_DISABLE_EXCEPT_ADVISED, or no flag for a complete disable. */
const THP_RULES: Record<ThpRule, number> = { 'except-advised': 2, never: 0 };
/** UIO_MAXIOV. */
const MAX_RANGES = 1024;
/** The kernel clamps a call to 0x7ffff000 bytes and reports nothing about the rest (lib/iov_iter.c). */
const MAX_CALL_BYTES = 0x7ffff000;
/** Memory of this process that the kernel reads arguments from, and writes what it found to. */
interface Arena {
  readonly arena: ArenaSpan;
  readonly words: BigUint64Array;
}

/** _IOWR('f', 16, struct pm_scan_arg), the same on x86-64 and arm64. */
const PAGEMAP_SCAN = 0xc0606610;
const SCAN_ARGUMENT_BYTES = 96;
const REGION_BYTES = 24;
const MAX_REGIONS = 8192;
const IOVEC_BYTES = 16;

const ARENA = {
  adviseVector: 0,
  scan: MAX_RANGES * IOVEC_BYTES,
  regions: MAX_RANGES * IOVEC_BYTES + 4096,
  end: MAX_RANGES * IOVEC_BYTES + 4096 + MAX_REGIONS * REGION_BYTES,
} as const;

function later(left: bigint, right: bigint): bigint {
  if (left > right) return left;
  return right;
}

/** System calls of the live kernel, through koffi. */
export class LinuxCalls implements Calls {
  readonly perfEvents?: PerfEvents;
  readonly #native: Native | string;
  readonly #geometry: PageGeometry;
  readonly #ownPid: ProcessId;
  readonly #inherited: Inherited;
  #arena: Arena | undefined;
  #drain: LruDrain | undefined;
  #callers: Callers | undefined;
  /** The advise vector holds one call at a time. */
  #advising: Promise<unknown> = Promise.resolve();

  /** `native` is the reason when there is no foreign-function interface on this machine. */
  constructor(
    native: Native | string,
    geometry: PageGeometry,
    ownPid: ProcessId,
    inherited = takeInherited(),
  ) {
    this.#native = native;
    this.#geometry = geometry;
    this.#ownPid = ownPid;
    this.#inherited = inherited;
    if (typeof native !== 'string') this.perfEvents = new LinuxPerfEvents(native, geometry.pageBytes);
  }

  openProcess(pid: ProcessId): Answer<ProcessHandle> {
    const call = `pidfd_open pid ${pid}`;
    const native = this.#native;
    if (typeof native === 'string') return unasked(native, call);
    const opened = native.call('pidfd_open', pid, 0);
    if (opened.errno) return refused(opened.errno, call);
    return success(new PidFd(pid, opened.value));
  }

  async processMadvise(
    handle: ProcessHandle,
    ranges: readonly PageRange[],
    advice: Advice,
  ): Promise<Answer<Bytes>> {
    if (!(handle instanceof PidFd)) return refused('EBADF', adviceCall(handle.pid, advice));
    hold();
    try {
      return await this.#adviseAll(handle, ranges, advice);
    } finally {
      release();
    }
  }

  async #adviseAll(handle: PidFd, ranges: readonly PageRange[], advice: Advice): Promise<Answer<Bytes>> {
    let done = 0;
    for (const batch of this.#batches(ranges)) {
      const turn = this.#advising.then(() => this.#advise(handle, batch, advice));
      this.#advising = turn;
      const answer = await turn;
      if (!answer.ok) return done > 0 ? success(done) : answer;
      done += answer.value;
      // The kernel stopped at a range it refused; the caller tells which by the bytes before it.
      if (answer.value < this.#bytes(batch)) break;
    }
    return success(done);
  }

  async drainLru(): Promise<void> {
    if (typeof this.#native === 'string') return;
    this.#drain ??= new LruDrain(this.#native, this.#geometry);
    await this.#drain.run();
  }

  async hurry(what: 'calls' | 'files'): Promise<() => void> {
    if (typeof this.#native === 'string' || what === 'files') return hurryThreads(ownThreads());
    this.#callers ??= new Callers(this.#native, this.#geometry.blockBytes);
    return this.#callers.hurry();
  }

  openMemory(pid: ProcessId): Answer<ProcessMemory> {
    return openProcessMemory(pid, this.#geometry.pageBytes);
  }

  scanPagemap(pid: ProcessId, scan: PagemapScan): Answer<ScannedRegions> {
    const path = `/proc/${pid}/pagemap`;
    if (typeof this.#native === 'string') return unasked(this.#native, `ioctl PAGEMAP_SCAN ${path}`);
    let descriptor: number;
    try {
      descriptor = openSync(path, 'r');
    } catch (error) {
      return refused(errnoOf(error), `open ${path}`);
    }
    try {
      return this.#scan(descriptor, path, scan);
    } finally {
      closeSync(descriptor);
    }
  }

  probeAdvice(advice: Advice): Answer<void> {
    const own = this.openProcess(this.#ownPid);
    if (!own.ok) return own;
    try {
      return this.#probe(own.value as PidFd, advice);
    } finally {
      own.value.close();
    }
  }

  start(command: string, parameters: readonly string[]): Answer<Program> {
    hold();
    const started = startProgram(command, parameters);
    if (started.ok) void started.value.ended.finally(release);
    else release();
    return started;
  }

  become(command: string, parameters: readonly string[], rule: ThpRule): Refusal {
    const call = `prctl PR_SET_THP_DISABLE ${rule}`;
    if (typeof this.#native === 'string') return { errno: 'ENOSYS', call, unasked: this.#native };
    // The rule is kept over exec and inherited over fork.
    const set = this.#native.call('prctl', PR_SET_THP_DISABLE, 1, THP_RULES[rule], 0, 0);
    return set.errno ? { errno: set.errno, call } : becomeProgram(command, parameters, this.#inherited);
  }

  #probe(own: PidFd, advice: Advice): Answer<void> {
    const native = this.#native as Native;
    const vector = this.#ready().arena.address + BigInt(ARENA.adviseVector);
    const asked = native.call('process_madvise', own.descriptor, vector, 0, ADVICE[advice], 0);
    return asked.errno ? refused(asked.errno, adviceCall(own.pid, advice)) : success(undefined);
  }

  async #advise(handle: PidFd, batch: readonly PageRange[], advice: Advice): Promise<Answer<Bytes>> {
    const native = this.#native as Native;
    this.#fillVector(ARENA.adviseVector, batch);
    const vector = this.#ready().arena.address + BigInt(ARENA.adviseVector);
    const done = await native.callAsync(
      'process_madvise',
      handle.descriptor,
      vector,
      batch.length,
      ADVICE[advice],
      0,
    );
    return done.errno ? refused(done.errno, adviceCall(handle.pid, advice)) : success(done.value);
  }

  #scan(descriptor: number, path: string, scan: PagemapScan): Answer<ScannedRegions> {
    const found = new GrowingRegions();
    const { words } = this.#ready();
    const shift = BigInt(this.#geometry.pageShift);
    const end = BigInt(scan.range.end) << shift;
    let start = BigInt(scan.range.start) << shift;
    while (start < end) {
      const count = this.#scanOnce(descriptor, start, end, scan);
      if (count.errno) return refused(count.errno, `ioctl PAGEMAP_SCAN ${path}`);
      found.add(words, ARENA.regions / 8, count.value, this.#geometry.pageBytes);
      // Only a full buffer ends a walk early. walk_end is no sign of that: the kernel leaves it where it last flushed
      // its own buffer of 512 regions, so a whole walk would seem to have stopped there (do_pagemap_scan()).
      if (count.value < MAX_REGIONS) break;
      const walkEnd = words[ARENA.scan / 8 + 4];
      const lastEnd = words[ARENA.regions / 8 + (count.value - 1) * 3 + 1];
      start = later(walkEnd, lastEnd);
    }
    return success(found.columns());
  }

  #scanOnce(descriptor: number, start: bigint, end: bigint, scan: PagemapScan) {
    const { arena, words } = this.#ready();
    const at = ARENA.scan / 8;
    words[at] = BigInt(SCAN_ARGUMENT_BYTES);
    words[at + 1] = 0n;
    words[at + 2] = start;
    words[at + 3] = end;
    words[at + 4] = 0n;
    words[at + 5] = arena.address + BigInt(ARENA.regions);
    words[at + 6] = BigInt(MAX_REGIONS);
    words[at + 7] = 0n;
    words[at + 8] = BigInt(scan.inverted);
    words[at + 9] = BigInt(scan.mask);
    words[at + 10] = BigInt(scan.anyOf);
    words[at + 11] = BigInt(scan.report);
    return (this.#native as Native).call(
      'ioctl',
      descriptor,
      PAGEMAP_SCAN,
      arena.address + BigInt(ARENA.scan),
    );
  }

  #fillVector(offset: number, ranges: readonly PageRange[]): void {
    const { words } = this.#ready();
    const shift = BigInt(this.#geometry.pageShift);
    ranges.forEach((range, index) => {
      words[offset / 8 + index * 2] = BigInt(range.start) << shift;
      words[offset / 8 + index * 2 + 1] = BigInt(range.end - range.start) << shift;
    });
  }

  #ready(): Arena {
    if (this.#arena === undefined) {
      const arena = (this.#native as Native).arena(ARENA.end);
      const { buffer, byteOffset, byteLength } = arena.bytes;
      this.#arena = { arena, words: new BigUint64Array(buffer, byteOffset, byteLength / 8) };
    }
    return this.#arena;
  }

  #bytes(ranges: readonly PageRange[]): Bytes {
    return ranges.reduce((sum, { start, end }) => sum + (end - start), 0) * this.#geometry.pageBytes;
  }

  *#batches(ranges: readonly PageRange[]): Generator<PageRange[]> {
    const maxPages = Math.floor(MAX_CALL_BYTES / this.#geometry.blockBytes) * this.#geometry.pagesPerBlock;
    let batch: PageRange[] = [];
    let pages = 0;
    for (const range of cut(ranges, maxPages)) {
      const length = range.end - range.start;
      if (batch.length === MAX_RANGES || pages + length > maxPages) {
        yield batch;
        batch = [];
        pages = 0;
      }
      batch.push(range);
      pages += length;
    }
    if (batch.length > 0) yield batch;
  }
}

function* cut(ranges: readonly PageRange[], maxPages: number): Generator<PageRange> {
  for (const range of ranges) {
    for (let start = range.start; start < range.end; start += maxPages) {
      yield { start, end: Math.min(start + maxPages, range.end) };
    }
  }
}

function adviceCall(pid: ProcessId, advice: Advice): string {
  return `process_madvise pid ${pid} ${advice}`;
}

function refused(
  errno: ErrnoName,
  call: string,
): { readonly ok: false; readonly error: { errno: ErrnoName; call: string } } {
  return failure({ errno, call });
}

/** The foreign-function interface is missing: an answer like the kernel's, which says that no kernel gave it. */
function unasked(reason: string, call: string) {
  return failure({ errno: 'ENOSYS' as const, call, unasked: reason });
}
