/** A table as a drawing, so that a view of words and numbers can be kept as a picture as well. Pure. */
import { type Drawing, line, type Shape, text } from '../../reports/drawing/drawing.js';
import type { Table } from './csv.js';

const SIZE = 12;
const ROW = 22;
const MARGIN = 24;
const GAP = 20;
/** Mean width of a letter of this size; browsers' fonts differ by a few per cent. */
const LETTER = 6.6;
const MOST_LETTERS = 60;
const MOST_ROWS = 200;

/** A table with its title. */
export interface TableFigure {
  readonly title: string;
  readonly subtitle: string;
  readonly table: Table;
}

/** The table as a drawing, at most 200 rows of it. */
export function tableDrawing({ title, subtitle, table }: TableFigure): Drawing {
  const rows = table.rows.slice(0, MOST_ROWS).map((row) => row.map(cut));
  const widths = table.head.map((head, at) =>
    Math.max(head.length, ...rows.map((row) => (row[at] ?? '').length)),
  );
  const lefts = widths.map((_, at) =>
    widths.slice(0, at).reduce((sum, one) => sum + one * LETTER + GAP, MARGIN),
  );
  const width = Math.ceil(widths.reduce((sum, one) => sum + one * LETTER + GAP, 2 * MARGIN - GAP));
  const isNumber = table.head.map((_, at) => rows.every((row) => /^[–\d]/.test(row[at] || '–')));
  const left = table.rows.length - rows.length;
  const shapes: Shape[] = [
    text(MARGIN, 32, title, { size: 17, fill: 'ink', bold: true }),
    text(MARGIN, 54, subtitle, { size: SIZE }),
  ];
  const cells = (row: readonly string[], y: number, fill: 'ink' | 'quiet') =>
    row.map((words, at) =>
      isNumber[at]
        ? text(lefts[at] + widths[at] * LETTER, y, words, { size: SIZE, fill, anchor: 'end' })
        : text(lefts[at], y, words, { size: SIZE, fill }),
    );
  shapes.push(...cells(table.head, 86, 'quiet'), line([MARGIN, 94, width - MARGIN, 94], 'axis'));
  for (const [at, row] of rows.entries()) shapes.push(...cells(row, 112 + at * ROW, 'ink'));
  const bottom = 112 + rows.length * ROW;
  if (left > 0)
    shapes.push(text(MARGIN, bottom + 4, `${left} more rows: export CSV for all`, { size: SIZE }));
  return { width: Math.max(480, width), height: bottom + (left > 0 ? 24 : 8), shapes };
}

function cut(words: string): string {
  return words.length <= MOST_LETTERS ? words : `${words.slice(0, MOST_LETTERS - 1)}…`;
}
