/** Cells in words and as a table: what the colours of a map say, for who does not see them. Pure. */
import { rateInWords } from '../../reports/heat/scale.js';
import { plural, showBytes, showMeanOrder, showPart } from '../../vocabulary/show.js';
import { pageToAddress } from '../../vocabulary/units.js';
import type { MapView } from '../wire/map.js';
import { NO_MEMORY, NO_MEMORY_SHARE, rateOfCode, shareOfCode, UNKNOWN_HEAT } from '../wire/tile.js';
import { columnWords } from './columns.js';
import type { Table } from './csv.js';
import type { Fold } from './fold.js';
import type { Plane } from './link.js';
import { geometryOf } from './map-link.js';
import type { MapWindow } from './window.js';

/** The bytes that tiles have for a cell. */
export interface CellCodes {
  readonly heat: number;
  readonly touched: number;
  readonly huge: number;
  readonly order: number;
}

/** The cell at a place; undefined while its tile is not there. */
export type CellAt = (column: number, line: number) => CellCodes | undefined;

/** A code of heat in words. */
export function heatWords(code: number, scale: MapView['scale']): string {
  const rate = rateOfCode(code, scale);
  if (Number.isNaN(rate)) return 'not known';
  return rate === 0 ? 'looked at, nothing seen' : rateInWords(rate, scale);
}

function shareWords(code: number, of: string, unknown: string): string {
  const share = shareOfCode(code);
  if (share === NO_MEMORY) return 'no memory there';
  return Number.isNaN(share) ? unknown : `${showPart(share, 1, 0)} ${of}`;
}

/** A code of folio orders in words. */
function orderWords(code: number, { geometry }: MapView): string {
  const share = shareOfCode(code);
  if (share === NO_MEMORY) return 'no memory there';
  if (Number.isNaN(share)) return 'folio orders not known';
  return showMeanOrder(share * Math.log2(geometry.pagesPerBlock), geometry.pageBytes);
}

/** What planes of the map say of a cell, from the one that is shown on. */
export function codesWords(codes: CellCodes, map: MapView): string {
  if (codes.heat === UNKNOWN_HEAT && codes.huge === NO_MEMORY_SHARE) return 'no memory there';
  return [
    map.hasHeat ? heatWords(codes.heat, map.scale) : undefined,
    map.hasTouched ? shareWords(codes.touched, 'of its pages touched', 'pages touched not known') : undefined,
    map.hasHuge ? shareWords(codes.huge, 'mapped by huge pages', 'folios not known') : undefined,
    map.hasOrders ? orderWords(codes.order, map) : undefined,
  ]
    .filter((words) => words !== undefined)
    .join('; ');
}

/** A cell of the level that is seen. */
export interface CellPlace {
  readonly column: number;
  readonly line: number;
  /** Exponents of the level that is seen. */
  readonly level: number;
  readonly zoom: number;
}

/** Which cell that is: `redis (7), heap, 0x7f… (2 MiB), +12 s`. */
export function placeWords({ column, line, level }: CellPlace, map: MapView, fold: Fold): string {
  const place = fold.placeOf(line);
  const at = Math.floor(column);
  if (place === undefined || at < 0 || at >= map.columns.length) return '';
  const { segment, page } = place;
  const geometry = geometryOf(map);
  const first = segment.firstPage + Math.floor(page / 2 ** level) * 2 ** level;
  const name = segment.command === '' ? `pid ${segment.pid}` : `${segment.command} (${segment.pid})`;
  const size = showBytes(2 ** level * geometry.pageBytes);
  return [
    ...[name, segment.mapping, `${size} at ${pageToAddress(first, geometry)}`],
    columnWords(map.columns, at, map.clock),
  ]
    .filter((words) => words !== '')
    .join(', ');
}

interface Seen {
  readonly map: MapView;
  readonly fold: Fold;
  readonly window: MapWindow;
}

const PLANE_WORDS: Readonly<Record<Plane, string>> = {
  heat: 'Heat',
  touched: 'Share of pages touched',
  huge: 'Share mapped by huge pages',
  order: 'Folio orders',
};

/** What is seen of a map in a sentence, and how to go on from there by keys. */
export function windowWords({ map, fold, window }: Seen, plane: Plane): string {
  const { columns, clock, geometry } = map;
  const parts = fold.within(window.top, window.bottom).length;
  const last = Math.max(0, Math.min(columns.length, Math.ceil(window.right)) - 1);
  const bytes = showBytes(Math.round(window.bottom - window.top) * geometry.pageBytes);
  const from = columnWords(columns, Math.min(last, Math.floor(window.left)), clock);
  const what = `${bytes} in ${plural(parts, 'part')} of the address space, from ${from} to ${columnWords(columns, last, clock)}`;
  const keys = 'Arrow keys go from cell to cell, plus and minus zoom, Enter asks why a block is huge or not.';
  return `${PLANE_WORDS[plane]} over time and addresses: ${what}. ${keys}`;
}

const BANDS = 12;
const SLICES = 6;
/** Cells that are read along each side of a field of the table. */
const LOOKS = 8;

