/** DAMON on the model kernel: its files mounted, its kdamonds run by the model's clock. */
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Nanoseconds, ProcessId } from '../../../vocabulary/units.js';
import type { Kernel } from '../kernel.js';
import { Process } from '../process.js';
import { DamonFiles } from './damon-files.js';
import { DamonSystem } from './damon-system.js';
import { GENERATIONS, type GenerationName } from './generations.js';
import type { Pending } from './kdamond.js';
import { ModelMemory } from './model-memory.js';
import type { MonitoringCosts } from './monitoring-costs.js';
import type { TraceSink } from './trace.js';

export interface ModelDamonOptions {
  readonly generation: GenerationName;
  readonly costs?: MonitoringCosts;
  readonly trace?: TraceSink;
  /** Asked for a pid that the model does not have, when a context is built. */
  readonly adopt?: (pid: ProcessId) => Process | undefined;
}

/** Event of the model's clock at which some kdamond runs. */
const EVENT = 'damon';
export const KDAMONDS_PATH = '/sys/kernel/mm/damon/admin/kdamonds';
/** A writer that waits longer than this is taken for killed. The longest sleep of a kdamond is 2^32 us. */
const LONGEST_WAIT_NS = 24 * 3600 * 1e9;
const KTHREADD = 2;

/** Installs DAMON of a generation into a model kernel. Once for each kernel. */
export function installDamon(kernel: Kernel, options: ModelDamonOptions): DamonSystem {
  let event: { readonly id: number; readonly at: Nanoseconds } | undefined;
  const wakeUp = (at: Nanoseconds) => {
    if (event !== undefined && event.at <= at) return;
    if (event !== undefined) kernel.clock.cancel(event.id);
    event = at === Number.POSITIVE_INFINITY ? undefined : { id: kernel.clock.at(at, EVENT), at };
  };
  const system = new DamonSystem({
    generation: GENERATIONS[options.generation],
    memory: new ModelMemory(kernel, options.adopt),
    startThread: (name) => startThread(kernel, name),
    endThread: (pid) => kernel.processes.delete(pid),
    wakeUp,
    ...(options.costs === undefined ? {} : { costs: options.costs }),
    ...(options.trace === undefined ? {} : { trace: options.trace }),
  });
  kernel.clock.handle(EVENT, (_value, now) => {
    event = undefined;
    system.run(now);
    accountCpu(kernel, system);
    wakeUp(system.nextWake());
  });
  const files = new DamonFiles(system, (pending) => waitFor(kernel, pending));
  kernel.files.mount(KDAMONDS_PATH, files.root());
  return system;
}

function startThread(kernel: Kernel, name: string): number {
  const pid = kernel.nextPid++;
  kernel.processes.set(pid, new Process(pid, KTHREADD, name, undefined, kernel.clock.now, 0));
  return pid;
}

function accountCpu(kernel: Kernel, system: DamonSystem): void {
  for (const kdamond of system.running()) {
    const process = kernel.processes.get(kdamond.pid);
    if (process !== undefined) process.cpuNs = kdamond.cpuNs;
  }
}

/** Moves the model on until the command is answered: the writer sleeps in the kernel meanwhile. */
function waitFor(kernel: Kernel, pending: Pending): ErrnoName | undefined {
  const until = kernel.clock.now + LONGEST_WAIT_NS;
  while (pending.answer === undefined) {
    const next = kernel.clock.nextEvent();
    if (next > until) return 'EINTR';
    kernel.clock.advanceTo(next);
  }
  return pending.answer.ok ? undefined : pending.answer.error;
}
