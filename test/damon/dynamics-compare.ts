/** Figures of a run of snapshots, and how far two runs are apart. */
import type { DynamicsSnapshot } from './dynamics-patterns.js';

const SAMPLES = 20;
const PAGE = 4096;

/** Distributions over all regions of all snapshots; each region counts once a snapshot. */
export interface DynamicsFigures {
  readonly counts: readonly number[];
  /** Region sizes in pages. */
  readonly sizes: readonly number[];
  /** Ages as a share of the aggregations that there were. */
  readonly ages: readonly number[];
  /** Bytes weighted by the share of samples with access, a snapshot each. */
  readonly hotBytes: readonly number[];
}

export function figuresOf(runs: readonly (readonly DynamicsSnapshot[])[]): DynamicsFigures {
  const snapshots = runs.flat();
  const regions = snapshots.flatMap(({ aggregation, regions }) =>
    regions.map(([pages, , age]) => ({ pages, age: age / aggregation })),
  );
  return {
    counts: snapshots.map((snapshot) => snapshot.regions.length),
    sizes: regions.map(({ pages }) => pages),
    ages: regions.map(({ age }) => age),
    hotBytes: snapshots.map((snapshot) =>
      snapshot.regions.reduce((sum, [pages, accesses]) => sum + (pages * PAGE * accesses) / SAMPLES, 0),
    ),
  };
}

export const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

const QUANTILES = 200;

/** Mean difference of the two distributions' quantiles (earth mover's distance), in the unit of the values. */
export function distance(left: readonly number[], right: readonly number[]): number {
  const a = [...left].sort((x, y) => x - y);
  const b = [...right].sort((x, y) => x - y);
  const at = (sorted: readonly number[], share: number) => sorted[Math.floor(share * sorted.length)];
  let sum = 0;
  for (let step = 0; step < QUANTILES; step++) {
    const share = (step + 0.5) / QUANTILES;
    sum += Math.abs(at(a, share) - at(b, share));
  }
  return sum / QUANTILES;
}

/** How far two sets of figures are apart. */
export interface DynamicsDifferences {
  /** Regions. */
  readonly counts: number;
  /** Share of the mean size. */
  readonly sizes: number;
  /** Share of all aggregations. */
  readonly ages: number;
  /** MiB. */
  readonly heat: number;
}

/**
 * What is tolerated between a recording and a run of the model. Runs of the model with different seeds are up to 0.7
 * regions, 7 % of the size, 0.1 of the age and 0.06 MiB apart; a small region at the edge of hot memory, which a run
 * has or has not by chance and then keeps, adds one region.
 */
export const DYNAMICS_TOLERANCES: DynamicsDifferences = { counts: 1.5, sizes: 0.15, ages: 0.15, heat: 0.25 };

export function differences(left: DynamicsFigures, right: DynamicsFigures): DynamicsDifferences {
  return {
    counts: distance(left.counts, right.counts),
    sizes: distance(left.sizes, right.sizes) / meanOf(left.sizes),
    ages: distance(left.ages, right.ages),
    heat: distance(left.hotBytes, right.hotBytes) / 2 ** 20,
  };
}
