/** Random page tables with folios of all orders, and what a walk over every page, one at a time, finds in them. */
import { BLOCK_FLAG } from '../../src/vocabulary/page-sizes.js';
import { GEOMETRY_4K, type PageGeometry } from '../../src/vocabulary/units.js';
import type { DrawnMapping, Entry, Folio, Tables } from './frame-tables.js';
import { xorshift } from './random.js';

/** What is known of one block in one mapping. `firstFrame` is null where frames are not those of one huge block. */
export interface NaiveRow {
  readonly block: number;
  readonly mapping: number;
  readonly level: number;
  readonly present: number;
  readonly zeroMapped: number;
  readonly swapped: number;
  readonly unmapped: number;
  readonly firstFrame: number | null;
  readonly shared: boolean;
  readonly hugeZero: boolean;
  readonly whole: boolean;
  readonly orders: readonly number[];
}

export interface DrawOptions {
  readonly seed: number;
  readonly blocks?: number;
  readonly geometry?: PageGeometry;
  readonly scan?: boolean;
}

const FIRST = 1000;

/** Fills `blocks` blocks of three anonymous mappings, which cut blocks, and of one of shared memory between them. */
export function drawTables({ seed, blocks = 12, geometry = GEOMETRY_4K, scan = true }: DrawOptions): Tables {
  const random = xorshift(seed * 2654435761);
  const below = (limit: number) => random() % limit;
  const per = geometry.pagesPerBlock;
  const start = FIRST * per;
  const cuts = [per + below(per), 4 * per, 5 * per + 1 + below(per - 1)].map((at) => start + at);
  const bounds = [start + below(per), ...cuts, start + blocks * per - below(3)];
  const mappings: DrawnMapping[] = bounds.slice(1).map((end, at) => ({
    start: bounds[at],
    end,
    ...(at === 2 ? { name: '/dev/shm/x', inode: 7 } : {}),
  }));
  const tables = { geometry, mappings, entries: new Map(), folios: new Map(), counts: new Map(), scan };
  const drawing = new Drawing(tables, below);
  for (let block = FIRST; block < FIRST + blocks; block++) {
    for (const [index, { start: from, end }] of mappings.entries()) {
      const range = { start: Math.max(from, block * per), end: Math.min(end, (block + 1) * per) };
      if (range.start < range.end) drawing.fill(range, index !== 2);
    }
  }
  return { ...tables, mappings: withHugeBytes(tables) };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

class Drawing {
  readonly #tables: Tables & { geometry: PageGeometry };
  readonly #below: (limit: number) => number;
  #window = 3;

  constructor(tables: Tables & { geometry: PageGeometry }, below: (limit: number) => number) {
    this.#tables = tables;
    this.#below = below;
  }

  fill(range: Range, anon: boolean): void {
    const { geometry, scan } = this.#tables;
    const isWhole = range.end - range.start === geometry.pagesPerBlock;
    const kind = this.#below(8);
    if (kind === 0) return;
    if (kind === 1 && isWhole) this.#huge(range, anon);
    else if (kind === 2 && isWhole && scan) this.#hugeZero(range);
    else if (kind === 3) this.#inPlace(range, anon);
    else if (kind === 4) this.#partly(range, anon);
    else for (let page = range.start; page < range.end; ) page = this.#piece(page, range.end, anon);
  }

  #newWindow(): number {
    this.#window += 1 + this.#below(3);
    return this.#window * this.#tables.geometry.pagesPerBlock;
  }

  #map(page: number, frame: number, more: Partial<Entry> = {}, others = 0): void {
    const { entries, counts } = this.#tables;
    entries.set(page, { frame, exclusive: others === 0, ...more });
    counts.set(frame, (counts.get(frame) ?? 0) + 1 + others);
  }

  #folio(head: number, order: number, more: Partial<Folio> = {}): void {
    for (let frame = head; frame < head + 2 ** order; frame++)
      this.#tables.folios.set(frame, { head, order, ...more });
  }

  #huge({ start, end }: Range, anon: boolean): void {
    const head = this.#newWindow();
    this.#folio(head, this.#tables.geometry.hugeOrder, { anon });
    const others = this.#below(3) === 0 ? 1 : 0;
    for (let page = start; page < end; page++) this.#map(page, head + page - start, { pmd: true }, others);
  }

  #hugeZero({ start, end }: Range): void {
    const head = this.#newWindow();
    this.#folio(head, this.#tables.geometry.hugeOrder, { zero: true });
    for (let page = start; page < end; page++)
      this.#tables.entries.set(page, { frame: head + page - start, exclusive: false, pmd: true });
  }

  /** Frames of one huge block in line, as after a split in place or before a collapse; holes here and there. */
  #inPlace({ start, end }: Range, anon: boolean): void {
    const per = this.#tables.geometry.pagesPerBlock;
    const head = this.#newWindow();
    const order = [0, 2, this.#tables.geometry.hugeOrder][this.#below(3)];
    for (let at = 0; at < per; at += 2 ** order) this.#folio(head + at, order, { anon });
    const stride = [0, 7, 100][this.#below(3)];
    for (let page = start; page < end; page++)
      if (stride === 0 || page % stride !== 1) this.#map(page, head + (page % per));
  }

  /** Some pages of a huge folio that other places or processes map as well, or nobody. */
  #partly({ start, end }: Range, anon: boolean): void {
    const per = this.#tables.geometry.pagesPerBlock;
    const head = this.#newWindow();
    this.#folio(head, this.#tables.geometry.hugeOrder, { anon });
    const pages = 1 + this.#below(Math.min(end - start, per - 1));
    const from = this.#below(per - pages + 1);
    for (let at = 0; at < pages; at++) this.#map(start + at, head + from + at);
    const elsewhere = this.#below(3) === 0 ? this.#below(per) : -1;
    const { counts } = this.#tables;
    if (elsewhere >= 0) counts.set(head + elsewhere, (counts.get(head + elsewhere) ?? 0) + 1);
  }

  /** A run of something, up to 70 pages: returns where it ends. */
  #piece(page: number, end: number, anon: boolean): number {
    const length = Math.min(1 + this.#below(70), end - page);
    const kind = this.#below(6);
    const { entries, folios } = this.#tables;
    if (kind === 1) for (let at = page; at < page + length; at++) entries.set(at, { swapped: true });
    if (kind === 2) {
      folios.set(2, { head: 2, order: 0, zero: true });
      for (let at = page; at < page + length; at++) entries.set(at, { frame: 2, exclusive: false });
    }
    if (kind === 3) {
      // Scattered frames, now and then of large folios.
      for (let at = page; at < page + length; at++) {
        const order = this.#below(3);
        const head = this.#newWindow() + this.#below(8) * 64;
        this.#folio(head, order, { anon });
        this.#map(at, head + this.#below(2 ** order), {}, this.#below(9) === 0 ? 1 : 0);
      }
    }
    if (kind >= 4) {
      const order = this.#below(Math.min(8, this.#tables.geometry.hugeOrder));
      const window = this.#newWindow();
      for (let at = 0; at < this.#tables.geometry.pagesPerBlock; at += 2 ** order)
        this.#folio(window + at, order, { anon });
      const skipped = this.#below(130);
      for (let at = 0; at < length; at++) this.#map(page + at, window + skipped + at);
    }
    return page + length;
  }
}

