/**
 * Reads Parquet by its library, and says what is wrong and where in words of ours: the library takes the file at its
 * word, so that a flipped bit ends in any error of the language.
 */
import { type FileMetaData, parquetMetadata, parquetRead } from 'hyparquet';
import { isBoundedThrift } from './thrift-bounds.js';

/** A file that is not what it says. */
export class DamagedParquet extends Error {
  /** `byte 1234`, or what of the file it is. */
  readonly place: string;

  constructor(problem: string, place: string) {
    super(problem);
    this.name = 'DamagedParquet';
    this.place = place;
  }
}

/** Bytes that a Parquet file ends with: length of the footer, then PAR1. */
const TAIL_BYTES = 8;

/** Whether bytes begin and end as a Parquet file does. */
export function isParquet(file: Uint8Array): boolean {
  const mark = (at: number) => String.fromCharCode(...file.subarray(at, at + 4)) === 'PAR1';
  return file.length > TAIL_BYTES + 4 && mark(0) && mark(file.length - 4);
}

/** The footer of a whole file. Throws DamagedParquet. */
export function readFooter(bytes: ArrayBuffer): FileMetaData {
  const end = bytes.byteLength - TAIL_BYTES;
  const length = new DataView(bytes).getUint32(end, true);
  const start = end - length;
  if (start < 4) throw new DamagedParquet(`the footer of ${length} bytes does not fit`, `byte ${end}`);
  const place = `byte ${start}`;
  if (!isBoundedThrift(new Uint8Array(bytes), start, end))
    throw new DamagedParquet('the footer cannot be decoded', place);
  let metadata: FileMetaData;
  try {
    metadata = parquetMetadata(bytes);
  } catch {
    throw new DamagedParquet('the footer cannot be decoded', place);
  }
  const problem = footerProblem(metadata, bytes.byteLength);
  if (problem !== undefined) throw new DamagedParquet(problem, place);
  return metadata;
}

/** What no file can mean: without this, absurd counts would be believed and memory taken for them. */
function footerProblem({ schema, num_rows, row_groups }: FileMetaData, size: number): string | undefined {
  // Nulls and lists have levels before their values, which say as many rows as they like.
  const isFlat = schema.slice(1).every((each) => each.repetition_type === 'REQUIRED' && !each.num_children);
  if (!isFlat) return 'the footer has columns that may be empty or hold lists';
  if (!Array.isArray(row_groups)) return 'the footer has no row groups';
  let rows = 0n;
  for (const [index, group] of row_groups.entries()) {
    if (typeof group.num_rows !== 'bigint' || group.num_rows < 0n || !Array.isArray(group.columns))
      return `row group ${index} is not described`;
    rows += group.num_rows;
    for (const column of group.columns) {
      const meta = column.meta_data;
      const [from, length] = [meta?.data_page_offset, meta?.total_compressed_size];
      if (typeof from !== 'bigint' || typeof length !== 'bigint' || from < 4n || length < 0n)
        return `a column of row group ${index} is not described`;
      if (from + length > BigInt(size))
        return `a column of row group ${index} lies beyond the end of the file`;
      // A run-length page says as many rows in a few bytes as it likes; a level of eight bits bounds nothing.
      if (meta?.num_values !== group.num_rows)
        return `a column of row group ${index} has another number of rows`;
    }
  }
  return rows === num_rows ? undefined : `the row groups have ${rows} rows, the file says ${num_rows}`;
}

/** Rows of one row group, counted over the file. */
export interface GroupRange {
  readonly index: number;
  readonly rowStart: number;
  readonly rowEnd: number;
}

/** Columns of one row group by name. Throws DamagedParquet naming the column and where it begins. */
export async function readColumns(
  file: ArrayBuffer,
  metadata: FileMetaData,
  columns: readonly string[],
  group: GroupRange,
): Promise<Record<string, ArrayLike<unknown>>> {
  const found: Record<string, ArrayLike<unknown>> = {};
  for (const name of columns)
    if (!areHeadersBounded(file, metadata, name, group)) throw damagedColumn(metadata, name, group);
  try {
    await parquetRead({
      ...{ file, metadata, columns: [...columns], rowStart: group.rowStart, rowEnd: group.rowEnd },
      onChunk: ({ columnName, columnData }) => {
        found[columnName] = columnData as ArrayLike<unknown>;
      },
    });
  } catch {
    throw damagedColumn(metadata, columns.find((name) => found[name] === undefined) ?? columns[0], group);
  }
  const wrong = columns.find((name) => found[name]?.length !== group.rowEnd - group.rowStart);
  if (wrong !== undefined) throw damagedColumn(metadata, wrong, group);
  return found;
}

/** Whether the headers of a column's pages can be decoded safely: a file of ours has a dictionary and one page of data. */
function areHeadersBounded(
  file: ArrayBuffer,
  { row_groups }: FileMetaData,
  name: string,
  { index }: GroupRange,
): boolean {
  const column = row_groups[index]?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  const { dictionary_page_offset, data_page_offset } = column?.meta_data ?? {};
  return [dictionary_page_offset, data_page_offset].every(
    (offset) =>
      offset === undefined || isBoundedThrift(new Uint8Array(file), Number(offset), file.byteLength),
  );
}

function damagedColumn({ row_groups }: FileMetaData, name: string, { index }: GroupRange): DamagedParquet {
  const column = row_groups[index]?.columns.find(({ meta_data }) => meta_data?.path_in_schema[0] === name);
  const from = column?.meta_data?.dictionary_page_offset ?? column?.meta_data?.data_page_offset;
  const problem = `column ${name} of row group ${index} cannot be decoded`;
  // A damaged footer may point anywhere.
  const isPlace = from !== undefined && from >= 0;
  return new DamagedParquet(problem, isPlace ? `byte ${from}` : 'its footer');
}
