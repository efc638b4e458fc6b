import type { Kernel } from '../state/kernel.js';
import type { Mm, Vma } from '../state/mm.js';
import { allowedOrders } from './thp-orders.js';

/** Name of khugepaged's wake-up among the clock's events. */
export const KHUGEPAGED = 'khugepaged';

/**
 * Puts an address space on khugepaged's list if some order is allowed for this mapping now
 * (khugepaged_enter_vma()). Called where Linux calls it and nowhere else: a change of MADV_HUGEPAGE flags, a
 * huge anonymous fault, merging and growing mappings, fork. Settings changed later register no address space.
 */
export function registerMm(kernel: Kernel, mm: Mm, vma: Vma): void {
  if (mm.inKhugepagedList || allowedOrders(kernel, mm, vma, 'khugepaged') === 0) return;
  enlist(kernel, mm);
}

/** Puts a process on khugepaged's list, and wakes the thread when it was the first. */
export function enlist(kernel: Kernel, mm: Mm): void {
  const { khugepaged } = kernel;
  mm.inKhugepagedList = true;
  khugepaged.list.push(mm.id);
  if (khugepaged.timer < 0) scheduleScan(kernel, kernel.thp.scanSleepMs);
}

/** Plans khugepaged's next wake-up, replacing the one that is planned. */
export function scheduleScan(kernel: Kernel, milliseconds: number): void {
  const { khugepaged, clock } = kernel;
  if (khugepaged.timer >= 0) clock.cancel(khugepaged.timer);
  khugepaged.timer = clock.after(Math.max(milliseconds, 1) * 1e6, KHUGEPAGED);
}

/** Takes an exiting address space off the list (khugepaged_exit()). */
export function unregisterMm(kernel: Kernel, mm: Mm): void {
  const { khugepaged } = kernel;
  const index = khugepaged.list.indexOf(mm.id);
  mm.inKhugepagedList = false;
  if (index < 0) return;
  khugepaged.list.splice(index, 1);
  if (index < khugepaged.cursor) khugepaged.cursor--;
  else if (index === khugepaged.cursor) khugepaged.address = 0;
}
