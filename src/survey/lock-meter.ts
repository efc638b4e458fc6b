/**
 * How long a look holds the mmap_lock of each process, at most: the time inside every call for which the kernel takes
 * it. A call may also wait or be preempted, so that the lock is held for less.
 */
import type { Answer, Host, OpenFile, ProcessMemory } from '../host/host.js';
import type { Nanoseconds, ProcessId } from '../vocabulary/units.js';

/** Files of a process that the kernel makes under its mmap_lock (fs/proc/task_mmu.c, fs/proc/base.c). */
const LOCKING = /^\/proc\/(\d+)\/(maps|smaps|smaps_rollup|numa_maps|pagemap|mem|cmdline|environ|auxv)$/;

/** Calls that cost alike. */
type CallKind = 'text' | 'pagemap' | 'scan' | 'page' | 'block';

/** A call that takes so many times as long as its like was interrupted: by a task, an interrupt or the hypervisor. */
const INTERRUPTED = 10;
/** What calls take before any was met, and how fast that follows what they do take. */
const USUAL_NS: Readonly<Record<CallKind, Nanoseconds>> = {
  text: 200_000,
  pagemap: 5_000,
  scan: 50_000,
  page: 5_000,
  block: 400_000,
};
const WEIGHT = 1 / 8;
/** Reads of so few pages are mostly the call itself. */
const FEW_PAGES = 8;

/** The process whose lock was held for longest. */
export interface LongestLock {
  readonly pid: ProcessId;
  /** As budgets count it. */
  readonly ns: Nanoseconds;
  /** All the time inside the calls. */
  readonly withInterruptionsNs: Nanoseconds;
}

/** Wraps a host and measures the calls that take an mmap_lock. */
export class LockMeter {
  /** The same host, measured. */
  readonly host: Host;
  readonly #host: Host;
  readonly #held = new Map<ProcessId, Nanoseconds>();
  readonly #charged = new Map<ProcessId, Nanoseconds>();
  readonly #usual = { ...USUAL_NS };

  constructor(host: Host) {
    this.#host = host;
    const { files, calls } = host;
    this.host = {
      clock: host.clock,
      random: host.random,
      identity: host.identity,
      files: over(files, {
        readText: (path) => this.#read(path, () => files.readText(path)),
        readBytes: (path) => this.#read(path, () => files.readBytes(path)),
        open: (path) => this.#opened(path, files.open(path)),
      }),
      calls: over(calls, {
        scanPagemap: (pid, scan) => this.#time(pid, 'scan', () => calls.scanPagemap(pid, scan)),
        openMemory: (pid) => this.#memory(pid, calls.openMemory(pid)),
      }),
    };
  }

  /** All the time inside the calls. */
  of(pid: ProcessId): Nanoseconds {
    return this.#held.get(pid) ?? 0;
  }

  /** The time that budgets count: of calls that were interrupted only what such calls take. */
  charged(pid: ProcessId): Nanoseconds {
    return this.#charged.get(pid) ?? 0;
  }

  /** What a read of one page takes here and now. */
  get usualPageNs(): Nanoseconds {
    return this.#usual.page;
  }

  /** The process whose lock was charged most; undefined when none was. */
  longest(): LongestLock | undefined {
    let found: LongestLock | undefined;
    for (const [pid, ns] of this.#charged)
      if (found === undefined || ns > found.ns) found = { pid, ns, withInterruptionsNs: this.of(pid) };
    return found;
  }

  #read<Value>(path: string, read: () => Value): Value {
    const pid = LOCKING.exec(path)?.[1];
    return pid === undefined ? read() : this.#time(Number(pid), 'text', read);
  }

  #time<Value>(pid: ProcessId, kind: CallKind, call: () => Value): Value {
    const { clock } = this.#host;
    const started = clock.monotonicNs();
    try {
      return call();
    } finally {
      this.#note(pid, kind, clock.monotonicNs() - started);
    }
  }

  #note(pid: ProcessId, kind: CallKind, ns: Nanoseconds): void {
    const usual = this.#usual[kind];
    const charge = Math.min(ns, INTERRUPTED * usual);
    this.#usual[kind] = usual + WEIGHT * (charge - usual);
    this.#held.set(pid, this.of(pid) + ns);
    this.#charged.set(pid, this.charged(pid) + charge);
  }

  #opened(path: string, opened: Answer<OpenFile>): Answer<OpenFile> {
    const pid = LOCKING.exec(path)?.[1];
    if (pid === undefined || !opened.ok) return opened;
    const file = opened.value;
    const read: OpenFile['read'] = (into, position) =>
      this.#time(Number(pid), 'pagemap', () => file.read(into, position));
    return { ok: true, value: over(file, { read }) };
  }

  #memory(pid: ProcessId, opened: Answer<ProcessMemory>): Answer<ProcessMemory> {
    if (!opened.ok) return opened;
    const memory = opened.value;
    const read: ProcessMemory['read'] = (range, into) => {
      const kind = range.end - range.start > FEW_PAGES ? 'block' : 'page';
      return this.#time(pid, kind, () => memory.read(range, into));
    };
    return { ok: true, value: over(memory, { read }) };
  }
}

/** An object with some of its members replaced; the others stay bound to it. */
function over<Target extends object>(target: Target, own: Partial<Target>): Target {
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(own, name)) return Reflect.get(own, name);
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
