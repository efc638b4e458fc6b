/** A heat file to rows, group by group, so that memory does not depend on the length of the file. */
import { type FileMetaData, parquetMetadata, parquetRead } from 'hyparquet';
import type { ZodError } from 'zod';
import { type HeatFacts, heatFacts } from './facts.js';
import { FACTS_KEY } from './schema.js';
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
}

/** Since version 2. */
const MISSES = 'tlb_misses';
const COLUMNS = ['pid', 'command', 'mapping', 'address', 'samples', 'accesses'] as const;
/** Bytes that a Parquet file ends with: length of the metadata, then PAR1. */
const TAIL_BYTES = 8;

export class HeatFile {
  readonly facts: HeatFacts;
  readonly rows: number;
  private readonly bytes: ArrayBuffer;
  private readonly metadata: FileMetaData;

  private constructor(bytes: ArrayBuffer, metadata: FileMetaData, facts: HeatFacts) {
    this.bytes = bytes;
    this.metadata = metadata;
    this.facts = facts;
    this.rows = Number(metadata.num_rows);
  }

  /** Opens the bytes of a file; a string says why it is no heat file. */
  static open(file: Uint8Array): HeatFile | string {
    if (!isParquet(file)) return 'is no Parquet file';
    const bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength) as ArrayBuffer;
    try {
      const metadata = parquetMetadata(bytes);
      const text = metadata.key_value_metadata?.find((entry) => entry.key === FACTS_KEY)?.value;
      if (text === undefined) return 'is Parquet, but no heat file of Octavo';
      const facts = heatFacts.safeParse(upgraded(JSON.parse(text)));
      if (!facts.success) return `has facts that cannot be used: ${firstProblem(facts.error)}`;
      return new HeatFile(bytes, metadata, facts.data);
    } catch (problem) {
      return `is damaged: ${problem instanceof Error ? problem.message : String(problem)}`;
    }
  }

  /** The row groups in order. Throws an Error with the reason when one of them is damaged. */
  async *groups(): AsyncIterable<HeatGroup> {
    let rowStart = 0;
    for (const group of this.metadata.row_groups) {
      const rowEnd = rowStart + Number(group.num_rows);
      yield await this.group(rowStart, rowEnd);
      rowStart = rowEnd;
    }
  }

  private async group(rowStart: number, rowEnd: number): Promise<HeatGroup> {
    const columns: Record<string, ArrayLike<unknown>> = {};
    await parquetRead({
      file: this.bytes,
      metadata: this.metadata,
      columns: this.facts.written_as === 1 ? [...COLUMNS] : [...COLUMNS, MISSES],
      rowStart,
      rowEnd,
      onChunk: (chunk) => {
        columns[chunk.columnName] = chunk.columnData as ArrayLike<unknown>;
      },
    });
    const missing = COLUMNS.find((name) => columns[name]?.length !== rowEnd - rowStart);
    if (missing !== undefined) throw new Error(`column ${missing} is incomplete`);
    const count = rowEnd - rowStart;
    const tlbMisses = (columns[MISSES] ?? new Uint8Array(count)) as ArrayLike<number>;
    return { ...(columns as unknown as Omit<HeatGroup, 'count' | 'tlbMisses'>), tlbMisses, count };
  }
}

/** `key: what is wrong`, of the first thing that is. */
function firstProblem({ issues }: ZodError): string {
  const [{ path, message }] = issues;
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

/** Whether bytes begin and end as a Parquet file does. */
export function isParquet(file: Uint8Array): boolean {
  const mark = (at: number) => String.fromCharCode(...file.subarray(at, at + 4)) === 'PAR1';
  return file.length > TAIL_BYTES + 4 && mark(0) && mark(file.length - 4);
}
