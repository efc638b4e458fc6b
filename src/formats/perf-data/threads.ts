/** Which process a thread belongs to and what processes are called, from COMM, FORK and THREAD_MAP records. */
import type { RecordedProcess } from '../../vocabulary/recording.js';

const MOST_THREADS = 1 << 20;

/** Finds process and name of a thread; bounded in number. */
export class ThreadTable {
  readonly #processes = new Map<number, number>();
  readonly #names = new Map<number, string>();
  readonly #threadNames = new Map<number, string>();
  readonly #parents = new Map<number, number>();

  addThread(pid: number, tid: number): void {
    if (this.#processes.size < MOST_THREADS || this.#processes.has(tid)) this.#processes.set(tid, pid);
  }

  addName(pid: number, name: string): void {
    if (this.#names.size < MOST_THREADS || this.#names.has(pid)) this.#names.set(pid, name);
  }

  addThreadName(tid: number, name: string): void {
    if (this.#threadNames.size < MOST_THREADS || this.#threadNames.has(tid)) this.#threadNames.set(tid, name);
  }

  /** Name of a thread, undefined when it was not recorded. */
  threadNameOf(tid: number): string | undefined {
    return this.#threadNames.get(tid);
  }

  addFork(pid: number, tid: number, parent: number): void {
    this.addThread(pid, tid);
    const ofParent = this.#threadNames.get(parent);
    if (ofParent !== undefined && !this.#threadNames.has(tid)) this.addThreadName(tid, ofParent);
    if (pid === parent || this.#parents.size >= MOST_THREADS) return;
    this.#parents.set(pid, parent);
    const name = this.#names.get(parent);
    if (name !== undefined && !this.#names.has(pid)) this.addName(pid, name);
  }

  /** Process of a thread, −1 when it was never named. */
  processOf(tid: number): number {
    return this.#processes.get(tid) ?? -1;
  }

  nameOf(pid: number): string | undefined {
    return this.#names.get(pid);
  }

  /** Processes whose names were recorded. */
  named(): readonly RecordedProcess[] {
    return [...this.#names].map(([pid, command]) => ({ pid, command, startTicks: undefined }));
  }

  /** It runs a program of its own by now. */
  forgetParent(pid: number): void {
    this.#parents.delete(pid);
  }

  /** The process that a process was forked from, when that was recorded. */
  parentOf(pid: number): number | undefined {
    return this.#parents.get(pid);
  }
}
