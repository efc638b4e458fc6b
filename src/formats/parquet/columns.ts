/** Columns of a row group to pages: a dictionary where values repeat, differences where they ascend. */
import type { ByteSink } from './byte-sink.js';
import type { EncodeLoop } from './encode-loop/encode-loop.js';

/** Physical types of parquet.thrift. */
export const PHYSICAL = { int32: 1, int64: 2, double: 5, byteArray: 6 } as const;
export const ENCODING = { plain: 0, rle: 3, deltaBinaryPacked: 5, rleDictionary: 8 } as const;

export interface ColumnType {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'double' | 'string';
}

/** Values of a row group; numbers are whole unless the column is of doubles. */
export type ColumnValues =
  /** Written as differences. */
  | {
      readonly kind: 'numbers';
      readonly values: Float64Array;
      readonly range?: readonly [number, number];
    }
  /** Written as indices into the values that occur. */
  | {
      readonly kind: 'dictionary';
      readonly entries: readonly string[] | ArrayLike<number>;
      readonly indices: Uint32Array;
    }
  /** Written as they are. */
  | { readonly kind: 'plain'; readonly values: ArrayLike<number> };

const UTF8 = new TextEncoder();

/** Appends the body of a data page of `count` values; answers how it is encoded. */
export function encodeValues(
  loop: EncodeLoop,
  column: ColumnType,
  values: ColumnValues,
  count: number,
  out: ByteSink,
): number {
  if (values.kind === 'numbers') {
    out.append(loop.deltas(values.values, count));
    return ENCODING.deltaBinaryPacked;
  }
  if (values.kind === 'dictionary') {
    out.append(loop.indices(values.indices, count, values.entries.length));
    return ENCODING.rleDictionary;
  }
  for (let i = 0; i < count; i++) plain(column, values.values[i], out);
  return ENCODING.plain;
}

/** One value as it is. */
export function plain(column: ColumnType, value: string | number, out: ByteSink): void {
  if (typeof value === 'string') {
    const bytes = UTF8.encode(value);
    out.int32(bytes.length);
    out.append(bytes);
  } else if (column.type === 'double') out.double(value);
  else if (column.type === 'int64') out.int64(value);
  else out.int32(value);
}
