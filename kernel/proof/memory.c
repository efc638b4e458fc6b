// SPDX-License-Identifier: GPL-2.0
/*
 * When there is no memory: whatever is asked for, nobody may be killed for it.
 *
 * One row for each action, order and kind of shortage.  Kernels without the
 * series have the rows of khugepaged and MADV_COLLAPSE only.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"

#define GROUP "/cgroup/limited/"
#define THP "/sys/kernel/mm/transparent_hugepage/"
#define SIZE (32 * MIB)
#define MADV_DONTNEED_LOCKED 24

enum shortage { MEMCG_FULL, MEMCG_FULL_SWAP, HOST_FULL, HOST_FULL_SWAP };

static const char *const names[] = {
	"memcg full, no swap", "memcg full, swap",
	"host full, no swap", "host full, swap",
};


static void mount_cgroups(void)
{
	static bool mounted;

	if (mounted)
		return;
	mounted = true;
	mkdir_and_mount("cgroup2", "/cgroup");
	must(!write_text("/cgroup/cgroup.subtree_control", "+memory"),
	     "memory controller");
}

/* What one process frees waits in lists of its CPU for the next one. */
static void stay_on_one_cpu(void)
{
	cpu_set_t first;

	CPU_ZERO(&first);
	CPU_SET(0, &first);
	must(!sched_setaffinity(0, sizeof(first), &first), "one CPU");
}

void enter_group(uint64_t max)
{
	mount_cgroups();
	must(!mkdir(GROUP, 0755), "cgroup");
	must(!write_text(GROUP "memory.max", "%lu", max), "memory.max");
	must(!write_text(GROUP "cgroup.procs", "%d", getpid()), "into it");
}

void leave_group(void)
{
	must(!write_text("/cgroup/cgroup.procs", "%d", getpid()), "out of it");
}

/*
 * A process that holds all memory but single pages here and there, which can
 * neither be reclaimed nor be moved: whatever is larger than a page is refused.
 */
