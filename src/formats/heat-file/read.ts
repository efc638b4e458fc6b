/** A heat file to rows, group by group, so that memory does not depend on the length of the file. */
import type { FileMetaData } from 'hyparquet';
import type { ZodError } from 'zod';
import { parseJson } from '../../base/json-text.js';
import { schemaProblem } from '../../base/schema-words.js';
import { DamagedParquet, isParquet, readColumns, readFooter } from '../parquet/read.js';
import { type HeatFacts, heatFacts } from './facts.js';
import { FACTS_KEY, NO_TIME } from './schema.js';
import { upgraded } from './upgrade.js';

/** Columns of one row group. */
export interface HeatGroup {
  readonly count: number;
  readonly pid: ArrayLike<number>;
  readonly command: ArrayLike<string>;
  readonly mapping: ArrayLike<string>;
  /** Byte address of the page. */
  readonly address: ArrayLike<bigint>;
  readonly samples: ArrayLike<number>;
  readonly accesses: ArrayLike<number>;
  /** Those of the samples that missed the TLB. */
  readonly tlbMisses: ArrayLike<number>;
  /** When the slice of the row begins, in milliseconds of the clock of `slices`; NO_TIME when not known. */
  readonly timeMs: ArrayLike<number>;
}

/** Since version 2, and since version 3. */
const MISSES = 'tlb_misses';
const TIME = 'time_ms';
const COLUMNS = ['pid', 'command', 'mapping', 'address', 'samples', 'accesses'] as const;

/**
 * Reads a heat file of this version or an earlier one. Throws an OctavoError where it is damaged or newer.
 */
export class HeatFile {
  readonly facts: HeatFacts;
  readonly rows: number;
  readonly #bytes: ArrayBuffer;
  readonly #metadata: FileMetaData;

  private constructor(bytes: ArrayBuffer, metadata: FileMetaData, facts: HeatFacts) {
    this.#bytes = bytes;
    this.#metadata = metadata;
    this.facts = facts;
    this.rows = Number(metadata.num_rows);
  }

  /** Opens the bytes of a file; a string says why it is no heat file. */
  static open(file: Uint8Array): HeatFile | string {
    if (!isParquet(file)) return 'is no Parquet file';
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
    try {
      const metadata = readFooter(bytes);
      const text = metadata.key_value_metadata?.find((entry) => entry.key === FACTS_KEY)?.value;
      if (text === undefined) return 'is Parquet, but no heat file of Octavo';
      const parsed = parseJson(text);
      if (!parsed.ok) return `has facts that are no JSON (${parsed.error.place})`;
      const facts = heatFacts.safeParse(upgraded(parsed.value));
      if (!facts.success) return `has facts that cannot be used: ${firstProblem(facts.error)}`;
      return new HeatFile(bytes, metadata, facts.data);
    } catch (problem) {
      if (!(problem instanceof DamagedParquet)) throw problem;
      return `is damaged: ${problem.message} (${problem.place})`;
    }
  }

  /** The row groups in order. Throws DamagedParquet with the place when one of them is damaged. */
  async *groups(): AsyncIterable<HeatGroup> {
    let rowStart = 0;
    for (const [index, group] of this.#metadata.row_groups.entries()) {
      const rowEnd = rowStart + Number(group.num_rows);
      yield await this.#group(index, rowStart, rowEnd);
      rowStart = rowEnd;
    }
  }

  async #group(index: number, rowStart: number, rowEnd: number): Promise<HeatGroup> {
    const { written_as } = this.facts;
    const wanted = [...COLUMNS, ...(written_as > 1 ? [MISSES] : []), ...(written_as > 2 ? [TIME] : [])];
    const columns = await readColumns(this.#bytes, this.#metadata, wanted, { index, rowStart, rowEnd });
    requireKinds(columns, index);
    const count = rowEnd - rowStart;
    const tlbMisses = (columns[MISSES] ?? new Uint8Array(count)) as ArrayLike<number>;
    const rest = columns as unknown as Omit<HeatGroup, 'count' | 'tlbMisses' | 'timeMs'>;
    return { ...rest, tlbMisses, timeMs: timesOf(columns[TIME], count, index), count };
  }
}

function timesOf(column: ArrayLike<unknown> | undefined, count: number, index: number): Float64Array {
  const times = new Float64Array(count).fill(NO_TIME);
  if (column === undefined) return times;
  for (let row = 0; row < count; row++) {
    const time = column[row];
    if (typeof time !== 'bigint' || time < BigInt(NO_TIME))
      throw new DamagedParquet(`column ${TIME} holds what it cannot`, `row ${row} of row group ${index}`);
    times[row] = Number(time);
  }
  return times;
}

/** What each column holds: a footer that says otherwise is damaged, too. */
const KINDS: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  pid: 'number',
  command: 'string',
  mapping: 'string',
  address: 'bigint',
  samples: 'number',
  accesses: 'number',
};

function requireKinds(columns: Readonly<Record<string, ArrayLike<unknown>>>, index: number): void {
  for (const [name, kind] of Object.entries(KINDS)) {
    const row = Array.prototype.findIndex.call(columns[name], (value) => !isOf(kind, value));
    if (row < 0) continue;
    throw new DamagedParquet(`column ${name} holds what it cannot`, `row ${row} of row group ${index}`);
  }
}

/** Counts, pids and addresses are never below 0. */
function isOf(kind: string, value: unknown): boolean {
  if (kind === 'string') return typeof value === 'string';
  return kind === 'bigint'
    ? typeof value === 'bigint' && value >= 0n
    : typeof value === 'number' && value >= 0;
}

/** `key: what is wrong`, of the first thing that is. */
function firstProblem(error: ZodError): string {
  const { place, problem } = schemaProblem(error);
  return place === 'the top level' ? problem : `${place}: ${problem}`;
}

export { isParquet };
