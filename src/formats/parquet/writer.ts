/**
 * A Parquet file of flat columns, written row group by row group: one page for each column, uncompressed, because
 * dictionaries and differences leave little to compress (docs/decisions/0106-parquet-by-hand.md). Structures and
 * numbers of fields are those of apache/parquet-format, parquet.thrift.
 */
import { ByteSink } from './byte-sink.js';
import {
  type ColumnType,
  type ColumnValues,
  definitionLevels,
  ENCODING,
  encodeValues,
  PHYSICAL,
  type Presence,
  plain,
} from './columns.js';
import { EncodeLoop } from './encode-loop/encode-loop.js';
import { binary, bool, i32, i64, list, struct, type ThriftValue, text, writeStruct } from './thrift.js';

const MAGIC = [0x50, 0x41, 0x52, 0x31];
const PAGE = { data: 0, dictionary: 2 } as const;
const REPETITION = { required: 0, optional: 1 } as const;
const UTF8_TEXT = 0;
const UNCOMPRESSED = 0;
const FORMAT_VERSION = 1;

/** Takes row groups and returns the bytes of the file with its footer. */
export class ParquetFile {
  readonly #columns: readonly ColumnType[];
  readonly #out: ByteSink;
  readonly #page = new ByteSink(1 << 16);
  readonly #loop: EncodeLoop;
  readonly #groups: ThriftValue[] = [];
  #rows = 0;

  /** `loop`: the one that has the values of row groups, where one has. `bytes`: how long the file will be at a guess. */
  constructor(columns: readonly ColumnType[], loop = new EncodeLoop(), bytes = 1 << 16) {
    this.#out = new ByteSink(bytes);
    this.#columns = columns;
    this.#loop = loop;
    for (const byte of MAGIC) this.#out.byte(byte);
  }

  /** Appends a row group; `values` are in the order of the columns, and so is the `presence` of those of optional ones. */
  addGroup(
    count: number,
    values: readonly ColumnValues[],
    presence: readonly (Presence | undefined)[] = [],
  ): void {
    const start = this.#out.length;
    const chunks = this.#columns.map((column, index) =>
      this.#addColumn(column, values[index], count, presence[index]),
    );
    this.#groups.push(struct({ 1: list(chunks), 2: i64(this.#out.length - start), 3: i64(count) }));
    this.#rows += count;
  }

  /** Ends the file, whose metadata get these keys, and returns its bytes. */
  finish(createdBy: string, metadata: Readonly<Record<string, string>>): Uint8Array {
    const start = this.#out.length;
    const keys = Object.entries(metadata).map(([key, value]) => struct({ 1: text(key), 2: text(value) }));
    // Minima and maxima are ordered as the types say.
    const orders = this.#columns.map(() => struct({ 1: struct({}) }));
    writeStruct(
      {
        1: i32(FORMAT_VERSION),
        2: list(this.#schema()),
        3: i64(this.#rows),
        4: list(this.#groups),
        5: list(keys),
        6: text(createdBy),
        7: list(orders),
      },
      this.#out,
    );
    this.#out.int32(this.#out.length - start);
    for (const byte of MAGIC) this.#out.byte(byte);
    return this.#out.written();
  }

  #schema(): ThriftValue[] {
    const root = struct({ 4: text('root'), 5: i32(this.#columns.length) });
    return [root, ...this.#columns.map(elementOf)];
  }

  #addColumn(
    column: ColumnType,
    values: ColumnValues,
    count: number,
    presence: Presence | undefined,
  ): ThriftValue {
    const start = this.#out.length;
    if (values.kind === 'dictionary') this.#addDictionary(column, values.entries);
    const dataAt = this.#out.length;
    const defined = presence && definitionLevels(this.#loop, presence, count);
    const { encoding, bytes } = encodeValues(this.#loop, values, presence?.present ?? count);
    const body = defined ? joined(defined, bytes) : bytes;
    const levels = { 3: i32(ENCODING.rle), 4: i32(ENCODING.rle) };
    this.#addPage(PAGE.data, body, { 5: struct({ 1: i32(count), 2: i32(encoding), ...levels }) });
    const size = this.#out.length - start;
    const hasDictionary = values.kind === 'dictionary';
    return struct({
      2: i64(start),
      3: struct({
        1: i32(physicalOf(column)),
        2: list((hasDictionary ? [ENCODING.plain, encoding] : [encoding]).map(i32)),
        3: list([text(column.name)]),
        4: i32(UNCOMPRESSED),
        5: i64(count),
        6: i64(size),
        7: i64(size),
        9: i64(dataAt),
        11: hasDictionary ? i64(start) : undefined,
        12: statisticsOf(column, values),
      }),
    });
  }

  #addDictionary(column: ColumnType, entries: readonly string[] | ArrayLike<number>): void {
    this.#page.clear();
    for (let i = 0; i < entries.length; i++) plain(column, entries[i], this.#page);
    this.#addPage(PAGE.dictionary, this.#page.written(), {
      7: struct({ 1: i32(entries.length), 2: i32(ENCODING.plain), 3: bool(false) }),
    });
  }

  #addPage(type: number, body: Uint8Array, header: Readonly<Record<number, ThriftValue>>): void {
    const bytes = body.length;
    writeStruct({ 1: i32(type), 2: i32(bytes), 3: i32(bytes), ...header }, this.#out);
    this.#out.append(body);
  }
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  const whole = new Uint8Array(left.length + right.length);
  whole.set(left);
  whole.set(right, left.length);
  return whole;
}

function elementOf(column: ColumnType): ThriftValue {
  return struct({
    1: i32(physicalOf(column)),
    3: i32(column.optional === true ? REPETITION.optional : REPETITION.required),
    4: text(column.name),
    6: column.type === 'string' ? i32(UTF8_TEXT) : undefined,
  });
}

function physicalOf({ type }: ColumnType): number {
  return type === 'string' ? PHYSICAL.byteArray : PHYSICAL[type];
}

/** Least and largest value, for readers that pass over row groups by them. */
function statisticsOf(column: ColumnType, values: ColumnValues): ThriftValue | undefined {
  if (values.kind !== 'numbers' || values.range === undefined) return undefined;
  const [least, largest] = values.range.map((value) => {
    const sink = new ByteSink(8);
    plain(column, value, sink);
    return binary(sink.written());
  });
  return struct({ 3: i64(0), 5: largest, 6: least });
}