function withHugeBytes({ mappings, entries, geometry = GEOMETRY_4K }: Tables): DrawnMapping[] {
  return mappings.map((mapping, index) => {
    let pages = 0;
    for (let page = mapping.start; page < mapping.end; page++) if (entries.get(page)?.pmd) pages++;
    const kb = (pages * geometry.pageBytes) / 1024;
    const field = index === 2 ? 'ShmemPmdMapped' : 'AnonHugePages';
    return { ...mapping, fields: `${field}: ${kb} kB\n` };
  });
}

/** What there is, counted page by page. `ranges` as `observe` takes them. */
export function naiveRows(tables: Tables, ranges?: readonly Range[]): NaiveRow[] {
  const { geometry = GEOMETRY_4K, mappings } = tables;
  const per = geometry.pagesPerBlock;
  const rows: (NaiveRow & { pages: number[] })[] = [];
  for (const [index, mapping] of mappings.entries()) {
    const asked = (page: number) => !ranges || ranges.some(({ start, end }) => start <= page && page < end);
    for (let block = Math.floor(mapping.start / per); block * per < mapping.end; block++) {
      const pages: number[] = [];
      for (let page = block * per; page < (block + 1) * per; page++)
        if (mapping.start <= page && page < mapping.end && asked(page) && tables.entries.has(page))
          pages.push(page);
      if (pages.length > 0) rows.push(naiveRow(tables, { mapping, index, block, pages }));
    }
  }
  if (tables.scan === false) guessHuge(tables, rows);
  return withFolios(tables, rows, ranges === undefined);
}

