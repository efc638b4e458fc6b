/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of the virtual address spaces operations set share
 */

#include <linux/damon.h>

struct mm_struct *damon_get_mm(struct damon_target *t);

/* vaddr-thp.c */
unsigned long damos_va_collapse(struct damon_target *t, struct damon_region *r,
				struct damos *s);
