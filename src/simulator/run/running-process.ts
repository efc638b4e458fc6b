/**
 * A process of a scenario while it runs. Its threads take turns in slices of virtual time: each slice is a few
 * batches of accesses, then the clock moves on by what they took.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import { KernelSpace } from '../../model/hardware/kernel-space.js';
import { BATCH } from '../../model/hardware/tlb.js';
import type { Window } from '../../model/hardware/windows.js';
import { createInode, exit, mmap, spawn } from '../../model/kernel/address-space/processes.js';
import { adviseRange } from '../../model/kernel/advice/madvise.js';
import { ensureCgroup } from '../../model/kernel/files/cgroup-files.js';
import { type HeldPages, type Hold, NO_PAGES } from '../../model/kernel/state/holds.js';
import { Memcg } from '../../model/kernel/state/memcg.js';
import { VM } from '../../model/kernel/state/mm.js';
import type { Process } from '../../model/kernel/state/process.js';
import { enlist } from '../../model/kernel/thp/khugepaged-list.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { ScenarioProcess } from '../scenario/scenario.js';
import { WORKLOADS, type WorkloadName } from '../workloads/catalogue.js';
import {
  dataPagesOf,
  type Reads,
  type Workload,
  type WorkloadContext,
  type WorkloadKind,
} from '../workloads/workload.js';
import { AccessTimes } from './access-times.js';
import type { Machine } from './host-machine.js';
import { OverTime } from './over-time.js';

/** Start-up cost of a guess for the time of one access; corrected after the first batch. */
const FIRST_GUESS_NS = 100;

/** Accesses in a batch at most while work on the address space is under way, so that their time is known well. */
const HELD_BATCH = 64;
/** Accesses that a workload may make at once, whatever room there is. */
const LEAST_ROOM = 64;
/** Threads of a process, at most. */
const MOST_THREADS = 64;

/** Random streams of one seed are told apart by these. */
export function streamSeed(seed: number, stream: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
}

/** Runs the workload of one process, slice by slice. */
export class RunningProcess {
  readonly name: string;
  readonly about: ScenarioProcess;
  readonly task: Process;
  readonly space: KernelSpace;
  readonly window: Window;
  readonly #machine: Machine;
  readonly #workloads: Workload[];
  readonly #accesses = new Uint32Array(BATCH);
  readonly #startedAt: Nanoseconds;
  /** Number of its first thread among all threads of the machine, from 1. */
  readonly #firstWorker: number;
  readonly times: AccessTimes;
  /** Resident bytes over time. */
  readonly memory: OverTime;
  #nsPerAccess: Nanoseconds;
  /** Time of calls that the workload has just made. */
  #callNs: Nanoseconds = 0;
  /** Accesses of each page of the area since they were last set to 0; undefined where they were not requested. */
  touches: Uint32Array | undefined;