interface Piece {
  readonly mapping: DrawnMapping;
  readonly index: number;
  readonly block: number;
  readonly pages: number[];
}

function naiveRow(tables: Tables, { mapping, index, block, pages }: Piece): NaiveRow & { pages: number[] } {
  const { geometry = GEOMETRY_4K, entries, folios } = tables;
  const per = geometry.pagesPerBlock;
  const orders = Array<number>(geometry.hugeOrder + 1).fill(0);
  let [zeroMapped, swapped, present] = [0, 0, 0];
  let [pmd, shared, hugeZero] = [false, false, false];
  const bases = new Set<number>();
  for (const page of pages) {
    const { frame = 0, exclusive, swapped: isSwapped, pmd: isPmd } = entries.get(page) ?? {};
    if (isPmd) pmd = true;
    const folio = folios.get(frame);
    if (isSwapped) swapped++;
    else if (folio?.zero) {
      zeroMapped++;
      if (isPmd) hugeZero = true;
    } else {
      present++;
      orders[folio?.order ?? 0]++;
      bases.add(frame - (page % per));
      if (exclusive === false) shared = true;
    }
  }
  const [base] = bases;
  const isInLine = bases.size === 1 && base % per === 0;
  const first = block * per;
  return {
    ...{ block, mapping: index, present, zeroMapped, swapped, unmapped: 0, shared, hugeZero, orders, pages },
    level: pmd && tables.scan !== false ? 2 : present + zeroMapped > 0 ? 1 : 0,
    firstFrame: isInLine ? base : null,
    whole: mapping.start <= first && first + per <= mapping.end,
  };
}

/** Without PAGEMAP_SCAN the first blocks that may be huge are, as many as smaps tells for the mapping. */
function guessHuge({ geometry = GEOMETRY_4K, mappings, entries }: Tables, rows: NaiveRow[]): void {
  for (const [index, { start, end }] of mappings.entries()) {
    let left = 0;
    for (let page = start; page < end; page++) if (entries.get(page)?.pmd) left += 1 / geometry.pagesPerBlock;
    for (const [at, row] of rows.entries()) {
      const isWhole = row.present === geometry.pagesPerBlock && row.firstFrame !== null;
      if (row.mapping !== index || !isWhole || left < 0.5) continue;
      rows[at] = { ...row, level: 2 };
      left--;
    }
  }
}

/** Enters pages that no process maps where a folio was met first, and folios that others map as well. */
function withFolios(
  { entries, folios, counts, geometry = GEOMETRY_4K }: Tables,
  rows: (NaiveRow & { pages: number[] })[],
  isAll: boolean,
): NaiveRow[] {
  const met = new Map<number, { row: number; pages: number }>();
  for (const [row, { pages }] of rows.entries()) {
    for (const page of pages) {
      const { frame = 0, swapped, pmd } = entries.get(page) ?? {};
      const folio = folios.get(frame);
      if (swapped || pmd || !folio || folio.zero) continue;
      const known = met.get(folio.head) ?? { row, pages: 0 };
      met.set(folio.head, { ...known, pages: known.pages + 1 });
    }
  }
  const found = rows.map(({ pages: _, ...row }) => row);
  for (const [head, { row, pages }] of met) {
    const { order, anon = true } = folios.get(head) ?? { order: 0 };
    if (pages >= 2 ** order || order > geometry.hugeOrder || !anon) continue;
    let [unmapped, mapped] = [0, 0];
    for (let frame = head; frame < head + 2 ** order; frame++) {
      const count = counts.get(frame) ?? 0;
      if (count === 0) unmapped++;
      mapped += count;
    }
    const shared = found[row].shared || (isAll && mapped > pages);
    found[row] = { ...found[row], unmapped: found[row].unmapped + unmapped, shared };
  }
  return found;
}

/** Flags as Octavo has them, of a row whose frames and orders are known. */
export function naiveFlags(row: NaiveRow): number {
  return (
    (row.shared ? BLOCK_FLAG.shared : 0) |
    (row.whole ? BLOCK_FLAG.wholeInMapping : 0) |
    (row.firstFrame === null ? 0 : BLOCK_FLAG.contiguousFrames) |
    (row.hugeZero ? BLOCK_FLAG.hugeZeroPage : 0)
  );
}
