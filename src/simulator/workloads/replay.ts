/**
 * Replay of a heat file: pages are drawn in proportion to the heat recorded for them. A heat file here is text:
 * `offset,weight` of one page, or `offset,weight,pages` of several that share the weight evenly. Offsets are in pages
 * from the start of the area; lines that begin with # are comments. `@ms` begins a slice of time: what follows was
 * accessed from then on, until the next slice; one without lines is the end. Slices are played as phases, again and again.
 */
import * as z from 'zod';
import type { SeededRandom } from '../../base/seeded-random.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Milliseconds, Nanoseconds, Pages } from '../../vocabulary/units.js';
import { ShareText } from './quantities.js';
import { type WeightedPhase, WeightedPhases } from './weighted-phases.js';
import { storeThreshold, type Workload, workloadKind } from './workload.js';

/** The workload `replay` with its parameters. */
export const replay = workloadKind({
  brief: 'pages in proportion to the weights of a heat file, slice of time by slice',
  parameters: z.strictObject({
    file: z.string(),
    stores: ShareText.default(0.25),
    /** Whether slices of time are phases; else their weights are added up. */
    phases: z.boolean().default(true),
  }),
  make: ({ file, stores, phases }, { random, readText }) => {
    const heat = parseHeat(readText(file), file);
    return new Replay(phases ? heat : { ...heat, slices: [] }, storeThreshold(stores), random);
  },
});

/** A heat file as columns. */
export interface Heat {
  readonly offsets: Uint32Array;
  readonly weights: Float64Array;
  /** Pages that share the weight of a line. */
  readonly lengths: Uint32Array;
  /** Slices of time, ascending: when each begins, and its first line. None where the file has no time. */
  readonly slices: readonly HeatSlice[];
}

/** A slice of time of a heat file. */
export interface HeatSlice {
  readonly ms: Milliseconds;
  readonly row: number;
}

const SLICE = /^@\s*([0-9]{1,15})\s*$/;
const LINE = /^\s*([0-9]{1,9})\s*,\s*([0-9]+(?:\.[0-9]+)?)\s*(?:,\s*([1-9][0-9]{0,8})\s*)?$/;

/** Returns the lines of a text as columns. Throws an OctavoError that names the line. */
export function parseHeat(text: string, path: string): Heat {
  const offsets: number[] = [];
  const weights: number[] = [];
  const lengths: number[] = [];
  const slices: HeatSlice[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const slice = SLICE.exec(line);
    const ms = Number(slice?.[1] ?? 0);
    if (slice !== null && ms > (slices.at(-1)?.ms ?? -1)) {
      slices.push({ ms, row: offsets.length });
      continue;
    }
    const match = LINE.exec(line);
    if (match === null) {
      throw new OctavoError('FILE_MALFORMED', {
        path,
        problem: 'not a page offset, a weight and, if you like, a number of pages, nor a later slice of time',
        place: `line ${index + 1}`,
      });
    }
    offsets.push(Number(match[1]));
    weights.push(Number(match[2]));
    lengths.push(Number(match[3] ?? 1));
  }
  if (!weights.some((weight) => weight > 0)) {
    throw new OctavoError('FILE_MALFORMED', { path, problem: 'no page has heat', place: 'the whole file' });
  }
  return {
    offsets: Uint32Array.from(offsets),
    weights: Float64Array.from(weights),
    lengths: Uint32Array.from(lengths),
    slices,
  };
}

/** The slices that have heat, as phases whose outcomes are lines; all lines at once where there are no slices. */
function phasesOf({ weights, slices }: Heat): { phases: WeightedPhase[]; lastsFor: Nanoseconds } {
  const rows = (from: number, to: number) => Uint32Array.from({ length: to - from }, (_, i) => from + i);
  const whole = { start: 0, weights, outcomes: rows(0, weights.length) };
  const phases = slices.flatMap(({ ms, row }, index) => {
    const own = weights.subarray(row, slices[index + 1]?.row ?? weights.length);
    const isHot = own.some((weight) => weight > 0);
    return isHot ? [{ start: ms * 1e6, weights: own.slice(), outcomes: rows(row, row + own.length) }] : [];
  });
  if (phases.length === 0) return { phases: [whole], lastsFor: 1e9 };
  const gaps = slices.slice(1).map(({ ms }, index) => (ms - slices[index].ms) * 1e6);
  const end = (slices.at(-1)?.ms ?? 0) * 1e6;
  const last = phases[phases.length - 1].start;
  return { phases, lastsFor: end > last ? end - last : Math.min(1e9, ...gaps) };
}

class Replay implements Workload {
  readonly pages: Pages;
  readonly #heat: Heat;
  readonly #phases: WeightedPhases;
  /** Every line is of one page. */
  readonly #isPerPage: boolean;
  readonly #stores: number;
  readonly #random: SeededRandom;

  constructor(heat: Heat, stores: number, random: SeededRandom) {
    this.pages = heat.offsets.reduce((most, offset, row) => Math.max(most, offset + heat.lengths[row]), 1);
    this.#isPerPage = heat.lengths.every((length) => length === 1);
    this.#heat = heat;
    const { phases, lastsFor } = phasesOf(heat);
    this.#phases = new WeightedPhases(this, phases, lastsFor, random);
    this.#stores = stores;
    this.#random = random;
  }

  next(into: Uint32Array, limit: number, now: Nanoseconds): number {
    const words = this.#phases.draw(into, limit, now);
    for (let i = 0; i < limit; i++) {
      const store = ((words[2 * i] & 1023) - this.#stores) >>> 31;
      into[i] = (this.#pageOf(into[i]) << 1) | store;
    }
    return limit;
  }

  /** The page of a line, or one of its pages at random. */
  #pageOf(row: number): number {
    const first = this.#heat.offsets[row];
    return this.#isPerPage ? first : first + this.#random.below(this.#heat.lengths[row]);
  }
}
