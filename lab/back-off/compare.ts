/**
 * An hour of a process on the model, with khugepaged on and with somebody who splits sparse huge pages once a minute:
 * what each way to hold khugepaged back comes to.
 */
import { access } from '../../src/model/kernel/access/access.js';
import { mmap, spawn } from '../../src/model/kernel/address-space/processes.js';
import { adviseRange } from '../../src/model/kernel/advice/madvise.js';
import { boot } from '../../src/model/kernel/boot.js';
import { visitBlock } from '../../src/model/kernel/collapse/khugepaged.js';
import { splitToOrder } from '../../src/model/kernel/damon/on-model/model-orders.js';
import type { Kernel } from '../../src/model/kernel/state/kernel.js';
import type { Mm } from '../../src/model/kernel/state/mm.js';
import { ENTRY } from '../../src/model/kernel/state/page-tables.js';
import { allowedOrders } from '../../src/model/kernel/thp/thp-orders.js';
import { GIB, type Nanoseconds, type PageNumber } from '../../src/vocabulary/units.js';
import type { Mechanism, Visit } from './mechanisms.js';

const SECOND = 1e9;
const HOUR_S = 3600;
/** khugepaged's defaults: 4096 pages, that is eight blocks, every ten seconds. */
const SCAN_EVERY_S = 10;
const BLOCKS_PER_SCAN = 8;
const SPLIT_EVERY_S = 60;
/** Dense and sparse blocks in one mapping; dense ones that come as base pages after half of the time, in another. */
const DENSE = 32;
const SPARSE = 32;
const LATE = 16;
const LATE_AT_S = 1800;
/** One page of twenty is used in a sparse block. */
const SPARSE_EVERY = 20;
/** From three quarters of the time on, these sparse blocks are dense: what was split on purpose has become hot. */
const TURNING = 8;
const TURNING_AT_S = 2700;

export interface BackOffRow {
  readonly name: string;
  readonly recollapses: number;
  readonly splits: number;
  /** Mean over the hour, in MiB, of what sparse blocks do not hold. */
  readonly savedMib: number;
  /** Blocks that are dense at the end and huge: of those in use from the start, late ones, and those that turned. */
  readonly dense: string;
  readonly late: string;
  readonly turned: string;
  readonly vmas: number;
  readonly khugepagedMs: number;
}

/** One hour under a mechanism, which must be a fresh one. */
export function hourWith(mechanism: Mechanism): BackOffRow {
  const hour = new Hour(mechanism);
  for (let second = SCAN_EVERY_S; second <= HOUR_S; second += SCAN_EVERY_S) hour.step(second);
  return hour.row();
}

class Hour {
  readonly #kernel: Kernel = boot({ memoryBytes: GIB, seed: 3 });
  readonly #mechanism: Mechanism;
  readonly #mm: Mm;
  readonly #bases: number[] = [];
  #cursor = 0;
  #recollapses = 0;
  #splits = 0;
  #saved = 0;
  #samples = 0;
  #khugepagedNs = 0;

  constructor(mechanism: Mechanism) {
    this.#mechanism = mechanism;
    const kernel = this.#kernel;
    kernel.thp.enabled = 'always';
    kernel.thp.scanSleepMs = 1e9;
    this.#mm = spawn(kernel, { command: 'heap' }).mm as Mm;
    for (const blocks of [DENSE + SPARSE, LATE])
      this.#bases.push(mmap(kernel, this.#mm, { pages: (blocks + 1) * this.#pages }) as number);
    for (let block = 0; block < DENSE + SPARSE; block++) this.#use(block, 0);
  }

