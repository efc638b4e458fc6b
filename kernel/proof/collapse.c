// SPDX-License-Identifier: GPL-2.0
/*
 * DAMOS_COLLAPSE with a target order, beside an unchanged MADV_COLLAPSE.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "proof.h"

#define MADV_COLLAPSE 25
#define SIZE (64 * MIB)

/* Nothing is left to do, so nothing is allocated in order to find that out. */
static void again_is_free(struct target *t, const struct scheme *s)
{
	uint64_t allocs = thp_stat(s->order, "collapse_alloc");
	struct stats stats = run_scheme(s, t);
	uint64_t more = thp_stat(s->order, "collapse_alloc") - allocs;

	say("again order %d: %lu snapshots, sz_applied %lu, %lu folios allocated",
	    s->order, stats.nr_snapshots, stats.sz_applied, more);
	must(!stats.sz_applied && !more, "a second pass does nothing");
}

static void collapse_to(int order)
{
	const size_t from = 32 * MIB, to = 34 * MIB;
	struct target t = start_target(SMALL_PAGES, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = order,
		.from = from, .to = to, .snapshots = 3,
	};
	uint64_t anon = nr_anon(order);
	struct stats stats = run_scheme(&s, &t);
	size_t built = folios_of_order(&t, from, to, order);
	size_t rest = folios_of_order(&t, 0, from, 0) +
		folios_of_order(&t, to, SIZE, 0);

	say("collapse order %d of [+32M, +34M): %zu folios (nr_anon %+ld), sz_applied %lu in %lu snapshots, AnonHugePages %lu kB, small pages left %zu of %lu, contents %s",
	    order, built, (int64_t)(nr_anon(order) - anon), stats.sz_applied,
	    stats.nr_snapshots, smaps_kib(&t, "AnonHugePages:"), rest,
	    (SIZE - HUGE) / PAGE, target_intact(&t) ? "intact" : "LOST");
	must(built == HUGE / PAGE >> order, "the range has the order");
	must(rest == (SIZE - HUGE) / PAGE, "the rest is small still");
	must(stats.sz_applied == HUGE, "built folios count once");
	must(smaps_kib(&t, "AnonHugePages:") ==
	     (order == HUGE_ORDER ? 2048 : 0), "mapped huge");
	must(target_intact(&t), "contents are intact");
	again_is_free(&t, &s);
	stop_target(&t);
}

/* Blocks inside the region only, also if it begins within a huge page. */
static void collapse_inside_edges(void)
{
	struct target t = start_target(SMALL_PAGES, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 4,
		.from = 9 * MIB + PAGE, .to = 11 * MIB, .snapshots = 2,
	};
	struct stats stats = run_scheme(&s, &t);
	size_t all = folios_of_order(&t, 0, SIZE, 4);
	size_t inside = folios_of_order(&t, 9 * MIB + 64 * 1024, 11 * MIB, 4);

	say("collapse order 4 of [+9M+4K, +11M): %zu folios, %zu of them in [+9M+64K, +11M), sz_applied %lu",
	    all, inside, stats.sz_applied);
	must(all == 31 && inside == 31, "aligned blocks of the region only");
	must(stats.sz_applied == 31UL << 16, "applied is what was built");
	stop_target(&t);
}

