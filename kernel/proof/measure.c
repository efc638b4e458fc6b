// SPDX-License-Identifier: GPL-2.0
/*
 * What it costs, and how long others wait.  Nothing here can fail but the
 * machine: the numbers are for reading, and depend on what runs the guest.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proof.h"

#define MADV_COLLAPSE 25
#define KDAMOND "/sys/kernel/mm/damon/admin/kdamonds/0/"
#define SIZE (64 * MIB)
#define LONG (128 * MIB)
#define BUCKETS 24

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	if (clock_gettime(clock, &t))
		return 0;
	return t.tv_sec * 1000000000UL + t.tv_nsec;
}

/*
 * The page that the probe unmaps and touches again, and how long that took:
 * bucket n is for 2^n to 2^(n + 1) microseconds.  It lies between targets, in
 * an address space that is shared with the process that probes.
 */
struct probe {
	uint64_t buckets[BUCKETS];
	uint64_t longest;
	int stop;
};

static void probe_once(struct probe *p, char *page)
{
	uint64_t began = now(CLOCK_MONOTONIC), took;
	int bucket = 0;

	mprotect(page, PAGE, PROT_READ);
	mprotect(page, PAGE, PROT_READ | PROT_WRITE);
	took = (now(CLOCK_MONOTONIC) - began) / 1000;
	if (took > p->longest)
		p->longest = took;
	while (bucket < BUCKETS - 1 && took >= 2UL << bucket)
		bucket++;
	p->buckets[bucket]++;
}

/* In the target: two calls that take mmap_lock for writing, in a loop. */
void measure_stalls(void *shared, char *page)
{
	struct probe *p = shared;

	while (!__atomic_load_n(&p->stop, __ATOMIC_RELAXED)) {
		probe_once(p, page);
		usleep(200);
	}
}

static void say_stalls(const char *what, int order, const struct probe *p)
{
	char text[256] = "";
	size_t at = 0;
	int i;

	for (i = 0; i < BUCKETS; i++)
		if (p->buckets[i])
			at += snprintf(text + at, sizeof(text) - at,
				       " %lu:%lu", 1UL << i, p->buckets[i]);
	say("measure: mmap_lock waits of the target during %s order %d, us:count%s; longest %lu us",
	    what, order, text, p->longest);
}

static clockid_t kdamond_clock(void)
{
	clockid_t clock;
	pid_t pid = read_number(KDAMOND "pid");

	must(!clock_getcpuclockid(pid, &clock), "CPU clock of the kdamond");
	return clock;
}

/* CPU time of the kdamond until the whole target was applied, and once more. */
static void cost_of(const char *action, int order)
{
	bool split = !strcmp(action, "split");
	struct target t = start_target(split ? HUGE_PAGES : SMALL_PAGES, SIZE);
	struct scheme s = {
		.ops = "fvaddr", .action = action, .order = order,
		.from = 0, .to = SIZE,
	};
	struct probe *p = target_probe(&t);
	uint64_t first, again, idle, snapshots;
	int tries = 0;
	clockid_t clock;

	must(!scheme_on(&s, &t), "the kdamond starts");
	clock = kdamond_clock();
	while (scheme_stats().sz_applied < SIZE && ++tries < 1000)
		sleep_ms(20);
	first = now(clock);
	p->stop = 1;
	snapshots = scheme_stats().nr_snapshots;
	again = now(clock);
	while (scheme_stats().nr_snapshots < snapshots + 5)
		sleep_ms(20);
	idle = (now(clock) - again) / 5;
	scheme_off();
	say("measure: %s order %d of %lu MiB: %lu ms CPU, %lu us per folio, %lu ms per GiB; nothing left to do: %lu us per pass",
	    action, order, SIZE / MIB, first / 1000000,
	    first / 1000 / (SIZE / (split ? HUGE : PAGE << order)),
	    first / 1000000 * 1024 / (SIZE / MIB), idle / 1000);
	say_stalls(action, order, p);
	stop_target(&t);
}

