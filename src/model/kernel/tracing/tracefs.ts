/**
 * tracefs: /sys/kernel/tracing with the switches of its events, `trace`, `trace_pipe` and what scripts and tools
 * read beside them (kernel/trace/trace.c, trace_events.c). Modes as the kernel creates them.
 */
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Bytes } from '../../../vocabulary/units.js';
import { parseUnsignedLong } from '../numbers/kstrtox.js';
import { type ModelFile, StaticDirectory, type WriteAnswer } from '../state/file-tree.js';
import type { TraceBuffer } from './trace-buffer.js';
import { recordLine, traceHeader } from './trace-buffer.js';
import { formatText, type TraceEvent, type TraceSwitches } from './trace-events.js';

const READ = 0o440;
const WRITE = 0o640;
const CLOCKS = 'local global counter uptime perf mono mono_raw boot tai x86-tsc';
const TRIGGERS =
  '# Available triggers:\n# traceon traceoff snapshot stacktrace enable_event disable_event enable_hist disable_hist hist\n';

/** What the files of tracefs act on. */
export interface TracingParts {
  readonly buffer: TraceBuffer;
  readonly switches: TraceSwitches;
  /** Puts a text of user space among the records. */
  readonly mark: (text: string) => void;
  /** Names of tasks by pid, for saved_cmdlines. */
  readonly commands: () => Iterable<readonly [number, string]>;
  /** Why nothing here can be opened (lockdown). */
  readonly refusal: () => ErrnoName | undefined;
  /** Base page size, the size of one page of the ring buffer. */
  readonly pageBytes: Bytes;
}

/** The root of tracefs. */
export function tracefs(parts: TracingParts): StaticDirectory {
  const root = new StaticDirectory(0o700);
  const files: Record<string, ModelFile> = {
    ...bufferFiles(parts),
    ...eventListFiles(parts),
    available_tracers: show(() => 'nop\n'),
    current_tracer: choice(() => 'nop\n', (word) => word === 'nop'),
    trace_clock: choice(clockText, (word) => word === 'local'),
    saved_cmdlines: show(() => [...parts.commands()].map(([pid, name]) => `${pid} ${name}\n`).join('')),
  }; // biome-ignore format: a table
  for (const [name, file] of Object.entries(files)) root.set(name, guarded(file, parts));
  root.set('events', eventsDirectory(parts));
  return root;
}

function bufferFiles({ buffer, mark }: TracingParts): Record<string, ModelFile> {
  return {
    trace: {
      kind: 'file',
      mode: WRITE,
      read: () => traceHeader(buffer) + [...buffer.all()].map(recordLine).join(''),
      truncate: () => buffer.clear(),
      write: () => undefined,
    },
    trace_pipe: { kind: 'file', mode: READ, take: (most) => buffer.take(most) },
    tracing_on: flag(
      () => (buffer.on ? '1' : '0'),
      (on) => {
        buffer.on = on;
      },
    ),
    buffer_size_kb: {
      kind: 'file',
      mode: WRITE,
      read: () => `${buffer.sizeKib}\n`,
      write: (text) => resize(buffer, text),
    },
    buffer_total_size_kb: show(() => `${buffer.sizeKib * buffer.cpus}\n`),
    trace_marker: { kind: 'file', mode: 0o220, write: (text) => mark(text.replace(/\n$/, '')) as undefined },
  };
}

/** A size of 0 KiB is EINVAL; what a machine has no memory for, ENOMEM. */
function resize(buffer: TraceBuffer, text: string): WriteAnswer {
  const parsed = parseUnsignedLong(text);
  if (!parsed.ok) return parsed.error;
  if (parsed.value === 0n) return 'EINVAL';
  if (parsed.value > MOST_KIB) return 'ENOMEM';
  buffer.sizeKib = Number(parsed.value);
  buffer.clear();
  return undefined;
}

const MOST_KIB = 262_144n;

function eventListFiles({ switches }: TracingParts): Record<string, ModelFile> {
  const lines = (events: readonly TraceEvent[]) =>
    events.map(({ system, name }) => `${system}:${name}\n`).join('');
  return {
    available_events: show(() => lines(switches.events)),
    set_event: {
      kind: 'file',
      mode: WRITE,
      read: () => lines(switches.events.filter(({ name }) => switches.isOn(name))),
      truncate: () => switches.set(switches.events, false),
      write: (text) => setEvents(switches, text),
    },
  };
}

