/**
 * A map that grows: each look is a column, with what huge pages map by block and, where something is known of it, heat by
 * page. Within bounds of columns and cells: when there are more, neighbours in time become one. Pure.
 */
import { layOutRows, type Segment, type TouchedBlock } from '../../reports/heat/course.js';
import type { BlockNumber, Milliseconds, PageGeometry, Pages, ProcessId } from '../../vocabulary/units.js';
import { NO_MEMORY } from '../wire/tile.js';
import { CellCollector, CellLevels } from './cells.js';
import { MapModel, type MapWords } from './map-model.js';
import { type MapColumn, SegmentMap } from './segment-map.js';
import { type ShareSpan, Shares } from './shares.js';

/** Bounds of a map that grows. */
export interface LiveBounds {
  readonly columns: number;
  readonly cells: number;
  readonly segments: number;
  /** When there are more, those that ended are forgotten. */
  readonly processes: number;
}

/** Some ten megabytes, and hours of looks. */
export const LIVE_BOUNDS: LiveBounds = Object.freeze({
  ...{ columns: 512, cells: 500_000, segments: 64, processes: 128 },
});

/** A process as a look saw it. */
export interface SeenProcess {
  readonly pid: ProcessId;
  readonly command: string;
  readonly target: string;
  /** Whether huge pages map each block that has memory; undefined when this user may not look. */
  readonly levels: Iterable<SeenBlock> | undefined;
  /** Blocks that runs changed: they have a place also when none of their memory was left to be seen. */
  readonly changed: Iterable<BlockNumber>;
  /** Undefined where nothing is known of its heat. */
  readonly heat: SeenHeat | undefined;
}

/** A block that has memory. */
export interface SeenBlock {
  readonly block: BlockNumber;
  readonly mapping: string;
  readonly isHuge: boolean;
  /** Mean order of its folios; undefined where nobody has looked yet. */
  readonly order?: number | undefined;
}

/** What samples taught of the heat of a process. */
export interface SeenHeat {
  /** Accesses a second of each page of the blocks that were sampled. */
  readonly rates: Iterable<readonly [block: BlockNumber, rates: Float64Array]>;
  /** Whether other blocks are cold; else they are not known. */
  readonly tellsCold: boolean;
}

/** What was seen at a time. */
export interface Look {
  readonly atMs: Milliseconds;
  readonly processes: readonly SeenProcess[];
}

interface HeatCell {
  readonly block: BlockNumber;
  readonly page: Pages;
  column: number;
  accesses: number;
}

type Spans = Map<BlockNumber, { from: number; to: number; share: number }[]>;

interface KeptProcess {
  readonly pid: ProcessId;
  command: string;
  target: string;
  readonly mappings: Map<BlockNumber, string>;
  readonly huge: Spans;
  /** Mean orders, as shares of that of a huge page. */
  readonly orders: Spans;
  heat: HeatCell[];
  /** Columns whose heat is known. */
  known: Set<number>;
  tellsCold: boolean;
  readonly sampled: Set<BlockNumber>;
}

interface KeptColumn {
  fromMs: Milliseconds;
  toMs: Milliseconds;
}

/** Collects looks; `build()` makes the map of them. */
export class LiveMap {
  readonly #geometry: PageGeometry;
  readonly #words: MapWords;
  readonly #bounds: LiveBounds;
  readonly #processes = new Map<ProcessId, KeptProcess>();
  #columns: KeptColumn[] = [];
  #cells = 0;

  constructor(geometry: PageGeometry, words: MapWords, bounds: LiveBounds = LIVE_BOUNDS) {
    this.#geometry = geometry;
    this.#words = words;
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#columns.length === 0;
  }

