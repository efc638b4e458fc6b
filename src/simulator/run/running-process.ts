/**
 * A process of a scenario while it runs. Its threads take turns in slices of virtual time: each slice is a few
 * batches of accesses, then the clock moves on by what they took.
 */
import { SeededRandom } from '../../base/seeded-random.js';
import { KernelSpace } from '../../model/hardware/kernel-space.js';
import { BATCH, type Tlb } from '../../model/hardware/tlb.js';
import type { Window } from '../../model/hardware/windows.js';
import { createInode, mmap, spawn } from '../../model/kernel/address-space/processes.js';
import { adviseRange } from '../../model/kernel/advice/madvise.js';
import { Memcg } from '../../model/kernel/state/memcg.js';
import { VM } from '../../model/kernel/state/mm.js';
import type { Process } from '../../model/kernel/state/process.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { ScenarioProcess } from '../scenario/scenario.js';
import { WORKLOADS, type WorkloadName } from '../workloads/catalogue.js';
import type { Workload, WorkloadContext, WorkloadKind } from '../workloads/workload.js';
import type { Machine } from './host-machine.js';

/** Virtual time of one slice. */
export const SLICE_NS: Nanoseconds = 1e6;
/** Start-up cost of a guess for the time of one access; corrected after the first batch. */
const FIRST_GUESS_NS = 100;

/** Random streams of one seed are told apart by these. */
export function streamSeed(seed: number, stream: number): number {
  return (Math.imul(seed, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
}

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
  /** Accesses made, and the time they took together. */
  accesses = 0;
  busyNs: Nanoseconds = 0;
  #nsPerAccess: Nanoseconds;

  constructor(machine: Machine, about: ScenarioProcess, index: number, readText: (path: string) => string) {
    const { kernel } = machine;
    this.#machine = machine;
    this.name = about.name;
    this.about = about;
    this.#startedAt = kernel.clock.now;
    this.task = spawn(kernel, { command: about.name, memcg: cgroupOf(machine, about) });
    this.task.threads = about.threads;
    const mm = this.task.mm!;
    this.space = new KernelSpace(kernel, mm);
    this.#nsPerAccess = about.think + FIRST_GUESS_NS;
    let firstPage = 0;
    const memory = {
      release: (offset: number, pages: number) => {
        adviseRange(kernel, mm, firstPage + offset, firstPage + offset + pages, 'MADV_DONTNEED');
      },
    };
    this.#workloads = Array.from({ length: about.threads }, (_, thread) =>
      makeWorkload(about, {
        random: new SeededRandom(streamSeed(machine.seed, index * 64 + thread)),
        geometry: kernel.geometry,
        memory,
        readText,
      }),
    );
    const pages = roundUp(this.#workloads[0].pages, kernel.geometry.pagesPerBlock);
    const mapped = mmap(kernel, mm, { pages, ...this.backing(pages) });
    if (typeof mapped === 'string') throw this.failed(`mmap of ${pages} pages fails with ${mapped}`);
    firstPage = mapped;
    this.advise(pages, mapped);
    this.window = machine.windows.open(this.space, mapped, pages, this.#workloads[0].guest);
  }

  private backing(pages: number) {
    if (this.about.backing === 'anonymous') return {};
    const inode = createInode(this.#machine.kernel, `/dev/shm/${this.name}`, pages, 'always');
    return { inode, flags: VM.read | VM.write | VM.shared };
  }

  private advise(pages: number, firstPage: number): void {
    if (this.about.advice === 'none') return;
    const advice = this.about.advice === 'hugepage' ? 'MADV_HUGEPAGE' : 'MADV_NOHUGEPAGE';
    adviseRange(this.#machine.kernel, this.task.mm!, firstPage, firstPage + pages, advice);
  }

  /** Whether the OOM killer has ended it. */
  get killed(): boolean {
    return this.#machine.kernel.processes.get(this.task.pid) !== this.task;
  }

  get threads(): number {
    return this.#workloads.length;
  }

  /** Runs one thread for about a slice; answers the time that took, at least a slice when it has nothing to do. */
  runSlice(thread: number, cpu: number): Nanoseconds {
    if (this.killed) return SLICE_NS;
    this.#machine.kernel.cpu = cpu;
    this.task.cpu = cpu;
    const tlb = this.#machine.tlbs[cpu];
    if (this.#machine.scenario.host.competitor) tlb.flushAll();
    let spent = 0;
    while (spent < SLICE_NS) {
      const left = Math.max(1, Math.floor((SLICE_NS - spent) / this.#nsPerAccess));
      const took = this.runBatch(this.#workloads[thread], tlb, cpu, thread, Math.min(BATCH, left), spent);
      if (took === 0) return SLICE_NS;
      spent += took;
    }
    return spent;
  }

  private runBatch(
    workload: Workload,
    tlb: Tlb,
    cpu: number,
    thread: number,
    limit: number,
    spent: Nanoseconds,
  ): Nanoseconds {
    const start = this.#machine.kernel.clock.now + spent;
    // Workloads that make several accesses at once get room for them.
    const count = workload.next(this.#accesses, Math.max(limit, 64), start - this.#startedAt);
    if (count === 0) return 0;
    const cycles = tlb.cycles;
    const faultNs = tlb.faultNs;
    tlb.access(this.window, this.#accesses, count);
    if (this.killed) return 0;
    if (this.space.failure !== 0) throw this.failed(FAILURES[this.space.failure] ?? 'a fault failed');
    const translated = (tlb.cycles - cycles) / tlb.cpu.clockGhz.value;
    const took = count * this.about.think + translated + (tlb.faultNs - faultNs);
    this.accesses += count;
    this.busyNs += took;
    this.#nsPerAccess = Math.max(1, took / count);
    const pid = this.task.pid;
    this.#machine.pmu?.observe(tlb, this.window, this.#accesses, count, {
      start,
      nsPerAccess: this.#nsPerAccess,
      cpu,
      pid,
      tid: pid + thread,
    });
    return took;
  }

  private failed(problem: string): OctavoError {
    const time = `${(this.#machine.kernel.clock.now / 1e9).toFixed(3)} s`;
    return new OctavoError('SCENARIO_FAILED', { time, problem: `${this.name}: ${problem}` });
  }
}

const FAILURES: Readonly<Record<number, string>> = { [-1]: 'segmentation fault', [-2]: 'out of memory' };

export function makeWorkload(about: ScenarioProcess, context: WorkloadContext): Workload {
  const kind: WorkloadKind = WORKLOADS[about.workload as WorkloadName];
  return kind.make(kind.parameters.parse(about.with), context);
}

function cgroupOf(machine: Machine, about: ScenarioProcess): number {
  if (about.limit === undefined) return 0;
  const { kernel } = machine;
  const id = kernel.memcgs.length;
  const group = new Memcg(id, `/${about.name}`, kernel.memcgs[0]);
  group.max = Math.floor(about.limit / kernel.geometry.pageBytes);
  kernel.memcgs.push(group);
  return id;
}

function roundUp(pages: number, to: number): number {
  return Math.ceil(pages / to) * to;
}