  constructor(machine: Machine, about: ScenarioProcess, index: number, reads: Reads) {
    const { kernel } = machine;
    this.#machine = machine;
    this.name = about.name;
    this.about = about;
    this.#startedAt = kernel.clock.now;
    this.#firstWorker = 1 + index * MOST_THREADS;
    this.times = new AccessTimes(machine.cpu, about.think);
    this.memory = new OverTime(kernel.clock.now);
    const group = cgroupOf(machine, about);
    this.task = spawn(kernel, { command: about.name, memcg: group?.id ?? 0 });
    this.task.threads = about.threads;
    const mm = this.task.memory;
    mm.thpDisable = THP_DISABLE[about.prctl];
    if (about.registered) enlist(kernel, mm);
    this.space = new KernelSpace(kernel, mm);
    this.#nsPerAccess = about.think + FIRST_GUESS_NS;
    let firstPage = 0;
    const memory = {
      release: (offset: number, pages: number) => {
        const [start, end] = [firstPage + offset, firstPage + offset + pages];
        this.#callNs += adviseRange(kernel, mm, start, end, 'MADV_DONTNEED').cost;
      },
    };
    this.#workloads = Array.from({ length: about.threads }, (_, thread) =>
      makeWorkload(about, {
        random: new SeededRandom(streamSeed(machine.seed, index * 64 + thread)),
        geometry: kernel.geometry,
        memory,
        ...reads,
      }),
    );
    if (group !== undefined) group.max = this.#limitPages();
    const pages = roundUp(this.#workloads[0].pages, kernel.geometry.pagesPerBlock);
    const mapped = mmap(kernel, mm, { pages, ...this.#backing(pages) });
    if (typeof mapped === 'string') throw this.#failed(`mmap of ${pages} pages fails with ${mapped}`);
    firstPage = mapped;
    this.#advise(pages, mapped);
    this.window = machine.windows.open(this.space, mapped, pages, this.#workloads[0].guest);
  }

  /** memory.max in pages: as given, or a share of what the workload's data takes. */
  #limitPages(): number {
    const { limit } = this.about;
    if (limit === undefined) return Number.POSITIVE_INFINITY;
    if ('ofData' in limit) return Math.ceil(dataPagesOf(this.#workloads[0]) * limit.ofData);
    return Math.floor(limit.bytes / this.#machine.kernel.geometry.pageBytes);
  }

  #backing(pages: number) {
    if (this.about.backing === 'anonymous') return {};
    const inode = createInode(this.#machine.kernel, `/dev/shm/${this.name}`, pages, 'always');
    return { inode, flags: VM.read | VM.write | VM.shared };
  }

  #advise(pages: number, firstPage: number): void {
    if (this.about.advice === 'none') return;
    const advice = this.about.advice === 'hugepage' ? 'MADV_HUGEPAGE' : 'MADV_NOHUGEPAGE';
    adviseRange(this.#machine.kernel, this.task.memory, firstPage, firstPage + pages, advice);
  }

  countTouches(): void {
    this.touches = new Uint32Array(this.window.pages);
  }

  /** Ends it, as its service manager would. */
  end(): void {
    if (!this.killed) exit(this.#machine.kernel, this.task);
  }

  get #slice(): Nanoseconds {
    return this.#machine.scenario.slice;
  }

  /** Whether it has ended, or the OOM killer has ended it. */
  get killed(): boolean {
    return this.#machine.kernel.processes.get(this.task.pid) !== this.task;
  }

  get threads(): number {
    return this.#workloads.length;
  }

  get accesses(): number {
    return this.times.accesses;
  }

  /** Time that the accesses took together, with the work between them and what they waited for. */
  get busyNs(): Nanoseconds {
    return this.times.total;
  }

  /** What it has in memory is noted for the mean over time. */
  noteMemory(): void {
    const { kernel } = this.#machine;
    this.memory.note(kernel.clock.now, this.task.memory.rss * kernel.geometry.pageBytes);
  }

  /**
   * Runs one thread for about a slice; returns the time that took, at least a slice when it has nothing to do. `lost`:
   * what others have used of this CPU before, which the thread's next access waits for.
   */
  runSlice(thread: number, cpu: number, lost: Nanoseconds): Nanoseconds {
    if (this.killed) return this.#slice;
    const { kernel, scenario, tlbs } = this.#machine;
    kernel.cpu = cpu;
    this.task.cpu = cpu;
    kernel.holds.worker = this.#firstWorker + thread;
    if (scenario.host.competitor) tlbs[cpu].flushAll();
    const spent = this.#play(thread, cpu, lost);
    kernel.holds.worker = 0;
    this.noteMemory();
    return spent;
  }

  #play(thread: number, cpu: number, lost: Nanoseconds): Nanoseconds {
    const { kernel } = this.#machine;
    const { mmId } = this.space;
    const { now } = kernel.clock;
    this.times.stall(lost);
    let spent = lost;
    while (spent < this.#slice + lost) {
      const hold = kernel.holds.next(mmId, now + spent, this.#firstWorker + thread);
      const limit = this.#roomUntil(hold, now + spent, now + this.#slice + lost);
      const took = this.#runBatch(thread, cpu, limit, now + spent, hold);
      if (took === 0) return Math.max(spent, this.#slice);
      spent += took;
    }
    kernel.holds.played(mmId, now + spent);
    return spent;
  }

  /** Accesses until the end of the slice, or until work on the address space begins; few while it is under way. */
  #roomUntil(hold: Hold | undefined, time: Nanoseconds, end: Nanoseconds): number {
    const isHeld = hold !== undefined && hold.from <= time;
    const until = hold === undefined ? end : Math.min(end, isHeld ? hold.to : hold.from);
    const room = Math.max(1, Math.floor((until - time) / this.#nsPerAccess));
    return Math.min(room, isHeld ? HELD_BATCH : BATCH);
  }

  #runBatch(
    thread: number,
    cpu: number,
    limit: number,
    time: Nanoseconds,
    hold: Hold | undefined,
  ): Nanoseconds {
    // Workloads that make several accesses at once get room for them.
    const count = this.#workloads[thread].next(
      this.#accesses,
      Math.max(limit, LEAST_ROOM),
      time - this.#startedAt,
    );
    const called = this.#callNs;
    this.#callNs = 0;
    this.times.call(called);
    if (count === 0) return called;
    const isHeld = hold !== undefined && hold.from <= time;
    const took =
      called + (isHeld ? this.#accessHeld(hold, cpu, count, time + called) : this.#access(cpu, 0, count));
    if (this.killed) return 0;
    if (this.space.failure !== 0) throw this.#failed(FAILURES[this.space.failure] ?? 'a fault failed');
    this.#nsPerAccess = Math.max(1, took / count);
    return took + this.#observe(thread, cpu, count, time);
  }

  /** Translates accesses [from, to) of the batch; returns what they took. */
  #access(cpu: number, from: number, to: number): Nanoseconds {
    const tlb = this.#machine.tlbs[cpu];
    this.times.begin(tlb);
    const accesses = from === 0 ? this.#accesses : this.#accesses.subarray(from, to);
    tlb.access(this.window, accesses, to - from);
    if (this.touches !== undefined) countEach(this.touches, accesses, to - from);
    return this.times.end(tlb, to - from);
  }

  /** A batch while work on the address space is under way: the first access that needs what is held waits for its end. */
  #accessHeld(hold: Hold, cpu: number, count: number, time: Nanoseconds): Nanoseconds {
    const first = this.#firstIn(hold.pages, count);
    this.space.held = hold.faults;
    this.space.heldFaults = 0;
    const before = first > 0 ? this.#access(cpu, 0, first) : 0;
    this.space.held = NO_PAGES;
    const mustWait = first < count || this.space.heldFaults > 0;
    const waited = mustWait ? Math.max(0, hold.to - time - before) : 0;
    this.times.stall(waited);
    return before + waited + (first < count ? this.#access(cpu, first, count) : 0);
  }

  /** Index of the first access of the batch to one of `pages`; `count` when there is none. */
  #firstIn({ start, end }: HeldPages, count: number): number {
    const { firstPage, guest } = this.window;
    for (let i = 0; i < count; i++) {
      const offset = this.#accesses[i] >>> 1;
      const page = firstPage + (guest === undefined ? offset : guest.toHost(offset));
      if (page >= start && page < end) return i;
    }
    return count;
  }

  /** What the PMU sees of the batch; returns the time that its samples take. */
  #observe(thread: number, cpu: number, count: number, start: Nanoseconds): Nanoseconds {
    const { pmu, tlbs } = this.#machine;
    if (pmu === undefined) return 0;
    const before = pmu.counters.recorded;
    const { pid } = this.task;
    const timing = { start, nsPerAccess: this.#nsPerAccess, cpu, pid, tid: pid + thread };
    pmu.observe(tlbs[cpu], this.window, this.#accesses, count, timing);
    const sampled = (pmu.counters.recorded - before) * this.#machine.cpu.pmu.sampleNs.value;
    this.times.stall(sampled);
    return sampled;
  }

  #failed(problem: string): OctavoError {
    const time = `${(this.#machine.kernel.clock.now / 1e9).toFixed(3)} s`;
    return new OctavoError('SCENARIO_FAILED', { time, problem: `${this.name}: ${problem}` });
  }
}

const THP_DISABLE = {
  none: 'no',
  'thp-disable': 'complete',
  'thp-except-advised': 'except-advised',
} as const;

function countEach(touches: Uint32Array, accesses: Uint32Array, count: number): void {
  for (let i = 0; i < count; i++) touches[accesses[i] >>> 1]++;
}

const FAILURES: Readonly<Record<number, string>> = { [-1]: 'segmentation fault', [-2]: 'out of memory' };

/** Returns the workload that a process of a scenario names. */
export function makeWorkload(about: ScenarioProcess, context: WorkloadContext): Workload {
  const kind: WorkloadKind = WORKLOADS[about.workload as WorkloadName];
  return kind.make(kind.parameters.parse(about.with), context);
}

/** The cgroup that it is said to be in, or one of its own for a process with a limit. */
function cgroupOf({ kernel }: Machine, { name, limit, cgroup }: ScenarioProcess): Memcg | undefined {
  if (cgroup !== undefined) {
    const made = ensureCgroup(kernel, cgroup);
    return typeof made === 'string' ? undefined : made;
  }
  if (limit === undefined) return undefined;
  const group = new Memcg(kernel.memcgs.length, `/${name}`, kernel.memcgs[0]);
  kernel.memcgs.push(group);
  return group;
}

function roundUp(pages: number, to: number): number {
  return Math.ceil(pages / to) * to;
}
