/**
 * The map of addresses and time. Pages of a process that lie near each other are a segment; its rows are pages at level 0, and
 * 2^level pages at a level. Columns are slices of time at zoom 0, and 2^zoom of them at a zoom. Segments, levels and zooms are
 * described here; cells come in tiles (tile.ts).
 */
import * as z from 'zod';

const Text = z.string();

/** Memory of a process that lies close together. */
export const SegmentSchema = z.object({
  /** For requests. */
  id: z.number(),
  pid: z.number(),
  ...{ command: Text, mapping: Text },
  /** Id of its target in the overview; null when it has none. */
  target: Text.nullable(),
  /** Address of its first page, `0x7f2a40000000`; always the first of a block. */
  address: Text,
  /** First page, exact in a double; its address is that times pageBytes. */
  firstPage: z.number(),
  /** A whole number of blocks. */
  pages: z.number(),
  /** Of all cells of the segment that are known: the mean rate, for lists. */
  rate: z.number().nullable(),
  /** Bytes that are mapped by huge pages at the end; null where not known. */
  hugeBytes: z.number().nullable(),
});

/** A slice of time. */
export const ColumnSchema = z.object({
  /** In milliseconds of the clock; null where samples have no time. */
  fromMs: z.number().nullable(),
  toMs: z.number().nullable(),
  /** Nothing was recorded in it. */
  isGap: z.boolean(),
});

/** GET /api/map */
export const MapSchema = z.object({
  octavo: z.literal('dashboard-map'),
  version: z.literal(1),
  revision: z.number(),
  /** Changes when segments or columns do: tiles of an older one are refused with 409. */
  layout: z.number(),
  geometry: z.object({ pageBytes: z.number(), blockBytes: z.number(), pagesPerBlock: z.number() }),
  clock: z.enum(['wall', 'recording', 'run', 'none']),
  columns: z.array(ColumnSchema),
  segments: z.array(SegmentSchema),
  /** Level below which nothing more is to be seen: 0 where single pages are known, that of blocks where not. */
  leastLevel: z.number(),
  /** Levels 0 … mostLevel, zooms 0 … mostZoom. */
  mostLevel: z.number(),
  mostZoom: z.number(),
  /** Rows and columns of a tile. */
  tile: z.object({ rows: z.number(), columns: z.number() }),
  scale: z.object({
    /** `accesses a second and page`; `one`: one of them. */
    ...{ unit: Text, one: Text, isTimed: z.boolean() },
    /** What does not show, or why this is no heat; empty when there is nothing to say. */
    caution: Text,
    /** Rates that heat codes 2 and 255 stand for; both of them above 0. */
    ...{ least: z.number(), most: z.number() },
  }),
  /** Which planes hold anything. */
  hasHeat: z.boolean(),
  hasTouched: z.boolean(),
  hasHuge: z.boolean(),
  hasOrders: z.boolean(),
  /** Cells at level `leastLevel` and zoom 0 that hold something. */
  cells: z.number(),
  notes: z.array(Text),
});

/** GET /api/map/cell?layout=N&segment=N&level=N&zoom=N&row=N&column=N: exact numbers of one cell. */
export const CellSchema = z.object({
  octavo: z.literal('dashboard-cell'),
  version: z.literal(1),
  segment: z.number(),
  address: Text,
  bytes: z.number(),
  ...{ fromMs: z.number().nullable(), toMs: z.number().nullable() },
  /** Accesses a second and page over what is known; null: not known. */
  rate: z.number().nullable(),
  ...{ accesses: z.number().nullable(), samples: z.number().nullable() },
  /** Shares of the cell's pages: accessed at all, and mapped by huge pages; null: not known, or (`words` says so) there is no memory. */
  touchedShare: z.number().nullable(),
  hugeShare: z.number().nullable(),
  /** Mean folio order of its memory; null: not known. */
  order: z.number().nullable(),
  /** All of it in words. */
  words: Text,
});

/** A segment as it is read. */
export type SegmentView = z.infer<typeof SegmentSchema>;
/** The map as it is read. */
export type MapView = z.infer<typeof MapSchema>;
/** A cell as it is read. */
export type Cell = z.infer<typeof CellSchema>;
