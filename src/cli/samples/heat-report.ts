/** What a heat file shows: the histogram with its bounds, the hottest blocks, processes and mappings. */
import { boundedFraction, whyNot } from '../../hotness/conclusions.js';
import { density, surelyWider } from '../../hotness/confidence.js';
import {
  countedBlocks,
  type HeatHistogram,
  type HugeBlocks,
  heatHistogram,
} from '../../hotness/histogram.js';
import { HotMapBuilder, seesSubPages } from '../../hotness/hot-map-builder.js';
import type { HeatFileSource } from '../../sources/heat-file.js';
import type { HotFraction, HotMap } from '../../vocabulary/hot-map.js';
import type { Conclusion, SampleNature } from '../../vocabulary/nature.js';
import type { RecordingFacts } from '../../vocabulary/recording.js';
import { type BlockNumber, pageToAddress } from '../../vocabulary/units.js';
import { type NothingSampled, nothingInHeat } from './nothing-sampled.js';
import { MappingPlaces } from './touched-mappings.js';

/** One of the hottest blocks. */
export interface BlockLine {
  readonly pid: number;
  readonly command: string;
  /** Byte address in hexadecimal. */
  readonly address: string;
  readonly mapping: string;
  readonly samples: number;
  /** Accesses that the samples stand for, and those of them that missed the TLB, when the samples tell. */
  readonly accesses: number;
  readonly tlbMisses?: number;
  readonly touched: number;
  readonly subPages: number;
  /** What the samples prove; absent where the source sees no sub-pages. */
  readonly fraction?: HotFraction;
}

/** Samples of a process, or of one of its mappings. */
export interface GroupLine {
  readonly pid: number;
  readonly command: string;
  /** Empty on the line of a whole process. */
  readonly mapping: string;
  /** Byte addresses of the mapping in hexadecimal; empty when it was not recorded, and on the line of a process. */
  readonly start: string;
  readonly end: string;
  readonly samples: number;
  readonly accesses: number;
  readonly pages: number;
  readonly blocks: number;
}

/** Everything that `octavo report` says of a heat file, as `--json` prints it. */
export interface HeatReport {
  readonly source: string;
  readonly samples: number;
  /** What the samples are samples of, in words, and the event. */
  readonly nature: SampleNature;
  readonly event: string;
  /** Why it cannot be said that blocks are sparse, dense, or hotter than others; empty where it can. */
  readonly cannotTell: Readonly<Record<Conclusion, string>>;
  readonly recordings: readonly Omit<RecordingFacts, 'sketch'>[];
  /** 1 of so many blocks is in the file. */
  readonly thinnedTo: number;
  /** False when a source speaks of whole regions: then no share of sub-pages can be told. */
  readonly seesSubPages: boolean;
  readonly unplaced: Readonly<Record<string, number>>;
  readonly losses: Readonly<Record<string, number>>;
  /** Why there is no block to show; null where there is one. */
  readonly nothing: NothingSampled | null;
  /** Of blocks with samples; of all huge pages when `huge` is there. */
  readonly histogram: HeatHistogram;
  /** Huge pages of the live processes, when only those are counted. */
  readonly huge?: {
    readonly pids: readonly number[];
    readonly blocks: number;
    readonly withoutSamples: number;
  };
  /**
   * Blocks of which at most the share `below` of the sub-pages surely takes 90 % of the accesses, those that surely need
   * more sub-pages, and undecided ones.
   */
  readonly sparse: {
    readonly below: number;
    readonly certain: number;
    readonly wider: number;
    readonly unknown: number;
  };
  readonly processes: readonly GroupLine[];
  readonly mappings: readonly GroupLine[];
  readonly hottest: readonly BlockLine[];
}

/** How the report counts, and how many blocks and mappings it lists. */
export interface ReportOptions {
  readonly bins: number;
  readonly top: number;
  /** Share of sub-pages below which a block counts as sparse. */
  readonly sparseBelow: number;
  readonly pids?: ReadonlySet<number>;
  /** Count these blocks only, with and without samples. */
  readonly huge?: HugeBlocks;
}

