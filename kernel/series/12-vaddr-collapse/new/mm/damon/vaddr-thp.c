// SPDX-License-Identifier: GPL-2.0
/*
 * DAMOS actions that change folio sizes, for virtual address spaces
 */

#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/mmap_lock.h>
#include <linux/sched/mm.h>
#include <linux/swap.h>
#include <linux/userfaultfd_k.h>

#include "../internal.h"
#include "vaddr.h"

/*
 * Is there no point in going on?  DAMON is being turned off, or all users of
 * the memory are gone, so that nobody but us keeps it from being freed.
 */
static bool damos_va_should_stop(struct mm_struct *mm)
{
	return kthread_should_stop() || atomic_read(&mm->mm_users) == 1;
}

/*
 * Collapse the first PMD range of a VMA that is in the given range.
 *
 * The VMA is looked up under the lock it is used under, and
 * collapse_vma_range() looks again whenever it had to drop the lock.
 *
 * Sets @addr to where to go on.  Returns 0, or -ENOMEM if nothing else of the
 * process can be collapsed for now.
 */
static int damos_va_collapse_next(struct mm_struct *mm, unsigned long *addr,
				  unsigned long end, unsigned int order,
				  unsigned long *nr_collapsed)
{
	unsigned long start = *addr, next = end;
	struct vm_area_struct *vma;
	bool lock_dropped = false;
	bool armed = false;
	int err = 0;

	mmap_read_lock(mm);
	vma = find_vma(mm, start);
	if (vma && vma->vm_start < end) {
		start = max(start, vma->vm_start);
		next = min3(vma->vm_end, end, ALIGN(start + 1, PMD_SIZE));
		armed = userfaultfd_armed(vma);
		err = collapse_vma_range(vma, start, next, order,
					 nr_collapsed, &lock_dropped);
	}
	mmap_read_unlock(mm);
	*addr = next;
	/* -EBUSY is for holes, too, if those may not be filled */
	if (err == -ENOMEM || (err == -EBUSY && !armed))
		return -ENOMEM;
	return 0;
}

/*
 * Collapse the memory of a region to folios of the target order.
 *
 * Returns the bytes that went into new folios.
 */
unsigned long damos_va_collapse(struct damon_target *t, struct damon_region *r,
				struct damos *s)
{
	unsigned long addr = PAGE_ALIGN(r->ar.start);
	unsigned long end = PAGE_ALIGN_DOWN(r->ar.end);
	unsigned long nr_collapsed = 0;
	struct mm_struct *mm;

	if (s->no_memory_target == t)
		return 0;
	mm = damon_get_mm(t);
	if (!mm)
		return 0;
	if (!s->lru_drained) {
		lru_add_drain_all();
		s->lru_drained = true;
	}

	while (addr < end && !damos_va_should_stop(mm)) {
		if (damos_va_collapse_next(mm, &addr, end, s->target_order,
					   &nr_collapsed)) {
			s->no_memory_target = t;
			break;
		}
		cond_resched();
	}
	mmput(mm);
	return nr_collapsed * PAGE_SIZE;
}
