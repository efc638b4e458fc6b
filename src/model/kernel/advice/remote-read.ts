/**
 * Reading a process's memory from outside. /proc/PID/mem takes references to pages (FOLL_GET), process_vm_readv pins
 * them (FOLL_PIN). A pin promises that the page stays the process's own, so the kernel unshares first what a fork
 * shares (gup_must_unshare()); a reference promises nothing and changes nothing. Both fault in what is
 * not there.
 */
import type { ErrnoName } from '../../../vocabulary/errno.js';
import type { Bytes, PageNumber, PageRange } from '../../../vocabulary/units.js';
import { emptyLeaf, translate } from '../access/access.js';
import { markTouched, touch } from '../access/populate.js';
import { unshareFault } from '../fault/copy-on-write.js';
import { writePageBytes } from '../state/content.js';
import type { Kernel } from '../state/kernel.js';
import { type Mm, VM } from '../state/mm.js';

/** Reads /proc/PID/mem at a position: the bytes read, or EIO when its first page cannot be had (mem_rw()). */
export function readMem(kernel: Kernel, mm: Mm, into: Uint8Array, position: Bytes): number | ErrnoName {
  const { pageBytes } = kernel.geometry;
  const page = new Uint8Array(pageBytes);
  let done = 0;
  while (done < into.length) {
    const within = (position + done) % pageBytes;
    if (within === 0 && into.length - done >= pageBytes) {
      const whole = into.subarray(done, done + pageBytes);
      if (!copyPage(kernel, mm, (position + done) / pageBytes, whole)) break;
      done += pageBytes;
      continue;
    }
    if (!copyPage(kernel, mm, Math.floor((position + done) / pageBytes), page)) break;
    const part = page.subarray(within, within + Math.min(pageBytes - within, into.length - done));
    into.set(part, done);
    done += part.length;
  }
  return done > 0 || into.length === 0 ? done : 'EIO';
}

/** process_vm_readv(2) of one range by a caller that may: the bytes read, or EFAULT when its first page cannot be had. */
export function processVmRead(
  kernel: Kernel,
  mm: Mm,
  { start, end }: PageRange,
  into: Uint8Array,
): number | ErrnoName {
  const { pageBytes } = kernel.geometry;
  let done = 0;
  for (let page = start; page < end && done + pageBytes <= into.length; page++) {
    // Without FOLL_FORCE what the process itself may not read is refused (check_vma_flags()).
    const mayRead = ((mm.vmaOf(page)?.flags ?? 0) & VM.read) !== 0;
    if (!mayRead || touch(kernel, mm, page, false) < 0 || !unshare(kernel, mm, page)) break;
    if (!copyPage(kernel, mm, page, into.subarray(done, done + pageBytes))) break;
    done += pageBytes;
  }
  return done > 0 || start >= end ? done : 'EFAULT';
}

function unshare(kernel: Kernel, mm: Mm, page: PageNumber): boolean {
  const cost = unshareFault(kernel, mm, page);
  if (cost > 0) kernel.clock.spend(cost);
  return cost >= 0;
}

/** Copies one page, faulting it in, and leaves what a touch leaves (markTouched()). */
function copyPage(kernel: Kernel, mm: Mm, page: PageNumber, into: Uint8Array): boolean {
  const { folios, geometry, costs } = kernel;
  const cost = touch(kernel, mm, page, false);
  const leaf = emptyLeaf();
  if (cost < 0 || !translate(kernel, mm, page, leaf)) return false;
  kernel.clock.spend(cost + (costs.copyKib * geometry.pageBytes) / 1024);
  markTouched(kernel, mm, page, false);
  writePageBytes(leaf.zero ? 0 : folios.content[leaf.frame], into, 0, geometry.pageBytes);
  return true;
}