/** Reads all rows of a heat file and returns its report. */
export async function heatReport(source: HeatFileSource, options: ReportOptions): Promise<HeatReport> {
  const gathered = await gather(source, options.pids);
  const maps = [...gathered.builders.values()].map((builder) => builder.build([source.origin]));
  return {
    source: source.origin.detail,
    samples: source.facts.samples,
    nature: source.origin.nature,
    event: source.origin.event,
    cannotTell: {
      sparse: whyNot(source.origin, 'sparse'),
      dense: whyNot(source.origin, 'dense'),
      rank: whyNot(source.origin, 'rank'),
    },
    recordings: source.provenance().recordings.map(({ sketch: _, coarseSketch: __, ...facts }) => facts),
    thinnedTo: source.facts.thinned_to,
    seesSubPages: seesSubPages(source.origin),
    unplaced: source.facts.unplaced,
    losses: source.facts.losses,
    nothing: maps.length > 0 ? null : nothingInHeat(source.facts, options.pids),
    histogram: heatHistogram(maps, options.bins, options.huge),
    ...(options.huge === undefined ? {} : { huge: countHuge(maps, options.huge) }),
    sparse: countSparse(maps, options.sparseBelow, options.huge),
    processes: bySamples(gathered.processes),
    mappings: bySamples(gathered.mappings).slice(0, options.top),
    hottest: hottestBlocks(maps, options.top, gathered.blockMappings),
  };
}

interface Gathered {
  readonly builders: Map<number, HotMapBuilder>;
  readonly processes: Map<string, Group>;
  readonly mappings: Map<string, Group>;
  /** Mapping of each block by `pid/block`: the one of its first page. */
  readonly blockMappings: Map<string, string>;
  /** The page of the last row: a page has a row for each slice of time, side by side, and counts once. */
  lastPage: { readonly pid: number; readonly page: number } | undefined;
}

interface Group {
  pid: number;
  command: string;
  mapping: string;
  start: string;
  end: string;
  samples: number;
  accesses: number;
  pages: number;
  blocks: Set<number>;
}

async function gather(source: HeatFileSource, pids: ReadonlySet<number> | undefined): Promise<Gathered> {
  const gathered: Gathered = {
    builders: new Map(),
    processes: new Map(),
    mappings: new Map(),
    blockMappings: new Map(),
    lastPage: undefined,
  };
  const { geometry } = source;
  const places = new MappingPlaces(source.facts.mappings ?? [], geometry);
  for await (const group of source.groups()) {
    for (let row = 0; row < group.count; row++) {
      const pid = group.pid[row];
      if (pids !== undefined && !pids.has(pid)) continue;
      const page = Number(group.address[row] / BigInt(geometry.pageBytes));
      const { start, end } = places.find(pid, page);
      const line = { pid, command: group.command[row], mapping: group.mapping[row], start, end, page };
      const counts = {
        samples: group.samples[row],
        accesses: group.accesses[row],
        tlbMisses: group.tlbMisses[row],
      };
      addRow(gathered, source, line, counts);
    }
  }
  return gathered;
}

interface Row {
  readonly pid: number;
  readonly command: string;
  readonly mapping: string;
  readonly start: string;
  readonly end: string;
  readonly page: number;
}

interface Counts {
  readonly samples: number;
  readonly accesses: number;
  readonly tlbMisses: number;
}

function addRow(
  gathered: Gathered,
  source: HeatFileSource,
  row: Row,
  { samples, accesses, tlbMisses }: Counts,
): void {
  const { geometry } = source;
  const block = Math.floor(row.page / geometry.pagesPerBlock);
  let builder = gathered.builders.get(row.pid);
  if (builder === undefined) {
    const process = { pid: row.pid, startTicks: 0, command: row.command, cgroup: '/' };
    builder = new HotMapBuilder(process, geometry);
    gathered.builders.set(row.pid, builder);
  }
  builder.addCount(row.page, samples, accesses);
  if (samples > 0) builder.addTlbMisses(row.page, tlbMisses, (accesses * tlbMisses) / samples);
  const key = `${row.pid}/${block}`;
  if (!gathered.blockMappings.has(key)) gathered.blockMappings.set(key, row.mapping);
  const { lastPage } = gathered;
  const pages = lastPage?.pid === row.pid && lastPage.page === row.page ? 0 : 1;
  gathered.lastPage = row;
  const counts = { samples, accesses, pages };
  addTo(gathered.processes, `${row.pid}`, { ...row, mapping: '', start: '', end: '' }, block, counts);
  addTo(gathered.mappings, `${row.pid}/${row.start}/${row.mapping}`, row, block, counts);
}

