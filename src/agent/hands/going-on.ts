/** What goes on while the configuration may be read again: another one can end it. */
import { underEither } from '../../base/either-signal.js';

/** Requests that are being carried out, each with a question of whether it still may. */
export class GoingOn {
  readonly #checks = new Set<() => void>();

  /** How many requests can be ended by another configuration now. */
  get size(): number {
    return this.#checks.size;
  }

  /** Ends what may not go on any more. */
  check(): void {
    for (const check of this.#checks) check();
  }

  /**
   * Does something until it is done, `signal` aborts, or a check finds that it may not go on. `objection`: why it may not,
   * the reason of its signal then; empty while it may.
   */
  async whileAllowed<Value>(
    objection: () => string,
    signal: AbortSignal,
    act: (signal: AbortSignal) => Promise<Value>,
  ): Promise<Value> {
    const ended = new AbortController();
    const check = () => {
      const why = objection();
      if (why !== '') ended.abort(why);
    };
    this.#checks.add(check);
    try {
      return await underEither([signal, ended.signal], act);
    } finally {
      this.#checks.delete(check);
    }
  }
}
