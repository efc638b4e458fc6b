/**
 * Access patterns that region dynamics are compared on, as data: the recorder's workload in a real kernel and the
 * model both follow them. Pages count from the start of one aligned anonymous area.
 */
export interface DynamicsPattern {
  readonly name: string;
  readonly thp: 'always' | 'never';
  /** Pages read over and over while `step` steps have passed: every `every`-th of [start, end). */
  hot(step: number): { readonly start: number; readonly end: number; readonly every: number };
}

/** Generations of the model with recordings, by the series of the recorded kernel. */
export const RECORDED_GENERATIONS = ['7.3', '6.12'] as const;

export const AREA_PAGES = 16_384;
const MIB = 256;

/** Aggregations that make a step, recorded ones, and every how manieth is kept. */
export const STEP_AGGREGATIONS = 40;
export const RECORDED_AGGREGATIONS = 320;
export const KEPT_EVERY = 8;

export const MONITORING = { sampleUs: 5000, aggregationUs: 100_000, leastRegions: 10, mostRegions: 1000 };

const quarter = () => ({ start: 16 * MIB, end: 32 * MIB, every: 1 });
const sparse = () => ({ start: 0, end: 32 * MIB, every: 512 });

export const PATTERNS: readonly DynamicsPattern[] = [
  { name: 'idle', thp: 'never', hot: () => ({ start: 0, end: 0, every: 1 }) },
  { name: 'quarter-small', thp: 'never', hot: quarter },
  { name: 'quarter-huge', thp: 'always', hot: quarter },
  {
    name: 'stairs',
    thp: 'never',
    hot: (step) => ({ start: (step % 8) * 8 * MIB, end: (step % 8) * 8 * MIB + 8 * MIB, every: 1 }),
  },
  { name: 'sparse-small', thp: 'never', hot: sparse },
  { name: 'sparse-huge', thp: 'always', hot: sparse },
];

/** One kept snapshot: [pages, accesses, age] of each region in address order. */
export interface DynamicsSnapshot {
  readonly aggregation: number;
  readonly regions: readonly (readonly [pages: number, accesses: number, age: number])[];
}

/** `AGGREGATION PAGES:ACCESSES:AGE …`, one snapshot a line. */
export function snapshotLine({ aggregation, regions }: DynamicsSnapshot): string {
  return [aggregation, ...regions.map((region) => region.join(':'))].join(' ');
}

export function parseSnapshot(line: string): DynamicsSnapshot {
  const [aggregation, ...regions] = line.split(' ');
  return {
    aggregation: Number(aggregation),
    regions: regions.map((region) => region.split(':').map(Number) as [number, number, number]),
  };
}
