/** What is done again and again beside turns: each when it falls due, none while another is done. */
import type { Milliseconds } from '../../vocabulary/units.js';

/** Something short that falls due at intervals. */
export interface Duty {
  readonly everyMs: Milliseconds;
  do(nowMs: Milliseconds): void;
}

/** Does duties when they fall due, whenever it is asked to tend. */
export class Duties {
  readonly #duties: { readonly duty: Duty; dueMs: Milliseconds }[] = [];
  #busy = false;

  /** A duty is due at once. */
  add(duty: Duty): void {
    this.#duties.push({ duty, dueMs: Number.NEGATIVE_INFINITY });
  }

  /** Does what is due. A duty that was late is not made up for. */
  tend(nowMs: Milliseconds): void {
    if (this.#busy) return;
    this.#busy = true;
    try {
      for (const one of this.#duties) {
        if (one.dueMs > nowMs) continue;
        one.dueMs = Math.max(one.dueMs + one.duty.everyMs, nowMs + one.duty.everyMs / 2);
        one.duty.do(nowMs);
      }
    } finally {
      this.#busy = false;
    }
  }

  /** When the next is due. */
  get nextMs(): Milliseconds {
    return Math.min(...this.#duties.map(({ dueMs }) => dueMs));
  }
}
