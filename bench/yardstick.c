/*
 * The yardsticks in C: the plain walk that everybody writes first, and a plain compare of tables with their copies.
 *
 * usage: yardstick WORLD
 * WORLD, all u64: frames, tables, root GFN, addresses; the tables' GFNs; the VAs; then the tables, 4096 bytes each.
 * A line on standard input names a yardstick; the answer is a line: ns of processor time, units, checksum.
 *   hashed   a walk for each VA, tables found by a hash of the GFN (open addressing, half full at the most)
 *   flat     a walk for each VA, tables found by their place in one block of guest memory
 *   compare  each table copied out of guest memory and compared with an earlier copy; the unit is a byte, both sides counted
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ENTRIES 512
#define TABLE_BYTES 4096
#define PRESENT 1ull
#define LARGE 128ull
#define ADDRESS 0x000ffffffffff000ull
#define NOT_BACKED (~0ull)
#define GOLDEN 0x9e3779b97f4a7c15ull

typedef struct {
  uint64_t key; /* GFN + 1; 0 is a free slot */
  const uint64_t *table;
} slot_t;

static uint64_t frames, tables, root_gfn, addresses;
static uint64_t *gfns, *vas, *copies, *guest;
static slot_t *slots;
static unsigned slot_bits;

static void *reserve(uint64_t bytes) {
  void *block = calloc(bytes, 1);
  if (!block) exit(2);
  return block;
}

static const uint64_t *find_hashed(uint64_t gfn) {
  uint64_t mask = (1ull << slot_bits) - 1;
  for (uint64_t i = (gfn * GOLDEN) >> (64 - slot_bits);; i = (i + 1) & mask) {
    if (slots[i].key == gfn + 1) return slots[i].table;
    if (!slots[i].key) return NULL;
  }
}

static const uint64_t *find_flat(uint64_t gfn) {
  return gfn < frames ? guest + gfn * ENTRIES : NULL;
}

/* Inlined into each of its two callers with the lookup it is given. */
static inline __attribute__((always_inline)) uint64_t walk(uint64_t va, const uint64_t *(*find)(uint64_t)) {
  uint64_t gfn = root_gfn;
  for (int shift = 39;; shift -= 9) {
    const uint64_t *table = find(gfn);
    if (!table) return NOT_BACKED;
    uint64_t entry = table[(va >> shift) & (ENTRIES - 1)];
    if (!(entry & PRESENT)) return NOT_BACKED;
    if (shift == 12 || entry & LARGE) {
      uint64_t within = (1ull << shift) - 1;
      return (entry & ADDRESS & ~within) | (va & within);
    }
    gfn = (entry & ADDRESS) >> 12;
  }
}

static uint64_t walk_hashed(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < addresses; i++) sum += walk(vas[i], find_hashed);
  return sum;
}

static uint64_t walk_flat(void) {
  uint64_t sum = 0;
  for (uint64_t i = 0; i < addresses; i++) sum += walk(vas[i], find_flat);
  return sum;
}

static uint64_t compare_tables(void) {
  static uint64_t staging[256][ENTRIES];
  uint64_t differing = 0;
  for (uint64_t t = 0; t < tables; t++) {
    uint64_t *now = staging[t & 255];
    const uint64_t *before = copies + t * ENTRIES;
    memcpy(now, guest + gfns[t] * ENTRIES, TABLE_BYTES);
    for (int i = 0; i < ENTRIES; i += 8) {
      uint64_t any = 0;
      for (int j = i; j < i + 8; j++) any |= now[j] ^ before[j];
      if (!any) continue;
      for (int j = i; j < i + 8; j++) differing += now[j] != before[j];
    }
  }
  return differing;
}

static int read_world(const char *path) {
  FILE *file = fopen(path, "rb");
  uint64_t head[4];
  if (!file || fread(head, sizeof head, 1, file) != 1) return 0;
  frames = head[0], tables = head[1], root_gfn = head[2], addresses = head[3];
  gfns = reserve(tables * 8);
  vas = reserve(addresses * 8);
  copies = reserve(tables * TABLE_BYTES);
  guest = reserve(frames * TABLE_BYTES);
  if (fread(gfns, 8, tables, file) != tables || fread(vas, 8, addresses, file) != addresses) return 0;
  if (fread(copies, TABLE_BYTES, tables, file) != tables) return 0;
  fclose(file);
  while (1ull << slot_bits < 2 * tables) slot_bits++;
  slots = reserve(sizeof(slot_t) << slot_bits);
  for (uint64_t t = 0; t < tables; t++) {
    uint64_t i = (gfns[t] * GOLDEN) >> (64 - slot_bits);
    while (slots[i].key) i = (i + 1) & ((1ull << slot_bits) - 1);
    slots[i].key = gfns[t] + 1;
    slots[i].table = copies + t * ENTRIES;
    memcpy(guest + gfns[t] * ENTRIES, copies + t * ENTRIES, TABLE_BYTES);
  }
  return 1;
}

static uint64_t processor_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

int main(int count, char **arguments) {
  char line[64];
  if (count != 2 || !read_world(arguments[1])) {
    fprintf(stderr, "usage: yardstick WORLD\n");
    return 2;
  }
  while (fgets(line, sizeof line, stdin)) {
    uint64_t units = addresses, sum, from = processor_ns();
    if (!strcmp(line, "hashed\n")) sum = walk_hashed();
    else if (!strcmp(line, "flat\n")) sum = walk_flat();
    else if (!strcmp(line, "compare\n")) sum = compare_tables(), units = 2 * tables * TABLE_BYTES;
    else return 2;
    uint64_t ns = processor_ns() - from;
    printf("%llu %llu %llu\n", (unsigned long long)ns, (unsigned long long)units, (unsigned long long)sum);
    fflush(stdout);
  }
  return 0;
}
