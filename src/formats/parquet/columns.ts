/** Columns of a row group to pages: a dictionary where values repeat, differences where they ascend. */
import type { ByteSink } from './byte-sink.js';
import type { EncodeLoop, LoopColumn } from './encode-loop/encode-loop.js';

/** Physical types of parquet.thrift. */
export const PHYSICAL = { int32: 1, int64: 2, double: 5, byteArray: 6 } as const;
/** Numbers of the encodings in use (parquet.thrift, Encoding). */
export const ENCODING = { plain: 0, rle: 3, deltaBinaryPacked: 5, rleDictionary: 8 } as const;

/** A column of the schema. */
export interface ColumnType {
  readonly name: string;
  readonly type: 'int32' | 'int64' | 'double' | 'string';
  /** Whether a row may have no value. */
  readonly optional?: boolean;
}

/** Of an optional column: 1 for each row with a value, 0 for others. The values are those of the rows that have one. */
export interface Presence {
  readonly flags: Uint32Array;
  readonly present: number;
}

/** Values of a row group: best in the memory of the loop that encodes them. */
export type ColumnValues =
  /** Whole numbers, written as differences. */
  | {
      readonly kind: 'numbers';
      readonly values: LoopColumn | Float64Array;
      readonly range?: readonly [number, number];
    }
  /** Written as indices into the values that occur. */
  | {
      readonly kind: 'dictionary';
      readonly entries: readonly string[] | ArrayLike<number>;
      readonly indices: LoopColumn | Uint32Array;
    }
  /** Written as they are. */
  | { readonly kind: 'plain'; readonly values: LoopColumn };

const UTF8 = new TextEncoder();

/** The body of a data page of `count` values, valid until the loop's next call, and how it is encoded. */
export function encodeValues(
  loop: EncodeLoop,
  values: ColumnValues,
  count: number,
): { readonly encoding: number; readonly bytes: Uint8Array } {
  if (values.kind === 'numbers')
    return { encoding: ENCODING.deltaBinaryPacked, bytes: loop.deltas(values.values, count) };
  if (values.kind === 'plain') return { encoding: ENCODING.plain, bytes: loop.bytes(values.values, count) };
  return {
    encoding: ENCODING.rleDictionary,
    bytes: loop.indices(values.indices, count, values.entries.length),
  };
}

/**
 * The definition levels of a data page: their length, then the hybrid of run lengths and packed bits, one bit each. The loop
 * puts the width in front of it, which levels have not.
 */
export function definitionLevels(loop: EncodeLoop, { flags }: Presence, count: number): Uint8Array {
  const hybrid = loop.indices(flags, count, 2).subarray(1);
  const levels = new Uint8Array(4 + hybrid.length);
  new DataView(levels.buffer).setUint32(0, hybrid.length, true);
  levels.set(hybrid, 4);
  return levels;
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