  /** Adds what a look saw, since `fromMs`; looks come in the order of time. */
  add(fromMs: Milliseconds, { atMs, processes }: Look): void {
    const last = this.#columns[this.#columns.length - 1];
    const begin = Math.max(fromMs, last?.toMs ?? fromMs);
    const column = this.#columns.push({ fromMs: begin, toMs: Math.max(atMs, begin + 1) }) - 1;
    const seconds = (this.#columns[column].toMs - begin) / 1000;
    for (const process of processes) this.#addProcess(process, column, seconds);
    if (this.#processes.size > this.#bounds.processes)
      this.#keepOnly(new Set(processes.map(({ pid }) => pid)));
    while (this.#columns.length > 1 && this.#isOver()) this.#halve();
  }

  #isOver(): boolean {
    return this.#columns.length > this.#bounds.columns || this.#cells > this.#bounds.cells;
  }

  #addProcess(seen: SeenProcess, column: number, seconds: number): void {
    const kept = this.#processes.get(seen.pid) ?? newProcess(seen);
    this.#processes.set(seen.pid, kept);
    Object.assign(kept, { command: seen.command, target: seen.target });
    for (const block of seen.changed) if (!kept.mappings.has(block)) kept.mappings.set(block, '');
    if (seen.levels !== undefined) addLevels(kept, seen.levels, column, this.#geometry.hugeOrder);
    if (seen.heat !== undefined) this.#addHeat(kept, seen.heat, column, seconds);
  }

  #addHeat(kept: KeptProcess, { rates, tellsCold }: SeenHeat, column: number, seconds: number): void {
    kept.known.add(column);
    kept.tellsCold = tellsCold;
    for (const [block, all] of rates) {
      kept.sampled.add(block);
      for (let page = 0; page < all.length; page++) {
        if (!(all[page] > 0)) continue;
        kept.heat.push({ block, page, column, accesses: all[page] * seconds });
        this.#cells++;
      }
    }
  }

  /** Two columns become one. */
  #halve(): void {
    this.#columns = Array.from({ length: Math.ceil(this.#columns.length / 2) }, (_, at) => ({
      fromMs: this.#columns[2 * at].fromMs,
      toMs: (this.#columns[2 * at + 1] ?? this.#columns[2 * at]).toMs,
    }));
    this.#cells = 0;
    for (const kept of this.#processes.values()) {
      kept.known = new Set([...kept.known].map((column) => column >> 1));
      kept.heat = halvedCells(kept.heat);
      this.#cells += kept.heat.length;
      for (const all of [kept.huge, kept.orders])
        for (const [block, spans] of all) all.set(block, halvedSpans(spans));
    }
  }

  /** Forgets processes that are not among these. */
  #keepOnly(pids: ReadonlySet<ProcessId>): void {
    for (const [pid, { heat }] of this.#processes)
      if (!pids.has(pid)) {
        this.#cells -= heat.length;
        this.#processes.delete(pid);
      }
  }

  build(layout: number): MapModel | undefined {
    const blocks = [...this.#processes.values()].flatMap(touchedBlocks);
    if (blocks.length === 0) return undefined;
    const grid = { mostRows: Number.POSITIVE_INFINITY, mostSegments: this.#bounds.segments, leastPages: 1 };
    const { segments } = layOutRows(blocks, this.#geometry, grid);
    const columns = this.#columns.map(({ fromMs, toMs }) => ({
      ...{ fromMs, toMs, seconds: (toMs - fromMs) / 1000, isGap: false },
    }));
    const hasHeat = this.#cells > 0;
    const level = Math.log2(this.#geometry.pagesPerBlock);
    return new MapModel(
      {
        ...{ geometry: this.#geometry, clock: 'wall', columns, words: this.#words },
        leastLevel: hasHeat ? 0 : level,
        segments: segments.map((segment) => this.#segment(segment, columns, hasHeat ? 0 : level)),
        notes: hasHeat ? [] : [NO_HEAT],
      },
      layout,
    );
  }

  #segment(segment: Segment, columns: readonly MapColumn[], leastLevel: number): SegmentMap {
    const { pid, command, mapping, firstPage, pages } = segment;
    const { pagesPerBlock } = this.#geometry;
    const kept = this.#processes.get(pid);
    const first = firstPage / pagesPerBlock;
    const isIn = (block: BlockNumber) => block >= first && block < first + pages / pagesPerBlock;
    const cells = new CellCollector();
    for (const { block, page, column, accesses } of kept?.heat ?? [])
      if (isIn(block)) {
        const row = (block - first) * pagesPerBlock + page;
        cells.add({ row, column, accesses, samples: accesses, touched: 1 });
      }
    const spansOf = (all: Spans | undefined): readonly ShareSpan[] =>
      [...(all ?? [])].flatMap(([block, spans]) =>
        isIn(block) ? spans.map((span) => ({ ...span, unit: block - first })) : [],
      );
    const sampled = [...(kept?.sampled ?? [])].filter(isIn).map((block) => block - first);
    return new SegmentMap({
      facts: { pid, command, mapping, target: kept?.target ?? '', firstPage, pages },
      columns,
      cells: new CellLevels(cells.sorted(), leastLevel, Math.ceil(Math.log2(pages))),
      known: {
        columns: Uint8Array.from(columns, (_, at) => Number(kept?.known.has(at) === true)),
        blocks: kept?.tellsCold === true ? undefined : sampled.sort((a, b) => a - b),
      },
      huge: new Shares(Math.log2(pagesPerBlock), spansOf(kept?.huge)),
      orders: new Shares(Math.log2(pagesPerBlock), spansOf(kept?.orders)),
      pagesPerBlock,
    });
  }
}

const NO_HEAT =
  'Heat is not known: it takes a policy that keeps what samples taught (`octavo`) and a source of samples.';

function newProcess({ pid, command, target }: SeenProcess): KeptProcess {
  return {
    ...{
      pid,
      command,
      target,
      mappings: new Map(),
      huge: new Map(),
      orders: new Map(),
      heat: [],
      known: new Set(),
    },
    ...{ tellsCold: false, sampled: new Set() },
  };
}

/** What is mapped is seen; what is kept, and is not seen any more, has no memory. */
function addLevels(
  { mappings, huge, orders }: KeptProcess,
  levels: Iterable<SeenBlock>,
  column: number,
  hugeOrder: number,
): void {
  const seen = new Map<BlockNumber, SeenBlock>();
  for (const one of levels) {
    mappings.set(one.block, one.mapping);
    seen.set(one.block, one);
  }
  for (const block of mappings.keys()) {
    const one = seen.get(block);
    addSpan(huge, block, column, one === undefined ? NO_MEMORY : Number(one.isHuge));
    if (one === undefined) addSpan(orders, block, column, NO_MEMORY);
    else if (one.order !== undefined) addSpan(orders, block, column, one.order / hugeOrder);
  }
}

function addSpan(all: Spans, block: BlockNumber, column: number, share: number): void {
  const spans = all.get(block) ?? [];
  all.set(block, spans);
  const last = spans[spans.length - 1];
  if (last?.to === column && last.share === share) last.to = column + 1;
  else spans.push({ from: column, to: column + 1, share });
}

function touchedBlocks({ pid, command, mappings, sampled }: KeptProcess): TouchedBlock[] {
  const blocks = new Set([...mappings.keys(), ...sampled]);
  return [...blocks]
    .sort((a, b) => a - b)
    .map((block) => ({ pid, command, mapping: mappings.get(block) ?? '', block, samples: 1 }));
}

function halvedCells(cells: readonly HeatCell[]): HeatCell[] {
  const found = new Map<string, HeatCell>();
  for (const cell of cells) {
    const column = cell.column >> 1;
    const key = `${cell.block}/${cell.page}/${column}`;
    const known = found.get(key);
    if (known === undefined) found.set(key, { ...cell, column });
    else known.accesses += cell.accesses;
  }
  return [...found.values()];
}

/** Spans of half as many columns; where two states share one, it has their mean. */
function halvedSpans(
  spans: readonly { readonly from: number; readonly to: number; readonly share: number }[],
): { from: number; to: number; share: number }[] {
  const last = Math.max(...spans.map(({ to }) => to));
  const halved: { from: number; to: number; share: number }[] = [];
  for (let column = 0; 2 * column < last; column++) {
    const shares = spans
      .filter(({ from, to }) => from < 2 * column + 2 && to > 2 * column)
      .map(({ share }) => share);
    if (shares.length === 0) continue;
    const there = shares.filter((one) => one !== NO_MEMORY);
    const share = there.length === 0 ? NO_MEMORY : there.reduce((sum, one) => sum + one, 0) / there.length;
    const before = halved[halved.length - 1];
    if (before?.to === column && before.share === share) before.to = column + 1;
    else halved.push({ from: column, to: column + 1, share });
  }
  return halved;
}
