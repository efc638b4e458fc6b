/** Walks the present parts of one mapping after the other and fills the census rows. */
import { FRAME_CODE } from '../formats/proc/kpageflags.js';
import { frameOf, PAGEMAP_HIGH } from '../formats/proc/pagemap.js';
import type { SmapsEntry } from '../formats/proc/smaps.js';
import { type Host, PAGE_IS, type ScannedRegions } from '../host/host.js';
import { BLOCK_FLAG, MAPPING_LEVEL } from '../vocabulary/page-sizes.js';
import { NO_PAGE } from '../vocabulary/sample.js';
import type {
  BlockNumber,
  PageGeometry,
  PageNumber,
  PageRange,
  Pages,
  ProcessId,
} from '../vocabulary/units.js';
import type { BlockRows } from './block-rows.js';
import type { FolioOrders } from './folio-orders.js';
import type { PagemapReader } from './pagemap-reader.js';
import type { PartialFolios } from './partial-folios.js';

const { PRESENT, SWAPPED, PFNZERO, HUGE } = PAGE_IS;

/** What a walk reads from and writes to. */
export interface WalkTables {
  readonly rows: BlockRows;
  readonly orders: FolioOrders;
  readonly pagemap: PagemapReader;
  readonly partial: PartialFolios;
}

/** Walks mappings of one process in pieces, so that its mmap_lock is never held for long. */
export class MappingWalk {
  readonly #host: Host;
  readonly #pid: ProcessId;
  readonly #rows: BlockRows;
  readonly #orders: FolioOrders;
  readonly #pagemap: PagemapReader;
  readonly #geometry: PageGeometry;
  readonly #partial: PartialFolios;
  readonly #depth: 'levels' | 'frames';
  /** Whether PAGEMAP_SCAN is known to be missing, so that it is asked for once only. */
  #scanMissing = false;
  /** False as soon as a present page shows frame 0: the reader may not see frames. */
  framesVisible = true;
  pages: Pages = 0;
  scanNs = 0;

  constructor(
    host: Host,
    pid: ProcessId,
    { rows, orders, pagemap, partial }: WalkTables,
    depth: 'levels' | 'frames' = 'frames',
  ) {
    this.#depth = depth;
    this.#host = host;
    this.#pid = pid;
    this.#rows = rows;
    this.#orders = orders;
    this.#pagemap = pagemap;
    this.#partial = partial;
    this.#geometry = host.identity.geometry;
  }

