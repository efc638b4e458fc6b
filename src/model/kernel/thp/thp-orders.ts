import type { Order, PageNumber } from '../../../vocabulary/units.js';
import type { Kernel } from '../state/kernel.js';
import { type MappedInode, type Mm, VM, type Vma } from '../state/mm.js';

/** What an order is asked for (enum tva_type): a fault, khugepaged, MADV_COLLAPSE, or the THPeligible line. */
export type Purpose = 'fault' | 'khugepaged' | 'collapse' | 'smaps';

/** Orders that a mapping may use now, as a bit mask (thp_vma_allowable_orders()). */
export function allowedOrders(kernel: Kernel, mm: Mm, vma: Vma, purpose: Purpose): number {
  if (vma.flags & (VM.special | VM.noHugepage)) return 0;
  if (isDisabled(mm, vma, purpose)) return 0;
  if (vma.flags & VM.growsDown && purpose !== 'fault' && vma.end - vma.start < kernel.geometry.pagesPerBlock)
    return 0;
  const orders = vma.isAnonymous
    ? anonymousOrders(kernel, vma, purpose)
    : inodeOrders(kernel, vma.file, vma, vma.offset, purpose);
  return purpose === 'fault' ? orders : fittingAtTail(vma, orders);
}

function isDisabled(mm: Mm, vma: Vma, purpose: Purpose): boolean {
  if (mm.thpDisable === 'complete') return true;
  return mm.thpDisable === 'except-advised' && (vma.flags & VM.hugepage) === 0 && purpose !== 'collapse';
}

function anonymousOrders(kernel: Kernel, vma: Vma, purpose: Purpose): number {
  const { hugeOrder } = kernel.geometry;
  if (purpose === 'collapse') return vma.hasAnonPages ? 1 << hugeOrder : 0;
  if (purpose === 'khugepaged' && !vma.hasAnonPages) return 0;
  let orders = 0;
  for (let order = 2; order <= hugeOrder; order++) {
    if (isOrderEnabled(kernel, order, (vma.flags & VM.hugepage) !== 0)) orders |= 1 << order;
  }
  return orders;
}

/** Effective anonymous mask: always + (madvise when advised) + (inherit when the top level says so). */
export function isOrderEnabled(kernel: Kernel, order: Order, advised: boolean): boolean {
  const { thp } = kernel;
  const own = thp.anonEnabled[order];
  if (own === 'always') return true;
  if (own === 'madvise') return advised;
  if (own !== 'inherit') return false;
  return thp.enabled === 'always' || (thp.enabled === 'madvise' && advised);
}

/** Orders for shmem and tmpfs at one page of the inode (shmem_allowable_huge_orders()). */
export function inodeOrders(
  kernel: Kernel,
  inode: MappedInode,
  vma: Vma | undefined,
  offset: PageNumber,
  purpose: Purpose,
): number {
  const { hugeOrder } = kernel.geometry;
  if (inode.kind === 'file') return 0;
  if (vma !== undefined && vma.flags & VM.noHugepage) return 0;
  if (kernel.thp.shmemEnabled === 'deny') return 0;
  const huge = 1 << hugeOrder;
  const isAsked = purpose === 'collapse' || kernel.thp.shmemEnabled === 'force';
  if (isSharedAnonymous(inode)) return ownSizes(kernel, inode, vma, offset, isAsked);
  if (isAsked) return huge;
  const advised = vma !== undefined && (vma.flags & VM.hugepage) !== 0;
  const rule = inode.mount === 'kernel' ? kernel.thp.shmemEnabled : inode.mount;
  return admits(rule, inode, offset, hugeOrder, advised) ? huge : 0;
}

/** vma_is_anon_shmem(): memory of mmap(MAP_SHARED | MAP_ANONYMOUS). memfd and SysV lie on the kernel's mount as well. */
function isSharedAnonymous({ mount, path }: MappedInode): boolean {
  return mount === 'kernel' && path.startsWith('/dev/zero');
}

/** Shared anonymous memory has its own setting for each size; `force` leaves only those that inherit. */
function ownSizes(
  kernel: Kernel,
  inode: MappedInode,
  vma: Vma | undefined,
  offset: PageNumber,
  isAsked: boolean,
): number {
  const { orderShmemEnabled, shmemEnabled } = kernel.thp;
  const advised = vma !== undefined && (vma.flags & VM.hugepage) !== 0;
  let orders = 0;
  for (let order = 1; order <= kernel.geometry.hugeOrder; order++) {
    const own = orderShmemEnabled[order];
    const inherits = own === 'inherit' && (isAsked || admits(shmemEnabled, inode, offset, order, advised));
    const allowed =
      own !== 'inherit' && shmemEnabled !== 'force' && admits(own, inode, offset, order, advised);
    if (inherits || allowed) orders |= 1 << order;
  }
  return orders;
}

function admits(
  rule: string,
  inode: MappedInode,
  offset: PageNumber,
  order: Order,
  advised: boolean,
): boolean {
  if (rule === 'always') return true;
  if (rule === 'advise') return advised;
  if (rule !== 'within_size') return false;
  const end = offset - (offset % 2 ** order) + 2 ** order;
  return advised || end <= inode.pages;
}

/** Keeps the orders from the first that fits, aligned, before the end of the mapping (as huge_memory.c samples it). */
function fittingAtTail(vma: Vma, orders: number): number {
  for (let order = 31 - Math.clz32(orders); order > 0; order--) {
    if ((orders & (1 << order)) === 0) continue;
    if (fits(vma, vma.end - 2 ** order, order)) return orders & (2 ** (order + 1) - 1);
  }
  return 0;
}

/** Whether the aligned block of this order around `page` lies inside the mapping. */
export function fits(vma: Vma, page: PageNumber, order: Order): boolean {
  const start = page - (page % 2 ** order);
  if (vma.inode !== undefined && (vma.start - vma.offset) % 2 ** order !== 0) return false;
  return start >= vma.start && start + 2 ** order <= vma.end;
}
