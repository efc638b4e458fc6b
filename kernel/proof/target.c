// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proof.h"

#define SHMEM_FILE "/huge/file"

/* What a probe in the target has measured; shared with this program. */
static void *probe_memory;

/* What a page has to contain: derived from its number, never zero. */
static uint64_t mark_of(size_t page)
{
	return (page + 1) * 0x9e3779b97f4a7c15ULL | 1;
}

static bool page_is_filled(enum filling filling, size_t page)
{
	if (filling == SPARSE_HUGE)
		return !(page % 20);
	return filling != EVERY_OTHER_64K || !(page / 16 % 2);
}

static void fill(char *base, size_t length, enum filling filling)
{
	size_t page;

	for (page = 0; page < length / PAGE; page++) {
		uint64_t *words = (uint64_t *)(base + page * PAGE);

		if (!page_is_filled(filling, page))
			continue;
		words[0] = mark_of(page);
		words[PAGE / 8 - 1] = ~mark_of(page);
	}
}

static bool intact(char *base, size_t length, enum filling filling)
{
	size_t page;

	for (page = 0; page < length / PAGE; page++) {
		uint64_t *words = (uint64_t *)(base + page * PAGE);
		uint64_t mark = mark_of(page);

		if (!page_is_filled(filling, page))
			continue;
		if (words[0] != mark || words[PAGE / 8 - 1] != ~mark)
			return false;
	}
	return true;
}

