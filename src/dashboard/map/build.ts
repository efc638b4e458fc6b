/**
 * A map from counted rows of heat, within a bound of cells: when there are more, pages are shown in pairs, then in fours, and so on,
 * and a note says so. Pure.
 */
import type { HeatRow } from '../../reports/heat/build.js';
import type { Column, Layout, Segment } from '../../reports/heat/course.js';
import { plural } from '../../vocabulary/show.js';
import type { Milliseconds, PageGeometry, Pages } from '../../vocabulary/units.js';
import { CellCollector, CellLevels } from './cells.js';
import { MapModel, type MapParts, type MapWords } from './map-model.js';
import { type Known, type MapColumn, SegmentMap } from './segment-map.js';
import { type ShareSpan, Shares } from './shares.js';

/** Cells that hold something: a hundred megabytes with all their sizes. */
export const MOST_CELLS = 4_000_000;
/** Slices of time; where there are more, neighbours are one. */
export const MOST_COLUMNS = 4096;
/** Rows of a segment are counted in 32 bits. */
const MOST_ROW_BITS = 32;

/** What a map is of, and within which bound. */
export interface BuildFacts {
  readonly geometry: PageGeometry;
  readonly clock: MapParts['clock'];
  readonly words: MapWords;
  /** Pages that a row of the heat speaks of. */
  readonly granularity: Pages;
  /** Whether blocks were left out at random: then what has no sample is not known. */
  readonly isThinned: boolean;
  readonly widthMs: Milliseconds | undefined;
  readonly notes: readonly string[];
  readonly mostCells?: number;
}

/** Collects rows of heat; `build()` makes the map of them. */
export class MapBuilder {
  readonly #facts: BuildFacts;
  readonly #segments: readonly Segment[];
  readonly columns: readonly MapColumn[];
  /** Slices that one column holds. */
  readonly #merged: number;
  readonly #columnOf = new Map<number, number>();
  readonly #collectors: readonly CellCollector[];
  readonly #known: readonly Set<number>[];
  /** The last block of each segment that a row was of. */
  readonly #begun = new Map<number, number>();
  #leastLevel: number;
  #cells = 0;
  #last: Segment | undefined;

  constructor(layout: Layout, columns: readonly Column[], facts: BuildFacts) {
    this.#facts = facts;
    this.#segments = layout.segments;
    this.#merged = Math.ceil(columns.length / MOST_COLUMNS);
    this.columns = mergedColumns(columns, this.#merged, facts.widthMs);
    for (const [at, { fromMs, isGap }] of columns.entries())
      if (!isGap) this.#columnOf.set(fromMs ?? -1, Math.floor(at / this.#merged));
    this.#collectors = layout.segments.map(() => new CellCollector());
    this.#known = layout.segments.map(() => new Set());
    const bits = Math.ceil(Math.log2(Math.max(1, ...layout.segments.map(({ pages }) => pages))));
    this.#leastLevel = Math.max(Math.log2(facts.granularity), bits - MOST_ROW_BITS);
  }

  add({ pid, page, samples, accesses, timeMs }: HeatRow): void {
    const column = this.#columnOf.get(timeMs < 0 ? -1 : timeMs);
    const segment = this.#segmentOf(pid, page);
    if (column === undefined || segment === undefined) return;
    const at = this.#segments.indexOf(segment);
    const { granularity, geometry, isThinned } = this.#facts;
    const offset = page - segment.firstPage;
    const collector = this.#collectors[at];
    const before = collector.count;
    collector.add({
      row: Math.floor(offset / 2 ** this.#leastLevel),
      column,
      ...{ accesses: accesses * granularity, samples, touched: accesses > 0 ? granularity : 0 },
    });
    this.#cells += collector.count - before;
    const block = Math.floor(offset / geometry.pagesPerBlock);
    if (isThinned) this.#known[at].add(block);
    this.#begun.set(at, block);
    if (this.#cells > (this.#facts.mostCells ?? MOST_CELLS)) this.#halve();
  }

  /** Rows come by process and address: the segment is mostly the one before. */
  #segmentOf(pid: number, page: number): Segment | undefined {
    const isIn = (one: Segment) =>
      one.pid === pid && page >= one.firstPage && page < one.firstPage + one.pages;
    if (this.#last === undefined || !isIn(this.#last)) this.#last = this.#segments.find(isIn);
    return this.#last;
  }

  #halve(): void {
    this.#leastLevel++;
    for (const collector of this.#collectors) collector.halve();
    this.#cells = this.#collectors.reduce((sum, { count }) => sum + count, 0);
  }

  /** `huge`: what huge pages map, by segment; of blocks. */
  build(layout: number, huge: readonly (readonly ShareSpan[])[] = []): MapModel {
    return this.#model(
      layout,
      this.#segments.map((segment, at) => this.#segment(segment, at, huge[at] ?? [], undefined)),
    );
  }

  /** The same of the rows that came by now: what lies behind the last of them is not known yet. */
  buildSoFar(layout: number): MapModel {
    const segments = this.#segments.map((segment, at) => {
      const blocks = this.#begun.get(at) ?? -1;
      const all = Array.from({ length: blocks + 1 }, (_, block) => block);
      return this.#segment(segment, at, [], segment === this.#last || blocks < 0 ? all : undefined);
    });
    return this.#model(layout, segments);
  }

