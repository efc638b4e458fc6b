// SPDX-License-Identifier: GPL-2.0
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proof.h"

/* include/uapi/linux/kernel-page-flags.h */
#define COMPOUND_HEAD (1ULL << 15)
#define COMPOUND_TAIL (1ULL << 16)

/* Documentation/admin-guide/mm/pagemap.rst */
#define PRESENT (1ULL << 63)
#define FRAME ((1ULL << 55) - 1)

uint64_t smaps_kib(struct target *t, const char *field)
{
	uint64_t begin, end, low = (uintptr_t)t->base, high = low + t->length;
	char path[64], line[512];
	uint64_t sum = 0;
	bool inside = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/smaps", t->pid);
	in = fopen(path, "r");
	must(in, "smaps opens");
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			inside = begin >= low && end <= high;
		else if (inside && !strncmp(line, field, strlen(field)))
			sum += strtoull(line + strlen(field) + 1, NULL, 10);
	}
	fclose(in);
	return sum;
}

static uint64_t *read_words(const char *path, uint64_t first, size_t count)
{
	uint64_t *words = calloc(count, sizeof(*words));
	int fd = open(path, O_RDONLY);

	must(words && fd >= 0, path);
	must(pread(fd, words, count * 8, first * 8) >= 0, path);
	close(fd);
	return words;
}

static uint64_t *pagemap(struct target *t, size_t from, size_t to)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/pagemap", t->pid);
	return read_words(path, ((uintptr_t)t->base + from) / PAGE,
			  (to - from) / PAGE);
}

static size_t folio_pages(int fd, uint64_t frame)
{
	uint64_t flags[1 << HUGE_ORDER];
	size_t n = 1, got = pread(fd, flags, sizeof(flags), frame * 8) / 8;

	if (!got || !(flags[0] & COMPOUND_HEAD))
		return 1;
	while (n < got && flags[n] & COMPOUND_TAIL)
		n++;
	return n;
}

size_t folios_of_order(struct target *t, size_t from, size_t to, int order)
{
	uint64_t *map = pagemap(t, from, to);
	int fd = open("/proc/kpageflags", O_RDONLY);
	size_t i, pages, found = 0, count = (to - from) / PAGE;

	must(fd >= 0, "kpageflags opens");
	for (i = 0; i < count; i += pages) {
		pages = 1;
		if (!(map[i] & PRESENT))
			continue;
		pages = folio_pages(fd, map[i] & FRAME);
		if (pages == 1UL << order && i + pages <= count)
			found++;
	}
	close(fd);
	free(map);
	return found;
}

size_t present_pages(struct target *t, size_t from, size_t to)
{
	uint64_t *map = pagemap(t, from, to);
	size_t i, found = 0;

	for (i = 0; i < (to - from) / PAGE; i++)
		found += !!(map[i] & PRESENT);
	free(map);
	return found;
}

uint64_t frame_at(struct target *t, size_t offset)
{
	uint64_t *map = pagemap(t, offset, offset + PAGE);
	uint64_t frame = map[0] & PRESENT ? map[0] & FRAME : 0;

	free(map);
	return frame;
}

uint64_t thp_stat(int order, const char *name)
{
	char path[128];

	snprintf(path, sizeof(path),
		 "/sys/kernel/mm/transparent_hugepage/hugepages-%lukB/stats/%s",
		 (PAGE >> 10) << order, name);
	return read_number(path);
}

uint64_t nr_anon(int order)
{
	return thp_stat(order, "nr_anon");
}
