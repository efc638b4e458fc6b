/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Huge page orders of DAMOS actions
 */

#include <linux/damon.h>

unsigned int damos_max_target_order(void);
bool damos_valid_target_order(const struct damos *s);
