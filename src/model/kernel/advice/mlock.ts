import type { PageNumber } from '../../../vocabulary/units.js';
import { populateLocked } from '../access/populate.js';
import { changeFlags, coveredUntil } from '../address-space/vmas.js';
import { changeOnLru } from '../memory/lru.js';
import type { Outcome } from '../split/split.js';
import { FOLIO } from '../state/folios.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';
import { ENTRY } from '../state/page-tables.js';
import { blockStart, firstEntry, runOfFolio } from '../translation/entries.js';

/**
 * mlock(2) and munlock(2): folios wholly inside become unevictable (or evictable again), and mlock makes every page
 * resident. A hole returns ENOMEM, with the mappings before it locked but nothing made resident.
 */
export function setLocked(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  locked: boolean,
): Outcome {
  const covered = coveredUntil(mm, start, end);
  let cost = changeFlags(
    kernel,
    mm,
    { start, end: covered },
    { set: locked ? VM.locked : 0, clear: locked ? 0 : VM.locked },
  );
  forEachFolio(kernel, mm, start, covered, (head) => markLocked(kernel, head, locked));
  cost += kernel.costs.systemCall;
  if (covered < end) return { error: 'ENOMEM', cost };
  return { error: undefined, cost: cost + (locked ? populateLocked(kernel, mm, start, end) : 0) };
}

function markLocked(kernel: Kernel, head: number, locked: boolean): void {
  const { folios, counters } = kernel;
  const flags = FOLIO.mlocked | FOLIO.unevictable;
  if (folios.has(head, FOLIO.mlocked) === locked) return;
  changeOnLru(kernel, head, () => (locked ? folios.set(head, flags) : folios.clear(head, flags)));
  counters.count(locked ? 'unevictable_pgs_mlocked' : 'unevictable_pgs_munlocked', folios.pagesOf(head));
}

/** Heads of the folios with all their pages mapped here inside the range. */
function forEachFolio(
  kernel: Kernel,
  mm: Mm,
  start: PageNumber,
  end: PageNumber,
  visit: (head: number) => void,
): void {
  const { tables, geometry, folios } = kernel;
  for (let block = blockStart(kernel, start); block < end; block += geometry.pagesPerBlock) {
    const pmd = tables.pmdOf(mm, block / geometry.pagesPerBlock);
    const bits = tables.pmdBits[pmd];
    if (bits & ENTRY.present) {
      const whole = block >= start && block + geometry.pagesPerBlock <= end;
      if ((bits & ENTRY.zero) === 0 && whole) visit(tables.pmdValue[pmd]);
      continue;
    }
    if ((bits & ENTRY.table) === 0) continue;
    const first = firstEntry(kernel, pmd) - block;
    const to = Math.min(end, block + geometry.pagesPerBlock);
    for (let page = Math.max(start, block); page < to; page++) {
      const entry = first + page;
      if ((tables.pteBits[entry] & (ENTRY.present | ENTRY.zero)) !== ENTRY.present) continue;
      const frame = tables.pteValue[entry];
      if (folios.headOf(frame) !== frame) continue;
      if (runOfFolio(kernel, entry, to - page) === folios.pagesOf(frame)) visit(frame);
    }
  }
}
