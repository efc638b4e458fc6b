import type { BlockNumber, FrameNumber, PageGeometry, PageNumber } from '../../../vocabulary/units.js';
import type { Mm } from './mm.js';

/** Bits of a leaf entry, the same in PMD and PTE columns (Uint16). */
export const ENTRY = {
  /** A page is there: the value is its frame. */
  present: 1,
  /** Set by a page-table walk, never by an access that hits the TLB. */
  accessed: 1 << 1,
  dirty: 1 << 2,
  writable: 1 << 3,
  /** The shared zero page (PTE) or the huge zero page (PMD): present, but no memory of its own. */
  zero: 1 << 4,
  /** The value is a swap slot. Not present. */
  swap: 1 << 5,
  softDirty: 1 << 6,
  /** arm64's contiguous bit: one of 2^contiguousOrder aligned entries that the TLB may hold as one. PTE only. */
  contiguous: 1 << 7,
  /** Armed for userfaultfd write protection. */
  uffdWp: 1 << 8,
  /** PMD only: the value is a page table of PTEs. Never together with `present`. */
  table: 1 << 9,
  /** Guard region marker (MADV_GUARD_INSTALL). Not present. */
  guard: 1 << 10,
} as const;

/** PMD entries of one page of the PMD level, whatever the geometry: a run of the pool. */
export const PMD_RUN = 512;

/**
 * All page tables of all processes, in pools of columns.
 *
 * The walk for page v of process mm, as the hardware layer may write it out in its own loop:
 *   block = v / pagesPerBlock;   p = mm.pgd[block >>> 9] + (block & 511);
 *   pmdBits[p] & ENTRY.present → the leaf is PMD entry p, frame pmdValue[p] + v % pagesPerBlock
 *   otherwise                  → the leaf is PTE entry e = pmdValue[p] * pagesPerBlock + v % pagesPerBlock,
 *                                pteBits[e] and pteValue[e].
 * Run 0 and table 0 are empty for ever, so that a missing level reads as "nothing there" without a branch.
 * Growing replaces the arrays: read them again from this object after anything that may fault or map.
 */
export class PageTables {
  readonly geometry: PageGeometry;
  pmdBits: Uint16Array;
  pmdValue: Uint32Array;
  /** Frame of the page table in use below, or deposited for a later split of a huge mapping. 0 when none. */
  pmdTableFrame: Uint32Array;
  pteBits: Uint16Array;
  pteValue: Uint32Array;
  /** Entries of each table that are not empty (present, swap or marker). */
  tableUsed: Uint16Array;
  /** log2 of the entries in an arm64 contiguous group; 0 where hardware has no such bit. */
  readonly contiguousOrder: number;
  runsInUse = 0;
  tablesInUse = 0;
  readonly freeRuns: number[] = [];
  readonly freeTables: number[] = [];
  runs = 1;
  tables = 1;

  constructor(geometry: PageGeometry, contiguousOrder: number) {
    this.geometry = geometry;
    this.contiguousOrder = contiguousOrder;
    this.pmdBits = new Uint16Array(PMD_RUN * 16);
    this.pmdValue = new Uint32Array(PMD_RUN * 16);
    this.pmdTableFrame = new Uint32Array(PMD_RUN * 16);
    this.pteBits = new Uint16Array(geometry.pagesPerBlock * 64);
    this.pteValue = new Uint32Array(geometry.pagesPerBlock * 64);
    this.tableUsed = new Uint16Array(64);
  }

  /** Length of a process's top level: one entry for each 512 blocks of a 47-bit address space. */
  pgdLength(): number {
    return 2 ** (47 - this.geometry.pageShift - this.geometry.hugeOrder - 9);
  }

  /** Index of the PMD entry of a block; below PMD_RUN when the process has no page of that level there. */
  pmdOf(mm: Mm, block: BlockNumber): number {
    return mm.pgd[Math.floor(block / PMD_RUN)] + (block % PMD_RUN);
  }

  /** The same, making the missing level. */
  ensurePmd(mm: Mm, block: BlockNumber): number {
    const top = Math.floor(block / PMD_RUN);
    if (mm.pgd[top] === 0) {
      mm.pgd[top] = this.takeRun() * PMD_RUN;
      mm.tops.push(top);
      mm.pmdPages++;
    }
    return mm.pgd[top] + (block % PMD_RUN);
  }

  /** Index of the PTE entry of a page below PMD entry `pmd`, which must be a table. */
  pteOf(pmd: number, page: PageNumber): number {
    const pages = this.geometry.pagesPerBlock;
    return this.pmdValue[pmd] * pages + (page % pages);
  }

  /** Puts an empty page table, whose memory is `frame`, below `pmd`. */
  installTable(pmd: number, frame: FrameNumber): void {
    const table = this.takeTable();
    this.pmdBits[pmd] = ENTRY.table;
    this.pmdValue[pmd] = table;
    this.pmdTableFrame[pmd] = frame;
  }

  /** Takes the page table away; its entries must be empty. The frame stays noted as deposited. */
  removeTable(pmd: number): void {
    const table = this.pmdValue[pmd];
    this.freeTables.push(table);
    this.tablesInUse--;
    this.pmdBits[pmd] = 0;
    this.pmdValue[pmd] = 0;
  }

  /** Gives the PMD-level pages of a process back; all of its entries must be empty. */
  releaseRuns(mm: Mm): void {
    for (const top of mm.tops) {
      this.freeRuns.push(mm.pgd[top] / PMD_RUN);
      this.runsInUse--;
      mm.pgd[top] = 0;
      mm.pmdPages--;
    }
    mm.tops.length = 0;
  }

  private takeRun(): number {
    this.runsInUse++;
    const reused = this.freeRuns.pop();
    if (reused !== undefined) return reused;
    if ((this.runs + 1) * PMD_RUN > this.pmdBits.length) this.growPmds();
    return this.runs++;
  }

  private takeTable(): number {
    this.tablesInUse++;
    const reused = this.freeTables.pop();
    if (reused !== undefined) return reused;
    if (this.tables + 1 > this.tableUsed.length) this.growPtes();
    return this.tables++;
  }

  private growPmds(): void {
    const length = this.pmdBits.length * 2;
    this.pmdBits = grown(this.pmdBits, new Uint16Array(length));
    this.pmdValue = grown(this.pmdValue, new Uint32Array(length));
    this.pmdTableFrame = grown(this.pmdTableFrame, new Uint32Array(length));
  }

  private growPtes(): void {
    const tables = this.tableUsed.length * 2;
    const entries = tables * this.geometry.pagesPerBlock;
    this.tableUsed = grown(this.tableUsed, new Uint16Array(tables));
    this.pteBits = grown(this.pteBits, new Uint16Array(entries));
    this.pteValue = grown(this.pteValue, new Uint32Array(entries));
  }
}

function grown<Column extends Uint16Array | Uint32Array>(from: Column, to: Column): Column {
  to.set(from as never);
  return to;
}
