import type { Clock } from '../host/host.js';
import type { TextStyle } from './print/terminal-text.js';

const REDRAW_NS = 100e6;

interface ProgressStreams {
  readonly err: { write(text: string): void };
  readonly interactive: boolean;
  readonly errStyle?: TextStyle;
}

/** One line on a terminal that tells how far long work has come. Silent in a pipe. */
export class Progress {
  readonly #streams: ProgressStreams;
  readonly #clock: Clock;
  #drawnAt = Number.NEGATIVE_INFINITY;
  #visible = false;

  constructor(streams: ProgressStreams, clock: Clock) {
    this.#streams = streams;
    this.#clock = clock;
  }

  /** Redraws at most ten times a second. */
  show(what: string, done: number, total: number, unit: string): void {
    if (!this.#streams.interactive) return;
    const now = this.#clock.monotonicNs();
    if (now - this.#drawnAt < REDRAW_NS) return;
    this.#drawnAt = now;
    this.#visible = true;
    const share = total > 0 ? ` ${Math.floor((100 * done) / total)} %` : '';
    const of = total > 0 ? ` of ${total}` : '';
    // A line that wraps could not be drawn over.
    const line = `${what}:${share} (${done}${of} ${unit})`.slice(
      0,
      (this.#streams.errStyle?.width ?? 80) - 1,
    );
    this.#streams.err.write(`\r\x1b[2K${line}`);
  }

  clear(): void {
    if (this.#visible) this.#streams.err.write('\r\x1b[2K');
    this.#visible = false;
  }
}
