// SPDX-License-Identifier: GPL-2.0
/*
 * DAMOS actions that change folio sizes, for virtual address spaces
 */

#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>

#include "../internal.h"
#include "vaddr.h"

/*
 * Collapse the memory of a region to folios of the target order.
 *
 * Each VMA is looked up under the lock it is used under, and
 * collapse_vma_range() looks again whenever it had to drop the lock.
 *
 * Returns the bytes that went into new folios.
 */
unsigned long damos_va_collapse(struct damon_target *t, struct damon_region *r,
				struct damos *s)
{
	unsigned long addr = PAGE_ALIGN(r->ar.start);
	unsigned long end = PAGE_ALIGN_DOWN(r->ar.end);
	unsigned long nr_collapsed = 0;
	struct mm_struct *mm = damon_get_mm(t);

	if (!mm)
		return 0;

	while (addr < end) {
		struct vm_area_struct *vma;
		unsigned long next = end;
		bool lock_dropped = false;
		int err = 0;

		mmap_read_lock(mm);
		vma = find_vma(mm, addr);
		if (vma && vma->vm_start < end) {
			addr = max(addr, vma->vm_start);
			next = min(vma->vm_end, end);
			err = collapse_vma_range(vma, addr, next,
						 s->target_order, &nr_collapsed,
						 &lock_dropped);
		}
		mmap_read_unlock(mm);
		/* Other VMAs would hardly get the memory */
		if (err == -ENOMEM)
			break;
		addr = next;
		cond_resched();
	}
	mmput(mm);
	return nr_collapsed * PAGE_SIZE;
}
