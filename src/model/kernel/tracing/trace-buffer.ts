/**
 * The kernel's trace buffer as tracefs shows it (kernel/trace/trace.c): records of enabled events in the order of
 * their time, bounded, the oldest overwritten. Reading `trace` leaves them there, reading `trace_pipe` takes them.
 */
import type { Bytes, Nanoseconds } from '../../../vocabulary/units.js';

/** A record with its time, its task and its text. */
export interface TraceRecord {
  readonly at: Nanoseconds;
  readonly comm: string;
  readonly pid: number;
  readonly cpu: number;
  /** Event name, or what stands before the text of a marker. */
  readonly name: string;
  readonly text: string;
}

/** Size of the buffer of one CPU once it is in use, as the kernel has it by default. */
const DEFAULT_KIB = 1408;
/** What a record of the ring buffer takes beside the event's own bytes. */
const RECORD_HEADER: Bytes = 8;

/** A bounded buffer of records. */
export class TraceBuffer {
  on = true;
  /** KiB of each CPU. */
  sizeKib = DEFAULT_KIB;
  /** Records ever made since the buffer was last cleared. */
  written = 0;
  readonly cpus: number;
  #records: TraceRecord[] = [];
  /** Records before this index are gone. */
  #first = 0;
  #bytes = 0;
  readonly #sizes: number[] = [];

  constructor(cpus: number) {
    this.cpus = cpus;
  }

  get count(): number {
    return this.#records.length - this.#first;
  }

  add(record: TraceRecord, eventBytes: Bytes): void {
    if (!this.on) return;
    this.#records.push(record);
    this.#sizes.push(eventBytes + RECORD_HEADER);
    this.#bytes += eventBytes + RECORD_HEADER;
    this.written++;
    const most = this.sizeKib * 1024 * this.cpus;
    while (this.#bytes > most && this.count > 1) this.#dropFirst();
  }

  clear(): void {
    this.#records = [];
    this.#sizes.length = 0;
    this.#first = 0;
    this.#bytes = 0;
    this.written = 0;
  }

  *all(): Generator<TraceRecord> {
    for (let index = this.#first; index < this.#records.length; index++) yield this.#records[index];
  }

  /** Takes the oldest records whose lines fit into `most` bytes, at least one if there is any. */
  take(most: Bytes): string {
    let text = '';
    while (this.count > 0) {
      const line = recordLine(this.#records[this.#first]);
      if (text !== '' && text.length + line.length > most) break;
      text += line;
      this.#dropFirst();
    }
    return text;
  }

  #dropFirst(): void {
    this.#bytes -= this.#sizes[this.#first];
    this.#first++;
    if (this.#first < 4096 || this.#first * 2 < this.#records.length) return;
    this.#records = this.#records.slice(this.#first);
    this.#sizes.splice(0, this.#first);
    this.#first = 0;
  }
}

/** trace_print_context() for a thread that may be preempted, in no interrupt. */
export function recordLine({ at, comm, pid, cpu, name, text }: TraceRecord): string {
  const task = `${comm.padStart(16)}-${String(pid).padEnd(7)}`;
  const microseconds = Math.round(at / 1000);
  const seconds = String(Math.floor(microseconds / 1e6)).padStart(5);
  const rest = String(microseconds % 1e6).padStart(6, '0');
  return `${task} [${String(cpu).padStart(3, '0')}] ..... ${seconds}.${rest}: ${name}: ${text}\n`;
}

/** The lines above the records of the `trace` file. */
export function traceHeader(buffer: TraceBuffer): string {
  const lines = [
    '# tracer: nop',
    '#',
    `# entries-in-buffer/entries-written: ${buffer.count}/${buffer.written}   #P:${buffer.cpus}`,
    '#',
    '#                                _-----=> irqs-off/BH-disabled',
    '#                               / _----=> need-resched',
    '#                              | / _---=> hardirq/softirq',
    '#                              || / _--=> preempt-depth',
    '#                              ||| / _-=> migrate-disable',
    '#                              |||| /     delay',
    '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
    '#              | |         |   |||||     |         |',
  ];
  return lines.map((line) => `${line}\n`).join('');
}
