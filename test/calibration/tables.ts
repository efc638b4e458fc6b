/** Calibration in Markdown. */
import type { Cell, Score } from './score.js';

type Which = 'now' | 'before';
type Rate = keyof Score;

/** The most that any cell may get wrong, and the most on average. */
export const MOST_IN_A_CELL = 0.05;
export const MOST_ON_AVERAGE = 0.02;
const RATES: readonly [Rate, string][] = [
  ['falseSparse', 'false sparse'],
  ['falseDense', 'false dense'],
  ['violated', 'violated'],
];

export function rate(cell: Cell, which: Which, what: Rate): number {
  return cell[which][what] / cell.draws;
}

export function worst(cells: readonly Cell[], which: Which, what: Rate): number {
  return cells.reduce((most, cell) => Math.max(most, rate(cell, which, what)), 0);
}

export function mean(cells: readonly Cell[], which: Which, what: Rate): number {
  return cells.reduce((sum, cell) => sum + rate(cell, which, what), 0) / Math.max(1, cells.length);
}

const percent = (share: number): string => (100 * share).toFixed(1);
const pair = (cells: readonly Cell[], which: Which, what: Rate): string =>
  `${percent(worst(cells, which, what))} (${percent(mean(cells, which, what))})`;

/** One line a group of cells: the worst cell and the mean of each rate in percent, and the mean left unknown. */
export function table(cells: readonly Cell[], which: Which, by: (cell: Cell) => string | number): string[] {
  const groups = new Map<string | number, Cell[]>();
  for (const cell of cells) {
    const group = groups.get(by(cell));
    if (group === undefined) groups.set(by(cell), [cell]);
    else group.push(cell);
  }
  const lines = [...groups].map(([name, group]) => line(String(name), group, which));
  return [
    `| | ${RATES.map(([, words]) => words).join(' | ')} | unknown |`,
    '| --- | --- | --- | --- | --- |',
    ...lines,
    line('all', cells, which),
  ];
}

function line(name: string, cells: readonly Cell[], which: Which): string {
  const rates = RATES.map(([what]) => pair(cells, which, what)).join(' | ');
  return `| ${name} | ${rates} | ${percent(mean(cells, which, 'unknown'))} |`;
}

/** Every cell, one line each. */
export function everyCell(cells: readonly Cell[], which: Which): string[] {
  return cells.map(
    (cell) =>
      `| ${cell.family} | ${cell.touched} | ${cell.samples} | ${[
        ...RATES.map(([what]) => what),
        'unknown' as const,
      ]
        .map((what) => percent(rate(cell, which, what)))
        .join(' | ')} |`,
  );
}

/** What is above the limits, in words; empty when calibration holds. */
export function failures(cells: readonly Cell[]): string[] {
  const inCells = cells.flatMap((cell) =>
    RATES.filter(([what]) => rate(cell, 'now', what) > MOST_IN_A_CELL).map(
      ([what, words]) =>
        `${cell.family}, ${cell.touched} sub-pages, ${cell.samples} samples: ${percent(rate(cell, 'now', what))} % ${words}`,
    ),
  );
  const onAverage = RATES.filter(([what]) => mean(cells, 'now', what) > MOST_ON_AVERAGE).map(
    ([what, words]) => `on average ${percent(mean(cells, 'now', what))} % ${words}`,
  );
  return [...inCells, ...onAverage];
}
