/** The part of a map that is seen, as a link has it: by addresses and times, which outlive a change of layout. Pure. */
import { addressToPage, type PageGeometry, pageGeometry, pageToAddress } from '../../vocabulary/units.js';
import type { MapView } from '../wire/map.js';
import { columnAt, momentAt } from './columns.js';
import type { Fold } from './fold.js';
import type { Link } from './link.js';
import { held, type MapBounds, type MapWindow, wholeOf } from './window.js';

/** Rows and columns that are seen at least. */
const LEAST_ROWS = 16;
const LEAST_COLUMNS = 2;

/** How far the window on a map may go. */
export function boundsOf({ columns, leastLevel, geometry }: MapView, fold: Fold): MapBounds {
  return {
    columns: Math.max(1, columns.length),
    pages: Math.max(1, fold.pages),
    leastColumns: Math.min(LEAST_COLUMNS, Math.max(1, columns.length)),
    leastPages: Math.min(
      fold.pages,
      Math.max(LEAST_ROWS, Math.min(4, geometry.pagesPerBlock) * 2 ** leastLevel),
    ),
  };
}

/** Page sizes of a map. */
export function geometryOf({ geometry: { pageBytes, blockBytes } }: MapView): PageGeometry {
  return pageGeometry(pageBytes, blockBytes);
}

/** `PID@0xADDRESS` of a place on the line. */
export function placeText(map: MapView, fold: Fold, line: number): string | undefined {
  const place = fold.placeOf(Math.min(fold.pages - 1, Math.max(0, line)));
  if (place === undefined) return undefined;
  const { segment, page } = place;
  return `${segment.pid}@${pageToAddress(segment.firstPage + page, geometryOf(map))}`;
}

/** The place on the line that `PID@0xADDRESS` names; undefined where no segment has it. */
export function lineOfText(map: MapView, fold: Fold, text: string | undefined): number | undefined {
  const [pid, address] = text?.split('@') ?? [];
  if (address === undefined) return undefined;
  const page = addressToPage(address, geometryOf(map));
  return page === undefined ? undefined : fold.lineOfPage(Number(pid), page);
}

/** What a link says of the window; nothing of an axis that is seen as a whole. */
export function linkOfWindow(
  map: MapView,
  fold: Fold,
  window: MapWindow,
): Pick<Link, 'top' | 'bottom' | 'from' | 'to'> {
  const bounds = boundsOf(map, fold);
  const top = placeText(map, fold, window.top);
  const bottom = placeText(map, fold, window.bottom - 1);
  const isWholeSpace = window.top <= 0 && window.bottom >= bounds.pages;
  const isWholeTime = window.left <= 0 && window.right >= bounds.columns;
  const [from, to] = [window.left, window.right].map((at) => momentAt(map.columns, at));
  return {
    ...(isWholeSpace || top === undefined || bottom === undefined ? {} : { top, bottom }),
    ...(isWholeTime || from === undefined || to === undefined
      ? {}
      : { from: Math.round(from), to: Math.round(to) }),
  };
}

/** The window that a link says; all of an axis that it says nothing of, or nothing that is there. */
export function windowOfLink(map: MapView, fold: Fold, link: Link): MapWindow {
  const bounds = boundsOf(map, fold);
  const whole = wholeOf(bounds);
  const [top, bottom] = [lineOfText(map, fold, link.top), lineOfText(map, fold, link.bottom)];
  const left = link.from === undefined ? undefined : columnAt(map.columns, link.from);
  const right = link.to === undefined ? undefined : columnAt(map.columns, link.to);
  const space = top !== undefined && bottom !== undefined && bottom >= top ? { top, bottom: bottom + 1 } : {};
  const isSpan = left !== undefined && (right ?? bounds.columns) > left;
  const time = isSpan ? { left, right: right ?? bounds.columns } : {};
  return held({ ...whole, ...space, ...time }, bounds);
}
