/** Kdamonds of a simulation and their schemes, in tables. */
import type { KdamondOutcome } from '../../simulator/run/damon-runs.js';
import { table } from './table.js';
import { showBytes } from './units.js';

/** A column's head and the side that its texts stand on. */
export type Column = readonly [head: string, side: 'left' | 'right'];

/** What is told of a kdamond. */
export const KDAMOND_COLUMNS: readonly Column[] = [
  ['kdamond', 'left'],
  ['watches by', 'left'],
  ['CPU', 'right'],
  ['regions', 'right'],
  ['seen hot', 'right'],
  ['seen touched', 'right'],
];

/** What is told of a scheme. */
export const SCHEME_COLUMNS: readonly Column[] = [
  ['scheme of', 'left'],
  ['action', 'left'],
  ['passes', 'right'],
  ['tried', 'right'],
  ['bytes', 'right'],
  ['applied', 'right'],
  ['bytes', 'right'],
  ['quota full', 'right'],
];

/** Returns a table with the sides that its columns declare. */
export function tableOf(columns: readonly Column[], rows: string[][]): string {
  const right = columns.flatMap(([, side], index) => (side === 'right' ? [index] : []));
  return table(
    columns.map(([head]) => head),
    rows,
    right,
  );
}

/** Returns a table of kdamonds. */
export const showKdamonds = (kdamonds: readonly KdamondOutcome[]): string =>
  tableOf(KDAMOND_COLUMNS, kdamondRows(kdamonds));

/** Returns a row of texts for each kdamond, as KDAMOND_COLUMNS. */
export function kdamondRows(kdamonds: readonly KdamondOutcome[]): string[][] {
  return kdamonds.map(({ name, operations, running, cpuMs, regions, hotBytes, touchedBytes }) => [
    running ? name : `${name} (ended)`,
    operations,
    `${cpuMs.toFixed(1)} ms`,
    regions.toFixed(1),
    showBytes(hotBytes),
    showBytes(touchedBytes),
  ]);
}

/** Returns a table of all schemes. */
export function showSchemes(kdamonds: readonly KdamondOutcome[]): string {
  const rows = schemeRows(kdamonds);
  return rows.length === 0 ? 'no schemes: monitoring only' : tableOf(SCHEME_COLUMNS, rows);
}

/** Returns a row of texts for each scheme, as SCHEME_COLUMNS. */
export function schemeRows(kdamonds: readonly KdamondOutcome[]): string[][] {
  return kdamonds.flatMap(({ name, schemes }) =>
    schemes.map((scheme) => [
      name,
      scheme.order > 0 ? `${scheme.action} to order ${scheme.order}` : scheme.action,
      String(scheme.passes),
      String(scheme.tried),
      showBytes(scheme.triedBytes),
      String(scheme.applied),
      showBytes(scheme.appliedBytes),
      String(scheme.quotaExceeds),
    ]),
  );
}
