/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests for the huge page orders of DAMOS actions
 */

#ifdef CONFIG_DAMON_KUNIT_TEST

#ifndef _DAMON_THP_TEST_H
#define _DAMON_THP_TEST_H

#include <kunit/test.h>

static bool damos_test_order_ok(enum damos_action action, unsigned int order)
{
	return damos_valid_target_order(&(struct damos){
			.action = action,
			.target_order = order,
			});
}

static void damos_test_collapse_orders(struct kunit *test)
{
	unsigned int max = damos_max_target_order();
	unsigned int order;

	KUNIT_EXPECT_TRUE(test, damos_test_order_ok(DAMOS_COLLAPSE, 0));
	KUNIT_EXPECT_FALSE(test, damos_test_order_ok(DAMOS_COLLAPSE, 1));
	for (order = 2; order <= max; order++)
		KUNIT_EXPECT_TRUE(test,
				  damos_test_order_ok(DAMOS_COLLAPSE, order));
	KUNIT_EXPECT_FALSE(test,
			   damos_test_order_ok(DAMOS_COLLAPSE, max + 1));
	KUNIT_EXPECT_FALSE(test,
			   damos_test_order_ok(DAMOS_COLLAPSE, UINT_MAX));
}

static void damos_test_other_actions_ignore_order(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, damos_test_order_ok(DAMOS_STAT, 1));
	KUNIT_EXPECT_TRUE(test, damos_test_order_ok(DAMOS_PAGEOUT, UINT_MAX));
}

/* What a scheme for damos_test_commit_orders() has to look like. */
static struct damos *damos_test_new_scheme(enum damos_action action,
					   unsigned int order)
{
	struct damos_access_pattern pattern = {};
	struct damos_quota quota = {};
	struct damos_watermarks wmarks = { .metric = DAMOS_WMARK_NONE };
	struct damos *s;

	s = damon_new_scheme(&pattern, action, 0, &quota, &wmarks,
			     NUMA_NO_NODE);
	if (s)
		s->target_order = order;
	return s;
}

/* Commit a new context that has only the scheme to @dst. */
static int damos_test_commit_order(struct damon_ctx *dst,
				   enum damos_action action, unsigned int order)
{
	struct damon_ctx *src = damon_new_ctx();
	struct damos *s;
	int err = -ENOMEM;

	if (!src)
		return err;
	src->min_region_sz = dst->min_region_sz;
	s = damos_test_new_scheme(action, order);
	if (s) {
		damon_add_scheme(src, s);
		err = damon_commit_ctx(dst, src);
	}
	damon_destroy_ctx(src);
	return err;
}

static void damos_test_new_scheme_has_no_order(struct kunit *test)
{
	struct damos *s = damos_test_new_scheme(DAMOS_COLLAPSE, 0);

	if (!s)
		kunit_skip(test, "scheme alloc fail");
	KUNIT_EXPECT_EQ(test, s->target_order, 0);
	damon_destroy_scheme(s);
}

static unsigned int damos_test_first_order(struct damon_ctx *ctx)
{
	struct damos *s;

	damon_for_each_scheme(s, ctx)
		return s->target_order;
	return UINT_MAX;
}

/* A refused commit has to leave the running scheme as it was. */
static void damos_test_commit_orders(struct kunit *test)
{
	struct damon_ctx *dst;

	if (!damos_max_target_order())
		kunit_skip(test, "no huge pages");
	dst = damon_new_ctx();
	if (!dst)
		kunit_skip(test, "ctx alloc fail");
	dst->min_region_sz = 4096;

	KUNIT_EXPECT_EQ(test,
			damos_test_commit_order(dst, DAMOS_COLLAPSE, 2), 0);
	KUNIT_EXPECT_EQ(test, damos_test_first_order(dst), 2);
	KUNIT_EXPECT_EQ(test,
			damos_test_commit_order(dst, DAMOS_COLLAPSE, 1),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, damos_test_first_order(dst), 2);
	KUNIT_EXPECT_EQ(test,
			damos_test_commit_order(dst, DAMOS_COLLAPSE, 0), 0);
	KUNIT_EXPECT_EQ(test, damos_test_first_order(dst), 0);
	damon_destroy_ctx(dst);
}

static struct kunit_case damos_thp_test_cases[] = {
	KUNIT_CASE(damos_test_collapse_orders),
	KUNIT_CASE(damos_test_other_actions_ignore_order),
	KUNIT_CASE(damos_test_new_scheme_has_no_order),
	KUNIT_CASE(damos_test_commit_orders),
	{},
};

static struct kunit_suite damos_thp_test_suite = {
	.name = "damos-thp",
	.test_cases = damos_thp_test_cases,
};

kunit_test_suite(damos_thp_test_suite);

#endif /* _DAMON_THP_TEST_H */

#endif /* CONFIG_DAMON_KUNIT_TEST */
