// SPDX-License-Identifier: GPL-2.0
/*
 * khugepaged against a scheme that splits sparse huge pages, with and without
 * kernel/backoff in the kernel and switched on.
 */
#include <unistd.h>

#include "proof.h"

#define KHUGEPAGED "/sys/kernel/mm/transparent_hugepage/khugepaged/"
#define KNOB KHUGEPAGED "split_min_referenced"
#define SIZE (64 * MIB)
#define SECONDS 30

struct fight {
	uint64_t collapses;
	uint64_t splits;
	uint64_t resident_kib;	/* mean over the seconds */
};

static struct fight fight(void)
{
	struct target t = start_target(SPARSE_HUGE, SIZE);
	struct scheme s = {
		.ops = "vaddr", .action = "split", .order = 0,
		.from = 0, .to = SIZE,
	};
	struct fight f = {
		.collapses = thp_stat(HUGE_ORDER, "collapse_alloc"),
		.splits = thp_stat(HUGE_ORDER, "split"),
	};
	int second;

	must(!write_text(KHUGEPAGED "pages_to_scan", "65536"), "scan");
	must(!write_text(KHUGEPAGED "scan_sleep_millisecs", "100"), "scan");
	must(!scheme_on(&s, &t), "the kdamond starts");
	for (second = 0; second < SECONDS; second++) {
		sleep_ms(1000);
		/* What is used is read, by the target. */
		must(target_intact(&t), "contents are intact");
		f.resident_kib += smaps_kib(&t, "Rss:") / SECONDS;
	}
	scheme_off();
	write_text(KHUGEPAGED "scan_sleep_millisecs", "100000000");
	f.collapses = thp_stat(HUGE_ORDER, "collapse_alloc") - f.collapses;
	f.splits = thp_stat(HUGE_ORDER, "split") - f.splits;
	stop_target(&t);
	return f;
}

void prove_backoff(void)
{
	struct fight without = fight(), with;

	say("backoff: %d s of split against khugepaged, 32 sparse huge pages: %lu collapses, %lu splits, Rss %lu kB on average",
	    SECONDS, without.collapses, without.splits, without.resident_kib);
	if (access(KNOB, F_OK)) {
		say("skipped: the kernel has no split_min_referenced");
		return;
	}
	must(!write_text(KNOB, "%d", 1 << (HUGE_ORDER - 1)), "knob");
	with = fight();
	must(!write_text(KNOB, "0"), "knob");
	say("backoff: with split_min_referenced %d: %lu collapses, %lu splits, Rss %lu kB on average",
	    1 << (HUGE_ORDER - 1), with.collapses, with.splits,
	    with.resident_kib);
	must(without.collapses > 32 && with.collapses < 8,
	     "what was split stays split");
}
