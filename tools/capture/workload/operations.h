// What the workload does to its address space. Each operation notes itself and then acts on `pages` pages from `va`.
#ifndef OPERATIONS_H
#define OPERATIONS_H

#include "regions.h"

typedef void operation(va_t va, size_t pages);

operation write_pages, read_pages, drop_pages, page_out;
operation protect_read, protect_read_execute, protect_read_write, protect_none;
operation unmap;

// Maps a region, privately and empty. flags: MAP_HUGETLB or 0. False where the kernel has no such addresses.
int map_region(int region, int flags);
void forbid_huge_pages(int region);
void ask_for_huge_pages(int region);
void move_pages_to(va_t from, size_t pages, va_t to);

// The one source of chance: the same seed gives the same operations.
void seed_random(uint64_t state);
uint32_t random_below(uint32_t limit);

// Applies `act` to `runs` random runs of 1 to `longest` pages within [va, va + pages).
void at_random(operation *act, va_t va, size_t pages, int runs, int longest);

#endif
