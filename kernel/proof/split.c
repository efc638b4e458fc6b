// SPDX-License-Identifier: GPL-2.0
/*
 * DAMOS_SPLIT: exactly what was asked for is split, and nothing else.
 */
#include <string.h>

#include "proof.h"

#define SIZE (256 * MIB)
#define FROM (4 * MIB)
#define TO (6 * MIB)

static const char *field_for(enum filling filling)
{
	return filling == SHMEM_HUGE ? "ShmemPmdMapped:" : "AnonHugePages:";
}

/* The RFC's test: one of 128 huge pages, chosen by an address filter. */
static void split_one(enum filling filling, int order)
{
	struct target t = start_target(filling, SIZE);
	const char *field = field_for(filling);
	uint64_t before = smaps_kib(&t, field), anon = nr_anon(order ?: 2);
	uint64_t frame = frame_at(&t, FROM);
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = order,
		.from = FROM, .to = TO, .snapshots = 3,
	};
	struct stats stats = run_scheme(&s, &t);
	size_t pieces, rest;
	bool intact, kept;
	int64_t lost = before - smaps_kib(&t, field);
	int64_t grown = nr_anon(order ?: 2) - anon;

	/* Splitting shmem unmaps it, reading maps it again. */
	intact = target_intact(&t);
	pieces = folios_of_order(&t, FROM, TO, order);
	rest = folios_of_order(&t, 0, FROM, HUGE_ORDER) +
		folios_of_order(&t, TO, SIZE, HUGE_ORDER);
	kept = frame_at(&t, FROM) == frame;
	say("split %s order %d: %s %ld -> -%ld kB, nr_anon(order %d) %+ld, sz_applied %lu nr_applied %lu sz_tried %lu, pieces %zu, huge pages left %zu, frames kept %s, contents %s",
	    filling == SHMEM_HUGE ? "tmpfs" : "anon", order, field, before,
	    lost, order ?: 2, grown, stats.sz_applied, stats.nr_applied,
	    stats.sz_tried, pieces, rest,
	    kept ? "yes" : "no",
	    intact ? "intact" : "LOST");
	must(before == SIZE >> 10, "all of it was huge");
	must(lost == 2048, "2048 kB are not huge any more");
	must(stats.sz_applied == HUGE, "sz_applied is 2 MiB");
	must(pieces == HUGE / PAGE >> order, "pieces have the order");
	must(rest == SIZE / HUGE - 1, "127 others are untouched");
	must(intact, "contents are intact");
	must(kept, "frames did not move");
	if (filling == HUGE_PAGES && order)
		must(grown == (int64_t)pieces, "nr_anon counts the pieces");
	stop_target(&t);
}

/* fvaddr regions that are the huge pages: one pass is enough. */
static void split_on_first_pass(void)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	uint64_t before = smaps_kib(&t, "AnonHugePages:");
	struct scheme s = {
		.ops = "fvaddr", .action = "split", .order = 4,
		.from = 64 * MIB, .to = 72 * MIB, .snapshots = 1,
	};
	struct stats stats = run_scheme(&s, &t);
	size_t pieces = folios_of_order(&t, s.from, s.to, 4);

	say("split fvaddr 4 blocks order 4: nr_snapshots %lu, sz_applied %lu, AnonHugePages -%lu kB, pieces %zu",
	    stats.nr_snapshots, stats.sz_applied,
	    before - smaps_kib(&t, "AnonHugePages:"), pieces);
	must(stats.sz_applied == 4 * HUGE, "all four on the first pass");
	must(pieces == 4 * 32, "pieces have the order");
	must(before - smaps_kib(&t, "AnonHugePages:") == 8192, "-8192 kB");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

/* 33 huge pages to 4224 of 16 KiB and back again. */
static void there_and_back(void)
{
	const size_t size = 33 * HUGE;
	struct target t = start_target(HUGE_PAGES, size);
	struct scheme s = {
		.ops = "fvaddr", .action = "split", .order = 2,
		.from = 0, .to = size, .snapshots = 1,
	};
	uint64_t anon = nr_anon(2), split_anon;
	struct stats down, up;
	size_t small, huge;

	down = run_scheme(&s, &t);
	small = folios_of_order(&t, 0, size, 2);
	split_anon = nr_anon(2);
	s.action = "collapse";
	s.order = HUGE_ORDER;
	up = run_scheme(&s, &t);
	huge = folios_of_order(&t, 0, size, HUGE_ORDER);
	say("33 huge pages -> %zu folios of 16 KiB (nr_anon %+ld, sz_applied %lu) -> %zu huge pages (sz_applied %lu), AnonHugePages %lu kB, contents %s",
	    small, (int64_t)(split_anon - anon), down.sz_applied, huge,
	    up.sz_applied, smaps_kib(&t, "AnonHugePages:"),
	    target_intact(&t) ? "intact" : "LOST");
	must(small == 4224 && split_anon - anon == 4224, "4224 folios");
	must(huge == 33, "33 huge pages again");
	must(down.sz_applied == size && up.sz_applied == size, "applied");
	must(smaps_kib(&t, "AnonHugePages:") == 33 * 2048, "mapped huge");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

/* Physical addresses work as well. */
static void split_physical(void)
{
	struct target t = start_target(HUGE_PAGES, 16 * MIB);
	uint64_t phys = frame_at(&t, FROM) * PAGE;
	struct scheme s = {
		.ops = "paddr", .action = "split", .order = 3,
		.phys_from = phys, .phys_to = phys + HUGE, .snapshots = 1,
	};
	struct stats stats = run_scheme(&s, &t);
	size_t pieces = folios_of_order(&t, FROM, TO, 3);

	say("split paddr order 3: sz_applied %lu, pieces %zu, huge pages left %zu",
	    stats.sz_applied, pieces,
	    folios_of_order(&t, 0, 16 * MIB, HUGE_ORDER));
	must(stats.sz_applied == HUGE && pieces == 64, "64 folios of 32 KiB");
	must(folios_of_order(&t, 0, 16 * MIB, HUGE_ORDER) == 7, "one only");

	s.order = 0;
	s.phys_from = frame_at(&t, 8 * MIB) * PAGE + MIB;
	s.phys_to = s.phys_from + HUGE;
	stats = run_scheme(&s, &t);
	say("split paddr, a region in the middle of two huge pages: sz_applied %lu",
	    stats.sz_applied);
	must(!stats.sz_applied, "a folio that sticks out is left alone");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

void prove_split(void)
{
	static const int orders[] = { 0, 2, 4 };
	size_t i;

	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		split_one(HUGE_PAGES, orders[i]);
	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		split_one(SHMEM_HUGE, orders[i]);
	split_on_first_pass();
	there_and_back();
	split_physical();
}
