/** The option that prints rows for other programs, which several reports share. */
import type { OctavoContext } from './context.js';
import { headLine, ROW_FORMATS, type Row, type RowFormat, type RowKind, rowLine } from './print/rows.js';

/** Declaration of `--format csv|jsonl`. */
export const formatFlag = {
  kind: 'enum',
  values: ROW_FORMATS,
  optional: true,
  brief: 'Print rows for other programs: CSV with a head line, or one JSON document a line',
} as const;

/** Prints rows of a kind one by one; the head line at once. */
export function rowPrinter(context: OctavoContext, kind: RowKind, format: RowFormat): (row: Row) => void {
  const head = headLine(kind, format);
  if (head !== undefined) context.printExact(head);
  return (row) => context.printExact(rowLine(kind, row, format));
}
