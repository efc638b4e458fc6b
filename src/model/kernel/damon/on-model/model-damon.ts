/** DAMON on the model kernel: its files mounted, its kdamonds run by the model's clock. */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import type { Nanoseconds, ProcessId } from '../../../../vocabulary/units.js';
import type { Kernel } from '../../state/kernel.js';
import { Process } from '../../state/process.js';
import { mountTracing, type Tracing } from '../../tracing/install.js';
import { GENERATIONS, type GenerationName } from '../core/generations.js';
import type { Pending } from '../core/kdamond-calls.js';
import type { MonitoringCosts } from '../core/monitoring-costs.js';
import { type DamonEvent, eventText, type TraceSink } from '../core/trace.js';
import { moduleDirectories } from '../modules/module-files.js';
import { DamonFiles } from '../sysfs/damon-files.js';
import { DamonSystem } from '../sysfs/damon-system.js';
import { damonTraceEvents } from './damon-trace-events.js';
import { ModelMemory } from './model-memory.js';

/** Which DAMON the model has. */
export interface ModelDamonOptions {
  readonly generation: GenerationName;
  readonly costs?: MonitoringCosts;
  readonly trace?: TraceSink;
  /** DAMON_STAT runs from the boot, as in kernels that are configured so. */
  readonly damonStat?: boolean;
  /** Asked for a pid that the model does not have, when a context is built. */
  readonly adopt?: (pid: ProcessId) => Process | undefined;
  /** Id of the first trace event, that of the generation's recorded kernel when left out. */
  readonly firstTraceId?: number;
}

/** Event of the model's clock at which some kdamond runs. */
const EVENT = 'damon';
/** Directory of the kdamonds in the model's sysfs. */
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
  const generation = GENERATIONS[options.generation];
  kernel.collapseSparesTasks = generation.collapseSparesTasks;
  const memory = new ModelMemory(kernel, options.adopt);
  const firstTraceId = options.firstTraceId ?? generation.firstTraceId;
  const tracing = mountTracing(kernel, damonTraceEvents(generation.traceEvents, firstTraceId));
  const system = new DamonSystem({
    generation,
    memory,
    startThread: (name) => startThread(kernel, name),
    endThread: (pid) => kernel.processes.delete(pid),
    wakeUp,
    ...(options.costs === undefined ? {} : { costs: options.costs }),
    trace: new TraceTee(tracing, options.trace),
  });
  kernel.clock.handle(EVENT, (_value, now) => {
    event = undefined;
    system.run(now);
    accountCpu(kernel, system);
    wakeUp(system.nextWake());
  });
  const wait = (pending: Pending) => waitFor(kernel, pending);
  kernel.files.mount(KDAMONDS_PATH, new DamonFiles(system, wait).root());
  const { modules, directories } = moduleDirectories(system, memory, wait);
  for (const [path, directory] of directories) kernel.files.mount(path, directory);
  if (options.damonStat) modules.find(({ module }) => module.name === 'damon_stat')?.enable('Y');
  return system;
}

/** Tells the trace buffer what is switched on there, and another listener what it asks for. */
class TraceTee implements TraceSink {
  readonly #tracing: Tracing;
  readonly #other: TraceSink | undefined;

  constructor(tracing: Tracing, other: TraceSink | undefined) {
    this.#tracing = tracing;
    this.#other = other;
  }

  isEnabled(event: DamonEvent['name']): boolean {
    return this.#tracing.isOn(event) || this.#other?.isEnabled(event) === true;
  }

  record(event: DamonEvent, pid: number, comm: string): void {
    if (this.#tracing.isOn(event.name)) {
      const extra = 'hits' in event ? event.hits.length : 0;
      this.#tracing.record(event.name, eventText(event), pid, comm, extra);
    }
    if (this.#other?.isEnabled(event.name)) this.#other.record(event, pid, comm);
  }
}

function startThread(kernel: Kernel, name: string): number {
  const pid = kernel.nextPid++;
  kernel.processes.set(
    pid,
    new Process({
      pid,
      parent: KTHREADD,
      command: name,
      mm: undefined,
      startedAt: kernel.clock.now,
      userId: 0,
    }),
  );
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