static pid_t start_hog(void)
{
	size_t at, length;
	int ready[2];
	char *base;
	pid_t pid;

	/* What is kept free is in large pieces. */
	must(!write_text("/proc/sys/vm/min_free_kbytes", "1024"), "min_free");
	length = field_of("/proc/meminfo", "MemFree:") * 1024;
	/* Page tables need some of it. */
	length -= length / 128 + 16 * MIB;
	must(!pipe(ready), "pipe");
	must(!write_text("/proc/sys/vm/compact_unevictable_allowed", "0"),
	     "locked memory stays where it is");
	pid = fork();
	if (pid) {
		close(ready[1]);
		must(read(ready[0], &(char){0}, 1) == 1, "memory is full");
		close(ready[0]);
		return pid;
	}
	base = mmap(NULL, length, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	must(base != MAP_FAILED && !madvise(base, length, MADV_NOHUGEPAGE),
	     "mapping");
	must(!mlock(base, length), "mlock");
	for (at = 0; at < 4 * SIZE; at += 2 * PAGE)
		must(!madvise(base + at, PAGE, MADV_DONTNEED_LOCKED), "hole");
	must(write(ready[1], "", 1) == 1, "ready");
	for (;;)
		pause();
}

/*
 * The limit is a bit below what is used, so that nothing can be charged but
 * what is freed or swapped out before.  O_NONBLOCK: nothing is reclaimed, and
 * nobody is killed, by setting it.
 */
static void fill_group(void)
{
	char text[32];
	int fd = open(GROUP "memory.max", O_WRONLY | O_NONBLOCK);
	int length = snprintf(text, sizeof(text), "%lu",
			      read_number(GROUP "memory.current") - MIB);

	must(fd >= 0 && write(fd, text, length) == length, "memory.max");
	close(fd);
}

static struct target start_limited(enum filling filling, enum shortage kind,
				   pid_t *hog)
{
	bool swap = kind == MEMCG_FULL_SWAP || kind == HOST_FULL_SWAP;
	bool host = kind == HOST_FULL || kind == HOST_FULL_SWAP;
	struct target t;

	/* Huge ones have to be there before the shortage. */
	*hog = host && filling != HUGE_PAGES ? start_hog() : 0;
	must(!mkdir(GROUP, 0755), "cgroup");
	must(!write_text(GROUP "memory.swap.max", swap ? "max" : "0"),
	     "memory.swap.max");
	/* Forked into the group, so that all of its memory is charged there. */
	must(!write_text(GROUP "cgroup.procs", "%d", getpid()), "into it");
	t = start_target(filling, SIZE);
	must(!write_text("/cgroup/cgroup.procs", "%d", getpid()), "out of it");
	write_victim(&t);
	if (host && !*hog)
		*hog = start_hog();
	if (!host)
		fill_group();
	return t;
}

static void end_limited(struct target *t, pid_t hog)
{
	int tries = 0;

	stop_target(t);
	if (hog) {
		kill(hog, SIGKILL);
		waitpid(hog, NULL, 0);
	}
	while (rmdir(GROUP) && ++tries < 50)
		sleep_ms(20);
	must(tries < 50, "the cgroup is gone");
}

struct outcome {
	uint64_t killed;
	uint64_t applied;
	uint64_t tries;
	bool intact;
};

static void say_row(const char *who, int order, enum shortage kind,
		    struct outcome out)
{
	say("memory: %-9s order %d, %-19s: oom_kill %lu, applied %8lu, allocated %4lu, target %s",
	    who, order, names[kind], out.killed, out.applied, out.tries,
	    out.intact ? "intact" : out.killed ? "KILLED" : "LOST");
}

static uint64_t allocations(int order)
{
	return thp_stat(order, "collapse_alloc") +
		thp_stat(order, "collapse_alloc_failed");
}

static bool lives(struct target *t)
{
	return !target_ended(t) && target_intact(t);
}

static struct outcome with_damon(const char *action, int order,
				 enum shortage kind)
{
	bool split = !strcmp(action, "split");
	uint64_t killed = field_of("/proc/vmstat", "oom_kill ");
	pid_t hog;
	struct target t = start_limited(split ? HUGE_PAGES : SMALL_PAGES, kind,
					&hog);
	uint64_t tries = split ? 0 : allocations(order);
	struct scheme s = {
		.ops = "vaddr", .action = action, .order = order,
		.from = 0, .to = SIZE, .snapshots = 3,
	};
	struct outcome out = { .applied = run_scheme(&s, &t).sz_applied };

	out.killed = field_of("/proc/vmstat", "oom_kill ") - killed;
	out.tries = split ? 0 : allocations(order) - tries;
	out.intact = lives(&t);
	end_limited(&t, hog);
	return out;
}

static void allow_one_order(int order, const char *word)
{
	char path[128];

	snprintf(path, sizeof(path), THP "hugepages-%lukB/enabled",
		 (PAGE >> 10) << order);
	must(!write_text(path, word), "size's setting");
}

/* khugepaged, told to build the one order, for three seconds. */
static struct outcome with_khugepaged(int order, enum shortage kind)
{
	uint64_t killed = field_of("/proc/vmstat", "oom_kill ");
	uint64_t tries, before;
	struct outcome out;
	struct target t;
	pid_t hog;

	/* This has the kernel keep more memory free, so it has to be first. */
	allow_one_order(HUGE_ORDER, "never");
	allow_one_order(order, "always");
	t = start_limited(NO_HUGE_VMA, kind, &hog);
	tries = allocations(order);
	before = nr_anon(order);
	target_wish_huge(&t);
	write_text(THP "khugepaged/pages_to_scan", "65536");
	write_text(THP "khugepaged/alloc_sleep_millisecs", "100");
	write_text(THP "khugepaged/scan_sleep_millisecs", "100");
	sleep_ms(3000);
	write_text(THP "khugepaged/scan_sleep_millisecs", "100000000");
	sleep_ms(300);
	out.killed = field_of("/proc/vmstat", "oom_kill ") - killed;
	out.applied = out.killed ? 0 :
		(nr_anon(order) - before) * (PAGE << order);
	out.tries = allocations(order) - tries;
	out.intact = lives(&t);
	end_limited(&t, hog);
	allow_one_order(order, "never");
	allow_one_order(HUGE_ORDER, "inherit");
	return out;
}

void prove_memory(void)
{
	static const int collapse[] = { 2, 3, 4, HUGE_ORDER };
	static const int split[] = { 0, 2, 4 };
	bool series = has_series();
	uint64_t killed = 0;
	struct outcome out;
	size_t kind, i;

	mount_cgroups();
	stay_on_one_cpu();
	/* This program is not what a lack of memory may end. */
	must(!write_text("/proc/self/oom_score_adj", "-1000"), "oom_score_adj");
	for (kind = 0; kind < sizeof(names) / sizeof(*names); kind++) {
		for (i = 0; i < sizeof(collapse) / sizeof(*collapse); i++) {
			out = with_khugepaged(collapse[i], kind);
			say_row("khugepaged", collapse[i], kind, out);
			killed += out.killed;
			must(out.intact || out.killed, "contents are intact");
			if (!series)
				continue;
			out = with_damon("collapse", collapse[i], kind);
			say_row("collapse", collapse[i], kind, out);
			killed += out.killed;
			must(out.intact || out.killed, "contents are intact");
		}
		for (i = 0; series && i < sizeof(split) / sizeof(*split); i++) {
			out = with_damon("split", split[i], kind);
			say_row("split", split[i], kind, out);
			killed += out.killed;
			must(out.applied == SIZE, "a split needs no memory");
			must(out.intact, "contents are intact");
		}
	}
	say("memory: oom_kill %lu in all", killed);
	/* An unchanged kernel is expected to kill: its row is the evidence. */
	must(!series || !killed, "nobody is killed");
}
