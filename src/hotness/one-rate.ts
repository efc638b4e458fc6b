/**
 * One rate for the samples of maps that are parts of a whole: slices of time. The reference is that of all of them, and
 * when it grows all are thinned out, so that the parts add up to what one map would hold.
 */
import type { SampleNature } from '../vocabulary/nature.js';
import type { SampleBatch } from '../vocabulary/sample.js';
import type { Fraction, ProcessId } from '../vocabulary/units.js';
import { EvenWeights } from './even-weights.js';

/** `count` samples of which each is kept with the same chance: how many are. */
export type Draw = (count: number) => number;

/** Counters of which a random share of the samples can be left out. */
export interface Part {
  /** Returns how many samples were left out. */
  rarefy(nature: SampleNature, share: Fraction, draw: Draw): number;
}

/** Keeps the reference weight of each nature for all parts, and thins all parts out when it grows. */
export class OneRate {
  readonly #weights = new Map<SampleNature, EvenWeights>();
  readonly #parts = new Set<Part>();

  join(part: Part): void {
    this.#parts.add(part);
  }

  leave(part: Part): void {
    this.#parts.delete(part);
  }

  /** The weights of a nature, when samples of it were brought to one rate. */
  of(nature: SampleNature): EvenWeights | undefined {
    return this.#weights.get(nature);
  }

  /** Those samples of a batch that count like all others of their nature; valid until the next call. */
  evened(batch: SampleBatch, nature: SampleNature, isKept?: (pid: ProcessId) => boolean): SampleBatch {
    const weights = this.#weights.get(nature) ?? new EvenWeights();
    this.#weights.set(nature, weights);
    const evened = weights.of(batch, isKept);
    this.#rarefy(weights, nature, evened.thinTo);
    return evened.batch;
  }

  /** Samples of one nature have turned out to be of another: both come to count alike. */
  relabel(from: SampleNature, to: SampleNature): void {
    const moved = this.#weights.get(from);
    if (moved === undefined || from === to) return;
    this.#weights.delete(from);
    const there = this.#weights.get(to);
    if (there === undefined) {
      this.#weights.set(to, moved);
      return;
    }
    const { mine, others } = there.absorb(moved);
    this.#rarefy(there, to, mine);
    this.#rarefy(there, from, others);
  }

  #rarefy(weights: EvenWeights, nature: SampleNature, share: Fraction): void {
    if (share >= 1) return;
    const draw = (count: number) => weights.draw(count, share);
    for (const part of this.#parts) weights.leftOut += part.rarefy(nature, share, draw);
  }
}