  add(entry: SmapsEntry, index: number, range: PageRange): void {
    const firstRow = this.#rows.count;
    const regions = this.#scan(range);
    if (regions) this.#addRegions(regions, index);
    else this.#addByPagemap(entry, index, range);
    for (let row = firstRow; row < this.#rows.count; row++) this.#finishRow(row, entry, index);
  }

  #scan(range: PageRange): ScannedRegions | undefined {
    if (this.#scanMissing) return undefined;
    const started = this.#host.clock.monotonicNs();
    const scanned = this.#host.calls.scanPagemap(this.#pid, {
      range,
      inverted: 0,
      mask: 0,
      anyOf: PRESENT | SWAPPED,
      report: PRESENT | SWAPPED | PFNZERO | HUGE,
    });
    this.scanNs += this.#host.clock.monotonicNs() - started;
    if (scanned.ok) return scanned.value;
    this.#scanMissing = true;
    return undefined;
  }

  #addRegions(regions: ScannedRegions, mapping: number): void {
    const { starts, ends, categories } = regions;
    for (let region = 0; region < regions.count; region++) {
      this.pages += ends[region] - starts[region];
      const kind = categories[region];
      if (kind & HUGE) this.#addHuge(starts[region], ends[region], kind, mapping);
      else if (kind & PFNZERO) this.#tally(starts[region], ends[region], mapping, 'zeroMapped');
      else if (!(kind & PRESENT)) this.#tally(starts[region], ends[region], mapping, 'swapped');
      else if (this.#depth === 'levels') this.#tally(starts[region], ends[region], mapping, 'present');
      else this.#addSmall(starts[region], ends[region], mapping, regions, region);
    }
  }

  /** PMD entries: the folio is whole and huge, so only its first frame is of interest. */
  #addHuge(start: PageNumber, end: PageNumber, kind: number, mapping: number): void {
    const perBlock = this.#geometry.pagesPerBlock;
    for (let page = start; page < end; page = Math.floor(page / perBlock + 1) * perBlock) {
      const next = Math.min(end, Math.floor(page / perBlock + 1) * perBlock);
      const row = this.#rows.row(Math.floor(page / perBlock), mapping);
      this.#rows.level[row] = MAPPING_LEVEL.pmd;
      if (kind & PFNZERO) {
        this.#rows.flags[row] |= BLOCK_FLAG.hugeZeroPage;
        this.#rows.zeroMapped[row] += next - page;
      } else if (kind & PRESENT) this.#addHugeFolio(row, page, next - page);
      else this.#rows.swapped[row] += next - page;
    }
  }

  #addHugeFolio(row: number, page: PageNumber, pages: Pages): void {
    this.#rows.present[row] += pages;
    this.#rows.pagesByOrder[row * this.#rows.orders + this.#geometry.hugeOrder] += pages;
    const at = this.#pagemap.indexOf(page, page + 1);
    if (at < 0) return;
    const high = this.#pagemap.words[at * 2 + 1];
    const frame = frameOf(this.#pagemap.words[at * 2], high);
    if (frame === 0) this.framesVisible = false;
    else this.#rows.firstFrame[row] = frame - (page % this.#geometry.pagesPerBlock);
    this.#rows.flags[row] |= BLOCK_FLAG.contiguousFrames;
    if (!(high & PAGEMAP_HIGH.exclusive)) this.#rows.flags[row] |= BLOCK_FLAG.shared;
  }

  #addSmall(
    start: PageNumber,
    end: PageNumber,
    mapping: number,
    regions: ScannedRegions,
    region: number,
  ): void {
    const perBlock = this.#geometry.pagesPerBlock;
    // How far to read is looked for only where something is read: neighbours are many where regions are small.
    let readTo: PageNumber | undefined;
    for (let page = start; page < end; ) {
      const block = Math.floor(page / perBlock);
      if (!this.#pagemap.isAtHand(page)) readTo ??= Math.max(end, this.#readAhead(regions, region, start));
      const at = this.#pagemap.indexOf(page, readTo ?? end);
      if (at < 0) return;
      const stop = Math.min(end, (block + 1) * perBlock, page + this.#pagemap.available(page));
      this.#addPtes(this.#rows.row(block, mapping), page, at, stop - page);
      page = stop;
    }
  }

  /** End of the last region near `start`, so that neighbouring small regions share one read. */
  #readAhead(regions: ScannedRegions, region: number, start: PageNumber): PageNumber {
    const limit = start + this.#pagemap.capacity;
    let last = region;
    while (last + 1 < regions.count && regions.starts[last + 1] < limit) last++;
    return Math.min(limit, regions.ends[last]);
  }

  /**
   * `pages` page-table entries of one block, from index `at` of the reader's words. The hot loop of a census: entries
   * of consecutive frames with the same flags and folio order are taken as one run.
   */
  #addPtes(row: number, page: PageNumber, at: number, pages: Pages): void {
    const { words } = this.#pagemap;
    const orderColumn = row * this.#rows.orders;
    const { pagesByOrder } = this.#rows;
    const orders = this.#orders;
    let { codes, spanStart, spanEnd, spanOffset } = orders;
    let present = 0;
    let zero = 0;
    let swapped = 0;
    let shared = 0;
    let unknown = 0;
    let firstFrame = NO_PAGE;
    let inLine = 0;
    for (let index = 0, run = 1; index < pages; index += run) {
      const word = (at + index) * 2;
      const high = words[word + 1];
      run = 1;
      if ((high & PAGEMAP_HIGH.present) === 0) {
        if (high & PAGEMAP_HIGH.swapped) swapped++;
        continue;
      }
      const low = words[word];
      const frame = frameOf(low, high);
      if (frame === 0) {
        present++;
        unknown++;
        if (!(high & PAGEMAP_HIGH.exclusive)) shared++;
        continue;
      }
      if (frame < spanStart || frame >= spanEnd) {
        orders.locate(frame);
        ({ codes, spanStart, spanEnd, spanOffset } = orders);
      }
      const codeAt = spanOffset + frame - spanStart;
      const code = codes[codeAt];
      const most = Math.min(pages - index, spanEnd - frame);
      while (run < most && continues(words, word, run, low, high) && codes[codeAt + run] === code) run++;
      if (code === FRAME_CODE.zeroPage) {
        zero += run;
        continue;
      }
      present += run;
      if (firstFrame === NO_PAGE) firstFrame = frame - index;
      if (frame - index === firstFrame) inLine += run;
      if (!(high & PAGEMAP_HIGH.exclusive)) shared += run;
      if (code === FRAME_CODE.unknown) unknown += run;
      else {
        pagesByOrder[orderColumn + code] += run;
        // A run of whole folios holds nothing that is unmapped.
        const size = 2 ** code;
        if (code > 0 && (run % size !== 0 || frame % size !== 0))
          this.#partial.note(row, frame, run, code, (high & PAGEMAP_HIGH.exclusive) !== 0);
      }
    }
    if (present > 0) this.#rows.level[row] = MAPPING_LEVEL.pte;
    if (zero > 0 && this.#rows.level[row] === MAPPING_LEVEL.none) this.#rows.level[row] = MAPPING_LEVEL.pte;
    this.#rows.zeroMapped[row] += zero;
    this.#rows.swapped[row] += swapped;
    this.#noteFrames(row, page, firstFrame, inLine, present);
    this.#rows.present[row] += present;
    if (shared > 0) this.#rows.flags[row] |= BLOCK_FLAG.shared;
    if (unknown > 0) this.#rows.flags[row] |= BLOCK_FLAG.ordersUnknown;
    if (present > 0 && unknown === present) this.framesVisible = false;
  }

  /**
   * A block whose frames are those of one aligned huge block was split in place, or never was: the frame of its
   * first sub-page is its generation mark. `firstInLine` is the frame that the piece's first page would have.
   */
  #noteFrames(row: number, page: PageNumber, firstInLine: number, inLine: Pages, present: Pages): void {
    if (firstInLine === NO_PAGE || present === 0) return;
    const base = firstInLine - (page % this.#geometry.pagesPerBlock);
    const aligned = inLine === present && base % this.#geometry.pagesPerBlock === 0;
    const { firstFrame, flags } = this.#rows;
    if (this.#rows.present[row] === 0) {
      firstFrame[row] = aligned ? base : firstInLine;
      if (aligned) flags[row] |= BLOCK_FLAG.contiguousFrames;
    } else if (!aligned || firstFrame[row] !== base) flags[row] &= ~BLOCK_FLAG.contiguousFrames;
  }

  /** Counts pages of a region, whose frames are of no interest. */
  #tally(
    start: PageNumber,
    end: PageNumber,
    mapping: number,
    column: 'present' | 'zeroMapped' | 'swapped',
  ): void {
    const perBlock = this.#geometry.pagesPerBlock;
    for (let page = start; page < end; ) {
      const block: BlockNumber = Math.floor(page / perBlock);
      const stop = Math.min(end, (block + 1) * perBlock);
      const row = this.#rows.row(block, mapping);
      this.#rows[column][row] += stop - page;
      if (column !== 'swapped' && this.#rows.level[row] === MAPPING_LEVEL.none)
        this.#rows.level[row] = MAPPING_LEVEL.pte;
      if (column === 'present') this.#rows.flags[row] |= BLOCK_FLAG.ordersUnknown;
      page = stop;
    }
  }

  /** Without PAGEMAP_SCAN: every entry of the mapping is read, and huge entries are told by smaps and alignment. */
  #addByPagemap(entry: SmapsEntry, mapping: number, range: PageRange): void {
    const perBlock = this.#geometry.pagesPerBlock;
    for (let page = range.start; page < range.end; ) {
      const block = Math.floor(page / perBlock);
      const at = this.#pagemap.indexOf(page, range.end);
      if (at < 0) return;
      const stop = Math.min(range.end, (block + 1) * perBlock, page + this.#pagemap.available(page));
      if (this.#anything(at, stop - page))
        this.#addPtes(this.#rows.row(block, mapping), page, at, stop - page);
      this.pages += stop - page;
      page = stop;
    }
    this.#guessLevels(entry, mapping);
  }

  #anything(at: number, pages: Pages): boolean {
    const { words } = this.#pagemap;
    for (let index = 0; index < pages; index++) if (words[(at + index) * 2 + 1] >>> 30 !== 0) return true;
    return false;
  }

  /**
   * pagemap cannot tell a PMD entry from 512 entries of one folio. smaps says how many bytes of the mapping are
   * PMD-mapped: none, or as many as there are candidates, leaves no doubt; otherwise the first candidates are taken.
   */
  #guessLevels(entry: SmapsEntry, mapping: number): void {
    const huge = ['AnonHugePages', 'ShmemPmdMapped', 'FilePmdMapped'].reduce(
      (sum, field) => sum + (entry.bytes.get(field) ?? 0),
      0,
    );
    let left = huge / this.#geometry.blockBytes;
    for (let row = 0; row < this.#rows.count && left > 0; row++) {
      if (this.#rows.mapping[row] !== mapping || !this.#isWholeFolio(row)) continue;
      this.#rows.level[row] = MAPPING_LEVEL.pmd;
      left--;
    }
  }

  #isWholeFolio(row: number): boolean {
    const whole = this.#rows.present[row] === this.#geometry.pagesPerBlock;
    return whole && (this.#rows.flags[row] & BLOCK_FLAG.contiguousFrames) !== 0;
  }

  #finishRow(row: number, entry: SmapsEntry, index: number): void {
    if (this.#rows.mapping[row] !== index) return;
    const first = this.#rows.block[row] * this.#geometry.pagesPerBlock;
    const { start, end } = entry.mapping;
    if (start <= first && first + this.#geometry.pagesPerBlock <= end) {
      this.#rows.flags[row] |= BLOCK_FLAG.wholeInMapping;
    }
  }
}

/** Whether the entry `run` behind the one at `word` has the same flags and the frame that follows in line. */
function continues(words: Int32Array, word: number, run: number, low: number, high: number): boolean {
  return words[word + run * 2 + 1] === high && words[word + run * 2] === low + run;
}
