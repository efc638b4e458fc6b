/** The compact protocol of Thrift, as far as the structures of a Parquet file need it. */
import type { ByteSink } from './byte-sink.js';

const TYPE = { true: 1, false: 2, i32: 5, i64: 6, binary: 8, list: 9, struct: 12 } as const;
const UTF8 = new TextEncoder();

/** A field's value; fields that are undefined are left out. */
export type ThriftValue =
  | { readonly kind: 'i32' | 'i64'; readonly value: number }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'binary'; readonly value: Uint8Array }
  | { readonly kind: 'struct'; readonly value: ThriftStruct }
  | { readonly kind: 'list'; readonly value: readonly ThriftValue[] };

/** Fields by their number. */
export type ThriftStruct = Readonly<Record<number, ThriftValue | undefined>>;

/** A 32-bit integer. */
export const i32 = (value: number): ThriftValue => ({ kind: 'i32', value });
/** A 64-bit integer, as far as a number is exact. */
export const i64 = (value: number): ThriftValue => ({ kind: 'i64', value });
/** A boolean. */
export const bool = (value: boolean): ThriftValue => ({ kind: 'bool', value });
/** A string of bytes. */
export const binary = (value: Uint8Array): ThriftValue => ({ kind: 'binary', value });
/** A text, as UTF-8. */
export const text = (value: string): ThriftValue => binary(UTF8.encode(value));
/** A structure, by field ids. */
export const struct = (value: ThriftStruct): ThriftValue => ({ kind: 'struct', value });
/** A list of values of one type. */
export const list = (value: readonly ThriftValue[]): ThriftValue => ({ kind: 'list', value });

/** Writes a structure in the compact protocol: field ids as differences, then a stop byte. */
export function writeStruct(fields: ThriftStruct, out: ByteSink): void {
  let last = 0;
  for (const [key, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const id = Number(key);
    const type = typeOf(value);
    if (id - last <= 15) out.byte(((id - last) << 4) | type);
    else {
      out.byte(type);
      out.zigzag(id);
    }
    last = id;
    if (value.kind !== 'bool') writeValue(value, out);
  }
  out.byte(0);
}

function writeValue(value: ThriftValue, out: ByteSink): void {
  switch (value.kind) {
    case 'i32':
    case 'i64':
      out.zigzag(value.value);
      break;
    case 'bool':
      out.byte(typeOf(value));
      break;
    case 'binary':
      out.varint(value.value.length);
      out.append(value.value);
      break;
    case 'struct':
      writeStruct(value.value, out);
      break;
    case 'list':
      writeList(value.value, out);
      break;
  }
}

function writeList(values: readonly ThriftValue[], out: ByteSink): void {
  const type = values.length === 0 ? TYPE.struct : typeOf(values[0]);
  if (values.length < 15) out.byte((values.length << 4) | type);
  else {
    out.byte(0xf0 | type);
    out.varint(values.length);
  }
  for (const value of values) writeValue(value, out);
}

function typeOf(value: ThriftValue): number {
  return value.kind === 'bool' ? (value.value ? TYPE.true : TYPE.false) : TYPE[value.kind];
}
