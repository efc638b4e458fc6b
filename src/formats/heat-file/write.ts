/** Hot maps to a heat file. */
import type { HotBlock, HotMap } from '../../vocabulary/hot-map.js';
import type { BlockNumber, PageNumber, ProcessId } from '../../vocabulary/units.js';
import { EncodeLoop } from '../parquet/encode-loop/encode-loop.js';
import { ParquetFile } from '../parquet/writer.js';
import type { HeatFacts } from './facts.js';
import { RowGroup, type SliceRows } from './row-group.js';
import { FACTS_KEY, HEAT_COLUMNS, NO_TIME } from './schema.js';

/** Counters of a hot map stop here. */
const SATURATED = 0xffff;

/** Largest value of a column of 32 bits. */
const LARGEST_COUNT = 0x7fffffff;

/** Room that is made for a block of one slice, and for all at once: pages that are not written to take no memory. */
const BYTES_A_BLOCK = 2048;
const MOST_GUESSED = 1 << 25;

/** The mapping that a page lies in. */
export interface MappedName {
  /** Empty when not known. */
  readonly name: string;
  /** The same holds for the pages up to before this one. */
  readonly end: PageNumber;
}

/** Names the mapping of a page of a process. */
export type NameMapping = (pid: ProcessId, page: PageNumber) => MappedName;

/** The maps of processes in one slice of time. */
export interface TimedMaps {
  readonly timeMs: number;
  readonly maps: readonly HotMap[];
}

/** `slices`: the same samples by time, ascending; in one slice of no known time when absent. */
export function writeHeatFile(
  maps: readonly HotMap[],
  facts: HeatFacts,
  nameMapping: NameMapping,
  slices: readonly TimedMaps[] = [{ timeMs: NO_TIME, maps }],
): Uint8Array {
  const loop = new EncodeLoop();
  const blocks = slices.reduce((sum, { maps: timed }) => timed.reduce((all, { size }) => all + size, sum), 0);
  const parquet = new ParquetFile(HEAT_COLUMNS, loop, Math.min(MOST_GUESSED, blocks * BYTES_A_BLOCK));
  const group = new RowGroup(loop, (count, columns) => parquet.addGroup(count, columns));
  for (const map of [...maps].sort((a, b) => a.process.pid - b.process.pid)) {
    const readers = slices.flatMap(({ timeMs, maps: timed }) => {
      const found = timed.find(({ process }) => process.pid === map.process.pid);
      return found === undefined ? [] : [new SliceReader(timeMs, found)];
    });
    addMap(map, readers, group, nameMapping);
  }
  group.flush();
  return parquet.finish('octavo', { [FACTS_KEY]: JSON.stringify(facts) });
}

function addMap(
  map: HotMap,
  readers: readonly SliceReader[],
  group: RowGroup,
  nameMapping: NameMapping,
): void {
  const whole = new Uint16Array(map.geometry.pagesPerBlock);
  for (const number of map.blocks()) {
    const slices: SliceRows[] = [];
    for (const reader of readers) {
      const rows = reader.read(number);
      if (rows !== undefined) slices.push(rows);
    }
    // The pages of its only slice are those of the block.
    if (slices.length !== 1 && !map.counts(number, whole)) continue;
    const touched = slices.length === 1 ? slices[0].counts : whole;
    addBlock(map, number, { touched, slices }, group, nameMapping);
  }
}

/** Reads the samples that blocks of a process have in a slice of time. */
class SliceReader {
  readonly #timeMs: number;
  readonly #map: HotMap;
  readonly #counts: Uint16Array;
  readonly #missed: Uint16Array;

  constructor(timeMs: number, map: HotMap) {
    this.#timeMs = timeMs;
    this.#map = map;
    this.#counts = new Uint16Array(map.geometry.pagesPerBlock);
    this.#missed = new Uint16Array(this.#counts.length);
  }

  /** What the block has; valid until the next call. Undefined when it has no samples in the slice. */
  read(number: BlockNumber): SliceRows | undefined {
    const map = this.#map;
    const counts = this.#counts;
    const missed = this.#missed;
    const timeMs = this.#timeMs;
    const block = map.countedBlock(number, counts);
    if (block === undefined) return undefined;
    const lost = block.samples < SATURATED ? 0 : clippedShare(block, counts);
    const tlbMisses = map.tlbMissCounts(number, missed) ? missed : undefined;
    const weight = block.samples === 0 ? 0 : block.weight / block.samples;
    return { timeMs, weight, lost, counts, tlbMisses };
  }
}

/** The touched pages of a block, mapping by mapping. */
function addBlock(
  { geometry, process }: HotMap,
  number: BlockNumber,
  { touched, slices }: { readonly touched: Uint16Array; readonly slices: readonly SliceRows[] },
  group: RowGroup,
  nameMapping: NameMapping,
): void {
  const first = number * geometry.pagesPerBlock;
  const { pid, command } = process;
  const { pageBytes } = geometry;
  const rows = { pid, command, address: first * pageBytes, pageBytes, slices };
  const most = group.mostPages(slices.length);
  for (let from = nextTouched(touched, 0); from < touched.length; ) {
    const { name, end } = nameMapping(pid, first + from);
    const to = Math.min(touched.length, Math.max(from + 1, end - first), from + most);
    group.makeRoom((to - from) * slices.length);
    group.add(rows, name, from, to);
    from = nextTouched(touched, to);
  }
}

function nextTouched(counts: Uint16Array, from: number): number {
  let page = from;
  while (page < counts.length && counts[page] === 0) page++;
  return page;
}

/** What counters lost by stopping at their maximum, shared among those that did. */
function clippedShare(block: Pick<HotBlock, 'samples'>, counts: Uint16Array): number {
  let counted = 0;
  let saturated = 0;
  for (let page = 0; page < counts.length; page++) {
    counted += counts[page];
    if (counts[page] === SATURATED) saturated++;
  }
  return saturated === 0 ? 0 : Math.min(LARGEST_COUNT, Math.floor((block.samples - counted) / saturated));
}
