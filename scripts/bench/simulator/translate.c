/*
 * The peer of the model's hot loop: the same passes over the same draws in C. Reads the tables of the draws, prints
 * accesses per second and the counters, which must equal those of the model.
 * usage: translate TABLES PAGES ACCESSES HUGE_BLOCKS L1_SETS L1_WAYS L1_HUGE_SETS L2_SETS L2_WAYS L2_HUGE_SETS
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BATCH = 4096, GROUPS = 4096, BASE = 1, HUGE = 3, PRESENT = 1, ACCESSED = 2, DIRTY = 4 };

struct array {
  int32_t *entries;
  int32_t ways, base_mask, huge_mask;
};

static struct array make_array(int sets, int ways, int huge_sets) {
  struct array made = {calloc((size_t)sets * ways, 4), ways, sets - 1, huge_sets - 1};
  return made;
}

static inline int32_t touch(struct array *array, int32_t key) {
  int32_t mask = (key & 3) == HUGE ? array->huge_mask : array->base_mask;
  int32_t *set = array->entries + ((key >> 2) & mask) * array->ways;
  int32_t seeking = -1, carried = key;
  for (int way = 0; way < array->ways; way++) {
    int32_t entry = set[way];
    set[way] = entry ^ ((entry ^ carried) & seeking);
    seeking &= -(entry ^ key) >> 31;
    carried = entry;
  }
  return seeking;
}

static uint32_t state[4];

static inline uint32_t rotate(uint32_t value, int by) { return value << by | value >> (32 - by); }

static void fill_words(uint32_t *into, int count) {
  uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
  for (int i = 0; i < count; i++) {
    into[i] = rotate(b * 5, 7) * 9;
    uint32_t shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotate(d, 11);
  }
  state[0] = a, state[1] = b, state[2] = c, state[3] = d;
}

static uint32_t columns[GROUPS], groups[2 * GROUPS];

/* Draws a group of ranks by the alias method and a place in it. */
static inline uint32_t rank_of(uint32_t word, uint32_t place) {
  uint32_t own = word >> 20, column = columns[own], alias = column & (GROUPS - 1);
  uint32_t keeps = (uint32_t)((int32_t)((word & 0xfffff) - (column >> 12)) >> 31);
  uint32_t group = alias ^ ((alias ^ own) & keeps);
  return groups[2 * group] + (place >> 1 >> groups[2 * group + 1]);
}

static int32_t lines[4096];

static inline int32_t reference(int32_t line, int near_cycles, int extra) {
  uint32_t slot = (uint32_t)line * 0x9e3779b1u >> 20;
  int32_t other = lines[slot] ^ line;
  lines[slot] = line;
  return near_cycles + (extra & ((other | -other) >> 31));
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return time.tv_sec + time.tv_nsec * 1e-9;
}

