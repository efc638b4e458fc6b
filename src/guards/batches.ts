import type { Milliseconds } from '../vocabulary/units.js';
import { middle } from './usual-noise.js';

/** Some seconds of readings, by their middle. */
export interface Batch {
  readonly value: number;
  /** Undefined when a reading of the batch had none. */
  readonly control: number | undefined;
}

const BATCH_MS: Milliseconds = 5000;
/** Readings of a batch at most: more a second say no more. */
const MOST_READINGS = 256;

/**
 * Puts readings into batches. A batch ends with the last reading that falls into its time, by how far readings are apart: a
 * slow metric has one reading in each, at once.
 */
export class Batches {
  #values: number[] = [];
  #controls: number[] = [];
  #beganMs: Milliseconds = 0;
  #lastMs: Milliseconds | undefined;

  /** The batch that this reading ends. */
  add(nowMs: Milliseconds, value: number, control: number | undefined): Batch | undefined {
    const apartMs = this.#lastMs === undefined ? 0 : Math.abs(nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (this.#values.length === 0) this.#beganMs = nowMs;
    if (this.#values.length < MOST_READINGS) {
      this.#values.push(value);
      if (control !== undefined) this.#controls.push(control);
    }
    if (Math.abs(nowMs - this.#beganMs) + apartMs < BATCH_MS) return undefined;
    return this.#end();
  }

  #end(): Batch {
    const isControlled = this.#controls.length === this.#values.length;
    const value = middle(this.#values);
    const control = isControlled ? middle(this.#controls) : undefined;
    this.#values = [];
    this.#controls = [];
    return { value, control };
  }
}