/** The window as a table of a few rows and columns, each the mean of what is known there. */
export function windowTable(
  map: MapView,
  fold: Fold,
  window: MapWindow,
  cellAt: CellAt,
  plane: Plane,
): Table {
  const slices = Math.max(1, Math.min(SLICES, Math.round(window.right - window.left)));
  const bands = Math.max(1, Math.min(BANDS, Math.floor(window.bottom - window.top)));
  const column = (at: number) => window.left + ((window.right - window.left) * at) / slices;
  const line = (at: number) => window.top + ((window.bottom - window.top) * at) / bands;
  const head = Array.from({ length: slices }, (_, at) =>
    columnWords(map.columns, Math.min(map.columns.length - 1, Math.floor(column(at))), map.clock),
  );
  const rows = Array.from({ length: bands }, (_, band) => [
    bandName(map, fold, line(band)),
    ...Array.from({ length: slices }, (_, at) =>
      fieldWords(map, plane, fieldCodes(cellAt, [column(at), column(at + 1)], [line(band), line(band + 1)])),
    ),
  ]);
  return { head: ['addresses from', ...head], rows };
}

function bandName(map: MapView, fold: Fold, line: number): string {
  const place = fold.placeOf(line);
  if (place === undefined) return '';
  const { segment, page } = place;
  const address = pageToAddress(segment.firstPage + page, geometryOf(map));
  return [segment.command || `pid ${segment.pid}`, segment.mapping, address].filter(Boolean).join(' ');
}

type Ends = readonly [from: number, to: number];

function fieldCodes(cellAt: CellAt, [left, right]: Ends, [top, bottom]: Ends): readonly CellCodes[] {
  const found: CellCodes[] = [];
  for (let across = 0; across < LOOKS; across++)
    for (let down = 0; down < LOOKS; down++) {
      const part = (at: number, from: number, to: number) => from + ((at + 0.5) * (to - from)) / LOOKS;
      const codes = cellAt(part(across, left, right), part(down, top, bottom));
      if (codes !== undefined) found.push(codes);
    }
  return found;
}

function fieldWords(map: MapView, plane: Plane, codes: readonly CellCodes[]): string {
  if (codes.length === 0) return 'not loaded yet';
  const values = codes
    .map((one) => (plane === 'heat' ? rateOfCode(one.heat, map.scale) : shareOfCode(one[plane])))
    .filter((value) => !Number.isNaN(value));
  if (values.length === 0) return 'not known';
  const there = values.filter((value) => value !== NO_MEMORY);
  if (there.length === 0) return 'no memory there';
  const mean = there.reduce((sum, value) => sum + value, 0) / there.length;
  if (plane === 'order')
    return showMeanOrder(mean * Math.log2(map.geometry.pagesPerBlock), map.geometry.pageBytes);
  if (plane !== 'heat') return showPart(mean, 1, 0);
  return mean === 0 ? 'nothing seen' : rateInWords(mean, map.scale);
}

/** A number of a spreadsheet; empty where it is not known. */
function known(value: number): string {
  if (Number.isNaN(value)) return '';
  return value === NO_MEMORY ? 'no memory there' : String(Number(value.toPrecision(4)));
}

function knownOrder(share: number, { geometry }: MapView): string {
  return known(share >= 0 ? share * Math.log2(geometry.pagesPerBlock) : share);
}

/** Most rows that are written: a spreadsheet opens about a million. */
const MOST_ROWS = 200_000;

/** Every cell of the window at its level, for a spreadsheet. */
export function cellTable(
  map: MapView,
  fold: Fold,
  window: MapWindow,
  { level, zoom }: Pick<CellPlace, 'level' | 'zoom'>,
  cellAt: CellAt,
): Table {
  const [pages, columns] = [2 ** level, 2 ** zoom];
  const geometry = geometryOf(map);
  const rows: string[][] = [];
  for (const segment of fold.within(window.top, window.bottom)) {
    const first = Math.floor(Math.max(0, window.top - segment.at) / pages) * pages;
    const last = Math.min(segment.pages, window.bottom - segment.at);
    for (let page = first; page < last; page += pages)
      for (
        let column = Math.floor(window.left / columns) * columns;
        column < Math.min(window.right, map.columns.length);
        column += columns
      ) {
        const codes = cellAt(Math.max(0, column), segment.at + page);
        if (codes === undefined || rows.length >= MOST_ROWS) continue;
        rows.push([
          ...[String(segment.pid), segment.command, pageToAddress(segment.firstPage + page, geometry)],
          ...[String(pages * geometry.pageBytes), String(map.columns[Math.max(0, column)].fromMs ?? '')],
          known(rateOfCode(codes.heat, map.scale)),
          known(shareOfCode(codes.touched)),
          known(shareOfCode(codes.huge)),
          knownOrder(shareOfCode(codes.order), map),
        ]);
      }
  }
  return {
    head: ['pid', 'command', 'address', 'bytes', 'time_ms', 'rate', 'touched_share', 'huge_share', 'order'],
    rows,
  };
}
