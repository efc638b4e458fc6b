/** Hot maps to a heat file. */
import type { HotBlock, HotMap } from '../../vocabulary/hot-map.js';
import type { PageNumber, ProcessId } from '../../vocabulary/units.js';
import { ParquetFile } from '../parquet/writer.js';
import { type HeatRows, RowGroup } from './row-group.js';
import { FACTS_KEY, HEAT_COLUMNS, type HeatFacts } from './schema.js';

/** Counters of a hot map stop here. */
const SATURATED = 0xffff;

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

function addMap(map: HotMap, group: HeatRows, nameMapping: NameMapping): void {
  const counts = new Uint16Array(map.geometry.pagesPerBlock);
  for (const number of map.blocks()) {
    const block = map.block(number);
    if (block !== undefined && map.counts(number, counts)) addBlock(map, block, counts, group, nameMapping);
  }
}

/** The touched pages of a block, mapping by mapping. */
function addBlock(
  map: HotMap,
  block: HotBlock,
  counts: Uint16Array,
  group: HeatRows,
  nameMapping: NameMapping,
): void {
  const { geometry, process } = map;
  const clipped = clippedShare(block, counts);
  const weight = block.samples === 0 ? 0 : block.weight / block.samples;
  const first = block.block * geometry.pagesPerBlock;
  group.beginBlock(process.pid, process.command, first * geometry.pageBytes, geometry.pageBytes);
  let end = first;
  for (let subPage = 0; subPage < counts.length; subPage++) {
    const count = counts[subPage];
    if (count === 0) continue;
    if (first + subPage >= end) {
      const mapped = nameMapping(process.pid, first + subPage);
      end = Math.max(mapped.end, first + subPage + 1);
      group.beginMapping(mapped.name);
    }
    const samples = count === SATURATED ? count + clipped : count;
    group.add(subPage, samples, samples * weight);
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
