/** Tables as CSV (RFC 4180), for spreadsheets that must not take a text for a formula. Pure. */

/** Words by row and column. */
export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The table as CSV, with line ends as RFC 4180 has them. */
export function csvOf({ head, rows }: Table): string {
  return [head, ...rows].map((row) => `${row.map(field).join(',')}\r\n`).join('');
}

/** Names of processes and mappings are not trusted: one that begins like a formula gets an apostrophe. */
function field(text: string): string {
  const isNumber = /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text);
  const safe = !isNumber && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
