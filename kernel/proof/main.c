// SPDX-License-Identifier: GPL-2.0
/*
 * /init of a guest that has nothing else.  Arguments behind "--" of the kernel
 * command line, in any number: "kunit", "cases", "memory", "backoff",
 * "measure", "stress SECONDS".
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "proof.h"

#define THP "/sys/kernel/mm/transparent_hugepage/"

static void mount_all(void)
{
	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mkdir("/huge", 0755);
	must(!mount("proc", "/proc", "proc", 0, NULL), "proc");
	must(!mount("sysfs", "/sys", "sysfs", 0, NULL), "sysfs");
	must(!mount("devtmpfs", "/dev", "devtmpfs", 0, NULL), "devtmpfs");
	must(!mount("tmpfs", "/huge", "tmpfs", 0, "huge=always"), "tmpfs");
}

/* A disk, if there is one, is for swap. */
static void add_swap(void)
{
	struct {
		char boot[1024];
		uint32_t version, last_page, nr_bad_pages;
		char rest[PAGE - 1024 - 12 - 10];
		char magic[10];
	} __attribute__((packed)) header = {
		.version = 1, .magic = "SWAPSPACE2",
	};
	int fd = open("/dev/vda", O_RDWR);

	if (fd < 0)
		return;
	header.last_page = lseek(fd, 0, SEEK_END) / PAGE - 1;
	must(pwrite(fd, &header, PAGE, 0) == PAGE, "swap header");
	fsync(fd);
	close(fd);
	must(!swapon("/dev/vda", 0), "swap");
}

static void keep_khugepaged_away(void)
{
	must(!write_text(THP "enabled", "madvise"), "THP");
	must(!write_text(THP "khugepaged/scan_sleep_millisecs", "100000000"),
	     "khugepaged");
}

/* The kernel's messages since it was booted. */
static char *kernel_log(void)
{
	static char text[1 << 20];
	int length = klogctl(3, text, sizeof(text) - 1);

	must(length >= 0, "kernel log");
	text[length] = 0;
	return text;
}

/* Summaries of the unit tests that ran while booting with kunit.enable=1. */
static void say_unit_tests(void)
{
	unsigned int pass, fail, suites = 0, failed = 0;
	char *line, *summary;

	for (line = strtok(kernel_log(), "\n"); line; line = strtok(NULL, "\n")) {
		summary = strstr(line, ": pass:");
		if (strstr(line, "not ok"))
			say("unit test: %s", line);
		if (!summary || sscanf(summary, ": pass:%u fail:%u", &pass, &fail) != 2)
			continue;
		/* of the suites, not of the tests in them */
		if (!strstr(line, "# damo"))
			continue;
		say("unit tests: %s", strstr(line, "# damo") + 2);
		suites++;
		failed += fail;
	}
	must(suites && !failed, "unit tests pass");
}

static size_t complaints(void)
{
	static const char *const words[] = {
		"WARNING:", "BUG:", "KASAN:", "INFO: ", "detected stall",
		"expedited stalls", "Oops",
		"Call Trace", "bad page", "Bad page", "Bad rss",
	};
	size_t i, found = 0;
	char *line;

	for (line = strtok(kernel_log(), "\n"); line; line = strtok(NULL, "\n"))
		for (i = 0; i < sizeof(words) / sizeof(*words); i++)
			if (strstr(line, words[i])) {
				say("kernel: %s", line);
				found++;
				break;
			}
	return found;
}

static int run_all(int argc, char **argv)
{
	struct utsname name;
	size_t found;
	int i;

	mount_all();
	add_swap();
	keep_khugepaged_away();
	uname(&name);
	say("kernel %s, %ld CPUs, %lu kB of memory, %lu kB of swap",
	    name.release, sysconf(_SC_NPROCESSORS_ONLN),
	    field_of("/proc/meminfo", "MemTotal:"),
	    field_of("/proc/meminfo", "SwapTotal:"));
	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "kunit")) {
			say_unit_tests();
		} else if (!strcmp(argv[i], "cases")) {
			prove_split();
			prove_collapse();
			prove_limits();
		} else if (!strcmp(argv[i], "memory")) {
			prove_memory();
		} else if (!strcmp(argv[i], "backoff")) {
			prove_backoff();
		} else if (!strcmp(argv[i], "measure")) {
			measure();
		} else if (!strcmp(argv[i], "stress") && i + 1 < argc) {
			stress(atoi(argv[++i]));
		}
	}
	found = complaints();
	say("complaints in the kernel log: %zu", found);
	return found ? 1 : 0;
}

int main(int argc, char **argv)
{
	int status = 1;
	pid_t pid = fork();

	if (!pid)
		exit(run_all(argc, argv));
	waitpid(pid, &status, 0);
	say(WIFEXITED(status) && !WEXITSTATUS(status) ? "PROOF PASSED" :
	    "PROOF FAILED");
	sync();
	/* Ends QEMU, which runs with -no-reboot, also without ACPI. */
	reboot(RB_AUTOBOOT);
	return 1;
}
