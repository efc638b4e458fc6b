/** What a soak found, row by row. */

export interface Row {
  readonly what: string;
  readonly found: string;
  /** What it has to be; empty where it is only told. */
  readonly bound: string;
  readonly ok: boolean;
}

export class SoakReport {
  readonly rows: Row[] = [];
  readonly facts: Record<string, unknown> = {};
  readonly #tell: (row: Row) => void;

  constructor(tell: (row: Row) => void) {
    this.#tell = tell;
  }

  add(what: string, found: string, bound = '', ok = true): void {
    const row = { what, found, bound, ok };
    this.rows.push(row);
    this.#tell(row);
  }

  get failed(): readonly Row[] {
    return this.rows.filter(({ ok }) => !ok);
  }
}

export function rowText({ what, found, bound, ok }: Row): string {
  return `${bound === '' ? '  ' : ok ? 'ok' : 'NO'}  ${what.padEnd(44)} ${found}${bound === '' ? '' : `  (${bound})`}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
