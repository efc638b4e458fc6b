/** Cells put together: over seeds with intervals, and over the whole matrix for each policy. */
import type { Cell } from './cells.js';
import { type Estimate, geometricMeanOf, meanOf } from './intervals.js';

/** A policy on a workload, CPU and pressure, over all seeds. */
export interface Group {
  readonly workload: string;
  readonly cpu: string;
  readonly pressure: string;
  readonly policy: string;
  readonly seeds: number;
  readonly bloatRemoved: Estimate | null;
  readonly speedKept: Estimate | null;
  readonly product: Estimate | null;
  readonly shareOfBound: Estimate | null;
  readonly shareOfBestKnown: Estimate | null;
  readonly slowdown: Estimate | null;
  readonly actedShare: Estimate | null;
  readonly majorFaults: Estimate | null;
}

/** A policy over all places where there is something to gain, and its harm where there is nothing. */
export interface Standing {
  readonly policy: string;
  /** Places with something to gain that it ran in. */
  readonly places: number;
  /** Geometric means over places, the interval over seeds: each seed is the whole matrix once. */
  readonly product: Estimate | null;
  readonly shareOfBound: Estimate | null;
  /** Its product against the best other policy's in the same seeds: a factor. */
  readonly againstBest: { readonly policy: string; readonly factor: Estimate } | null;
  readonly worstShareOfBound: number | null;
  /** Cells of the product whose memory or speed is all lost: each counts as LEAST_PRODUCT, and so sinks the mean. */
  readonly atZero: number;
  /** Means over the same places. */
  readonly bloatRemoved: number | null;
  readonly speedKept: number | null;
  /** Where there is nothing to gain: worst slowdown against the better ruler, and most blocks changed. */
  readonly harm: {
    readonly places: number;
    readonly slowdown: number | null;
    readonly actedShare: number | null;
  };
}

/** A product of 0 has no logarithm: it counts as this, one point in ten thousand. */
export const LEAST_PRODUCT = 1e-4;

/** Returns cells that differ only in their seed as one group each, with means and 95 % intervals. */
export function groupsOf(cells: readonly Cell[]): readonly Group[] {
  return [
    ...grouped(cells, ({ workload, cpu, pressure, policy }) => `${workload} ${cpu} ${pressure} ${policy}`),
  ].map((same) => {
    const over = (figure: (cell: Cell) => number | null) => meanOf(same.map(figure).filter(isKnown)) ?? null;
    const { workload, cpu, pressure, policy } = same[0];
    return {
      ...{ workload, cpu, pressure, policy, seeds: same.length },
      bloatRemoved: over((cell) => cell.bloatRemoved),
      speedKept: over((cell) => cell.speedKept),
      product: over((cell) => cell.product),
      shareOfBound: over((cell) => cell.shareOfBound),
      shareOfBestKnown: over((cell) => cell.shareOfBestKnown),
      slowdown: over((cell) => cell.slowdown),
      actedShare: over((cell) => cell.actedShare),
      majorFaults: over((cell) => cell.majorFaults),
    };
  });
}

/** Best product first; policies without a place to gain at come last, in the order of the cells. */
export function standingsOf(cells: readonly Cell[]): readonly Standing[] {
  const byPolicy = new Map([...grouped(cells, ({ policy }) => policy)].map((same) => [same[0].policy, same]));
  const products = new Map(
    [...byPolicy].map(([policy, same]) => [policy, bySeed(same, (cell) => cell.product)]),
  );
  const standings = [...byPolicy].map(([policy, same]) => standingOf(policy, same, products));
  return standings.sort((a, b) => (b.product?.value ?? -1) - (a.product?.value ?? -1));
}

type BySeed = ReadonlyMap<number, number>;

function standingOf(policy: string, cells: readonly Cell[], products: ReadonlyMap<string, BySeed>): Standing {
  const gaining = cells.filter((cell) => cell.product !== null);
  const idle = cells.filter((cell) => cell.product === null && cell.unable === null);
  const shares = gaining.map((cell) => cell.shareOfBound).filter(isKnown);
  return {
    policy,
    places: new Set(gaining.map(({ workload, cpu, pressure }) => `${workload} ${cpu} ${pressure}`)).size,
    product: geometricMeanOf([...(products.get(policy) ?? new Map<number, number>()).values()]) ?? null,
    shareOfBound: geometricMeanOf([...bySeed(cells, (cell) => cell.shareOfBound).values()]) ?? null,
    againstBest: againstBest(policy, products),
    worstShareOfBound: shares.length === 0 ? null : Math.min(...shares),
    atZero: gaining.filter(({ product }) => (product ?? 0) <= LEAST_PRODUCT).length,
    bloatRemoved: meanOf(gaining.map((cell) => cell.bloatRemoved).filter(isKnown))?.value ?? null,
    speedKept: meanOf(gaining.map((cell) => cell.speedKept).filter(isKnown))?.value ?? null,
    harm: {
      places: new Set(idle.map(({ workload, cpu, pressure }) => `${workload} ${cpu} ${pressure}`)).size,
      slowdown: most(idle.map((cell) => cell.slowdown).filter(isKnown)),
      actedShare: most(idle.map((cell) => cell.actedShare).filter(isKnown)),
    },
  };
}

/** Geometric mean over the places of each seed. */
function bySeed(cells: readonly Cell[], figure: (cell: Cell) => number | null): BySeed {
  const means = new Map<number, number>();
  for (const same of grouped(cells, ({ seed }) => String(seed))) {
    const values = same.map(figure).filter(isKnown);
    const mean = geometricMeanOf(values.map((value) => Math.max(LEAST_PRODUCT, value)));
    if (mean !== undefined) means.set(same[0].seed, mean.value);
  }
  return means;
}

/** Seeds are the same runs of the workload for all policies, so factors are taken seed by seed. */
function againstBest(policy: string, products: ReadonlyMap<string, BySeed>): Standing['againstBest'] {
  const own = products.get(policy);
  const value = (seeds: BySeed) => geometricMeanOf([...seeds.values()])?.value ?? 0;
  const [best] = [...products].filter(([name]) => name !== policy).sort((a, b) => value(b[1]) - value(a[1]));
  if (own === undefined || own.size === 0 || best === undefined || best[1].size === 0) return null;
  const factors = [...own].flatMap(([seed, product]) => {
    const other = best[1].get(seed);
    return other === undefined ? [] : [product / other];
  });
  const factor = geometricMeanOf(factors);
  return factor === undefined ? null : { policy: best[0], factor };
}

function grouped(cells: readonly Cell[], key: (cell: Cell) => string): Iterable<readonly Cell[]> {
  const groups = new Map<string, Cell[]>();
  for (const cell of cells) {
    const group = groups.get(key(cell));
    if (group === undefined) groups.set(key(cell), [cell]);
    else group.push(cell);
  }
  return groups.values();
}

const isKnown = (value: number | null): value is number => value !== null;

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}
