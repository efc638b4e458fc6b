/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A guest's /init that shows what the series does, in exact numbers.
 */
#ifndef PROOF_H
#define PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE 4096UL
#define HUGE (2UL << 20)
#define MIB (1UL << 20)
#define HUGE_ORDER 9

/* files.c */
int write_text(const char *path, const char *format, ...);
uint64_t read_number(const char *path);
uint64_t field_of(const char *path, const char *field);
void say(const char *format, ...);
void must(bool holds, const char *what);
void sleep_ms(unsigned int ms);
void mkdir_and_mount(const char *type, const char *where);

/* target.c: a process whose memory the schemes work on */
struct target {
	pid_t pid;
	char *base;
	size_t length;
	int command;
	int answer;
};

enum filling {
	SMALL_PAGES,	/* single pages */
	HUGE_PAGES,	/* anonymous THPs */
	SHMEM_HUGE,	/* tmpfs mounted with huge=always */
	EVERY_OTHER_64K,/* single pages in every second block of 64 KiB */
	NO_HUGE_VMA,	/* single pages in a VMA with VM_NOHUGEPAGE */
	SWAPPED,	/* three of four pages are swapped out */
	SPARSE_HUGE,	/* THPs of which every 20th page is used */
};

struct target start_target(enum filling filling, size_t length);
/* Does the target still read what it has written? */
bool target_intact(struct target *t);
void target_pin(struct target *t, size_t offset);
void target_unpin(struct target *t);
/* Let the target touch one byte of each huge page in the range for ever. */
void target_keep_hot(struct target *t, size_t from, size_t to);
void stop_target(struct target *t);
/* Make it the one that a lack of memory ends. */
void write_victim(struct target *t);
void target_arm_userfaultfd(struct target *t);
void target_lock(struct target *t);
void target_wish_huge(struct target *t);
bool target_ended(struct target *t);
/* Start to measure how long the target waits for its mmap_lock. */
void *target_probe(struct target *t);

/* look.c: what the memory is made of now, from /proc only */
uint64_t smaps_kib(struct target *t, const char *field);
/* Folios of exactly this order that lie in [from, to) of the target. */
size_t folios_of_order(struct target *t, size_t from, size_t to, int order);
/* Pages that are present in [from, to). */
size_t present_pages(struct target *t, size_t from, size_t to);
uint64_t frame_at(struct target *t, size_t offset);
/* A statistic that the kernel keeps for folios of an order. */
uint64_t thp_stat(int order, const char *name);
uint64_t nr_anon(int order);

/* damon.c */
#define FVADDR_PADS 3	/* regions where nothing is mapped, in fvaddr runs */
struct scheme {
	const char *ops;	/* vaddr, fvaddr, paddr */
	const char *action;
	int order;
	size_t from, to;	/* what to act on, as offsets into the target */
	uint64_t phys_from, phys_to;	/* instead, for paddr */
	const char *ops_filter;	/* "anon" or "hugepage_size" */
	bool ops_allow;
	uint64_t size_min, size_max;
	uint64_t quota_bytes;
	unsigned int snapshots;	/* stop after so many */
};

struct stats {
	uint64_t nr_tried, sz_tried, nr_applied, sz_applied;
	uint64_t sz_ops_filter_passed, nr_snapshots;
};

/* Does the kernel have the series? */
bool has_series(void);
/* Errno of writing "on" to the state, or 0. */
int scheme_on(const struct scheme *s, struct target *t);
struct stats scheme_stats(void);
void scheme_off(void);
/* On, until the wanted number of snapshots, off. */
struct stats run_scheme(const struct scheme *s, struct target *t);

/* the cases */
void prove_split(void);
void prove_collapse(void);
void prove_limits(void);
void prove_memory(void);
/* A memory cgroup for what is forked until it is left. */
void enter_group(uint64_t max);
void leave_group(void);
void measure(void);
void prove_backoff(void);
void measure_stalls(void *shared, char *page);
void stress(unsigned int seconds);

#endif