/* A mapping that starts at a huge page boundary, with a gap on both sides. */
static char *map_aligned(size_t length, int fd)
{
	char *all = mmap(NULL, length + 2 * HUGE, PROT_NONE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *base = (char *)(((uintptr_t)all + HUGE) & ~(HUGE - 1));
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;

	must(all != MAP_FAILED, "address space is there");
	base = mmap(base, length, PROT_READ | PROT_WRITE, flags | MAP_FIXED,
		    fd, 0);
	must(base != MAP_FAILED, "mapping");
	return base;
}

static void populate(char *base, size_t length, enum filling filling)
{
	size_t page;

	if (filling == HUGE_PAGES || filling == SPARSE_HUGE)
		must(!madvise(base, length, MADV_HUGEPAGE), "MADV_HUGEPAGE");
	if (filling == NO_HUGE_VMA)
		must(!madvise(base, length, MADV_NOHUGEPAGE),
		     "MADV_NOHUGEPAGE");
	fill(base, length, filling);
	if (filling != SWAPPED)
		return;
	must(!madvise(base, length, MADV_PAGEOUT), "MADV_PAGEOUT");
	for (page = 0; page < length / PAGE; page += 4)
		((volatile char *)base)[page * PAGE + 8] = 0;
}

static void touch_for_ever(char *base, size_t from, size_t to)
{
	volatile char *bytes = base;
	size_t at;

	for (;;)
		for (at = from; at < to; at += HUGE)
			(void)bytes[at];
}

/* A second thread of the target, for as long as the target lives. */
static int probe_thread(void *page)
{
	measure_stalls(probe_memory, page);
	return 0;
}

static bool start_probe(void)
{
	char *stack = mmap(NULL, 64 * 1024, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*page = 1;
	return clone(probe_thread, stack + 64 * 1024, CLONE_VM | CLONE_FS |
		     CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
		     CLONE_SYSVSEM, page) > 0;
}

/* From now on holes of the mapping are for somebody else to fill. */
static bool arm_userfaultfd(struct target *t)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = {
		.range = { (uintptr_t)t->base, t->length },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);

	return fd >= 0 && !ioctl(fd, UFFDIO_API, &api) &&
		!ioctl(fd, UFFDIO_REGISTER, &range);
}

static void serve(struct target *t, enum filling filling)
{
	size_t arg[3];
	int pins[2] = { -1, -1 };
	char ok;

	while (read(t->command, arg, sizeof(arg)) == sizeof(arg)) {
		struct iovec one = { t->base + arg[1], 1 };

		ok = 1;
		if (arg[0] == 'v')
			ok = intact(t->base, t->length, filling);
		if (arg[0] == 'm')
			ok = !madvise(t->base, t->length, MADV_HUGEPAGE);
		if (arg[0] == 'f')
			ok = arm_userfaultfd(t);
		if (arg[0] == 'l')
			ok = !mlock(t->base, t->length);
		if (arg[0] == 's')
			ok = start_probe();
		if (arg[0] == 'p')
			ok = !pipe(pins) && vmsplice(pins[1], &one, 1, 0) == 1;
		if (arg[0] == 'u')
			ok = !close(pins[0]) && !close(pins[1]);
		must(write(t->answer, &ok, 1) == 1, "answer");
		if (arg[0] == 'h')
			touch_for_ever(t->base, arg[1], arg[2]);
	}
	_exit(0);
}

static bool ask(struct target *t, char what, size_t a, size_t b)
{
	size_t arg[3] = { what, a, b };
	char ok = 0;

	must(write(t->command, arg, sizeof(arg)) == sizeof(arg), "command");
	must(read(t->answer, &ok, 1) == 1, "target answers");
	return ok;
}

struct target start_target(enum filling filling, size_t length)
{
	struct target t = { .length = length };
	int down[2], up[2], fd = -1;

	if (!probe_memory)
		probe_memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(!pipe(down) && !pipe(up), "pipes");
	if (filling == SHMEM_HUGE) {
		fd = open(SHMEM_FILE, O_RDWR | O_CREAT | O_TRUNC, 0600);
		must(fd >= 0 && !ftruncate(fd, length), "tmpfs file");
	}
	/* Mapped here as well, so that both sides know the address. */
	t.base = map_aligned(length, fd);
	t.pid = fork();
	must(t.pid >= 0, "fork");
	if (!t.pid) {
		t.command = down[0];
		t.answer = up[1];
		close(down[1]);
		close(up[0]);
		populate(t.base, length, filling);
		must(write(t.answer, "", 1) == 1, "ready");
		serve(&t, filling);
	}
	munmap(t.base, length);
	if (fd >= 0)
		close(fd);
	close(down[0]);
	close(up[1]);
	t.command = down[1];
	t.answer = up[0];
	must(read(t.answer, &(char){0}, 1) == 1, "target is ready");
	return t;
}

bool target_intact(struct target *t)
{
	return ask(t, 'v', 0, 0);
}

void target_pin(struct target *t, size_t offset)
{
	must(ask(t, 'p', offset, 0), "pin");
}

void target_unpin(struct target *t)
{
	must(ask(t, 'u', 0, 0), "unpin");
}

void target_keep_hot(struct target *t, size_t from, size_t to)
{
	ask(t, 'h', from, to);
}

void stop_target(struct target *t)
{
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	close(t->command);
	close(t->answer);
	unlink(SHMEM_FILE);
}

/* Whom a lack of memory ends first. */
void write_victim(struct target *t)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", t->pid);
	must(!write_text(path, "1000"), "victim");
}

bool target_ended(struct target *t)
{
	siginfo_t info = { 0 };

	waitid(P_PID, t->pid, &info, WEXITED | WNOHANG | WNOWAIT);
	return info.si_pid == t->pid;
}

void *target_probe(struct target *t)
{
	memset(probe_memory, 0, PAGE);
	must(ask(t, 's', 0, 0), "probe");
	return probe_memory;
}

/* So that khugepaged looks at it. */
void target_wish_huge(struct target *t)
{
	must(ask(t, 'm', 0, 0), "MADV_HUGEPAGE");
}

void target_arm_userfaultfd(struct target *t)
{
	must(ask(t, 'f', 0, 0), "userfaultfd");
}

void target_lock(struct target *t)
{
	must(ask(t, 'l', 0, 0), "mlock");
}