/* What is outside of the region has no say, what is inside has. */
static void collapse_beside_a_pin(void)
{
	struct target t = start_target(SMALL_PAGES, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 4,
		.from = 32 * MIB, .to = 33 * MIB, .snapshots = 2,
	};
	struct stats beside, with, after;

	target_pin(&t, 33 * MIB + 5 * PAGE);
	beside = run_scheme(&s, &t);
	s.to = 34 * MIB;
	with = run_scheme(&s, &t);
	target_unpin(&t);
	after = run_scheme(&s, &t);
	say("collapse order 4 of [+32M, +33M), with a pinned page at +33M+20K: sz_applied %lu; of [+32M, +34M): %lu, after unpinning %lu, %zu folios",
	    beside.sz_applied, with.sz_applied, after.sz_applied,
	    folios_of_order(&t, 0, SIZE, 4));
	must(beside.sz_applied == MIB, "a page outside of the region does not matter");
	must(!with.sz_applied, "one inside stops the scan");
	must(after.sz_applied == MIB, "and does so no longer");
	must(folios_of_order(&t, 0, SIZE, 4) == 32, "all of the region");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

/* What nobody populated stays so. */
static void collapse_leaves_holes(void)
{
	struct target t = start_target(EVERY_OTHER_64K, SIZE);
	size_t before = present_pages(&t, 0, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 4,
		.from = 0, .to = SIZE, .snapshots = 2,
	};
	struct stats stats = run_scheme(&s, &t);
	size_t built = folios_of_order(&t, 0, SIZE, 4);

	say("collapse order 4, every other block is empty: %zu folios, present pages %zu -> %zu, sz_applied %lu",
	    built, before, present_pages(&t, 0, SIZE), stats.sz_applied);
	must(built == SIZE >> 17, "populated blocks were collapsed");
	must(present_pages(&t, 0, SIZE) == before, "holes are holes still");

	s.order = 6;
	stats = run_scheme(&s, &t);
	built = folios_of_order(&t, 0, SIZE, 6);
	say("then order 6 over those: %zu folios, present pages %zu, sz_applied %lu",
	    built, present_pages(&t, 0, SIZE), stats.sz_applied);
	must(built == SIZE >> 18, "holes of a populated block are filled");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

#define MAX_PTES_NONE \
	"/sys/kernel/mm/transparent_hugepage/khugepaged/max_ptes_none"

/* Blocks with holes: not if max_ptes_none forbids it, and tried in vain never. */
static void collapse_respects_holes(void)
{
	struct target t = start_target(EVERY_OTHER_64K, SIZE);
	size_t before = present_pages(&t, 0, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 5,
		.from = 0, .to = SIZE, .snapshots = 3,
	};
	uint64_t tries = thp_stat(5, "collapse_alloc"), none, armed, whole;

	must(!write_text(MAX_PTES_NONE, "0"), "max_ptes_none");
	none = run_scheme(&s, &t).sz_applied;
	s.order = 4;
	whole = run_scheme(&s, &t).sz_applied;
	must(!write_text(MAX_PTES_NONE, "511"), "max_ptes_none");
	target_arm_userfaultfd(&t);
	s.order = 5;
	armed = run_scheme(&s, &t).sz_applied;
	tries = thp_stat(5, "collapse_alloc") - tries;
	say("collapse order 5 of half populated blocks: max_ptes_none 0 %lu, userfaultfd %lu, %lu folios allocated; order 4, of full ones, with max_ptes_none 0: %lu; present pages %zu -> %zu",
	    none, armed, tries, whole, before, present_pages(&t, 0, SIZE));
	must(!none && !armed && !tries, "nothing is built, or tried");
	must(whole == SIZE / 2, "full blocks are not limited");
	must(present_pages(&t, 0, SIZE) == before, "holes are holes still");
	stop_target(&t);
}

/* What mlock() counts does not change, whatever the sizes of the folios. */
static void locked_stays_locked(void)
{
	struct target t = start_target(HUGE_PAGES, 16 * MIB);
	uint64_t before, split, built, events;
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = 2,
		.from = 0, .to = 16 * MIB, .snapshots = 2,
	};

	target_lock(&t);
	before = field_of("/proc/meminfo", "Mlocked:");
	events = field_of("/proc/vmstat", "unevictable_pgs_mlocked ");
	run_scheme(&s, &t);
	split = field_of("/proc/meminfo", "Mlocked:");
	s.action = "collapse";
	s.order = 4;
	run_scheme(&s, &t);
	built = field_of("/proc/meminfo", "Mlocked:");
	events = field_of("/proc/vmstat", "unevictable_pgs_mlocked ") - events;
	say("mlocked: %lu kB, after a split %lu kB, after a collapse %lu kB; unevictable_pgs_mlocked +%lu; folios of order 4: %zu",
	    before, split, built, events, folios_of_order(&t, 0, 16 * MIB, 4));
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

static void collapse_respects_advice(void)
{
	struct target t = start_target(NO_HUGE_VMA, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 4,
		.from = 0, .to = SIZE, .snapshots = 2,
	};
	struct stats stats = run_scheme(&s, &t);

	say("collapse order 4 of a VM_NOHUGEPAGE mapping: sz_applied %lu",
	    stats.sz_applied);
	must(!stats.sz_applied && !folios_of_order(&t, 0, SIZE, 4),
	     "the advice holds");
	stop_target(&t);
}

/* Page cache has no smaller collapse, and must not become huge by accident. */
static void collapse_spares_shmem(void)
{
	struct target t = start_target(SHMEM_HUGE, 16 * MIB);
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = 0,
		.from = 0, .to = 16 * MIB, .snapshots = 2,
	};
	struct stats stats;

	run_scheme(&s, &t);
	must(target_intact(&t), "contents are intact");
	s.action = "collapse";
	s.order = 4;
	stats = run_scheme(&s, &t);
	say("collapse order 4 of tmpfs: sz_applied %lu, small pages %zu",
	    stats.sz_applied, folios_of_order(&t, 0, 16 * MIB, 0));
	must(!stats.sz_applied, "not for page cache");
	must(folios_of_order(&t, 0, 16 * MIB, 0) == 4096, "pages are small");
	s.order = HUGE_ORDER;
	stats = run_scheme(&s, &t);
	say("collapse order 9 of tmpfs: sz_applied %lu, ShmemPmdMapped %lu kB",
	    stats.sz_applied, smaps_kib(&t, "ShmemPmdMapped:"));
	must(stats.sz_applied == 16 * MIB, "built ones count once");
	must(smaps_kib(&t, "ShmemPmdMapped:") == 16384, "mapped huge again");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

/* As with MADV_COLLAPSE, pages in swap are no obstacle. */
static void collapse_swaps_in(bool have_swap)
{
	struct target t;
	struct scheme s = {
		.ops = "vaddr", .action = "collapse", .order = 4,
		.from = 0, .to = 16 * MIB, .snapshots = 3,
	};
	struct stats stats;
	uint64_t before;

	if (!have_swap) {
		say("skipped: collapse of swapped memory, no swap device");
		return;
	}
	t = start_target(SWAPPED, 16 * MIB);
	before = smaps_kib(&t, "Swap:");
	stats = run_scheme(&s, &t);
	say("collapse order 4 with %lu kB in swap: %zu of 256 folios, sz_applied %lu, %lu kB in swap",
	    before, folios_of_order(&t, 0, 16 * MIB, 4), stats.sz_applied,
	    smaps_kib(&t, "Swap:"));
	must(before > 4096, "memory was in swap");
	must(folios_of_order(&t, 0, 16 * MIB, 4) == 256, "all collapsed");
	must(target_intact(&t), "contents are intact");
	stop_target(&t);
}

/* Users of MADV_COLLAPSE must not notice the series. */
static void madvise_as_before(void)
{
	char *all = mmap(NULL, 8 * MIB, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *base = (char *)(((uintptr_t)all + HUGE) & ~(HUGE - 1));
	int below, whole, nothing, hole, refused;

	must(all != MAP_FAILED, "mapping");
	must(!madvise(all, 8 * MIB, MADV_NOHUGEPAGE), "small pages");
	memset(base, 1, 2 * HUGE);
	refused = madvise(base, HUGE, MADV_COLLAPSE) ? errno : 0;
	must(!madvise(all, 8 * MIB, MADV_HUGEPAGE), "huge pages");
	below = madvise(base, HUGE - PAGE, MADV_COLLAPSE) ? errno : 0;
	whole = madvise(base, 2 * HUGE, MADV_COLLAPSE) ? errno : 0;
	nothing = madvise(base, 2 * HUGE, MADV_COLLAPSE) ? errno : 0;
	munmap(base + HUGE, HUGE);
	hole = madvise(base, 2 * HUGE, MADV_COLLAPSE) ? errno : 0;
	say("MADV_COLLAPSE: VM_NOHUGEPAGE %s, below 2M %d, 2 x 2M %d, again %d, with a hole %s",
	    strerror(refused), below, whole, nothing, strerror(hole));
	must(refused == EINVAL && !below && !whole && !nothing &&
	     hole == ENOMEM, "errors are those of an unchanged kernel");
	munmap(all, 8 * MIB);
}

void prove_collapse(void)
{
	bool have_swap = field_of("/proc/meminfo", "SwapTotal:") > 0;

	collapse_to(4);
	collapse_to(2);
	collapse_to(HUGE_ORDER);
	collapse_inside_edges();
	collapse_beside_a_pin();
	collapse_leaves_holes();
	collapse_respects_holes();
	locked_stays_locked();
	collapse_respects_advice();
	collapse_spares_shmem();
	collapse_swaps_in(have_swap);
	madvise_as_before();
}
