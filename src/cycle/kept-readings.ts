/**
 * Journals as they were read, for a process that looks at the same runs again and again: a run that has ended seldom changes,
 * and to unpack and check its records takes far longer than to compare its text. Bounded.
 */
import type { Bytes } from '../vocabulary/units.js';

/** Text of journals that is kept; what was read of it takes some times as much. */
const MOST_TEXT: Bytes = 1024 * 1024;

interface Kept<Run> {
  readonly text: string;
  readonly run: Run;
}

/** Runs by the path and the text of their journals. */
export class KeptReadings<Run> {
  readonly #kept = new Map<string, Kept<Run>>();
  #length = 0;

  /** The run of a journal with exactly this text, where it was kept. */
  of(path: string, text: string): Run | undefined {
    const found = this.#kept.get(path);
    return found?.text === text ? found.run : undefined;
  }

  keep(path: string, text: string, run: Run): void {
    this.#drop(path);
    if (text.length > MOST_TEXT) return;
    this.#kept.set(path, { text, run });
    this.#length += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#length <= MOST_TEXT) return;
      this.#drop(oldest);
    }
  }

  #drop(path: string): void {
    this.#length -= this.#kept.get(path)?.text.length ?? 0;
    this.#kept.delete(path);
  }
}
