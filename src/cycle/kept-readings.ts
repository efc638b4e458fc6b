/**
 * Journals as they were read, for a process that looks at the same runs again and again: a run that has ended seldom changes,
 * and to unpack and check its records takes far longer than to compare its text. Bounded.
 */
import type { Bytes } from '../vocabulary/units.js';

/**
 * Bytes of what is kept: the text of journals, and what was read of it, as JSON. Journals are compressed: a MiB of their text
 * became 21 to 53 MiB of objects. What is read takes 1.4 to 1.6 times its JSON.
 */
const MOST_BYTES: Bytes = 4 * 1024 * 1024;

interface Kept<Run> {
  readonly text: string;
  readonly run: Run;
  readonly bytes: Bytes;
}

/** Runs by the path and the text of their journals. */
export class KeptReadings<Run> {
  readonly #kept = new Map<string, Kept<Run>>();
  #bytes = 0;

  /** Bytes of all that is kept, read runs as JSON. */
  get bytes(): Bytes {
    return this.#bytes;
  }

  /** The run of a journal with exactly this text, where it was kept. */
  of(path: string, text: string): Run | undefined {
    const found = this.#kept.get(path);
    return found?.text === text ? found.run : undefined;
  }

  keep(path: string, text: string, run: Run): void {
    this.#drop(path);
    const bytes = text.length + JSON.stringify(run).length;
    if (bytes > MOST_BYTES) return;
    this.#kept.set(path, { text, run, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#kept.keys()) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(path: string): void {
    this.#bytes -= this.#kept.get(path)?.bytes ?? 0;
    this.#kept.delete(path);
  }
}
