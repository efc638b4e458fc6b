// SPDX-License-Identifier: GPL-2.0
/*
 * What is refused, what is left alone, and what comes first.
 */
#include <errno.h>
#include <string.h>

#include "proof.h"

#define KDAMOND "/sys/kernel/mm/damon/admin/kdamonds/0/"
#define SCHEME KDAMOND "contexts/0/schemes/0/"
#define SIZE (64 * MIB)

static void refused_orders(void)
{
	struct target t = start_target(SMALL_PAGES, HUGE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 1, .to = HUGE,
	};
	int one, nine, split_one, high, word, negative, commit;

	one = scheme_on(&s, &t);
	s.action = "split";
	split_one = scheme_on(&s, &t);
	s.order = HUGE_ORDER;
	nine = scheme_on(&s, &t);
	high = write_text(SCHEME "target_order", "%d", HUGE_ORDER + 1);
	word = write_text(SCHEME "target_order", "abc");
	negative = write_text(SCHEME "target_order", "-1");
	must(read_number(SCHEME "target_order") == HUGE_ORDER, "order is kept");

	s.order = 8;
	must(!scheme_on(&s, &t), "order 8 is fine for split");
	must(!write_text(SCHEME "target_order", "9"), "in range");
	commit = write_text(KDAMOND "state", "commit");
	must(!write_text(SCHEME "target_order", "0"), "in range");
	must(!write_text(KDAMOND "state", "commit"), "order 0 is fine");
	scheme_off();
	say("refused: write 10 %d, abc %d, -1 %d; on collapse/1 %d, split/1 %d, split/9 %d; commit split/9 %d (EINVAL is %d)",
	    high, word, negative, one, split_one, nine, commit, EINVAL);
	must(one == EINVAL && split_one == EINVAL && nine == EINVAL &&
	     high == EINVAL && word == EINVAL && negative == EINVAL &&
	     commit == EINVAL, "all of them with EINVAL");
	must(!write_text("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "0") &&
	     !write_text("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "1") &&
	     !write_text(KDAMOND "contexts/nr_contexts", "1") &&
	     !write_text(KDAMOND "contexts/0/schemes/nr_schemes", "1") &&
	     !read_number(SCHEME "target_order"), "default is 0");
	stop_target(&t);
}

static void region_edges(void)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = 0,
		.from = 9 * MIB, .to = 11 * MIB, .snapshots = 3,
	};
	struct stats stats = run_scheme(&s, &t);

	say("split of [+9M, +11M), which has no huge page entirely: sz_applied %lu, huge pages %zu",
	    stats.sz_applied, folios_of_order(&t, 0, SIZE, HUGE_ORDER));
	must(!stats.sz_applied, "nothing is applied");
	must(folios_of_order(&t, 0, SIZE, HUGE_ORDER) == 32, "nothing is split");

	s.to = 12 * MIB + PAGE;
	stats = run_scheme(&s, &t);
	say("split of [+9M, +12M+4K): sz_applied %lu, huge pages %zu",
	    stats.sz_applied, folios_of_order(&t, 0, SIZE, HUGE_ORDER));
	must(stats.sz_applied == HUGE, "one is applied");
	must(folios_of_order(&t, 10 * MIB, 12 * MIB, 0) == 512, "that one");
	must(folios_of_order(&t, 0, SIZE, HUGE_ORDER) == 31, "and no other");
	stop_target(&t);
}

static void pinned_folio(void)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = 2,
		.from = 8 * MIB, .to = 16 * MIB, .snapshots = 2,
	};
	struct stats pinned, free;

	target_pin(&t, 10 * MIB + 5 * PAGE);
	pinned = run_scheme(&s, &t);
	must(folios_of_order(&t, 10 * MIB, 12 * MIB, HUGE_ORDER) == 1,
	     "the pinned one is whole");
	target_unpin(&t);
	free = run_scheme(&s, &t);
	say("split of four huge pages, one pinned: sz_applied %lu; after unpinning: %lu",
	    pinned.sz_applied, free.sz_applied);
	must(pinned.sz_applied == 3 * HUGE, "the three others");
	must(free.sz_applied == HUGE, "and now that one");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

static void ops_filters(void)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	struct scheme s = {
		.ops = "fvaddr", .action = "split", .order = 0,
		.from = 0, .to = 8 * MIB, .snapshots = 1,
		.ops_filter = "anon", .ops_allow = false,
	};
	struct stats rejected = run_scheme(&s, &t), small, huge;

	s.ops_filter = "hugepage_size";
	s.ops_allow = true;
	s.size_min = PAGE;
	s.size_max = MIB;
	small = run_scheme(&s, &t);
	s.size_min = HUGE;
	s.size_max = HUGE;
	huge = run_scheme(&s, &t);
	say("split of four huge pages: reject anon %lu, allow 4K..1M %lu, allow 2M %lu (passed %lu)",
	    rejected.sz_applied, small.sz_applied, huge.sz_applied,
	    huge.sz_ops_filter_passed);
	must(!rejected.sz_applied && !small.sz_applied, "filtered out");
	must(huge.sz_applied == 4 * HUGE, "let through");
	must(huge.sz_ops_filter_passed == 4 * HUGE, "counted once each");
	must(folios_of_order(&t, 8 * MIB, SIZE, HUGE_ORDER) == 28, "the rest");
	stop_target(&t);
}

/* Half of the memory is in use all the time: the other half goes first. */
static void cold_first(void)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	struct scheme s = {
		.ops = "fvaddr", .action = "split", .order = 0,
		.from = 0, .to = SIZE,
		/* DAMON charges the regions where nothing is mapped, too */
		.quota_bytes = 16 * MIB + FVADDR_PADS * HUGE,
	};
	struct stats stats;
	size_t hot, cold;
	int tries = 0;

	target_keep_hot(&t, 0, SIZE / 2);
	must(!scheme_on(&s, &t), "the kdamond starts");
	do {
		sleep_ms(300);
		stats = scheme_stats();
	} while (stats.sz_applied < 16 * MIB && ++tries < 100);
	scheme_off();
	hot = folios_of_order(&t, 0, SIZE / 2, HUGE_ORDER);
	cold = folios_of_order(&t, SIZE / 2, SIZE, HUGE_ORDER);
	say("split with a quota of 16 MiB: sz_applied %lu, huge pages left: hot half %zu of 16, cold half %zu of 16",
	    stats.sz_applied, hot, cold);
	must(stats.sz_applied == 16 * MIB, "the quota was used");
	must(hot == 16 && cold == 8, "cold memory first");
	stop_target(&t);
}

void prove_limits(void)
{
	refused_orders();
	region_edges();
	pinned_folio();
	ops_filters();
	cold_first();
}
