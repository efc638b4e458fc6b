/** perf_event_open(2) and its ring buffer (include/uapi/linux/perf_event.h, struct perf_event_mmap_page). */
import { closeSync } from 'node:fs';
import { failure, success } from '../../base/result.js';
import type { ErrnoName } from '../../vocabulary/errno.js';
import type { Bytes, Pages, ProcessId } from '../../vocabulary/units.js';
import type { Answer, PerfEvents, PerfRing } from '../host.js';
import type { ArenaSpan, Native, SharedMapping } from './native.js';

const FLAG_CLOEXEC = 8;
/** _IO('$', 5): let an event write to the ring of another. */
const SET_OUTPUT = 0x2405;
/** Words of 64 bits in the control page. */
const DATA_HEAD = 1024 / 8;
const DATA_TAIL = 1032 / 8;
const LONGEST_ATTR: Bytes = 4096;

/** Opens perf events of the live kernel with their ring buffers. */
export class LinuxPerfEvents implements PerfEvents {
  readonly #native: Native;
  readonly #pageBytes: Bytes;
  #arena: ArenaSpan | undefined;

  constructor(native: Native, pageBytes: Bytes) {
    this.#native = native;
    this.#pageBytes = pageBytes;
  }

  open(attr: Uint8Array, thread: ProcessId, cpu: number, pages: Pages): Answer<PerfRing> {
    const opened = this.event(attr, thread, cpu);
    if (!opened.ok) return opened;
    const mapping = this.#native.mapShared(opened.value, (1 + pages) * this.#pageBytes);
    if (typeof mapping !== 'string') {
      const join = (other: ProcessId) => this.#join(attr, other, cpu, opened.value);
      return success(new LinuxPerfRing(opened.value, mapping, this.#pageBytes, join));
    }
    closeSync(opened.value);
    return refused(mapping, `mmap ring of ${pages} pages`);
  }

  /** Opens an event and returns its descriptor. */
  event(attr: Uint8Array, thread: ProcessId, cpu: number): Answer<number> {
    this.#arena ??= this.#native.arena(LONGEST_ATTR);
    this.#arena.bytes.set(attr);
    const opened = this.#native.call('perf_event_open', this.#arena.address, thread, cpu, -1, FLAG_CLOEXEC);
    return opened.errno
      ? refused(opened.errno, `perf_event_open thread ${thread} cpu ${cpu}`)
      : success(opened.value);
  }

  #join(attr: Uint8Array, thread: ProcessId, cpu: number, ring: number): Answer<number> {
    const opened = this.event(attr, thread, cpu);
    if (!opened.ok) return opened;
    const set = this.#native.call('ioctl', opened.value, SET_OUTPUT, ring);
    if (set.errno === undefined) return opened;
    closeSync(opened.value);
    return refused(set.errno, 'PERF_EVENT_IOC_SET_OUTPUT');
  }
}

class LinuxPerfRing implements PerfRing {
  readonly #descriptors: number[];
  readonly #mapping: SharedMapping;
  readonly #join: (thread: ProcessId) => Answer<number>;
  /** Dropped before the memory is unmapped: a view that outlives it would end the process. */
  #control: BigUint64Array | undefined;
  #data: Uint8Array | undefined;

  constructor(
    descriptor: number,
    mapping: SharedMapping,
    pageBytes: Bytes,
    join: (thread: ProcessId) => Answer<number>,
  ) {
    this.#descriptors = [descriptor];
    this.#mapping = mapping;
    this.#join = join;
    this.#control = new BigUint64Array(mapping.memory, 0, pageBytes / 8);
    this.#data = new Uint8Array(mapping.memory, pageBytes);
  }

  read(into: Uint8Array): number {
    const control = this.#control;
    const data = this.#data;
    if (control === undefined || data === undefined) return 0;
    const tail = control[DATA_TAIL];
    const unread = Number(Atomics.load(control, DATA_HEAD) - tail);
    const length = Math.min(unread, into.length, data.length);
    if (length <= 0) return 0;
    const from = Number(tail % BigInt(data.length));
    const first = Math.min(length, data.length - from);
    into.set(data.subarray(from, from + first));
    if (first < length) into.set(data.subarray(0, length - first), first);
    Atomics.store(control, DATA_TAIL, tail + BigInt(length));
    return length;
  }

  join(thread: ProcessId): Answer<void> {
    const joined = this.#join(thread);
    if (!joined.ok) return joined;
    this.#descriptors.push(joined.value);
    return success(undefined);
  }

  close(): void {
    if (this.#control === undefined) return;
    this.#control = undefined;
    this.#data = undefined;
    this.#mapping.unmap();
    for (const descriptor of this.#descriptors.reverse()) closeSync(descriptor);
  }
}

function refused(errno: ErrnoName, call: string) {
  return failure({ errno, call });
}
