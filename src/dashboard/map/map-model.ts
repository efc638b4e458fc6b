/** The map of addresses and time as it is served: what there is, tiles, single cells. Pure. */
import { showMeanOrder, showPart } from '../../vocabulary/show.js';
import { type PageGeometry, type PageNumber, pageToAddress } from '../../vocabulary/units.js';
import type { Cell, MapView, SegmentView } from '../wire/map.js';
import {
  type HeatRange,
  heatCode,
  NO_MEMORY,
  shareCode,
  TILE_COLUMNS,
  TILE_ROWS,
  type Tile,
  type TilePlace,
} from '../wire/tile.js';
import type { MapColumn, SegmentMap } from './segment-map.js';

/** Rates beyond so many powers of ten below the largest share a code with the least. */
const MOST_DECADES = 7;

/** What rates count, and what they leave out. */
export interface MapWords {
  readonly unit: string;
  readonly one: string;
  readonly isTimed: boolean;
  readonly caution: string;
}

/** What a map is made of. */
export interface MapParts {
  readonly geometry: PageGeometry;
  readonly clock: MapView['clock'];
  readonly columns: readonly MapColumn[];
  readonly segments: readonly SegmentMap[];
  /** Rows of the smallest size are 2^leastLevel pages. */
  readonly leastLevel: number;
  readonly words: MapWords;
  readonly notes: readonly string[];
}

/** Tells what there is, gives tiles and cells. */
export class MapModel {
  readonly parts: MapParts;
  /** Tells maps of other segments or columns apart. */
  readonly layout: number;
  readonly mostLevel: number;
  readonly mostZoom: number;
  readonly #range: HeatRange;
  readonly #isHot: boolean;

  constructor(parts: MapParts, layout: number) {
    this.parts = parts;
    this.layout = layout;
    const pages = Math.max(1, ...parts.segments.map(({ facts }) => facts.pages));
    this.mostLevel = Math.max(parts.leastLevel, Math.ceil(Math.log2(pages)));
    this.mostZoom = Math.ceil(Math.log2(Math.max(1, parts.columns.length)));
    const range = rangeOf(parts);
    this.#isHot = range !== undefined;
    this.#range = range ?? { least: 1, most: 1 };
  }

  get range(): HeatRange {
    return this.#range;
  }

