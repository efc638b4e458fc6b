// SPDX-License-Identifier: GPL-2.0
/*
 * Huge page orders of DAMOS actions
 */

#include <linux/mm.h>

#include "thp.h"

/**
 * damos_max_target_order() - Get the highest &damos->target_order.
 *
 * Return: The order of a PMD-sized folio, or 0 if there are no huge pages.
 */
unsigned int damos_max_target_order(void)
{
#ifdef CONFIG_TRANSPARENT_HUGEPAGE
	return HPAGE_PMD_ORDER;
#else
	return 0;
#endif
}

/**
 * damos_valid_target_order() - Check the target order against the action.
 * @s:	The scheme.
 *
 * Anonymous memory has no order-1 folios, because a folio of two pages has no
 * room for the deferred split list.
 *
 * Return: true if the action of @s can work with the target order of @s.
 */
bool damos_valid_target_order(const struct damos *s)
{
	switch (s->action) {
	case DAMOS_COLLAPSE:
		return s->target_order != 1 &&
			s->target_order <= damos_max_target_order();
	default:
		return true;
	}
}

#include "tests/thp-kunit.h"
