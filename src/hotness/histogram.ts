/**
 * Blocks by the spread of their accesses over sub-pages, as the interval of each block allows. A block with few samples
 * could lie in many bins; a histogram of "sub-pages seen" would show it as sparse.
 */
import type { HotFraction, HotMap } from '../vocabulary/hot-map.js';
import type { BlockNumber, Fraction, ProcessId } from '../vocabulary/units.js';
import { boundedFraction } from './conclusions.js';

/** Blocks with a spread from `from` up to `to`, as bounds. */
export interface HistogramBin {
  readonly from: Fraction;
  readonly to: Fraction;
  /** Blocks whose whole 95 % interval lies in the bin: the bin has at least these. */
  readonly least: number;
  /** Blocks whose interval touches the bin: it has at most these. */
  readonly most: number;
  /** Blocks by sub-pages seen alone: what counting without regard to the number of samples would say. */
  readonly seen: number;
}

/** The spread of all blocks. */
export interface HeatHistogram {
  /** Blocks with at least one sample, or all huge pages when these were asked for. */
  readonly blocks: number;
  /** Blocks whose interval spans more than one bin, and those whose source sees no sub-pages. */
  readonly unknown: number;
  readonly bins: readonly HistogramBin[];
}

/** Blocks that are huge pages, by process. */
export type HugeBlocks = ReadonlyMap<ProcessId, ReadonlySet<BlockNumber>>;

/**
 * Histogram in bins of equal width: of all blocks with samples in `maps`, or of those of `huge` whether they have
 * samples or not. A block without any may lie in every bin.
 */
export function heatHistogram(maps: readonly HotMap[], bins = 10, huge?: HugeBlocks): HeatHistogram {
  const counters = new BinCounters(bins);
  for (const map of maps) {
    for (const number of countedBlocks(map, huge)) {
      const fraction = boundedFraction(map, number);
      if (fraction === undefined) counters.addUnseen();
      else counters.add(fraction);
    }
  }
  return counters.histogram();
}

/** Blocks of a map that a report is about. */
export function countedBlocks(map: HotMap, huge: HugeBlocks | undefined): Iterable<BlockNumber> {
  if (huge !== undefined) return huge.get(map.process.pid) ?? [];
  return map.blocks().filter((number) => (map.block(number)?.samples ?? 0) > 0);
}

class BinCounters {
  #blocks = 0;
  #unknown = 0;
  readonly #least: number[];
  readonly #most: number[];
  readonly #seen: number[];

  constructor(bins: number) {
    this.#least = new Array(bins).fill(0);
    this.#most = new Array(bins).fill(0);
    this.#seen = new Array(bins).fill(0);
  }

  add(fraction: HotFraction): void {
    const first = this.#binOf(fraction.low);
    const last = this.#binOf(fraction.high);
    this.#blocks++;
    this.#seen[this.#binOf(fraction.seen)]++;
    for (let bin = first; bin <= last; bin++) this.#most[bin]++;
    if (first === last) this.#least[first]++;
    else this.#unknown++;
  }

  /** A block of which only is known that it was accessed: it may lie in any bin. */
  addUnseen(): void {
    this.#blocks++;
    this.#unknown++;
    for (let bin = 0; bin < this.#most.length; bin++) this.#most[bin]++;
  }

  histogram(): HeatHistogram {
    const width = 1 / this.#least.length;
    const bins = this.#least.map((least, i) => ({
      from: i * width,
      to: (i + 1) * width,
      least,
      most: this.#most[i],
      seen: this.#seen[i],
    }));
    return { blocks: this.#blocks, unknown: this.#unknown, bins };
  }

  /** Bins hold (from, to]: exactly 10 % accessed is still "up to 10 %". */
  #binOf(share: Fraction): number {
    const bins = this.#least.length;
    return Math.min(bins - 1, Math.max(0, Math.ceil(share * bins - 1e-9) - 1));
  }
}