function addTo(
  groups: Map<string, Group>,
  key: string,
  row: Row,
  block: number,
  counts: Pick<Group, 'samples' | 'accesses' | 'pages'>,
): void {
  let group = groups.get(key);
  if (group === undefined) {
    const { pid, command, mapping, start, end } = row;
    group = { pid, command, mapping, start, end, samples: 0, accesses: 0, pages: 0, blocks: new Set() };
    groups.set(key, group);
  }
  group.samples += counts.samples;
  group.accesses += counts.accesses;
  group.pages += counts.pages;
  group.blocks.add(block);
}

function bySamples(groups: Map<string, Group>): GroupLine[] {
  return [...groups.values()]
    .map((group) => ({ ...group, blocks: group.blocks.size }))
    .sort((a, b) => b.samples - a.samples || a.pid - b.pid);
}

function countHuge(maps: readonly HotMap[], huge: HugeBlocks): NonNullable<HeatReport['huge']> {
  let blocks = 0;
  let withoutSamples = 0;
  for (const map of maps) {
    for (const number of countedBlocks(map, huge)) {
      blocks++;
      if ((map.block(number)?.samples ?? 0) === 0) withoutSamples++;
    }
  }
  return { pids: [...huge.keys()], blocks, withoutSamples };
}

function countSparse(
  maps: readonly HotMap[],
  below: number,
  huge: HugeBlocks | undefined,
): HeatReport['sparse'] {
  const counts = { certain: 0, wider: 0, unknown: 0 };
  for (const map of maps) {
    for (const number of countedBlocks(map, huge)) counts[sparseness(boundedFraction(map, number), below)]++;
  }
  return { below, ...counts };
}

/** Whether a block is sparse for certain, surely wider, or neither can be told from its samples. */
export function sparseness(
  fraction: HotFraction | undefined,
  below: number,
): 'certain' | 'wider' | 'unknown' {
  if (fraction === undefined) return 'unknown';
  if (density(fraction, below, 1) === 'sparse') return 'certain';
  return surelyWider(fraction, below) ? 'wider' : 'unknown';
}

function hottestBlocks(
  maps: readonly HotMap[],
  top: number,
  mappings: ReadonlyMap<string, string>,
): BlockLine[] {
  const all = maps.flatMap((map) =>
    [...map.blocks()].map((number) => ({ map, number, weight: map.block(number)?.weight ?? 0 })),
  );
  all.sort((a, b) => b.weight - a.weight || a.number - b.number);
  return all
    .slice(0, top)
    .flatMap(({ map, number }) => blockLine(map, number, mappingIn(mappings, map, number)) ?? []);
}

const mappingIn = (mappings: ReadonlyMap<string, string>, { process }: HotMap, number: BlockNumber): string =>
  mappings.get(`${process.pid}/${number}`) ?? '';

/** A block with its claim; undefined when the map has it not. */
export function blockLine(map: HotMap, number: BlockNumber, mapping: string): BlockLine | undefined {
  const block = map.block(number);
  if (block === undefined) return undefined;
  const { geometry } = map;
  const { pid, command } = map.process;
  const fraction = boundedFraction(map, number);
  return {
    pid,
    command,
    address: pageToAddress(number * geometry.pagesPerBlock, geometry),
    mapping,
    samples: block.samples,
    accesses: block.weight,
    ...(block.tlbMisses === undefined ? {} : { tlbMisses: block.tlbMisses }),
    touched: block.touched,
    subPages: geometry.pagesPerBlock,
    ...(fraction === undefined ? {} : { fraction }),
  };
}

/** Every block with samples, ascending by process and address, one at a time. */
export async function* heatBlocks(
  source: HeatFileSource,
  pids: ReadonlySet<number> | undefined,
): AsyncIterable<BlockLine> {
  const gathered = await gather(source, pids);
  const byPid = [...gathered.builders].sort(([a], [b]) => a - b);
  for (const [, builder] of byPid) {
    const map = builder.build([source.origin]);
    for (const number of map.blocks()) {
      const line = blockLine(map, number, mappingIn(gathered.blockMappings, map, number));
      if (line !== undefined) yield line;
    }
  }
}
