/**
 * Octavo's own trace file: accesses in time order as Parquet, with the columns time, page, write and weight. Rows that
 * follow each other on one page, both loads or both stores, are one row. docs/trace-file.md describes it.
 */
import type { FileMetaData } from 'hyparquet';
import * as z from 'zod';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';
import { EncodeLoop } from '../parquet/encode-loop/encode-loop.js';
import { DamagedParquet, isParquet, readColumns, readFooter } from '../parquet/read.js';
import { ParquetFile } from '../parquet/writer.js';
import type { TraceSink } from './read-text.js';

/** Version of the trace file; a reader refuses later ones. */
export const TRACE_VERSION = 1;
/** Key of the facts in the Parquet file's metadata. */
export const TRACE_KEY = 'octavo.trace';

/** Nanoseconds from the first access on, or 0 everywhere when not known; page number; 1 for stores; accesses. */
const COLUMNS = [
  { name: 'time_ns', type: 'int64' },
  { name: 'page', type: 'int64' },
  { name: 'write', type: 'int32' },
  { name: 'weight', type: 'int32' },
] as const;

/** Rows that the encoding loop has room for. */
const GROUP_ROWS = 65_536;
const LARGEST_WEIGHT = 0x7fffffff;
/** Pages of a user's addresses in 64 bits, with pages of 4 KiB. */
const LARGEST_PAGE = 2 ** 52;

const traceFacts = z.object({
  octavo: z.literal('trace'),
  version: z.literal(TRACE_VERSION),
  page_bytes: z.union([z.literal(4096), z.literal(16384), z.literal(65536)]),
  /** What wrote the text that it was made of. */
  source: z.string(),
  /** Whether rows have times; else they only have an order. */
  timed: z.boolean(),
  /** Whether each row is a sample that stands for `weight` accesses, rather than so many accesses in a row. */
  sampled: z.boolean(),
});

/** What a trace file says of itself. */
export type TraceFacts = z.infer<typeof traceFacts>;

/** Collects accesses and writes them, row group by row group. */
export class TraceWriter implements TraceSink {
  readonly #parquet = new ParquetFile(COLUMNS, new EncodeLoop());
  readonly #isSampled: boolean;
  readonly #times = new Float64Array(GROUP_ROWS);
  readonly #pages = new Float64Array(GROUP_ROWS);
  readonly #writes = new Uint32Array(GROUP_ROWS);
  readonly #weights = new Float64Array(GROUP_ROWS);
  #count = 0;
  #firstTime = Number.NaN;
  #lastTime = 0;
  rows = 0;
  accesses = 0;

  /** Rows of samples are kept one by one. */
  constructor(isSampled: boolean) {
    this.#isSampled = isSampled;
  }

