/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Unit tests for the folio size changing actions of vaddr
 */

#ifdef CONFIG_DAMON_VADDR_KUNIT_TEST

#ifndef _DAMON_VADDR_THP_TEST_H
#define _DAMON_VADDR_THP_TEST_H

#include <kunit/test.h>

/* All numbers are in pages. */
static bool damos_va_test_has_folio(unsigned long start, unsigned long end,
				    unsigned long addr, unsigned long idx,
				    unsigned long nr_pages)
{
	struct damon_addr_range range = {
		.start = start * PAGE_SIZE,
		.end = end * PAGE_SIZE,
	};

	return damos_va_range_has_folio(&range, addr * PAGE_SIZE, idx,
			nr_pages);
}

static void damos_va_test_folio_edges(struct kunit *test)
{
	/* exactly the region, and deep in the region */
	KUNIT_EXPECT_TRUE(test, damos_va_test_has_folio(512, 1024,
							512, 0, 512));
	KUNIT_EXPECT_TRUE(test, damos_va_test_has_folio(0, 4096,
							1024, 0, 512));
	/* one page is missing at the end, and at the beginning */
	KUNIT_EXPECT_FALSE(test, damos_va_test_has_folio(512, 1023,
							 512, 0, 512));
	KUNIT_EXPECT_FALSE(test, damos_va_test_has_folio(513, 1024,
							 513, 1, 512));
	/* seen from a page in the middle */
	KUNIT_EXPECT_TRUE(test, damos_va_test_has_folio(512, 1024,
							700, 188, 512));
	KUNIT_EXPECT_FALSE(test, damos_va_test_has_folio(512, 1024,
							 700, 189, 512));
	KUNIT_EXPECT_FALSE(test, damos_va_test_has_folio(512, 1024,
							 700, 187, 512));
	/* a folio that would begin below address zero */
	KUNIT_EXPECT_FALSE(test, damos_va_test_has_folio(0, 4096,
							 3, 4, 16));
}

static void damos_va_test_split_pause(struct kunit *test)
{
	struct damos_va_split_private *priv;

	priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	if (!priv)
		kunit_skip(test, "private alloc fail");
	folio_batch_init(&priv->folios);
	priv->next_addr = 7;

	KUNIT_EXPECT_EQ(test, damos_va_split_pause(priv, 5), 0);
	KUNIT_EXPECT_EQ(test, priv->next_addr, 7);

	priv->nr_pmds = DAMOS_VA_SPLIT_MAX_PMDS;
	KUNIT_EXPECT_EQ(test, damos_va_split_pause(priv, 5), 1);
	KUNIT_EXPECT_EQ(test, priv->next_addr, 5);

	priv->nr_pmds = 0;
	priv->folios.nr = FOLIO_BATCH_SIZE;
	KUNIT_EXPECT_EQ(test, damos_va_split_pause(priv, 6), 1);
	KUNIT_EXPECT_EQ(test, priv->next_addr, 6);
}

static void damos_va_test_split_seen(struct kunit *test)
{
	struct damos_va_split_private *priv;
	unsigned long pfn;

	priv = kunit_kzalloc(test, sizeof(*priv), GFP_KERNEL);
	if (!priv)
		kunit_skip(test, "private alloc fail");

	/* pages of two folios in turn, and pieces of one after its split */
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 512, 512));
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 4096, 16));
	KUNIT_EXPECT_TRUE(test, damos_va_split_seen(priv, 512, 512));
	KUNIT_EXPECT_TRUE(test, damos_va_split_seen(priv, 4096, 16));
	KUNIT_EXPECT_TRUE(test, damos_va_split_seen(priv, 1020, 4));
	/* just outside of them */
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 511, 1));
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 1024, 4));
	/* single pages are not remembered, and displace nothing */
	for (pfn = 8192; pfn < 8192 + 64; pfn++)
		KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, pfn, 1));
	KUNIT_EXPECT_TRUE(test, damos_va_split_seen(priv, 512, 512));
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 8192, 1));
	/* the oldest one is forgotten */
	for (pfn = 1 << 20; pfn < (1 << 20) + 8 * 16; pfn += 16)
		KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, pfn, 16));
	KUNIT_EXPECT_FALSE(test, damos_va_split_seen(priv, 512, 512));
}

static struct kunit_case damos_va_thp_test_cases[] = {
	KUNIT_CASE(damos_va_test_folio_edges),
	KUNIT_CASE(damos_va_test_split_pause),
	KUNIT_CASE(damos_va_test_split_seen),
	{},
};

static struct kunit_suite damos_va_thp_test_suite = {
	.name = "damos-vaddr-thp",
	.test_cases = damos_va_thp_test_cases,
};

kunit_test_suite(damos_va_thp_test_suite);

#endif /* _DAMON_VADDR_THP_TEST_H */

#endif /* CONFIG_DAMON_VADDR_KUNIT_TEST */
