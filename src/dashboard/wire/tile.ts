/**
 * A tile of the map as bytes, little endian: a header of 32 bytes, then four planes of one byte a cell, row by row. Shared by
 * the server and the page, and free of both. GET /api/map/tile?layout=N&segment=N&level=N&zoom=N&row=N&column=N, where row and
 * column count tiles; cells beyond the segment or the last column are not known.
 */
export const TILE_ROWS = 256;
/** Cells of a tile to the right. */
export const TILE_COLUMNS = 256;
/** Bytes before the planes. */
export const TILE_HEADER = 32;
const PLANES = 4;
/** `OCT2`: tiles of `OCT1` had three planes. */
const MAGIC = 0x3254_434f;

/** Heat: not known; looked at, and nothing seen; 2 … 255 from the least to the most rate of the scale, logarithmic. */
export const UNKNOWN_HEAT = 0;
/** Looked at, and nothing seen. */
export const COLD_HEAT = 1;
const FIRST_HEAT = 2;
const LAST_HEAT = 255;
/** Shares: 0 … 253 of 253; 254: looked at, and there is no memory; 255 is not known. */
export const UNKNOWN_SHARE = 255;
/** The code of `NO_MEMORY`. */
export const NO_MEMORY_SHARE = 254;
const WHOLE_SHARE = 253;
/** In place of a share: looked at, and there is no memory that pages of any size could map. */
export const NO_MEMORY = -1;

/** Which tile. */
export interface TilePlace {
  readonly layout: number;
  readonly segment: number;
  readonly level: number;
  readonly zoom: number;
  /** Of the tile, not of its first cell. */
  readonly row: number;
  readonly column: number;
}

/** Cells of a tile, in planes of one byte each, row by row. */
export interface Tile extends TilePlace {
  readonly rows: number;
  readonly columns: number;
  /** Codes of rates. */
  readonly heat: Uint8Array;
  /** Share of the cell's pages that were accessed at all. */
  readonly touched: Uint8Array;
  /** Share of the cell that huge pages map. */
  readonly huge: Uint8Array;
  /** Mean folio order of its memory, as a share of that of a huge page. */
  readonly order: Uint8Array;
}

/** Rates that the first and last code stand for. */
export interface HeatRange {
  readonly least: number;
  readonly most: number;
}

/** The code of a rate; NaN is not known. */
export function heatCode(rate: number, { least, most }: HeatRange): number {
  if (Number.isNaN(rate)) return UNKNOWN_HEAT;
  if (!(rate > 0)) return COLD_HEAT;
  const span = Math.log(most / least);
  const share = span > 0 ? Math.log(rate / least) / span : 1;
  return FIRST_HEAT + Math.round(Math.max(0, Math.min(1, share)) * (LAST_HEAT - FIRST_HEAT));
}

/** The rate that a code stands for; NaN where it is not known. */
export function rateOfCode(code: number, { least, most }: HeatRange): number {
  if (code === UNKNOWN_HEAT) return Number.NaN;
  if (code === COLD_HEAT) return 0;
  return least * (most / least) ** ((code - FIRST_HEAT) / (LAST_HEAT - FIRST_HEAT));
}

/** Any share above 0 is told from none, and any below 1 from the whole; NaN is not known. */
export function shareCode(share: number): number {
  if (Number.isNaN(share)) return UNKNOWN_SHARE;
  if (share === NO_MEMORY) return NO_MEMORY_SHARE;
  if (share <= 0) return 0;
  if (share >= 1) return WHOLE_SHARE;
  return Math.max(1, Math.min(WHOLE_SHARE - 1, Math.round(share * WHOLE_SHARE)));
}

/** The share that a code stands for, or `NO_MEMORY`; NaN where it is not known. */
export function shareOfCode(code: number): number {
  if (code === NO_MEMORY_SHARE) return NO_MEMORY;
  return code === UNKNOWN_SHARE ? Number.NaN : code / WHOLE_SHARE;
}

/** A tile as it is sent. */
export function encodeTile(tile: Tile): Uint8Array {
  const cells = tile.rows * tile.columns;
  const bytes = new Uint8Array(TILE_HEADER + PLANES * cells);
  const head = new DataView(bytes.buffer, 0, TILE_HEADER);
  head.setUint32(0, MAGIC, true);
  head.setUint16(4, tile.rows, true);
  head.setUint16(6, tile.columns, true);
  head.setUint32(8, tile.layout, true);
  head.setUint32(12, tile.segment, true);
  head.setUint8(16, tile.level);
  head.setUint8(17, tile.zoom);
  head.setUint32(20, tile.row, true);
  head.setUint32(24, tile.column, true);
  bytes.set(tile.heat, TILE_HEADER);
  bytes.set(tile.touched, TILE_HEADER + cells);
  bytes.set(tile.huge, TILE_HEADER + 2 * cells);
  bytes.set(tile.order, TILE_HEADER + 3 * cells);
  return bytes;
}

/** Undefined when the bytes are no tile. */
export function decodeTile(bytes: Uint8Array): Tile | undefined {
  if (bytes.length < TILE_HEADER) return undefined;
  const head = new DataView(bytes.buffer, bytes.byteOffset, TILE_HEADER);
  const [rows, columns] = [head.getUint16(4, true), head.getUint16(6, true)];
  const cells = rows * columns;
  if (head.getUint32(0, true) !== MAGIC || bytes.length !== TILE_HEADER + PLANES * cells) return undefined;
  const plane = (at: number) => bytes.subarray(TILE_HEADER + at * cells, TILE_HEADER + (at + 1) * cells);
  return {
    ...{ rows, columns, layout: head.getUint32(8, true), segment: head.getUint32(12, true) },
    ...{ level: head.getUint8(16), zoom: head.getUint8(17) },
    ...{ row: head.getUint32(20, true), column: head.getUint32(24, true) },
    ...{ heat: plane(0), touched: plane(1), huge: plane(2), order: plane(3) },
  };
}
