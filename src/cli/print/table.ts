/**
 * Tables as text whose columns are aligned only when it is printed: a row is a line of cells with marks between them,
 * so that code that makes a table need not know the terminal. `layOut` of terminal-text.ts aligns it.
 */

/** Begins a line of cells; not printable, so that no name on a host holds it. */
export const ROW = '\u001e';
/** Stands between cells. */
export const CELL = '\u001f';
/** Begins a cell of a head row whose column is aligned to the right. */
export const RIGHT = '\u001d';
/** Follows ROW in a head row. */
export const HEAD = '\u001c';

/** Rows under a head, columns aligned by blanks. `right` names the columns of numbers. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const titles = head.map((title, column) => `${right.includes(column) ? RIGHT : ''}${title}`);
  return [`${ROW}${HEAD}${titles.join(CELL)}`, ...rows.map(rowText)].join('\n');
}

/** `name   value` lines. */
export function facts(rows: readonly (readonly [name: string, value: string])[]): string {
  return rows.map(rowText).join('\n');
}

/** Cells hold one line each, and no mark. */
function rowText(cells: readonly string[]): string {
  return ROW + cells.map((cell) => cell.replace(/\p{Cc}+/gu, ' ')).join(CELL);
}