  #model(layout: number, segments: readonly SegmentMap[]): MapModel {
    const { geometry, clock, words, notes, granularity } = this.#facts;
    const level = Math.log2(granularity);
    const shown = 2 ** (this.#leastLevel - level);
    const coarse =
      shown === 1 ? [] : [`There is more heat than is kept here: ${plural(shown, 'page')} are shown as one.`];
    const slices = this.#merged === 1 ? [] : [`${plural(this.#merged, 'slice')} of time are shown as one.`];
    return new MapModel(
      {
        ...{ geometry, clock, columns: this.columns, segments, leastLevel: this.#leastLevel, words },
        notes: [...notes, ...coarse, ...slices],
      },
      layout,
    );
  }

  /** `blocks`: those that are known; all where undefined, as far as the file was not thinned. */
  #segment(
    segment: Segment,
    at: number,
    huge: readonly ShareSpan[],
    blocks: readonly number[] | undefined,
  ): SegmentMap {
    const { pid, command, mapping, firstPage, pages } = segment;
    const { geometry, isThinned } = this.#facts;
    const known: Known = {
      columns: Uint8Array.from(this.columns, ({ isGap }) => (isGap ? 0 : 1)),
      blocks: isThinned ? [...this.#known[at]].sort((a, b) => a - b) : blocks,
    };
    const mostLevel = Math.ceil(Math.log2(Math.max(1, pages)));
    return new SegmentMap({
      facts: { pid, command, mapping, target: '', firstPage, pages },
      columns: this.columns,
      cells: new CellLevels(this.#collectors[at].sorted(), this.#leastLevel, mostLevel),
      known,
      huge: new Shares(Math.log2(geometry.pagesPerBlock), huge),
      pagesPerBlock: geometry.pagesPerBlock,
    });
  }
}

/** Columns of so many slices each. */
function mergedColumns(
  columns: readonly Column[],
  merged: number,
  widthMs: Milliseconds | undefined,
): readonly MapColumn[] {
  return Array.from({ length: Math.ceil(columns.length / merged) }, (_, at) => {
    const slices = columns.slice(at * merged, (at + 1) * merged);
    const looked = slices.filter(({ isGap }) => !isGap);
    const last = slices[slices.length - 1];
    return {
      fromMs: slices[0].fromMs,
      toMs: endOf(last, widthMs),
      seconds: looked.reduce((sum, { seconds }) => sum + (seconds ?? 1), 0),
      isGap: looked.length === 0,
    };
  });
}

function endOf({ fromMs, seconds }: Column, widthMs: Milliseconds | undefined): Milliseconds | undefined {
  if (fromMs === undefined) return undefined;
  return fromMs + (widthMs ?? (seconds ?? 0) * 1000);
}
