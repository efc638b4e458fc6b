/** Working-set size, footprint and recency as distributions: percentiles, the mean, and every point. */
import type { MemoryUse } from '../../sources/distributions.js';
import type { Row, RowKind } from '../print/rows.js';
import { showBytes } from '../print/units.js';

/** Distributions that `octavo report --distribution` knows, by the names that damo gives them. */
export const DISTRIBUTIONS = ['wss', 'footprint', 'recency', 'rss', 'vsz'] as const;
/** One of `DISTRIBUTIONS`. */
export type DistributionName = (typeof DISTRIBUTIONS)[number];

/** One point of a distribution: a size at a moment, or bytes that were idle for some time. */
export interface DistributionPoint {
  /** Milliseconds after the first moment, or (recency) since the last access; null when not known. */
  readonly ms: number | null;
  readonly bytes: number;
}

/** The distribution of one process or target. */
export interface DistributionGroup {
  /** The process, or DAMON's target. */
  readonly who: string;
  /** Of moments by size in bytes; of memory by how long it has been idle in milliseconds (recency). */
  readonly percentiles: readonly { readonly percent: number; readonly value: number }[];
  readonly mean: number;
  readonly points: readonly DistributionPoint[];
}

/** A distribution over all processes of a file, as `--json` prints it. */
export interface Distribution {
  readonly distribution: DistributionName;
  readonly unit: 'bytes' | 'ms';
  readonly groups: readonly DistributionGroup[];
  readonly notes: readonly string[];
}

/** Columns of a point for programs: `at_ms` or `idle_ms`, by the distribution. */
export const DISTRIBUTION_ROWS: RowKind = {
  octavo: 'distribution-row',
  version: 1,
  columns: ['distribution', 'who', 'at_ms', 'idle_ms', 'bytes'],
};

/** What damo prints unless told otherwise. */
const PERCENTS = [0, 25, 50, 75, 100];

/** Returns the named distribution of a use of memory, with percentiles of each group. */
export function distributionOf(
  name: DistributionName,
  use: MemoryUse,
  notes: readonly string[] = [],
): Distribution {
  const points = name === 'recency' ? idlePoints(use) : momentPoints(name, use);
  const groups = [...points].map(([who, own]) =>
    name === 'recency' ? byMemory(who, own) : bySize(who, own),
  );
  return { distribution: name, unit: name === 'recency' ? 'ms' : 'bytes', groups, notes };
}

function momentPoints(
  name: Exclude<DistributionName, 'recency'>,
  { moments, sizes = [] }: MemoryUse,
): Map<string, DistributionPoint[]> {
  const points = new Map<string, DistributionPoint[]>();
  if (name === 'rss' || name === 'vsz') {
    for (const { who, atMs, residentBytes, sizeBytes } of sizes)
      put(points, who, { ms: atMs, bytes: name === 'rss' ? residentBytes : sizeBytes });
    return points;
  }
  for (const { who, atMs, workingSetBytes, footprintBytes } of moments)
    put(points, who, { ms: atMs ?? null, bytes: name === 'wss' ? workingSetBytes : footprintBytes });
  return points;
}

function idlePoints({ idle }: MemoryUse): Map<string, DistributionPoint[]> {
  const points = new Map<string, DistributionPoint[]>();
  for (const { who, idleMs, bytes } of idle) put(points, who, { ms: idleMs, bytes });
  for (const own of points.values()) own.sort((a, b) => (a.ms ?? 0) - (b.ms ?? 0));
  return points;
}

function put(points: Map<string, DistributionPoint[]>, who: string, point: DistributionPoint): void {
  const known = points.get(who);
  if (known === undefined) points.set(who, [point]);
  else known.push(point);
}

/** As damo takes percentiles: the value at that share of the sorted list, the last one at 100. */
function bySize(who: string, points: readonly DistributionPoint[]): DistributionGroup {
  const sizes = points.map(({ bytes }) => bytes).sort((a, b) => a - b);
  const at = (percent: number) =>
    sizes[Math.min(sizes.length - 1, Math.floor((percent / 100) * sizes.length))];
  return {
    who,
    percentiles: PERCENTS.map((percent) => ({ percent, value: at(percent) })),
    mean: sizes.reduce((sum, size) => sum + size, 0) / sizes.length,
    points,
  };
}

/** Of each byte how long it has been idle; points ascend by that. */
function byMemory(who: string, points: readonly DistributionPoint[]): DistributionGroup {
  const all = points.reduce((sum, { bytes }) => sum + bytes, 0);
  const at = (percent: number) => {
    let below = 0;
    for (const { ms, bytes } of points) {
      below += bytes;
      if (below > (percent / 100) * all) return ms ?? 0;
    }
    return points.at(-1)?.ms ?? 0;
  };
  const total = points.reduce((sum, { ms, bytes }) => sum + (ms ?? 0) * bytes, 0);
  return {
    who,
    percentiles: PERCENTS.map((percent) => ({ percent, value: at(percent) })),
    mean: all === 0 ? 0 : total / all,
    points,
  };
}

/** Yields each point of each group as a row. */
export function* distributionRows({ distribution, groups }: Distribution): Iterable<Row> {
  for (const { who, points } of groups) {
    for (const { ms, bytes } of points) {
      const time = distribution === 'recency' ? { idle_ms: ms ?? undefined } : { at_ms: ms ?? undefined };
      yield { distribution, who, ...time, bytes };
    }
  }
}

const TITLES: Readonly<Record<DistributionName, string>> = {
  wss: 'working-set size: memory accessed at a moment, by percentile of moments',
  footprint: 'footprint: memory accessed until a moment, by percentile of moments',
  recency: 'recency: time since the last access, by percentile of memory',
  rss: 'RSS: memory that processes had, by percentile of moments',
  vsz: 'VSZ: addresses that processes had mapped, by percentile of moments',
};
const BAR_WIDTH = 40;
/** Moments drawn; of more, evenly chosen ones. */
const MOST_DRAWN = 20;

/** Returns the distribution in words, each group with a line of percentiles. */
export function distributionLines(all: Distribution): string[] {
  const { distribution, groups, unit, notes } = all;
  const show = (value: number) => (unit === 'ms' ? showTime(value) : showBytes(Math.round(value)));
  return [
    TITLES[distribution],
    ...groups.flatMap(({ who, percentiles, mean, points }) => [
      '',
      who,
      ...percentiles.map(({ percent, value }) => `  ${String(percent).padStart(4)} %  ${show(value)}`),
      `   mean  ${show(mean)}`,
      ...(distribution === 'recency' ? [] : overTime(points)),
    ]),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ];
}

function overTime(points: readonly DistributionPoint[]): string[] {
  const timed = points.filter(({ ms }) => ms !== null);
  if (timed.length < 2) return [];
  const every = Math.ceil(timed.length / MOST_DRAWN);
  const most = Math.max(...timed.map(({ bytes }) => bytes), 1);
  const drawn = timed.filter((_, index) => index % every === 0);
  const line = ({ ms, bytes }: DistributionPoint) =>
    `  ${showTime(ms ?? 0).padStart(10)}  ${'█'.repeat(Math.round((BAR_WIDTH * bytes) / most)).padEnd(BAR_WIDTH)}  ${showBytes(bytes)}`;
  return ['  over time', ...drawn.map(line)];
}

function showTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
