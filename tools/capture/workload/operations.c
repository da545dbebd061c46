// The regions themselves and the operations on them: see operations.h.
#define _GNU_SOURCE
#include "operations.h"

#include <sys/mman.h>

#include "report.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

const struct region regions[] = {
#if __SIZEOF_POINTER__ == 8
  [SMALL]    = {"small",    0x10000000000, 4 * TABLE_PAGES},  // used in the PART_* of regions.h
  [SPREAD]   = {"spread",   0x14000000000, 262144},           // 1 GiB, touched here and there
  [STRADDLE] = {"straddle", 0x17fffe00000, 2 * TABLE_PAGES},  // 2 MiB on each side of a 512 GiB boundary
  [HUGETLB]  = {"hugetlb",  0x10080000000, 2 * TABLE_PAGES},  // two pages of 2 MiB, hugetlbfs
  [THP]      = {"thp",      0x100c0000000, 3 * TABLE_PAGES},  // three pages of 2 MiB, transparent
  [MOVED]    = {"moved",    0x18040000000, 4 * TABLE_PAGES},  // destination of mremap
  [SWAP]     = {"swap",     0x10100000000, 256},
  [HIGH]     = {"high",     0xab000000000000, TABLE_PAGES},   // beyond 47 bits: exists with 5-level paging only
#else
  [SMALL]    = {"small",    0x40000000, 4 * TABLE_PAGES},
  [SPREAD]   = {"spread",   0x50000000, 65536},               // 256 MiB
  [STRADDLE] = {"straddle", 0x7fe00000, 2 * TABLE_PAGES},     // 2 MiB on each side of a 1 GiB boundary
  [HUGETLB]  = {"hugetlb",  0x64000000, 2 * TABLE_PAGES},
  [THP]      = {"thp",      0x68000000, 3 * TABLE_PAGES},
  [MOVED]    = {"moved",    0x6c000000, 4 * TABLE_PAGES},
  [SWAP]     = {"swap",     0x70000000, 256},
#endif
};
const int regions_known = COUNT(regions);
int regions_used = 0;

va_t page_at(int region, size_t page) { return regions[region].start + page * PAGE; }

void write_pages(va_t va, size_t pages) {
  note("write", va, pages);
  for (size_t page = 0; page < pages; page++) {  // words that do not compress, so that swapping stores something real
    volatile uint64_t *words = (volatile uint64_t *)(va + page * PAGE);
    for (int word = 0; word < 512; word += 8) words[word] = (va + page * PAGE) * 0x9e3779b97f4a7c15ull + word;
  }
}

void read_pages(va_t va, size_t pages) {
  note("read", va, pages);
  for (size_t page = 0; page < pages; page++) (void)*(volatile char *)(va + page * PAGE);
}

static void advise(const char *name, int advice, va_t va, size_t pages) {
  note(name, va, pages);
  if (madvise((void *)va, pages * PAGE, advice)) die(name);
}

void drop_pages(va_t va, size_t pages) { advise("dontneed", MADV_DONTNEED, va, pages); }
void page_out(va_t va, size_t pages) { advise("pageout", MADV_PAGEOUT, va, pages); }

static void protect(const char *name, int access, va_t va, size_t pages) {
  note(name, va, pages);
  if (mprotect((void *)va, pages * PAGE, access)) die(name);
}

void protect_read(va_t va, size_t pages) { protect("protect-r", PROT_READ, va, pages); }
void protect_read_execute(va_t va, size_t pages) { protect("protect-rx", PROT_READ | PROT_EXEC, va, pages); }
void protect_read_write(va_t va, size_t pages) { protect("protect-rw", PROT_READ | PROT_WRITE, va, pages); }
void protect_none(va_t va, size_t pages) { protect("protect-none", PROT_NONE, va, pages); }

void unmap(va_t va, size_t pages) {
  note("munmap", va, pages);
  if (munmap((void *)va, pages * PAGE)) die("munmap");
}

void move_pages_to(va_t from, size_t pages, va_t to) {
  note("move-from", from, pages);
  note("move-to", to, pages);
  if (mremap((void *)from, pages * PAGE, pages * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)to) == MAP_FAILED)
    die("mremap");
}

int map_region(int region, int flags) {
  const struct region *r = &regions[region];
  void *got = mmap((void *)r->start, r->pages * PAGE, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE | flags, -1, 0);
  if (got != (void *)r->start) return 0;
  note("mmap", r->start, r->pages);
  return 1;
}

// Kernels without transparent huge pages refuse the advice, and then it is not needed either.
static void advise_huge(int region, int advice) { (void)madvise((void *)page_at(region, 0), regions[region].pages * PAGE, advice); }
void forbid_huge_pages(int region) { advise_huge(region, MADV_NOHUGEPAGE); }
void ask_for_huge_pages(int region) { advise_huge(region, MADV_HUGEPAGE); }

static uint64_t random_state;

void seed_random(uint64_t state) { random_state = state; }

uint32_t random_below(uint32_t limit) {  // xorshift64
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)(random_state >> 32) % limit;
}

void at_random(operation *act, va_t va, size_t pages, int runs, int longest) {
  while (runs--) {
    size_t length = 1 + random_below(longest);
    act(va + random_below(pages - length + 1) * PAGE, length);
  }
}
