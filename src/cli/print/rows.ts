/** Rows for programs: CSV as RFC 4180 has it, or one JSON document a line. */

/** What a program may read a report as. */
export const ROW_FORMATS = ['csv', 'jsonl'] as const;
/** `csv` or `jsonl`. */
export type RowFormat = (typeof ROW_FORMATS)[number];

/** A value of a column; undefined is unknown: empty in CSV, null in JSON. */
export type Cell = string | number | undefined;
/** Values of a row by column. */
export type Row = Readonly<Record<string, Cell>>;

/** What is printed of rows of one kind: the kind of document that each is, its version, and its columns in order. */
export interface RowKind {
  readonly octavo: string;
  readonly version: number;
  readonly columns: readonly string[];
}

/** The line before the first row; undefined where there is none. */
export function headLine({ columns }: RowKind, format: RowFormat): string | undefined {
  return format === 'csv' ? columns.join(',') : undefined;
}

/** Returns one row as a line without its line feed. A column that the row lacks is empty, or null in JSON. */
export function rowLine({ octavo, version, columns }: RowKind, row: Row, format: RowFormat): string {
  if (format === 'csv') return columns.map((name) => csvCell(row[name])).join(',');
  const values = Object.fromEntries(columns.map((name) => [name, row[name] ?? null]));
  return JSON.stringify({ octavo, version, ...values });
}

function csvCell(value: Cell): string {
  const text = value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
