/** Views of accesses: how samples spread over data sources, latencies, TLB outcomes, nodes or kinds, and where. */
import { percent } from '../../base/percent.js';
import type { HeatFacts } from '../../formats/heat-file/facts.js';
import { VALUES_OF, VIEW_NAMES, type ViewName, type ViewRow } from '../../sources/view-values.js';
import { OctavoError } from '../../vocabulary/errors.js';
import type { Row, RowKind } from '../print/rows.js';

/** One value of a view: how many samples have it, and how many accesses these stand for. */
export interface ViewLine {
  readonly value: string;
  readonly samples: number;
  readonly accesses: number;
  /** Of the accesses of all values. */
  readonly share: number;
  /** Of the samples that say how long they took; null when none does. */
  readonly meanLatencyCycles: number | null;
}

/** A value within one mapping of one process. */
export interface ViewGroup extends ViewLine {
  readonly pid: number;
  readonly mapping: string;
}

/** Samples by one of their properties. */
export interface View {
  readonly by: ViewName;
  readonly samples: number;
  readonly values: readonly ViewLine[];
  /** The same by process and mapping, most samples first. */
  readonly groups: readonly ViewGroup[];
}

/** Columns of a group for programs. */
export const VIEW_ROWS: RowKind = {
  octavo: 'view-row',
  version: 1,
  columns: ['by', 'value', 'pid', 'mapping', 'samples', 'accesses', 'share', 'mean_latency_cycles'],
};

/** VIEW_ABSENT when no sample tells of it. */
export function viewOf(
  rows: readonly ViewRow[],
  by: ViewName,
  path: string,
  pids?: ReadonlySet<number>,
): View {
  const own = rows.filter(({ view, pid }) => view === by && (pids === undefined || pids.has(pid)));
  const isTold = own.some(({ value }) => value !== VALUES_OF[by][0]);
  if (!isTold) throw new OctavoError('VIEW_ABSENT', { path, view: by });
  const accesses = own.reduce((sum, row) => sum + row.accesses, 0);
  const values = VALUES_OF[by].flatMap((value) => {
    const ofValue = own.filter((row) => row.value === value);
    return ofValue.length === 0 ? [] : [lineOf(value, ofValue, accesses)];
  });
  const groups = own
    .map((row) => ({ ...lineOf(row.value, [row], accesses), pid: row.pid, mapping: row.mapping }))
    .sort((a, b) => b.samples - a.samples || a.pid - b.pid);
  return { by, samples: own.reduce((sum, row) => sum + row.samples, 0), values, groups };
}

function lineOf(value: string, rows: readonly ViewRow[], all: number): ViewLine {
  const sum = (of: (row: ViewRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const timed = sum((row) => row.timed);
  const accesses = sum((row) => row.accesses);
  return {
    value,
    samples: sum((row) => row.samples),
    accesses,
    share: all === 0 ? 0 : accesses / all,
    meanLatencyCycles: timed === 0 ? null : sum((row) => row.latency) / timed,
  };
}

/** Returns a group as a row of `VIEW_ROWS`. */
export function viewRow({ by }: View, group: ViewGroup): Row {
  const { value, pid, mapping, samples, accesses, share, meanLatencyCycles } = group;
  return {
    by,
    value,
    pid,
    mapping,
    samples,
    accesses,
    share,
    mean_latency_cycles: meanLatencyCycles ?? undefined,
  };
}

const TITLES: Readonly<Record<ViewName, string>> = {
  source: 'data source',
  latency: 'latency in cycles',
  tlb: 'TLB outcome',
  node: 'NUMA node of the data',
  kind: 'kind of access',
};

/** Returns a view as lines, its `top` largest groups below the values. */
export function viewLines({ by, samples, values, groups }: View, top: number): string[] {
  return [
    `${samples} samples by ${TITLES[by]}`,
    ...values.map((line) => `  ${counted(line)}  ${line.value}`),
    '',
    'where',
    ...groups
      .slice(0, top)
      .map((group) => `  ${String(group.pid).padStart(8)}  ${counted(group)}  ${placed(group)}`),
    ...(groups.length > top ? [`  … and ${groups.length - top} more (--top, --format csv)`] : []),
  ];
}

const placed = ({ value, mapping }: ViewGroup): string => `${value}  ${mapping || '(mapping not recorded)'}`;

function counted({ samples, share, meanLatencyCycles }: ViewLine): string {
  const latency =
    meanLatencyCycles === null ? '' : `  mean ${meanLatencyCycles.toFixed(1).padStart(7)} cycles`;
  return `${String(samples).padStart(9)} samples  ${percent(share).padStart(7)} of accesses${latency}`;
}

/** The rows that a heat file keeps; those of views that this version does not know are left out. */
export function viewRows({ views = [] }: Pick<HeatFacts, 'views'>): ViewRow[] {
  return views.flatMap((row) => {
    const view = VIEW_NAMES.find((name) => name === row.view);
    return view === undefined ? [] : [{ ...row, view }];
  });
}

/** Rows of several recordings or files: what is of one mapping and value adds up. */
export function joinedRows(rows: readonly ViewRow[]): ViewRow[] {
  const joined = new Map<string, ViewRow>();
  for (const row of rows) {
    const key = `${row.pid} ${row.view} ${row.value} ${row.mapping}`;
    const known = joined.get(key);
    joined.set(key, known === undefined ? row : added(known, row));
  }
  return [...joined.values()];
}

function added(a: ViewRow, b: ViewRow): ViewRow {
  return {
    ...a,
    samples: a.samples + b.samples,
    accesses: a.accesses + b.accesses,
    timed: a.timed + b.timed,
    latency: a.latency + b.latency,
  };
}