/** Words one after the other; `!` before one switches off. A word that means no event is EINVAL and ends it. */
function setEvents(switches: TraceSwitches, text: string): WriteAnswer {
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const off = word.startsWith('!');
    const events = switches.matching(off ? word.slice(1) : word);
    if (events.length === 0) return 'EINVAL';
    switches.set(events, !off);
  }
  return undefined;
}

function eventsDirectory(parts: TracingParts): StaticDirectory {
  const { switches } = parts;
  const directory = new StaticDirectory(0o750);
  directory.set('enable', guarded(enable(switches, switches.events), parts));
  directory.set(
    'header_page',
    guarded(
      show(() => headerPage(parts.pageBytes)),
      parts,
    ),
  );
  directory.set(
    'header_event',
    guarded(
      show(() => HEADER_EVENT),
      parts,
    ),
  );
  for (const system of new Set(switches.events.map((event) => event.system))) {
    directory.set(system, systemDirectory(parts, switches.of(system)));
  }
  return directory;
}

/** How a page of the ring buffer begins (ring_buffer_print_page_header): time, length, flag of overwriting, records. */
function headerPage(pageBytes: Bytes): string {
  const field = (type: string, at: Bytes, size: Bytes, signed: 0 | 1) =>
    `\tfield: ${type};\toffset:${at};\tsize:${size};\tsigned:${signed};\n`;
  return [
    field('u64 timestamp', 0, 8, 0),
    field('local_t commit', 8, 8, 1),
    field('int overwrite', 8, 1, 1),
    field('char data', 16, pageBytes - 16, 0),
  ].join('');
}

/** How a record begins (ring_buffer_print_entry_header). */
const HEADER_EVENT = `# compressed entry header
\ttype_len    :    5 bits
\ttime_delta  :   27 bits
\tarray       :   32 bits

\tpadding     : type == 29
\ttime_extend : type == 30
\ttime_stamp : type == 31
\tdata max type_len  == 28
`;

function systemDirectory(parts: TracingParts, events: readonly TraceEvent[]): StaticDirectory {
  const directory = new StaticDirectory(0o750);
  for (const event of events) directory.set(event.name, eventDirectory(parts, event));
  directory.set('enable', guarded(enable(parts.switches, events), parts));
  directory.set('filter', guarded(noFilter('### global filter ###\n'), parts));
  return directory;
}

function eventDirectory(parts: TracingParts, event: TraceEvent): StaticDirectory {
  const directory = new StaticDirectory(0o750);
  const files: Record<string, ModelFile> = {
    enable: enable(parts.switches, [event]),
    filter: noFilter('none\n'),
    format: show(() => formatText(event)),
    hist: show(() => ''),
    id: show(() => `${event.id}\n`),
    trigger: refusing(TRIGGERS),
  };
  for (const [name, file] of Object.entries(files)) directory.set(name, guarded(file, parts));
  return directory;
}

/** 0 or 1, X where some events are on; takes 0 and 1 only. */
function enable(switches: TraceSwitches, events: readonly TraceEvent[]): ModelFile {
  return flag(
    () => switches.state(events),
    (on) => switches.set(events, on),
    1n,
  );
}

function flag(read: () => string, set: (on: boolean) => void, most = (1n << 64n) - 1n): ModelFile {
  const write = (text: string): WriteAnswer => {
    const parsed = parseUnsignedLong(text);
    if (!parsed.ok) return parsed.error;
    if (parsed.value > most) return 'EINVAL';
    set(parsed.value !== 0n);
    return undefined;
  };
  return { kind: 'file', mode: WRITE, read: () => `${read()}\n`, write };
}

/** The model has no filters: only taking one away works. */
function noFilter(text: string): ModelFile {
  const write = (written: string): WriteAnswer => (written.trim() === '0' ? undefined : 'EINVAL');
  return { kind: 'file', mode: WRITE, read: () => text, write };
}

function refusing(text: string): ModelFile {
  return { kind: 'file', mode: WRITE, read: () => text, write: () => 'EINVAL' };
}

function choice(read: () => string, takes: (word: string) => boolean): ModelFile {
  const write = (text: string): WriteAnswer => (takes(text.trim()) ? undefined : 'EINVAL');
  return { kind: 'file', mode: WRITE, read, write };
}

const clockText = (): string => `[local]${CLOCKS.slice('local'.length)}\n`;

function show(read: () => string): ModelFile {
  return { kind: 'file', mode: READ, read };
}

function guarded(file: ModelFile, { refusal }: TracingParts): ModelFile {
  return { ...file, refuseOpen: refusal };
}