  add(page: number, write: boolean, weight: number, timeNs: number): void {
    this.accesses += weight;
    const last = this.#count - 1;
    const isSame =
      last >= 0 && this.#pages[last] === page && this.#writes[last] === (write ? 1 : 0) && !this.#isSampled;
    if (isSame && this.#weights[last] + weight <= LARGEST_WEIGHT) {
      this.#weights[last] += weight;
      return;
    }
    if (this.#count === GROUP_ROWS) this.#flush();
    const at = this.#count++;
    this.#pages[at] = page;
    this.#writes[at] = write ? 1 : 0;
    this.#weights[at] = Math.max(1, Math.min(LARGEST_WEIGHT, Math.round(weight)));
    this.#times[at] = this.#sinceFirst(timeNs);
    this.rows++;
  }

  get isTimed(): boolean {
    return !Number.isNaN(this.#firstTime);
  }

  finish(facts: Pick<TraceFacts, 'page_bytes' | 'source'>): Uint8Array {
    if (this.#count > 0) this.#flush();
    const whole: TraceFacts = {
      octavo: 'trace',
      version: TRACE_VERSION,
      ...facts,
      timed: this.isTimed,
      sampled: this.#isSampled,
    };
    return this.#parquet.finish('octavo', { [TRACE_KEY]: JSON.stringify(whole) });
  }

  /** Samples of several CPUs come a little out of order: time does not go back. */
  #sinceFirst(timeNs: number): number {
    if (Number.isNaN(timeNs)) return this.#lastTime;
    if (Number.isNaN(this.#firstTime)) this.#firstTime = timeNs;
    this.#lastTime = Math.max(this.#lastTime, Math.round(timeNs - this.#firstTime));
    return this.#lastTime;
  }

  #flush(): void {
    const count = this.#count;
    this.#parquet.addGroup(count, [
      { kind: 'numbers', values: this.#times.subarray(0, count) },
      { kind: 'numbers', values: this.#pages.subarray(0, count) },
      { kind: 'dictionary', entries: [0, 1], indices: this.#writes.subarray(0, count) },
      { kind: 'numbers', values: this.#weights.subarray(0, count) },
    ]);
    this.#count = 0;
  }
}

/** Rows of a group. */
export interface TraceGroup {
  readonly count: number;
  readonly timeNs: ArrayLike<bigint>;
  readonly page: ArrayLike<bigint>;
  readonly write: ArrayLike<number>;
  readonly weight: ArrayLike<number>;
}

/** Reads a trace file row group by row group. Throws an OctavoError where it is damaged. */
export class TraceFile {
  readonly facts: TraceFacts;
  readonly rows: number;
  readonly #bytes: ArrayBuffer;
  readonly #metadata: FileMetaData;

  private constructor(bytes: ArrayBuffer, metadata: FileMetaData, facts: TraceFacts) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.facts = facts;
    this.rows = Number(metadata.num_rows);
  }

  /** Opens the bytes of a file; a string says why it is no trace. */
  static open(file: Uint8Array): TraceFile | string {
    if (!isParquet(file)) return 'is no Parquet file';
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
    try {
      const metadata = readFooter(bytes);
      const text = metadata.key_value_metadata?.find((entry) => entry.key === TRACE_KEY)?.value;
      if (text === undefined) return 'is Parquet, but no trace of Octavo';
      const parsed = parseJson(text);
      if (!parsed.ok) return `has facts that are no JSON (${parsed.error.place})`;
      const facts = traceFacts.safeParse(parsed.value);
      if (!facts.success) {
        const { place, problem } = schemaProblem(facts.error);
        return `has facts that cannot be used: ${place}: ${problem}`;
      }
      return new TraceFile(bytes, metadata, facts.data);
    } catch (problem) {
      if (!(problem instanceof DamagedParquet)) throw problem;
      return `is damaged: ${problem.message} (${problem.place})`;
    }
  }

  /** The row groups in order. Throws DamagedParquet with the place when one of them is damaged. */
  async *groups(): AsyncIterable<TraceGroup> {
    let rowStart = 0;
    for (const [index, { num_rows }] of this.#metadata.row_groups.entries()) {
      const range = { index, rowStart, rowEnd: rowStart + Number(num_rows) };
      const names = COLUMNS.map(({ name }) => name);
      const found = await readColumns(this.#bytes, this.#metadata, names, range);
      const group = {
        count: Number(num_rows),
        timeNs: found.time_ns as ArrayLike<bigint>,
        page: found.page as ArrayLike<bigint>,
        write: found.write as ArrayLike<number>,
        weight: found.weight as ArrayLike<number>,
      };
      requireValues(group, index);
      yield group;
      rowStart = range.rowEnd;
    }
  }
}

/** A footer that says other types, and values that none of the columns has, are damage, too. */
function requireValues({ count, timeNs, page, write, weight }: TraceGroup, index: number): void {
  const isBig = (value: unknown, most: number) =>
    typeof value === 'bigint' && value >= 0n && value < BigInt(most);
  for (let row = 0; row < count; row++) {
    const isFine =
      isBig(timeNs[row], Number.MAX_SAFE_INTEGER) &&
      isBig(page[row], LARGEST_PAGE) &&
      (write[row] === 0 || write[row] === 1) &&
      typeof weight[row] === 'number' &&
      weight[row] >= 1;
    if (!isFine)
      throw new DamagedParquet('a row holds what no access is', `row ${row} of row group ${index}`);
  }
}

export { isParquet };
