/**
 * Parameters of DAMON's own modules as files under /sys/module/NAME/parameters (kernel/params.c): unsigned longs,
 * booleans, and read-only results.
 */
import type { ErrnoName } from '../../../../vocabulary/errno.js';
import { parseBoolean, parseUnsignedLong } from '../../numbers/kstrtox.js';
import type { TreeFeature } from '../core/generations.js';

/** How a parameter is read and written; a result is read-only. */
export type ParameterKind = 'ulong' | 'bool' | 'result';

/** A parameter with its default, its least value and the kernels that have it. */
export interface ParameterRow {
  readonly name: string;
  readonly kind: ParameterKind;
  readonly initial: bigint | boolean | string;
  readonly only: TreeFeature | undefined;
  readonly least: bigint;
}

/** Returns a row for an unsigned long. */
export const ulong = (name: string, initial = 0n, only?: TreeFeature, least = 0n): ParameterRow => ({
  name,
  kind: 'ulong',
  initial,
  only,
  least,
});
/** Returns a row for a boolean that is N at first. */
export const bool = (name: string, only?: TreeFeature): ParameterRow => ({
  name,
  kind: 'bool',
  initial: false,
  only,
  least: 0n,
});
/** Returns a row for a read-only result. */
export const result = (name: string, only?: TreeFeature, initial: bigint | string = 0n): ParameterRow => ({
  name,
  kind: 'result',
  initial,
  only,
  least: 0n,
});

/** Values of one module's parameters. */
export class Parameters {
  readonly rows: readonly ParameterRow[];
  readonly #values = new Map<string, bigint | boolean | string>();

  constructor(rows: readonly ParameterRow[]) {
    this.rows = rows;
    for (const { name, initial } of rows) this.#values.set(name, initial);
  }

  number(name: string): number {
    const value = this.#values.get(name);
    return typeof value === 'bigint' ? Number(value) : 0;
  }

  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  set(name: string, value: number): void {
    if (this.#values.has(name)) this.#values.set(name, BigInt(Math.floor(value)));
  }

  setText(name: string, text: string): void {
    this.#values.set(name, text);
  }

  text(name: string): string {
    const value = this.#values.get(name) ?? 0n;
    if (typeof value === 'boolean') return value ? 'Y' : 'N';
    return `${value}`;
  }

  /** Stores what was written, by the parameter's rule. */
  write({ name, kind, least }: ParameterRow, text: string, takesEnable: boolean): ErrnoName | undefined {
    const parsed = kind === 'bool' ? parseBoolean(text, takesEnable) : parseUnsignedLong(text);
    if (!parsed.ok) return parsed.error;
    if (typeof parsed.value === 'bigint' && parsed.value < least) return 'EINVAL';
    this.#values.set(name, parsed.value);
    return undefined;
  }
}
