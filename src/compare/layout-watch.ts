/** How blocks change between huge and small during a run, and what of memory could be reclaimed at its end. */
import type { Kernel } from '../model/kernel/state/kernel.js';
import type { Mm } from '../model/kernel/state/mm.js';
import { ENTRY } from '../model/kernel/state/page-tables.js';
import type { RunningProcess } from '../simulator/run/running-process.js';
import type { Bytes, Pages } from '../vocabulary/units.js';

const LEVEL = { none: 0, small: 1, huge: 2 } as const;

/** Counts how often each block changed its level, and the bytes that could be reclaimed. */
export class LayoutWatch {
  readonly #kernel: Kernel;
  readonly #levels = new Map<string, Uint8Array>();
  readonly #changes = new Map<string, Uint16Array>();

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  /** Looks at every block of every process; a change from huge to small or back since the last look is an action. */
  look(processes: readonly RunningProcess[]): void {
    for (const { name, window, task, killed } of processes) {
      if (killed || task.mm === undefined || task.mm === null) continue;
      const perBlock = this.#kernel.geometry.pagesPerBlock;
      const count = Math.ceil(window.pages / perBlock);
      const before = this.#levels.get(name) ?? new Uint8Array(count);
      const changes = this.#changes.get(name) ?? new Uint16Array(count);
      this.#levels.set(name, before);
      this.#changes.set(name, changes);
      const first = Math.floor(window.firstPage / perBlock);
      for (let index = 0; index < count; index++) {
        const now = levelOf(this.#kernel, task.mm, first + index);
        if (now !== LEVEL.none && before[index] !== LEVEL.none && now !== before[index]) changes[index]++;
        if (now !== LEVEL.none) before[index] = now;
      }
    }
  }

  /** Blocks that held memory, changes of them, and changes after the first of a block. */
  totals(): {
    readonly blocks: number;
    readonly actions: number;
    readonly churn: number;
    readonly acted: number;
  } {
    const sum = { blocks: 0, actions: 0, churn: 0, acted: 0 };
    for (const levels of this.#levels.values())
      for (const level of levels) if (level !== LEVEL.none) sum.blocks++;
    for (const changes of this.#changes.values()) {
      for (const count of changes) {
        sum.actions += count;
        sum.churn += Math.max(0, count - 1);
        if (count > 0) sum.acted++;
      }
    }
    return sum;
  }
}

function levelOf({ tables }: Kernel, mm: Mm, block: number): number {
  const bits = tables.pmdBits[tables.pmdOf(mm, block)];
  if ((bits & ENTRY.present) !== 0) return (bits & ENTRY.zero) === 0 ? LEVEL.huge : LEVEL.none;
  return (bits & ENTRY.table) === 0 ? LEVEL.none : LEVEL.small;
}

/** Visits every resident page of a process's area: its offset in it, and its frame. */
export function eachResident(
  { tables, geometry }: Kernel,
  { task, window }: RunningProcess,
  visit: (offset: Pages, frame: number) => void,
): void {
  const perBlock = geometry.pagesPerBlock;
  if (task.mm === undefined || task.mm === null) return;
  for (let start = 0; start < window.pages; start += perBlock) {
    const pmd = tables.pmdOf(task.mm, Math.floor((window.firstPage + start) / perBlock));
    const bits = tables.pmdBits[pmd];
    if ((bits & ENTRY.present) !== 0 && (bits & ENTRY.zero) === 0) {
      for (let page = 0; page < perBlock; page++) visit(start + page, tables.pmdValue[pmd] + page);
    } else if ((bits & ENTRY.present) === 0 && (bits & ENTRY.table) !== 0) {
      const table = tables.pmdValue[pmd] * perBlock;
      for (let page = 0; page < perBlock; page++)
        if ((tables.pteBits[table + page] & (ENTRY.present | ENTRY.zero)) === ENTRY.present)
          visit(start + page, tables.pteValue[table + page]);
    }
  }
}

/** Resident bytes of folios of which no page was accessed: what reclaim could take without a fault. */
export function reclaimableBytes(
  kernel: Kernel,
  processes: readonly RunningProcess[],
  accessed: ReadonlyMap<string, Uint8Array>,
): Bytes {
  const pages = new Map<number, number>();
  const touched = new Set<number>();
  for (const process of processes) {
    if (process.killed) continue;
    eachResident(kernel, process, (offset, frame) => {
      const head = kernel.folios.headOf(frame);
      pages.set(head, (pages.get(head) ?? 0) + 1);
      if ((accessed.get(process.name)?.[offset] ?? 0) > 0) touched.add(head);
    });
  }
  let cold = 0;
  for (const [head, count] of pages) if (!touched.has(head)) cold += count;
  return cold * kernel.geometry.pageBytes;
}
