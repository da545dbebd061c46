// The watched regions: where they lie and what they are for. Shared by all parts of the guest's program.
#ifndef REGIONS_H
#define REGIONS_H

#include <stddef.h>
#include <stdint.h>

#define PAGE 4096ul

// Pages below one page table: the parts of "small" and the 2 MiB pages are counted in it.
#define TABLE_PAGES 512

typedef uintptr_t va_t;

enum { SMALL, SPREAD, STRADDLE, HUGETLB, THP, MOVED, SWAP, HIGH, REGION_NAMES };

// "small" is used in four parts, one page table each.
enum { PART_CHURN = 0, PART_PROTECT = TABLE_PAGES, PART_MOVE = 2 * TABLE_PAGES, PART_COW = 3 * TABLE_PAGES };

struct region {
  const char *name;
  va_t start;
  size_t pages;
};

extern const struct region regions[];
extern const int regions_known;  // how many this architecture has at all
extern int regions_used;         // how many of them this kernel lets us have

va_t page_at(int region, size_t page);

#endif
