/** Mounts tracefs with the events that parts of the kernel have; the part that owns an event makes its records. */
import type { ProcessId } from '../../../vocabulary/units.js';
import { StaticDirectory } from '../state/file-tree.js';
import type { Kernel } from '../state/kernel.js';
import { TraceBuffer } from './trace-buffer.js';
import { recordBytes, type TraceEvent, TraceSwitches } from './trace-events.js';
import { tracefs } from './tracefs.js';

const TRACING = '/sys/kernel/tracing';
const DEBUGFS = '/sys/kernel/debug';
const SHELL = { comm: 'sh', pid: 1 };
const MARKER_BYTES = 16;

/** The trace buffer with the switches of its events. */
export class Tracing {
  readonly buffer: TraceBuffer;
  readonly switches: TraceSwitches;
  readonly #kernel: Kernel;
  readonly #bytes: ReadonlyMap<string, number>;

  constructor(kernel: Kernel, events: readonly TraceEvent[]) {
    this.#kernel = kernel;
    this.buffer = new TraceBuffer(kernel.options.cpus);
    this.switches = new TraceSwitches(events);
    this.#bytes = new Map(events.map((event) => [event.name, recordBytes(event)]));
  }

  isOn(event: string): boolean {
    return this.buffer.on && this.switches.isOn(event);
  }

  /** A record of an event that is on. A thread keeps to one CPU. */
  record(event: string, text: string, pid: ProcessId, comm: string, extraBytes = 0): void {
    const at = this.#kernel.clock.now;
    const cpu = pid % this.buffer.cpus;
    const bytes = (this.#bytes.get(event) ?? 0) + extraBytes;
    this.buffer.add({ at, comm, pid, cpu, name: event, text }, bytes);
  }

  mark(text: string): void {
    const at = this.#kernel.clock.now;
    this.buffer.add({ at, ...SHELL, cpu: 0, name: 'tracing_mark_write', text }, MARKER_BYTES + text.length);
  }
}

/** Mounts tracefs and returns where events are recorded. */
export function mountTracing(kernel: Kernel, events: readonly TraceEvent[]): Tracing {
  const tracing = new Tracing(kernel, events);
  const root = tracefs({
    buffer: tracing.buffer,
    switches: tracing.switches,
    mark: (text) => tracing.mark(text),
    commands: () => recentTasks(tracing),
    pageBytes: kernel.geometry.pageBytes,
    refusal: () => (kernel.options.lockdown === 'confidentiality' ? 'EPERM' : undefined),
  });
  kernel.files.mount(TRACING, root);
  const debugfs = kernel.files.find(DEBUGFS);
  if (debugfs instanceof StaticDirectory && kernel.options.debugfs) debugfs.set('tracing', root);
  return tracing;
}

function* recentTasks({ buffer }: Tracing): Generator<readonly [number, string]> {
  const seen = new Set<number>();
  for (const { pid, comm } of buffer.all()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    yield [pid, comm];
  }
}