int main(int argc, char **argv) {
  if (argc < 11) return 2;
  uint32_t pages = strtoul(argv[2], 0, 10);
  long accesses_wanted = atol(argv[3]);
  uint32_t huge_blocks = strtoul(argv[4], 0, 10);
  struct array l1_base = make_array(atoi(argv[5]), atoi(argv[6]), 1);
  struct array l1_huge = make_array(atoi(argv[7]), 4, atoi(argv[7]));
  struct array l2 = make_array(atoi(argv[8]), atoi(argv[9]), atoi(argv[10]));
  struct array directory = make_array(8, 4, 8);
  memset(lines, 255, sizeof lines);
  uint32_t *rows = malloc((size_t)pages * 8);
  FILE *file = fopen(argv[1], "rb");
  if (!file || fread(state, 4, 4, file) != 4 || fread(columns, 4, GROUPS, file) != GROUPS) return 3;
  if (fread(groups, 8, GROUPS, file) != GROUPS || fread(rows, 8, pages, file) != pages) return 3;
  fclose(file);
  uint16_t *pte = malloc((size_t)pages * 2), *pmd = calloc(pages / 512, 2);
  uint8_t *hints = calloc(pages / 512, 1);
  uint32_t *stored = malloc(pages / 8);
  memset(stored, 255, pages / 8); /* every page was stored to before */
  for (uint32_t page = 0; page < pages; page++) pte[page] = PRESENT | ACCESSED | DIRTY;
  for (uint32_t block = 0; block < pages / 512; block++) pmd[block] = block < huge_blocks;
  for (uint32_t block = 0; block < pages / 512; block++) hints[block] = pmd[block] & PRESENT ? HUGE : BASE;

  static uint32_t words[2 * BATCH], ranks[BATCH], accesses[BATCH];
  static uint16_t missed[BATCH], walked[BATCH], first_store[BATCH];
  static int32_t missed_key[BATCH], walked_key[BATCH];
  static uint8_t outcomes[BATCH];
  long total = 0, first_misses = 0, walks = 0, huge_walks = 0;
  double cycles = 0, start = now();
  for (; total < accesses_wanted; total += BATCH) {
    fill_words(words, 2 * BATCH);
    for (int i = 0; i < BATCH; i++) ranks[i] = rank_of(words[2 * i], words[2 * i + 1]);
    for (int i = 0; i < BATCH; i++) {
      uint32_t rank = ranks[i], word = words[2 * i + 1], row = rows[2 * rank];
      uint32_t is_alias = ~(uint32_t)((int32_t)((word & 0xfffff) - (row >> 12)) >> 31);
      accesses[i] = rows[2 * (rank ^ (row & 4095 & is_alias)) + 1] << 1 | ((word & 1023) < 256);
    }
    memset(outcomes, 0, BATCH);
    int misses = 0, stores = 0;
    for (int at = 0; at < BATCH; at++) {
      uint32_t access = accesses[at], page = access >> 1;
      int kind = hints[page >> 9];
      int32_t key = (kind == HUGE ? page >> 9 : page) << 2 | kind;
      int32_t miss = touch(kind == HUGE ? &l1_huge : &l1_base, key);
      missed[misses] = at;
      missed_key[misses] = key;
      misses -= miss;
    }
    int walk_count = 0;
    for (int i = 0; i < misses; i++) {
      int32_t key = missed_key[i], miss = touch(&l2, key);
      int at = missed[i];
      outcomes[at] = 1;
      walked[walk_count] = at;
      walked_key[walk_count] = key;
      walk_count -= miss;
    }
    first_misses += misses;
    cycles += (misses - walk_count) * 7.0;
    for (int i = 0; i < walk_count; i++) {
      uint32_t access = accesses[walked[i]], page = access >> 1;
      uint16_t set = ACCESSED | (access & 1) * DIRTY;
      if (pmd[page >> 9] & PRESENT) pmd[page >> 9] |= set;
      else pte[page] |= set;
    }
    walks += walk_count;
    for (int i = 0; i < walk_count; i++) {
      uint32_t access = accesses[walked[i]], page = access >> 1;
      int huge = (walked_key[i] & 3) == HUGE;
      outcomes[walked[i]] = 2;
      huge_walks += huge;
      int32_t miss = -touch(&directory, (int32_t)(page >> 9) << 2 | BASE);
      int32_t directory_line = (int32_t)(page >> 12) | 0x40000000;
      if (huge) cycles += miss ? reference(directory_line, 18, 162) : 18;
      else {
        cycles += reference((int32_t)(page >> 3), 18, 162);
        if (miss) cycles += reference(directory_line, 18, 162);
      }
    }
    for (int at = 0; at < BATCH; at++) {
      uint32_t access = accesses[at], page = access >> 1;
      first_store[stores] = at;
      stores += access & ~(stored[page >> 5] >> (page & 31)) & 1;
    }
    for (int i = 0; i < stores; i++) {
      uint32_t page = accesses[first_store[i]] >> 1;
      if (stored[page >> 5] >> (page & 31) & 1) continue;
      stored[page >> 5] |= 1u << (page & 31);
      uint16_t *entry = pmd[page >> 9] & PRESENT ? &pmd[page >> 9] : &pte[page];
      if (*entry & DIRTY) continue;
      *entry |= ACCESSED | DIRTY;
      walks++;
      int32_t miss = -touch(&directory, (int32_t)(page >> 9) << 2 | BASE);
      cycles += reference((int32_t)(page >> 3), 18, 162);
      if (miss) cycles += reference((int32_t)(page >> 12) | 0x40000000, 18, 162);
    }
  }
  double seconds = now() - start;
  printf("{\"perSecond\":%.0f,\"accesses\":%ld,\"firstLevelMisses\":%ld,\"walks\":%ld,\"hugeWalks\":%ld,\"cycles\":%.0f}\n",
         total / seconds, total, first_misses, walks, huge_walks, cycles);
  return 0;
}
