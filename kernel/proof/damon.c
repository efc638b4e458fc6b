// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proof.h"

#define ADMIN "/sys/kernel/mm/damon/admin/kdamonds/"
#define KDAMOND ADMIN "0/"
#define CONTEXT KDAMOND "contexts/0/"
#define SCHEME CONTEXT "schemes/0/"

/* fvaddr regions of one block each need three regions at least. */
#define PADS FVADDR_PADS
/* Nothing is mapped here. */
#define PAD_BASE (64UL << 30)

static void set(const char *path, const char *format, uint64_t value)
{
	int err = write_text(path, format, value);

	if (err) {
		say("%s: %s", path, strerror(err));
		must(false, "DAMON takes the parameter");
	}
}

static void put(const char *path, const char *word)
{
	if (write_text(path, "%s", word)) {
		say("%s does not take %s", path, word);
		must(false, "DAMON takes the keyword");
	}
}

static void set_region(size_t index, uint64_t start, uint64_t end)
{
	char path[160];
	const char *where = CONTEXT "targets/0/regions/%zu/%s";

	snprintf(path, sizeof(path), where, index, "start");
	set(path, "%lu", start);
	snprintf(path, sizeof(path), where, index, "end");
	set(path, "%lu", end);
}

static size_t set_pads(size_t index)
{
	size_t pad;

	for (pad = 0; pad < PADS; pad++)
		set_region(index + pad, PAD_BASE + HUGE * pad * 2,
			   PAD_BASE + HUGE * (pad * 2 + 1));
	return index + PADS;
}

/*
 * One region per huge page, and as many regions as DAMON may have, so that it
 * has no reason to cut or to merge any.
 */
static void set_blocks(uint64_t start, uint64_t end)
{
	size_t index = 0, count = (end - start) / HUGE + PADS;

	set(CONTEXT "targets/0/regions/nr_regions", "%lu", count);
	if (start > PAD_BASE)
		index = set_pads(index);
	for (; start + HUGE <= end; start += HUGE)
		set_region(index++, start, start + HUGE);
	if (index < count)
		set_pads(index);
	set(CONTEXT "monitoring_attrs/nr_regions/min", "%lu", count);
	set(CONTEXT "monitoring_attrs/nr_regions/max", "%lu", count);
}

static void set_targets(const struct scheme *s, struct target *t)
{
	set(CONTEXT "targets/nr_targets", "%lu", 1);
	if (!strcmp(s->ops, "paddr")) {
		set_blocks(s->phys_from, s->phys_to);
		return;
	}
	set(CONTEXT "targets/0/pid_target", "%lu", t->pid);
	if (!strcmp(s->ops, "fvaddr"))
		set_blocks((uintptr_t)t->base + s->from,
			   (uintptr_t)t->base + s->to);
}

static void set_pattern(void)
{
	set(SCHEME "access_pattern/sz/max", "%lu", UINT64_MAX);
	set(SCHEME "access_pattern/nr_accesses/max", "%lu", UINT32_MAX);
	set(SCHEME "access_pattern/age/max", "%lu", UINT32_MAX);
}

static void set_address_filter(uint64_t start, uint64_t end)
{
	set(SCHEME "core_filters/nr_filters", "%lu", 1);
	put(SCHEME "core_filters/0/type", "addr");
	put(SCHEME "core_filters/0/matching", "Y");
	put(SCHEME "core_filters/0/allow", "Y");
	set(SCHEME "core_filters/0/addr_start", "%lu", start);
	set(SCHEME "core_filters/0/addr_end", "%lu", end);
}

static void set_ops_filter(const struct scheme *s)
{
	set(SCHEME "ops_filters/nr_filters", "%lu", 1);
	put(SCHEME "ops_filters/0/type", s->ops_filter);
	put(SCHEME "ops_filters/0/matching", "Y");
	put(SCHEME "ops_filters/0/allow", s->ops_allow ? "Y" : "N");
	if (s->size_max) {
		set(SCHEME "ops_filters/0/min", "%lu", s->size_min);
		set(SCHEME "ops_filters/0/max", "%lu", s->size_max);
	}
}

static void set_quota(const struct scheme *s)
{
	set(SCHEME "quotas/bytes", "%lu", s->quota_bytes);
	set(SCHEME "quotas/reset_interval_ms", "%lu", 60000);
	set(SCHEME "quotas/weights/nr_accesses_permil", "%lu", 1000);
}

static void set_scheme(const struct scheme *s, struct target *t)
{
	set(CONTEXT "schemes/nr_schemes", "%lu", 1);
	put(SCHEME "action", s->action);
	if (has_series())
		set(SCHEME "target_order", "%lu", s->order);
	set_pattern();
	/* An ops filter would switch the address filter's default off. */
	if (s->ops_filter)
		set_ops_filter(s);
	else if (!strcmp(s->ops, "vaddr"))
		set_address_filter((uintptr_t)t->base + s->from,
				   (uintptr_t)t->base + s->to);
	if (s->quota_bytes)
		set_quota(s);
	if (s->snapshots)
		set(SCHEME "stats/max_nr_snapshots", "%lu", s->snapshots);
}

bool has_series(void)
{
	static int answer = -1;

	if (answer < 0) {
		set(ADMIN "nr_kdamonds", "%lu", 1);
		set(KDAMOND "contexts/nr_contexts", "%lu", 1);
		set(CONTEXT "schemes/nr_schemes", "%lu", 1);
		answer = !access(SCHEME "target_order", F_OK);
	}
	return answer;
}

int scheme_on(const struct scheme *s, struct target *t)
{
	/* Makes folders anew, so it has to be asked before those are filled. */
	has_series();
	set(ADMIN "nr_kdamonds", "%lu", 1);
	set(KDAMOND "contexts/nr_contexts", "%lu", 1);
	put(CONTEXT "operations", s->ops);
	set(CONTEXT "monitoring_attrs/intervals/sample_us", "%lu", 20000);
	set(CONTEXT "monitoring_attrs/intervals/aggr_us", "%lu", 200000);
	set_targets(s, t);
	set_scheme(s, t);
	return write_text(KDAMOND "state", "on");
}

struct stats scheme_stats(void)
{
	put(KDAMOND "state", "update_schemes_stats");
	return (struct stats) {
		.nr_tried = read_number(SCHEME "stats/nr_tried"),
		.sz_tried = read_number(SCHEME "stats/sz_tried"),
		.nr_applied = read_number(SCHEME "stats/nr_applied"),
		.sz_applied = read_number(SCHEME "stats/sz_applied"),
		.sz_ops_filter_passed =
			read_number(SCHEME "stats/sz_ops_filter_passed"),
		.nr_snapshots = read_number(SCHEME "stats/nr_snapshots"),
	};
}

void scheme_off(void)
{
	put(KDAMOND "state", "off");
}

struct stats run_scheme(const struct scheme *s, struct target *t)
{
	struct stats stats;
	int err = scheme_on(s, t), tries = 0;

	if (err)
		say("on: %s", strerror(err));
	must(!err, "the kdamond starts");
	do {
		sleep_ms(200);
		stats = scheme_stats();
	} while (stats.nr_snapshots < s->snapshots && ++tries < 300);
	must(stats.nr_snapshots >= s->snapshots, "snapshots arrive");
	scheme_off();
	return stats;
}
