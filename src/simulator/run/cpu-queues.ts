/** The CPUs of a host: whose turn it is, and what kernel threads, Octavo and interrupts take of each. */
import type { Nanoseconds } from '../../vocabulary/units.js';
import type { RunningProcess } from './running-process.js';

/** A thread of a process. */
export interface Thread {
  readonly process: RunningProcess;
  /** Which of the process's threads. */
  readonly index: number;
}

/** Says which thread runs next on each CPU, and what time was taken from it. */
export class CpuQueues {
  /** Threads of each CPU, in turn. */
  readonly #queues: Thread[][];
  /** Time that others have used of each CPU and its threads have not lost yet. */
  readonly #owed: Float64Array;
  /** Threads that ran last, by CPU. */
  readonly #current: (Thread | undefined)[];
  #threads = 0;

  constructor(cpus: number) {
    this.#queues = Array.from({ length: cpus }, () => []);
    this.#owed = new Float64Array(cpus);
    this.#current = Array.from({ length: cpus }, () => undefined);
  }

  /** Threads that were ever started. */
  get started(): number {
    return this.#threads;
  }

  add(thread: Thread): void {
    this.#queues[this.#threads++ % this.#queues.length].push(thread);
  }

  /** Takes the threads of a process that has ended out of all queues. */
  drop(process: RunningProcess): void {
    for (const queue of this.#queues)
      for (let at = queue.length - 1; at >= 0; at--) if (queue[at].process === process) queue.splice(at, 1);
  }

  /** The thread whose turn it is, which goes to the end of its queue; undefined where a CPU has none. */
  next(cpu: number): Thread | undefined {
    const queue = this.#queues[cpu];
    const thread = queue.shift();
    if (thread !== undefined) queue.push(thread);
    this.#current[cpu] = thread;
    return thread;
  }

  /** Takes what others have used of a CPU since the last time. An idle CPU has lost nothing. */
  takeOwed(cpu: number): Nanoseconds {
    const owed = this.#owed[cpu];
    this.#owed[cpu] = 0;
    return this.#queues[cpu].length === 0 ? 0 : owed;
  }

  /** Kernel threads and Octavo run where the fewest threads are: on an idle CPU they delay no thread. */
  useAny(duration: Nanoseconds): void {
    const lengths = this.#queues.map(({ length }) => length);
    this.#owed[lengths.lastIndexOf(Math.min(...lengths))] += duration;
  }

  /** CPUs that run a process with this address space are interrupted, but for `except`, who asks them to. */
  interrupt(mmId: number, duration: Nanoseconds, except: number): void {
    for (const [cpu, thread] of this.#current.entries())
      if (cpu !== except && thread?.process.space.mmId === mmId) this.#owed[cpu] += duration;
  }
}