/* The ways that exist without the series. */
static void cost_of_madvise(void)
{
	struct target t = start_target(SMALL_PAGES, SIZE);
	struct iovec range = { t.base, SIZE };
	struct probe *p = target_probe(&t);
	int fd = syscall(SYS_pidfd_open, t.pid, 0);
	uint64_t took = now(CLOCK_THREAD_CPUTIME_ID);
	ssize_t done = syscall(SYS_process_madvise, fd, &range, 1,
			       MADV_COLLAPSE, 0);

	took = now(CLOCK_THREAD_CPUTIME_ID) - took;
	p->stop = 1;
	say("measure: process_madvise(MADV_COLLAPSE) of %lu MiB: %ld bytes, %lu ms CPU, %lu us per folio",
	    SIZE / MIB, done, took / 1000000, took / 1000 / (SIZE / HUGE));
	say_stalls("process_madvise", HUGE_ORDER, p);
	close(fd);
	stop_target(&t);
}

static void cost_of_debugfs(int order)
{
	struct target t = start_target(HUGE_PAGES, SIZE);
	struct probe *p = target_probe(&t);
	uint64_t took = now(CLOCK_THREAD_CPUTIME_ID);
	int err = write_text("/debug/split_huge_pages", "%d,0x%lx,0x%lx,%d",
			     t.pid, (unsigned long)t.base,
			     (unsigned long)t.base + SIZE, order);

	took = now(CLOCK_THREAD_CPUTIME_ID) - took;
	p->stop = 1;
	say("measure: split_huge_pages order %d of %lu MiB: error %d, %lu ms CPU, %lu us per folio",
	    order, SIZE / MIB, err, took / 1000000,
	    took / 1000 / (SIZE / HUGE));
	say_stalls("debugfs split", order, p);
	stop_target(&t);
}

static uint64_t built(const char *action, int order)
{
	if (!strcmp(action, "split"))
		return thp_stat(HUGE_ORDER, "split");
	return thp_stat(order, "collapse_alloc");
}

static struct target start_long(const char *action, int order)
{
	struct target t = start_target(!strcmp(action, "split") ? HUGE_PAGES :
				       SMALL_PAGES, LONG);
	struct scheme s = {
		.ops = "fvaddr", .action = action, .order = order,
		.from = 0, .to = LONG,
	};
	uint64_t before = built(action, order);
	int tries = 0;

	must(!scheme_on(&s, &t), "the kdamond starts");
	while (built(action, order) == before && ++tries < 20000)
		usleep(500);
	return t;
}

/* In the middle of the first pass: "off", and the death of the target. */
static void latency_of(const char *action, int order)
{
	struct target t = start_long(action, order);
	uint64_t began = now(CLOCK_MONOTONIC), off, gone, more, anon;
	int tries = 0;

	scheme_off();
	off = now(CLOCK_MONOTONIC) - began;
	stop_target(&t);

	t = start_long(action, order);
	anon = field_of("/proc/meminfo", "AnonPages:");
	more = built(action, order);
	began = now(CLOCK_MONOTONIC);
	kill(t.pid, SIGKILL);
	while (field_of("/proc/meminfo", "AnonPages:") + LONG / 2048 > anon &&
	       ++tries < 20000)
		usleep(500);
	gone = now(CLOCK_MONOTONIC) - began;
	sleep_ms(300);
	say("measure: %s order %d of %lu MiB: off takes %lu ms; killed: memory is free after %lu ms, %lu more folios done",
	    action, order, LONG / MIB, off / 1000000, gone / 1000000,
	    built(action, order) - more);
	stop_target(&t);
	scheme_off();
}

void measure(void)
{
	static const int collapse[] = { 2, 4, HUGE_ORDER };
	static const int split[] = { 0, 2, 4 };
	size_t i;

	mkdir_and_mount("debugfs", "/debug");
	for (i = 0; i < 3; i++) {
		cost_of("collapse", collapse[i]);
		cost_of("split", split[i]);
		cost_of_debugfs(split[i]);
	}
	cost_of_madvise();
	for (i = 0; i < 3; i++) {
		latency_of("collapse", collapse[i]);
		latency_of("split", split[i]);
	}
}
