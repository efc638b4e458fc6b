import { openSync, readSync } from 'node:fs';

/** Time that the calling thread was ready to run and no CPU was free, from its own /proc/…/schedstat. */
export class CpuWait {
  readonly #buffer = Buffer.alloc(96);
  readonly #descriptor: number | undefined;

  constructor() {
    try {
      this.#descriptor = openSync('/proc/thread-self/schedstat', 'r');
    } catch {
      this.#descriptor = undefined;
    }
  }

  get known(): boolean {
    return this.#descriptor !== undefined;
  }

  /** Nanoseconds since the thread began; 0 when the kernel does not tell. */
  totalNs(): number {
    if (this.#descriptor === undefined) return 0;
    const length = readSync(this.#descriptor, this.#buffer, 0, this.#buffer.length, 0);
    return Number(this.#buffer.toString('latin1', 0, length).split(' ')[1]);
  }
}
