/** A model machine for foreign tools: a kernel of a generation with DAMON, and tasks whose memory is populated. */
import type { Bytes, ProcessId } from '../../vocabulary/units.js';
import { bootIdOf } from '../host/model-host.js';
import { access } from '../kernel/access/access.js';
import { mmap, spawn } from '../kernel/address-space/processes.js';
import { boot } from '../kernel/boot.js';
import { GENERATIONS, type GenerationName } from '../kernel/damon/core/generations.js';
import { installDamon } from '../kernel/damon/on-model/model-damon.js';
import { mountFiles } from '../kernel/files/mount-files.js';
import type { Kernel } from '../kernel/state/kernel.js';
import { type KernelOptions, RELEASES } from '../kernel/state/options.js';
import { Process } from '../kernel/state/process.js';

/** A process of the model and its memory. */
export interface MachineTask {
  readonly name: string;
  readonly bytes: Bytes;
  /** Share of the memory, from its start, that is accessed again and again. */
  readonly hot: number;
}

/** Which kernel and tasks the machine has. */
export interface MachineOptions {
  readonly generation: GenerationName;
  readonly kernel: Partial<KernelOptions>;
  /** First pid of the model's processes; beyond the machine's own where both are seen together. */
  readonly firstPid: ProcessId;
  readonly tasks: readonly MachineTask[];
  /** DAMON_STAT runs from the boot. */
  readonly damonStat: boolean;
  readonly adopt: (kernel: Kernel) => (pid: number) => Process | undefined;
}

/** A task as it was started, with the byte address of its memory. */
export interface RunningTask {
  readonly name: string;
  readonly pid: number;
  readonly start: Bytes;
  readonly bytes: Bytes;
}

/** A machine that runs. */
export interface Machine {
  readonly kernel: Kernel;
  readonly tasks: readonly RunningTask[];
}

/** How often hot memory is accessed: often enough that every sample of DAMON finds it so. */
const ACCESS_NS = 2e6;
const EVENT = 'machine-access';
/** Who the model's own /proc/self is, where no other program looks at it. */
const INIT = 1;
const KTHREADD = 2;

/**
 * Ids of trace events have 16 bits (TRACE_EVENT_TYPE_MAX). perf hands the id that it reads from tracefs to the
 * machine's own kernel, which would record another event under it: one that no kernel has is refused with EINVAL.
 */
const NO_KERNELS_ID = 1 << 16;

/** Boots a machine with tracefs and DAMON, and starts its tasks. */
export function startMachine(options: MachineOptions): Machine {
  const features = RELEASES[GENERATIONS[options.generation].release];
  const kernel = boot({ ...options.kernel, features });
  mountFiles(kernel, INIT, bootIdOf(kernel));
  kernel.nextPid = options.firstPid;
  let adopt: (pid: number) => Process | undefined = () => undefined;
  const { generation, damonStat } = options;
  installDamon(kernel, { generation, damonStat, adopt: (pid) => adopt(pid), firstTraceId: NO_KERNELS_ID });
  adopt = options.adopt(kernel);
  const tasks = options.tasks.map((task) => startTask(kernel, task));
  moveThreads(kernel, options.firstPid);
  keepAccessing(kernel, options.tasks, tasks);
  return { kernel, tasks };
}

/** Gives kernel threads pids of the model's own range: theirs belong to other processes of the machine. */
function moveThreads(kernel: Kernel, firstPid: ProcessId): void {
  for (const thread of [...kernel.processes.values()]) {
    if (thread.parent !== KTHREADD || thread.pid >= firstPid) continue;
    kernel.processes.delete(thread.pid);
    const pid = kernel.nextPid++;
    kernel.processes.set(pid, new Process({ ...thread, pid, parent: KTHREADD, mm: undefined, userId: 0 }));
  }
}

function startTask(kernel: Kernel, task: MachineTask): RunningTask {
  const process = spawn(kernel, { command: task.name });
  const { pageBytes } = kernel.geometry;
  const pages = Math.ceil(task.bytes / pageBytes);
  const mm = process.mm;
  const start = mm === undefined ? 'ENOMEM' : mmap(kernel, mm, { pages });
  if (mm === undefined || typeof start !== 'number') throw new RangeError(`no room for task ${task.name}`);
  for (let page = start; page < start + pages; page++) access(kernel, mm, page, true);
  return { name: task.name, pid: process.pid, start: start * pageBytes, bytes: pages * pageBytes };
}

/** Accesses with a walk each, as a working set beyond the TLB's reach has them. */
function keepAccessing(kernel: Kernel, specs: readonly MachineTask[], tasks: readonly RunningTask[]): void {
  if (specs.every(({ hot }) => hot === 0)) return;
  kernel.clock.handle(EVENT, () => {
    tasks.forEach((task, index) => {
      accessShare(kernel, task, specs[index].hot);
    });
    kernel.clock.after(ACCESS_NS, EVENT);
  });
  kernel.clock.after(ACCESS_NS, EVENT);
}

function accessShare(kernel: Kernel, task: RunningTask, hot: number): void {
  const mm = kernel.processes.get(task.pid)?.mm;
  if (mm === undefined) return;
  const first = task.start / kernel.geometry.pageBytes;
  const end = first + Math.floor((task.bytes * hot) / kernel.geometry.pageBytes);
  for (let page = first; page < end; page++) access(kernel, mm, page, false);
}
