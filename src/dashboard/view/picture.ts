/** Where things of a map are on the screen. Pure. */
import type { FoldedSegment } from './fold.js';
import { areaOf, type Grid, type TileId } from './levels.js';
import type { MapWindow } from './window.js';

/** The part of a canvas that shows cells, in CSS pixels. */
export interface Plot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A piece of a tile's picture and where it is drawn: cells from and to, pixels from and to. */
export interface Piece {
  readonly from: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly to: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}

/** CSS pixel of a place among the columns. */
export const xOf = (column: number, window: MapWindow, plot: Plot): number =>
  plot.left + ((column - window.left) / (window.right - window.left)) * plot.width;

/** CSS pixel of a place on the line. */
export const yOf = (line: number, window: MapWindow, plot: Plot): number =>
  plot.top + ((line - window.top) / (window.bottom - window.top)) * plot.height;

/** Place among the columns at a CSS pixel. */
export const columnOf = (x: number, window: MapWindow, plot: Plot): number =>
  window.left + ((x - plot.left) / plot.width) * (window.right - window.left);

/** Place on the line at a CSS pixel. */
export const lineOf = (y: number, window: MapWindow, plot: Plot): number =>
  window.top + ((y - plot.top) / plot.height) * (window.bottom - window.top);

/**
 * What a kept tile, the wanted one or a coarser one that covers it, shows of the wanted one within the window. Pixels are
 * whole device pixels, so that tiles meet without seams. Undefined when nothing of it is seen.
 */
export function pieceOf(
  wanted: TileId,
  kept: TileId,
  grid: Grid,
  { window, plot, columns, ratio }: Scene,
): Piece | undefined {
  const area = areaOf(wanted, grid);
  const { segment } = wanted;
  const left = Math.max(area.left, window.left);
  const right = Math.min(area.right, window.right, columns);
  const top = Math.max(area.top, window.top - segment.at);
  const bottom = Math.min(area.bottom, window.bottom - segment.at, segment.pages);
  if (right <= left || bottom <= top) return undefined;
  const [pages, width] = [2 ** kept.level, 2 ** kept.zoom];
  const origin = areaOf(kept, grid);
  const whole = (pixel: number) => Math.round(pixel * ratio) / ratio;
  const [x, y] = [whole(xOf(left, window, plot)), whole(yOf(segment.at + top, window, plot))];
  return {
    from: {
      x: (left - origin.left) / width,
      y: (top - origin.top) / pages,
      width: (right - left) / width,
      height: (bottom - top) / pages,
    },
    to: {
      ...{ x, y },
      width: whole(xOf(right, window, plot)) - x,
      height: whole(yOf(segment.at + bottom, window, plot)) - y,
    },
  };
}

/** What is seen, and where. */
export interface Scene {
  readonly window: MapWindow;
  readonly plot: Plot;
  /** Of the whole map. */
  readonly columns: number;
  /** Device pixels of a CSS pixel. */
  readonly ratio: number;
}

/** Rows at which an address is written: the top of a segment, then round steps that leave room for letters. */
export function addressRows(
  segment: FoldedSegment,
  window: MapWindow,
  plot: Plot,
  room: number,
): readonly number[] {
  const perPage = plot.height / (window.bottom - window.top);
  const step = 2 ** Math.ceil(Math.log2(Math.max(1, room / perPage)));
  const first = Math.max(0, window.top - segment.at);
  const last = Math.min(segment.pages, window.bottom - segment.at);
  const aligned = (page: number) => Math.ceil((segment.firstPage + page) / step) * step - segment.firstPage;
  const rows: number[] = first === 0 ? [0] : [];
  for (let row = aligned(first); row < last; row += step)
    if (rows.length === 0 || (row - rows[rows.length - 1]) * perPage >= room) rows.push(row);
  return rows;
}