  /** `targetOf`: id of a target by its name; null when there is none. */
  view(revision: number, targetOf: (name: string) => string | null): MapView {
    const { geometry, clock, columns, segments, leastLevel, words, notes } = this.parts;
    const { pageBytes, blockBytes, pagesPerBlock } = geometry;
    return {
      ...{ octavo: 'dashboard-map', version: 1, revision, layout: this.layout },
      geometry: { pageBytes, blockBytes, pagesPerBlock },
      clock,
      columns: columns.map(({ fromMs = null, toMs = null, isGap }) => ({ fromMs, toMs, isGap })),
      segments: segments.map((segment, id) => segmentView(segment, id, geometry, columns.length, targetOf)),
      ...{ leastLevel, mostLevel: this.mostLevel, mostZoom: this.mostZoom },
      tile: { rows: TILE_ROWS, columns: TILE_COLUMNS },
      scale: { ...words, ...this.#range },
      ...{ hasHeat: this.#isHot, hasTouched: this.#isHot && leastLevel === 0 },
      hasHuge: segments.some(({ huge }) => !huge.isEmpty),
      hasOrders: segments.some(({ orders }) => !orders.isEmpty),
      cells: segments.reduce((sum, { cells }) => sum + cells.base.count, 0),
      notes: [...notes],
    };
  }

  /** Whether the map has such a tile or cell; `size`: cells of it along each side. */
  has(
    { segment, level, zoom, row, column }: Omit<TilePlace, 'layout'>,
    [rows, columns]: readonly [number, number],
  ): boolean {
    const found = this.parts.segments[segment];
    if (found === undefined || level < this.parts.leastLevel || level > this.mostLevel) return false;
    if (zoom < 0 || zoom > this.mostZoom) return false;
    const slices = Math.ceil(this.parts.columns.length / 2 ** zoom);
    return row * rows < found.rows(level) && column * columns < slices;
  }

  tile(place: TilePlace): Tile {
    const { segment, level, zoom, row, column } = place;
    const cells = TILE_ROWS * TILE_COLUMNS;
    const [heat, touched] = [new Uint8Array(cells), new Uint8Array(cells).fill(shareCode(Number.NaN))];
    const [huge, order] = [touched.slice(), touched.slice()];
    for (let line = 0; line < TILE_ROWS; line++) {
      const at = { level, zoom, row: row * TILE_ROWS + line, column: column * TILE_COLUMNS };
      if (at.row >= this.parts.segments[segment].rows(level)) break;
      const found = this.parts.segments[segment].row({ ...at, count: TILE_COLUMNS });
      for (let cell = 0; cell < TILE_COLUMNS; cell++) {
        heat[line * TILE_COLUMNS + cell] = heatCode(found.rate[cell], this.#range);
        touched[line * TILE_COLUMNS + cell] = shareCode(found.touched[cell]);
        huge[line * TILE_COLUMNS + cell] = shareCode(found.huge[cell]);
        order[line * TILE_COLUMNS + cell] = shareCode(found.order[cell]);
      }
    }
    return { ...place, rows: TILE_ROWS, columns: TILE_COLUMNS, heat, touched, huge, order };
  }

  cell(place: Omit<TilePlace, 'layout'>): Cell {
    const { segment, level, zoom, row, column } = place;
    const { geometry, columns } = this.parts;
    const found = this.parts.segments[segment];
    const { rate, touched, huge, order } = found.row({ level, row, zoom, column, count: 1 });
    const counted = Number.isNaN(rate[0]) ? undefined : found.counted(place);
    const [first, last] = [column * 2 ** zoom, Math.min(columns.length, (column + 1) * 2 ** zoom) - 1];
    const numbers = {
      rate: known(rate[0]),
      accesses: counted?.accesses ?? null,
      samples: counted?.samples ?? null,
      touchedShare: this.parts.leastLevel === 0 ? known(touched[0]) : null,
      hugeShare: huge[0] === NO_MEMORY ? null : known(huge[0]),
      order: order[0] >= 0 ? order[0] * geometry.hugeOrder : null,
    };
    const pages = Math.min(2 ** level, found.facts.pages - row * 2 ** level);
    return {
      ...{ octavo: 'dashboard-cell', version: 1, segment },
      address: pageToAddress(found.facts.firstPage + row * 2 ** level, geometry),
      bytes: pages * geometry.pageBytes,
      fromMs: columns[first].fromMs ?? null,
      toMs: columns[last].toMs ?? null,
      ...numbers,
      words: wordsOf(numbers, huge[0] === NO_MEMORY, this.parts),
    };
  }

  addressOf(page: PageNumber): string {
    return pageToAddress(page, this.parts.geometry);
  }

  /** Where the map shows a page of a process; undefined where it does not. */
  placeOf(pid: number, page: PageNumber): { readonly segment: number; readonly page: number } | undefined {
    const segment = this.parts.segments.findIndex(
      ({ facts }) => facts.pid === pid && page >= facts.firstPage && page < facts.firstPage + facts.pages,
    );
    if (segment < 0) return undefined;
    return { segment, page: page - this.parts.segments[segment].facts.firstPage };
  }
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : value);

function segmentView(
  segment: SegmentMap,
  id: number,
  geometry: PageGeometry,
  columns: number,
  targetOf: (name: string) => string | null,
): SegmentView {
  const { pid, command, mapping, target, firstPage, pages } = segment.facts;
  const { huge } = segment;
  return {
    ...{ id, pid, command, mapping, target: targetOf(target) },
    address: pageToAddress(firstPage, geometry),
    ...{ firstPage, pages, rate: known(segment.meanRate) },
    hugeBytes: huge.isEmpty
      ? null
      : Math.round(huge.unitsAt(columns - 1) * 2 ** huge.level * geometry.pageBytes),
  };
}

function wordsOf(
  { rate, touchedShare, hugeShare, order }: Pick<Cell, 'rate' | 'touchedShare' | 'hugeShare' | 'order'>,
  isEmpty: boolean,
  { words: { unit }, geometry }: MapParts,
): string {
  if (rate === null && isEmpty) return 'no memory there';
  const heat =
    rate === null
      ? 'heat not known'
      : rate === 0
        ? 'looked at, nothing seen'
        : `${Number(rate.toPrecision(3))} ${unit}`;
  const parts = [heat];
  if (touchedShare !== null) parts.push(`${showPart(touchedShare, 1)} of its pages accessed`);
  if (isEmpty) parts.push('no memory there');
  if (hugeShare !== null) parts.push(hugeWords(hugeShare));
  if (order !== null) parts.push(showMeanOrder(order, geometry.pageBytes));
  return parts.join(', ');
}

function hugeWords(share: number): string {
  if (share === 0) return 'small pages';
  return share === 1 ? 'huge pages' : `${showPart(share, 1)} mapped by huge pages`;
}

/** Least and largest rate of cells of any size; undefined where nothing was accessed. */
function rangeOf({ segments, columns }: MapParts): HeatRange | undefined {
  let [least, most] = [Number.POSITIVE_INFINITY, 0];
  for (const { cells } of segments)
    for (const { level, cells: store } of cells.stores)
      for (let at = 0; at < store.count; at++) {
        const { seconds } = columns[store.column[at]];
        const rate = store.accesses[at] / 2 ** level / (seconds > 0 ? seconds : 1);
        if (!(rate > 0)) continue;
        least = Math.min(least, rate);
        most = Math.max(most, rate);
      }
  if (most === 0) return undefined;
  return { least: Math.max(least, most / 10 ** MOST_DECADES), most };
}
