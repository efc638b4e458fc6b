/** Hot maps to a heat file. */
import { ByteWriter, type ColumnSource, ParquetWriter } from 'hyparquet-writer';
import type { HotBlock, HotMap } from '../../vocabulary/hot-map.js';
import type { PageNumber, ProcessId } from '../../vocabulary/units.js';
import { FACTS_KEY, HEAT_SCHEMA, type HeatFacts } from './schema.js';

/** Rows of a row group: what is held in columns before it is encoded. */
const GROUP_ROWS = 65536;
/** Differences of neighbours are small; a dictionary of addresses would hold every one of them. */
const ASCENDING = { encoding: 'DELTA_BINARY_PACKED' } as const;
/** Counters of a hot map stop here. */
const SATURATED = 0xffff;

/** Name of the mapping that a page of a process lies in, empty when not known. */
export type NameMapping = (pid: ProcessId, page: PageNumber) => string;

export function writeHeatFile(
  maps: readonly HotMap[],
  facts: HeatFacts,
  nameMapping: NameMapping,
): Uint8Array {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema: HEAT_SCHEMA,
    createdBy: 'octavo',
    kvMetadata: [{ key: FACTS_KEY, value: JSON.stringify(facts) }],
  });
  const group = new RowGroup((columnData) => parquet.write({ columnData, rowGroupSize: GROUP_ROWS }));
  for (const map of [...maps].sort((a, b) => a.process.pid - b.process.pid)) addMap(map, group, nameMapping);
  group.flush();
  parquet.finish();
  return writer.getBytes();
}

function addMap(map: HotMap, group: RowGroup, nameMapping: NameMapping): void {
  const counts = new Uint16Array(map.geometry.pagesPerBlock);
  for (const number of map.blocks()) {
    const block = map.block(number);
    if (block === undefined || !map.counts(number, counts)) continue;
    addBlock(map, block, counts, group, nameMapping);
  }
}

function addBlock(
  map: HotMap,
  block: HotBlock,
  counts: Uint16Array,
  group: RowGroup,
  nameMapping: NameMapping,
): void {
  const { geometry, process } = map;
  const clipped = clippedShare(block, counts);
  const weight = block.samples === 0 ? 0 : block.weight / block.samples;
  const first = block.block * geometry.pagesPerBlock;
  for (let subPage = 0; subPage < counts.length; subPage++) {
    if (counts[subPage] === 0) continue;
    const samples = counts[subPage] + (counts[subPage] === SATURATED ? clipped : 0);
    group.add({
      pid: process.pid,
      command: process.command,
      mapping: nameMapping(process.pid, first + subPage),
      blockAddress: first * geometry.pageBytes,
      subPage,
      address: (first + subPage) * geometry.pageBytes,
      samples,
      accesses: samples * weight,
    });
  }
}

/** What counters lost by stopping at their maximum, shared among those that did. */
function clippedShare(block: HotBlock, counts: Uint16Array): number {
  let counted = 0;
  let saturated = 0;
  for (const count of counts) {
    counted += count;
    if (count === SATURATED) saturated++;
  }
  return saturated === 0 ? 0 : Math.floor((block.samples - counted) / saturated);
}

interface HeatRow {
  readonly pid: number;
  readonly command: string;
  readonly mapping: string;
  readonly blockAddress: number;
  readonly subPage: number;
  readonly address: number;
  readonly samples: number;
  readonly accesses: number;
}

/** Columns of the rows that are waiting to be encoded. */
class RowGroup {
  private count = 0;
  private readonly write: (columns: ColumnSource[]) => void;
  private readonly pids = new Int32Array(GROUP_ROWS);
  private readonly commands: string[] = [];
  private readonly mappings: string[] = [];
  private readonly blocks = new BigInt64Array(GROUP_ROWS);
  private readonly subPages = new Int32Array(GROUP_ROWS);
  private readonly addresses = new BigInt64Array(GROUP_ROWS);
  private readonly samples = new Int32Array(GROUP_ROWS);
  private readonly accesses = new Float64Array(GROUP_ROWS);

  constructor(write: (columns: ColumnSource[]) => void) {
    this.write = write;
  }

  add(row: HeatRow): void {
    const at = this.count++;
    this.pids[at] = row.pid;
    this.commands[at] = row.command;
    this.mappings[at] = row.mapping;
    this.blocks[at] = BigInt(row.blockAddress);
    this.subPages[at] = row.subPage;
    this.addresses[at] = BigInt(row.address);
    this.samples[at] = Math.min(row.samples, 0x7fffffff);
    this.accesses[at] = row.accesses;
    if (this.count === GROUP_ROWS) this.flush();
  }

  flush(): void {
    const { count } = this;
    if (count === 0) return;
    this.write([
      { name: 'pid', type: 'INT32', data: this.pids.subarray(0, count), nullable: false },
      { name: 'command', type: 'STRING', data: this.commands.slice(0, count), nullable: false },
      { name: 'mapping', type: 'STRING', data: this.mappings.slice(0, count), nullable: false },
      {
        name: 'block_address',
        type: 'INT64',
        data: this.blocks.subarray(0, count),
        nullable: false,
        ...ASCENDING,
      },
      {
        name: 'sub_page',
        type: 'INT32',
        data: this.subPages.subarray(0, count),
        nullable: false,
        ...ASCENDING,
        statistics: false,
      },
      {
        name: 'address',
        type: 'INT64',
        data: this.addresses.subarray(0, count),
        nullable: false,
        ...ASCENDING,
      },
      {
        name: 'samples',
        type: 'INT32',
        data: this.samples.subarray(0, count),
        nullable: false,
        statistics: false,
      },
      {
        name: 'accesses',
        type: 'DOUBLE',
        data: this.accesses.subarray(0, count),
        nullable: false,
        statistics: false,
      },
    ]);
    this.count = 0;
  }
}
