// SPDX-License-Identifier: GPL-2.0
/*
 * Split and collapse schemes, khugepaged, swap, and processes that change
 * their mappings all the time, against each other.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proof.h"

#define KDAMOND "/sys/kernel/mm/damon/admin/kdamonds/0/"
#define CONTEXT KDAMOND "contexts/0/"
#define THP "/sys/kernel/mm/transparent_hugepage/"
#define CHURN (32 * MIB)
#define TARGETS 3
#define SCHEMES 4

static unsigned int seed = 1;

static unsigned int pick(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % below;
}

static void fork_and_write(char *base)
{
	pid_t pid = fork();

	if (!pid) {
		memset(base + pick(CHURN / HUGE) * HUGE, 3, HUGE);
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

static void change_mapping(char *base)
{
	size_t at = pick(CHURN / PAGE - 64) * PAGE;
	size_t length = (1 + pick(63)) * PAGE;

	switch (pick(8)) {
	case 0:
		madvise(base + at, length, MADV_DONTNEED);
		break;
	case 1:
		mprotect(base + at, length, PROT_READ);
		mprotect(base, CHURN, PROT_READ | PROT_WRITE);
		break;
	case 2:
		madvise(base + at, length, MADV_PAGEOUT);
		break;
	case 3:
		madvise(base + at, length, MADV_FREE);
		break;
	case 4:
		fork_and_write(base);
		break;
	case 5:
		mmap(base + at, length, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		break;
	default:
		memset(base + at, pick(256), length);
	}
}

static pid_t start_churn(void)
{
	pid_t pid = fork();
	char *base;

	if (pid)
		return pid;
	base = mmap(NULL, CHURN, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(base != MAP_FAILED, "mapping to churn");
	for (;;) {
		change_mapping(base);
		sleep_ms(2);
	}
}

static void write_scheme(int index, const char *file, const char *text)
{
	char path[192];

	snprintf(path, sizeof(path), CONTEXT "schemes/%d/%s", index, file);
	if (write_text(path, "%s", text)) {
		say("%s does not take %s", path, text);
		must(false, "DAMON takes the parameter");
	}
}

static void write_schemes(void)
{
	static const char *const actions[SCHEMES][2] = {
		{ "split", "2" }, { "collapse", "4" },
		{ "split", "0" }, { "collapse", "9" },
	};
	static const char *const intervals[SCHEMES] = {
		"200000", "300000", "500000", "700000"
	};
	int i;

	for (i = 0; i < SCHEMES; i++) {
		write_scheme(i, "action", actions[i][0]);
		write_scheme(i, "target_order", actions[i][1]);
		write_scheme(i, "apply_interval_us", intervals[i]);
		write_scheme(i, "access_pattern/sz/max",
			     "18446744073709551615");
		write_scheme(i, "access_pattern/nr_accesses/max",
			     "4294967295");
		write_scheme(i, "access_pattern/age/max", "4294967295");
	}
}

static void start_damon(const pid_t *pids)
{
	char path[160];
	int i;

	write_text("/sys/kernel/mm/damon/admin/kdamonds/nr_kdamonds", "1");
	write_text(KDAMOND "contexts/nr_contexts", "1");
	write_text(CONTEXT "operations", "vaddr");
	write_text(CONTEXT "monitoring_attrs/intervals/sample_us", "20000");
	write_text(CONTEXT "monitoring_attrs/intervals/aggr_us", "200000");
	write_text(CONTEXT "monitoring_attrs/intervals/update_us", "1000000");
	write_text(CONTEXT "targets/nr_targets", "%d", TARGETS);
	for (i = 0; i < TARGETS; i++) {
		snprintf(path, sizeof(path), CONTEXT "targets/%d/pid_target", i);
		must(!write_text(path, "%d", pids[i]), "target");
	}
	write_text(CONTEXT "schemes/nr_schemes", "%d", SCHEMES);
	write_schemes();
	must(!write_text(KDAMOND "state", "on"), "the kdamond starts");
}

static void wake_khugepaged(void)
{
	write_text(THP "enabled", "always");
	write_text(THP "hugepages-64kB/enabled", "always");
	write_text(THP "khugepaged/pages_to_scan", "65536");
	write_text(THP "khugepaged/alloc_sleep_millisecs", "100");
	write_text(THP "khugepaged/scan_sleep_millisecs", "100");
}

/* Returns whether every scheme has done something. */
static bool say_progress(time_t since)
{
	char path[160];
	uint64_t applied[SCHEMES];
	bool all = true;
	int i;

	write_text(KDAMOND "state", "update_schemes_stats");
	for (i = 0; i < SCHEMES; i++) {
		snprintf(path, sizeof(path),
			 CONTEXT "schemes/%d/stats/sz_applied", i);
		applied[i] = read_number(path);
		all = all && applied[i];
	}
	say("%4ld s: split/2 %lu MiB, collapse/4 %lu MiB, split/0 %lu MiB, collapse/9 %lu MiB, khugepaged collapsed %lu, scans %lu, thp_split_page %lu, pswpout %lu",
	    time(NULL) - since, applied[0] >> 20, applied[1] >> 20,
	    applied[2] >> 20, applied[3] >> 20,
	    read_number(THP "khugepaged/pages_collapsed"),
	    read_number(THP "khugepaged/full_scans"),
	    field_of("/proc/vmstat", "thp_split_page "),
	    field_of("/proc/vmstat", "pswpout "));
	return all;
}

/* Less than they want, so that all of it works at the limit, where swap is. */
#define LIMIT (112 * MIB)
/* A machine that is busy below the guest gets this much longer. */
#define PATIENCE 3

void stress(unsigned int seconds)
{
	bool limited = field_of("/proc/meminfo", "SwapTotal:") > 0;
	uint64_t killed = field_of("/proc/vmstat", "oom_kill ");
	struct target anon, shmem;
	pid_t pids[TARGETS], churn;
	time_t began = time(NULL), shown = began;
	bool all_work = false;

	if (limited)
		enter_group(LIMIT);
	anon = start_target(HUGE_PAGES, 64 * MIB);
	shmem = start_target(SHMEM_HUGE, 32 * MIB);
	churn = start_churn();
	if (limited)
		leave_group();
	pids[0] = anon.pid;
	pids[1] = shmem.pid;
	pids[2] = churn;

	wake_khugepaged();
	start_damon(pids);
	say("stress: %u s of guest time", seconds);
	while (time(NULL) - began <
	       (all_work ? seconds : PATIENCE * seconds)) {
		must(target_intact(&anon), "anonymous contents are intact");
		must(target_intact(&shmem), "tmpfs contents are intact");
		must(!waitpid(churn, NULL, WNOHANG), "the churn goes on");
		sleep_ms(100);
		if (time(NULL) - shown < 20)
			continue;
		shown = time(NULL);
		all_work = say_progress(began);
	}
	must(say_progress(began), "every scheme works");
	killed = field_of("/proc/vmstat", "oom_kill ") - killed;
	say("stress: %s, oom_kill %lu", limited ? "in a memory cgroup at its limit" :
	    "without a limit, because there is no swap", killed);
	must(!killed, "nobody is killed");
	must(!write_text(KDAMOND "state", "off"), "the kdamond stops");
	kill(churn, SIGKILL);
	waitpid(churn, NULL, 0);
	stop_target(&anon);
	stop_target(&shmem);
}
