/** What became of Octavo's splits by the end of a simulation: what they returned, and what was taken back since. */

import type { Kernel } from '../../model/kernel/state/kernel.js';
import type { Mm } from '../../model/kernel/state/mm.js';
import { ENTRY } from '../../model/kernel/state/page-tables.js';
import type { Plan, Verdict } from '../../vocabulary/plan.js';
import type { BlockNumber, Bytes, Pages } from '../../vocabulary/units.js';

/** Octavo's splits as they stand at the end. */
export interface SplitsAtEnd {
  /** Blocks that Octavo split, each counted once. */
  readonly blocks: number;
  /** What the last split of each returned. */
  readonly returnedBytes: Bytes;
  /** Those that the kernel has collapsed again since, and how much memory that took back. */
  readonly hugeAgain: number;
  readonly takenBackByKernelBytes: Bytes;
  /** What the process has touched again since in blocks that stayed split. */
  readonly takenBackByProcessBytes: Bytes;
}

interface Split {
  readonly pid: number;
  readonly block: BlockNumber;
  /** Resident pages right after it. */
  readonly present: Pages;
  readonly returned: Bytes;
}

/** Keeps what Octavo split, and looks at the end what is left of it. */
export class SplitKeeping {
  readonly #splits = new Map<string, Split>();

  /** Takes note of what a turn split. */
  note({ steps }: Plan, verdicts: readonly Verdict[]): void {
    for (const { step, outcome, after, residentDelta } of verdicts) {
      const proposal = steps.find(({ id }) => id === step)?.proposal;
      if (proposal?.action !== 'split' || outcome !== 'met') continue;
      const { pid } = proposal.process;
      const { block } = proposal;
      this.#splits.set(`${pid} ${block}`, { pid, block, present: after.present, returned: -residentDelta });
    }
  }

  /** Blocks of processes that have ended hold nothing any more. */
  atEnd(kernel: Kernel): SplitsAtEnd {
    const sum = { hugeAgain: 0, returnedBytes: 0, takenBackByKernelBytes: 0, takenBackByProcessBytes: 0 };
    for (const { pid, block, present, returned } of this.#splits.values()) {
      sum.returnedBytes += returned;
      const mm = kernel.processes.get(pid)?.mm;
      if (!mm) continue;
      const now = residentIn(kernel, mm, block);
      const back = Math.max(0, now.pages - present) * kernel.geometry.pageBytes;
      if (now.huge) sum.hugeAgain++;
      if (now.huge) sum.takenBackByKernelBytes += back;
      else sum.takenBackByProcessBytes += back;
    }
    return { blocks: this.#splits.size, ...sum };
  }
}

function residentIn(kernel: Kernel, mm: Mm, block: BlockNumber): { pages: Pages; huge: boolean } {
  const { tables, geometry } = kernel;
  const pmd = tables.pmdOf(mm, block);
  const bits = tables.pmdBits[pmd];
  if ((bits & ENTRY.present) !== 0) {
    const huge = (bits & ENTRY.zero) === 0;
    return { pages: huge ? geometry.pagesPerBlock : 0, huge };
  }
  if ((bits & ENTRY.table) === 0) return { pages: 0, huge: false };
  const table = tables.pmdValue[pmd] * geometry.pagesPerBlock;
  let pages = 0;
  for (let entry = table; entry < table + geometry.pagesPerBlock; entry++)
    if ((tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) === ENTRY.present) pages++;
  return { pages, huge: false };
}