  get #pages(): number {
    return this.#kernel.geometry.pagesPerBlock;
  }

  /** First page of a block; blocks behind those of the first mapping are in the second one. */
  #page(block: number): PageNumber {
    const late = block >= DENSE + SPARSE;
    const base = Math.ceil(this.#bases[late ? 1 : 0] / this.#pages) * this.#pages;
    return base + (late ? block - DENSE - SPARSE : block) * this.#pages;
  }

  #isDense(block: number, second: number): boolean {
    const turned = block < DENSE + TURNING && second >= TURNING_AT_S;
    return block < DENSE || block >= DENSE + SPARSE || turned;
  }

  #use(block: number, second: number): void {
    const every = this.#isDense(block, second) ? 1 : SPARSE_EVERY;
    const first = this.#page(block);
    for (let page = 0; page < this.#pages; page += every) {
      access(this.#kernel, this.#mm, first + page, true);
    }
  }

  step(second: number): void {
    const now = second * SECOND;
    this.#kernel.clock.advanceTo(now);
    const blocks = DENSE + SPARSE + (second >= LATE_AT_S ? LATE : 0);
    if (second === LATE_AT_S) this.#arriveSmall();
    for (let block = 0; block < blocks; block++) this.#use(block, second);
    for (let i = 0; i < BLOCKS_PER_SCAN; i++) this.#scan(this.#cursor++ % blocks, second, now);
    if (second % SPLIT_EVERY_S === 0)
      for (let block = DENSE; block < DENSE + SPARSE; block++) this.#splitSparse(block, second, now);
    this.#sample();
  }

  /** As a program that reads a file into memory bit by bit would have it. */
  #arriveSmall(): void {
    const [start, end] = [this.#page(DENSE + SPARSE), this.#page(DENSE + SPARSE) + LATE * this.#pages];
    adviseRange(this.#kernel, this.#mm, start, end, 'MADV_NOHUGEPAGE');
    for (let page = start; page < end; page++) access(this.#kernel, this.#mm, page, true);
    adviseRange(this.#kernel, this.#mm, start, end, 'MADV_HUGEPAGE');
  }

  #visit(block: number, second: number, now: Nanoseconds): Visit {
    const young = this.#isDense(block, second) ? this.#pages : Math.ceil(this.#pages / SPARSE_EVERY);
    const vma = block >= DENSE + SPARSE ? 1 : 0;
    return { kernel: this.#kernel, mm: this.#mm, now, block: this.#page(block), vma, young };
  }

  #scan(block: number, second: number, now: Nanoseconds): void {
    const visit = this.#visit(block, second, now);
    if (!this.#mechanism.allows(visit)) return;
    const { thp } = this.#kernel;
    const usual = thp.maxPtesNone;
    thp.maxPtesNone = this.#mechanism.holes?.(visit) ?? usual;
    const vma = this.#mm.vmas[this.#mm.indexAtOrAfter(visit.block)];
    const orders = allowedOrders(this.#kernel, this.#mm, vma, 'khugepaged');
    const done = visitBlock(this.#kernel, this.#mm, vma, visit.block, orders);
    thp.maxPtesNone = usual;
    this.#khugepagedNs += done.cost;
    if (done.collapsed && !this.#isDense(block, second)) this.#recollapses++;
  }

  #splitSparse(block: number, second: number, now: Nanoseconds): void {
    if (this.#isDense(block, second) || !this.#isHuge(block)) return;
    const { tables } = this.#kernel;
    const head = tables.pmdValue[tables.pmdOf(this.#mm, this.#page(block) / this.#pages)];
    splitToOrder(this.#kernel, head, 0);
    this.#splits++;
    this.#mechanism.split(this.#visit(block, second, now));
  }

  #isHuge(block: number): boolean {
    const { tables } = this.#kernel;
    const pmd = tables.pmdOf(this.#mm, this.#page(block) / this.#pages);
    return (tables.pmdBits[pmd] & ENTRY.present) !== 0;
  }

  #sample(): void {
    let small = 0;
    for (let block = DENSE + TURNING; block < DENSE + SPARSE; block++) if (!this.#isHuge(block)) small++;
    const pages = small * (this.#pages - Math.ceil(this.#pages / SPARSE_EVERY));
    this.#saved += (pages * this.#kernel.geometry.pageBytes) / 2 ** 20;
    this.#samples++;
  }

  #hugeOf(from: number, to: number): string {
    let huge = 0;
    for (let block = from; block < to; block++) if (this.#isHuge(block)) huge++;
    return `${huge} of ${to - from}`;
  }

  row(): BackOffRow {
    const extra = this.#mechanism.name === 'nohugepage' ? 2 * SPARSE : 0;
    return {
      name: this.#mechanism.name,
      recollapses: this.#recollapses,
      splits: this.#splits,
      savedMib: this.#saved / this.#samples,
      dense: this.#hugeOf(0, DENSE),
      late: this.#hugeOf(DENSE + SPARSE, DENSE + SPARSE + LATE),
      turned: this.#hugeOf(DENSE, DENSE + TURNING),
      vmas: this.#mm.vmas.length + extra,
      khugepagedMs: this.#khugepagedNs / 1e6,
    };
  }
}
