/** A comparison in tables: who stands where, and each place with every policy. */
import type { Cell, CellPlace } from '../../compare/cells.js';
import type { ComparedPolicy, Comparison } from '../../compare/comparison.js';
import type { Estimate } from '../../compare/intervals.js';
import type { Group, Standing } from '../../compare/ranking.js';
import type { Row, RowKind } from './rows.js';
import { table } from './table.js';
import { plural } from './units.js';

/** Returns the standings of all policies and one table for each group of places. */
export function showComparison({ standings, groups, notes }: Comparison): string {
  const places = new Set(groups.map(placeName)).size;
  return [
    `${plural(places, 'place')} (workload, CPU, pressure). B: share of the bloat removed; S: share of the speed-up kept; B × S: geometric mean over places with something to gain, with its 95 % interval over seeds`,
    '',
    showStandings(standings),
    '',
    'B × S in per cent by place, with B / S and the share of the bound; · nothing to gain there',
    showPlaces(groups),
    '',
    ...notes.map((note) => `- ${note}`),
  ].join('\n');
}

function showStandings(standings: readonly Standing[]): string {
  return table(
    [
      'policy',
      'places',
      'B',
      'S',
      'B × S',
      'of the bound',
      'worst',
      'cells at 0',
      'against the best other',
      'harm: slower',
      'harm: blocks changed',
    ],
    standings.map((standing) => [
      standing.policy,
      String(standing.places),
      percents(standing.bloatRemoved),
      percents(standing.speedKept),
      spread(standing.product),
      spread(standing.shareOfBound),
      percents(standing.worstShareOfBound),
      String(standing.atZero),
      standing.againstBest === null
        ? '–'
        : `× ${factors(standing.againstBest.factor)} ${standing.againstBest.policy}`,
      percents(standing.harm.slowdown, 2),
      percents(standing.harm.actedShare),
    ]),
    [1, 2, 3, 4, 5, 6, 7, 9, 10],
  );
}

function showPlaces(groups: readonly Group[]): string {
  const places = [...new Set(groups.map(placeName))];
  const policies = [...new Set(groups.map(({ policy }) => policy))];
  const of = new Map(groups.map((group) => [`${placeName(group)} ${group.policy}`, group]));
  return table(
    ['policy', ...places],
    policies.map((policy) => [policy, ...places.map((place) => showGroup(of.get(`${place} ${policy}`)))]),
    places.map((_, index) => index + 1),
  );
}

function placeName({ workload, cpu, pressure }: Group): string {
  return `${workload} ${cpu}${pressure === 'none' ? '' : ` ×${pressure}`}`;
}

function showGroup(group: Group | undefined): string {
  if (group === undefined) return '–';
  const { product, bloatRemoved, speedKept, shareOfBound } = group;
  if (product === null) return '·';
  const share = shareOfBound === null ? '' : ` ${percents(shareOfBound.value, 0)}`;
  return `${(100 * product.value).toFixed(0)} (${whole(bloatRemoved)}/${whole(speedKept)})${share}`;
}

const whole = (estimate: Estimate | null): string =>
  estimate === null ? '–' : (100 * estimate.value).toFixed(0);

function percents(share: number | null, digits = 1): string {
  return share === null ? '–' : `${(100 * share).toFixed(digits)} %`;
}

function spread(estimate: Estimate | null): string {
  if (estimate === null) return '–';
  const { value, low, high } = estimate;
  const bounds =
    low === null || high === null ? '' : ` (${(100 * low).toFixed(1)} … ${(100 * high).toFixed(1)})`;
  return `${(100 * value).toFixed(1)} %${bounds}`;
}

function factors({ value, low, high }: Estimate): string {
  const bounds = low === null || high === null ? '' : ` (${low.toFixed(2)} … ${high.toFixed(2)})`;
  return `${value.toFixed(2)}${bounds}`;
}

/** Returns the policies and workloads that can be compared, with what each is. */
export function showContenders(
  policies: readonly ComparedPolicy[],
  workloads: readonly { readonly name: string; readonly about: string }[],
): string {
  return [
    table(
      ['policy', 'rule'],
      policies.map(({ name, brief }) => [name, brief]),
    ),
    '',
    ...policies.flatMap(({ name, source, simplified }) => [
      `${name}: ${source}`,
      ...(simplified === '' ? [] : [`  simplified: ${simplified}`]),
    ]),
    '',
    table(
      ['workload', 'is'],
      workloads.map(({ name, about }) => [name, about]),
    ),
  ].join('\n');
}

/** Returns a table of cells that are to be run, and why some cannot. */
export function showCells(
  cells: readonly (CellPlace & { readonly unable: string | null })[],
  last: string,
): string {
  return [
    table(
      ['workload', 'CPU', 'pressure', 'seed', 'policy', ''],
      cells.map(({ workload, cpu, pressure, seed, policy, unable }) => [
        ...[workload, cpu, pressure, String(seed), policy],
        unable ?? '',
      ]),
    ),
    '',
    `${plural(cells.length, 'cell')}, ${last}`,
  ].join('\n');
}

/** Columns of one cell for programs: names as in the JSON of `octavo compare`. */
export const CELL_ROWS: RowKind = {
  octavo: 'comparison',
  version: 1,
  columns: [
    ...[
      'workload',
      'cpu',
      'pressure',
      'policy',
      'seed',
      'bloatRemoved',
      'speedKept',
      'product',
      'bound',
      'shareOfBound',
    ],
    ...[
      'speedBound',
      'bestKnown',
      'shareOfBestKnown',
      'slowdown',
      'meanRssBytes',
      'peakRssBytes',
      'reclaimableBytes',
    ],
    ...[
      'nsPerAccess',
      'p999Ns',
      'worstGapNs',
      'majorFaults',
      'actions',
      'churn',
      'actedShare',
      'workNs',
      'ownCpuNs',
    ],
    ...['unknownShare', 'refused', 'unable'],
  ],
};

/** Returns a cell as a row of `CELL_ROWS`; what is not known is an empty cell. */
export function cellRow(cell: Cell): Row {
  const values = cell as unknown as Readonly<Record<string, string | number | null>>;
  return Object.fromEntries(CELL_ROWS.columns.map((name) => [name, values[name] ?? undefined]));
}
