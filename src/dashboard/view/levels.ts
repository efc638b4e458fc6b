/**
 * Levels of detail. A row of a level is 2^level pages of a segment, a column of a zoom is 2^zoom columns of the map; a tile is
 * some rows and columns of both, on a grid that is fixed for a layout. Pure.
 */
import type { MapView } from '../wire/map.js';
import type { Fold, FoldedSegment } from './fold.js';
import type { MapWindow } from './window.js';

/** Exponents of rows and columns. */
export interface Level {
  readonly level: number;
  readonly zoom: number;
}

/** A tile of a segment. */
export interface TileId extends Level {
  readonly segment: FoldedSegment;
  /** Of the tile. */
  readonly row: number;
  readonly column: number;
}

/** What of a map's description levels follow from. */
export type Grid = Pick<MapView, 'leastLevel' | 'mostLevel' | 'mostZoom' | 'tile'>;

/** The level whose cells are at least a pixel, and less than two where the grid is fine enough. */
export function levelFor(
  window: MapWindow,
  [width, height]: readonly [width: number, height: number],
  { leastLevel, mostLevel, mostZoom }: Grid,
): Level {
  const pages = (window.bottom - window.top) / Math.max(1, height);
  const columns = (window.right - window.left) / Math.max(1, width);
  return { level: exponentFor(pages, leastLevel, mostLevel), zoom: exponentFor(columns, 0, mostZoom) };
}

function exponentFor(cells: number, least: number, most: number): number {
  const exact = Math.ceil(Math.log2(Math.max(cells, Number.MIN_VALUE)) - 1e-9);
  return Math.max(least, Math.min(most, exact));
}

/** The same for the same tile, also over layouts that the segment did not change in. */
export function tileKey({ segment, level, zoom, row, column }: TileId): string {
  return `${segment.pid} ${segment.firstPage} ${level} ${zoom} ${row} ${column}`;
}

/** Columns of the map, and pages of a segment, from and to. */
export interface TileArea {
  /** Columns of the map, and pages of the segment. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** What a tile covers; its lower and right parts may lie beyond the segment and the last column. */
export function areaOf({ level, zoom, row, column }: TileId, { tile }: Grid): TileArea {
  const [pages, columns] = [tile.rows * 2 ** level, tile.columns * 2 ** zoom];
  return {
    left: column * columns,
    right: (column + 1) * columns,
    top: row * pages,
    bottom: (row + 1) * pages,
  };
}

/** Tiles that a window shows, from its middle outwards: what is looked at comes first. */
export function tilesOf(fold: Fold, window: MapWindow, level: Level, grid: Grid): readonly TileId[] {
  const found: { readonly id: TileId; readonly far: number }[] = [];
  for (const segment of fold.within(window.top, window.bottom))
    for (const id of tilesWithin(segment, window, level, grid))
      found.push({ id, far: farFrom(window, id, grid) });
  return found.sort((a, b) => a.far - b.far).map(({ id }) => id);
}

function tilesWithin(segment: FoldedSegment, window: MapWindow, level: Level, { tile }: Grid): TileId[] {
  const [pages, columns] = [tile.rows * 2 ** level.level, tile.columns * 2 ** level.zoom];
  const first = Math.max(0, window.top - segment.at);
  const last = Math.min(segment.pages, window.bottom - segment.at);
  const ids: TileId[] = [];
  for (let row = Math.floor(first / pages); row * pages < last; row++)
    for (let column = Math.floor(window.left / columns); column * columns < window.right; column++)
      ids.push({ segment, ...level, row, column });
  return ids;
}

/** From the middle of the window to that of the tile, in windows. */
function farFrom(window: MapWindow, id: TileId, grid: Grid): number {
  const { left, right, top, bottom } = areaOf(id, grid);
  const x = (left + right - window.left - window.right) / 2 / (window.right - window.left);
  const y = (top + bottom) / 2 + id.segment.at - (window.top + window.bottom) / 2;
  return Math.hypot(x, y / (window.bottom - window.top));
}

/** The tile so many steps coarser that covers a tile; undefined when both ways are at their coarsest already. */
export function coarser(id: TileId, steps: number, { mostLevel, mostZoom }: Grid): TileId | undefined {
  const level = Math.min(mostLevel, id.level + steps);
  const zoom = Math.min(mostZoom, id.zoom + steps);
  const before = [Math.min(mostLevel, id.level + steps - 1), Math.min(mostZoom, id.zoom + steps - 1)];
  if (level === before[0] && zoom === before[1]) return undefined;
  return {
    segment: id.segment,
    ...{ level, zoom },
    row: Math.floor(id.row / 2 ** (level - id.level)),
    column: Math.floor(id.column / 2 ** (zoom - id.zoom)),
  };
}
