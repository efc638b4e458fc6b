/** Hot maps to a heat file. */
import type { HotBlock, HotMap } from '../../vocabulary/hot-map.js';
import type { PageNumber, ProcessId } from '../../vocabulary/units.js';
import { ParquetFile } from '../parquet/writer.js';
import { type BlockRows, GROUP_ROWS, RowGroup } from './row-group.js';
import { FACTS_KEY, HEAT_COLUMNS, type HeatFacts } from './schema.js';

/** Counters of a hot map stop here. */
const SATURATED = 0xffff;

/** Largest value of a column of 32 bits. */
const LARGEST_COUNT = 0x7fffffff;

/** The mapping that a page lies in. */
export interface MappedName {
  /** Empty when not known. */
  readonly name: string;
  /** The same holds for the pages up to before this one. */
  readonly end: PageNumber;
}

/** Names the mapping of a page of a process. */
export type NameMapping = (pid: ProcessId, page: PageNumber) => MappedName;

export function writeHeatFile(
  maps: readonly HotMap[],
  facts: HeatFacts,
  nameMapping: NameMapping,
): Uint8Array {
  const parquet = new ParquetFile(HEAT_COLUMNS);
  const group = new RowGroup((count, columns) => parquet.addGroup(count, columns));
  for (const map of [...maps].sort((a, b) => a.process.pid - b.process.pid)) addMap(map, group, nameMapping);
  group.flush();
  return parquet.finish('octavo', { [FACTS_KEY]: JSON.stringify(facts) });
}

function addMap(map: HotMap, group: RowGroup, nameMapping: NameMapping): void {
  const counts = new Uint16Array(map.geometry.pagesPerBlock);
  const exact = new Uint32Array(counts.length);
  const missed = new Uint16Array(counts.length);
  for (const number of map.blocks()) {
    const block = map.block(number);
    if (block === undefined || !map.counts(number, counts)) continue;
    exact.set(counts);
    const clipped = block.samples < SATURATED ? 0 : clippedShare(block, counts);
    if (clipped > 0) restore(exact, clipped);
    missed.fill(0);
    const tlbMisses = map.tlbMissCounts(number, missed) ? missed : undefined;
    addBlock(map, block, { counts: exact, tlbMisses }, group, nameMapping);
  }
}

/** The touched pages of a block, mapping by mapping. */
function addBlock(
  map: HotMap,
  block: HotBlock,
  pages: Pick<BlockRows, 'counts' | 'tlbMisses'>,
  group: RowGroup,
  nameMapping: NameMapping,
): void {
  const { geometry, process } = map;
  const { counts } = pages;
  const first = block.block * geometry.pagesPerBlock;
  const rows = {
    pid: process.pid,
    command: process.command,
    address: first * geometry.pageBytes,
    pageBytes: geometry.pageBytes,
    weight: block.samples === 0 ? 0 : block.weight / block.samples,
    ...pages,
  };
  for (let from = nextTouched(counts, 0); from < counts.length; ) {
    const { name, end } = nameMapping(process.pid, first + from);
    const to = Math.min(counts.length, Math.max(from + 1, end - first), from + GROUP_ROWS);
    group.makeRoom(to - from);
    group.add(rows, name, from, to);
    from = nextTouched(counts, to);
  }
}

function nextTouched(counts: Uint32Array, from: number): number {
  let page = from;
  while (page < counts.length && counts[page] === 0) page++;
  return page;
}

/** Gives saturated counters their share of what they lost. */
function restore(counts: Uint32Array, clipped: number): void {
  for (let page = 0; page < counts.length; page++) {
    if (counts[page] === SATURATED) counts[page] = Math.min(SATURATED + clipped, LARGEST_COUNT);
  }
}

/** What counters lost by stopping at their maximum, shared among those that did. */
function clippedShare(block: HotBlock, counts: Uint16Array): number {
  let counted = 0;
  let saturated = 0;
  for (let page = 0; page < counts.length; page++) {
    counted += counts[page];
    if (counts[page] === SATURATED) saturated++;
  }
  return saturated === 0 ? 0 : Math.floor((block.samples - counted) / saturated);
}
