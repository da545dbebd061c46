// The guest's program: runs as PID 1, changes its own address space in known steps, and after each says what its kernel
// holds to be mapped where (report.h) and waits for the host to dump memory.
//
// usage: workload SEED       the same seed does the same to the same addresses
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "operations.h"
#include "report.h"

static struct shared { volatile int command, done; } *shared;  // between parent and child
static uint64_t seed;
static int child;

static void step(const char *label) { report_step(label, child); }

static void pin(int cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  sched_setaffinity(0, sizeof set, &set);
}

static void write_file(const char *path, const char *text) {
  int file = open(path, O_WRONLY);
  if (file < 0 || write(file, text, strlen(text)) < 0) die(path);
  close(file);
}

// The console carries bytes as they are, and read() returns at once.
static void set_up_console(void) {
  struct termios tty;
  tcgetattr(0, &tty);
  cfmakeraw(&tty);
  tty.c_cc[VMIN] = tty.c_cc[VTIME] = 0;
  tcsetattr(0, TCSANOW, &tty);
}

static void map_regions(void) {
  for (; regions_used < regions_known; regions_used++) {
    if (regions_used == MOVED) continue;
    if (!map_region(regions_used, regions_used == HUGETLB ? MAP_HUGETLB : 0)) {
      if (regions_used == HIGH) break;  // no 5-level paging
      die(regions[regions_used].name);
    }
    if (regions_used == THP) ask_for_huge_pages(THP);
    else if (regions_used != HUGETLB) forbid_huge_pages(regions_used);
  }
}

static int has_high(void) { return regions_used > HIGH; }

static void touch(void) {
  for (int part = PART_CHURN; part <= PART_COW; part += TABLE_PAGES) at_random(write_pages, page_at(SMALL, part), TABLE_PAGES, 20, 16);
  at_random(read_pages, page_at(SMALL, PART_CHURN), TABLE_PAGES, 8, 8);  // maps the shared zero page where nothing was written
  at_random(read_pages, page_at(SMALL, PART_COW), TABLE_PAGES, 4, 8);
  for (int i = 0; i < 6; i++) write_pages(page_at(SPREAD, random_below(regions[SPREAD].pages - 4)), 1 + random_below(4));
  write_pages(page_at(STRADDLE, TABLE_PAGES - 4), 8);
  at_random(write_pages, page_at(STRADDLE, 0), regions[STRADDLE].pages, 4, 4);
  write_pages(page_at(SWAP, 0), regions[SWAP].pages);
  if (has_high()) at_random(write_pages, page_at(HIGH, 0), regions[HIGH].pages, 8, 8);
}

static void drop(void) {
  at_random(drop_pages, page_at(SMALL, PART_CHURN), TABLE_PAGES, 16, 24);
  at_random(write_pages, page_at(SMALL, PART_CHURN), TABLE_PAGES, 4, 4);
  at_random(write_pages, page_at(SMALL, PART_MOVE), TABLE_PAGES, 4, 4);
  if (has_high()) at_random(drop_pages, page_at(HIGH, 0), regions[HIGH].pages, 4, 32);
}

static void restrict_access(void) {
  at_random(protect_read, page_at(SMALL, PART_PROTECT), TABLE_PAGES, 8, 24);
  at_random(protect_read_execute, page_at(SMALL, PART_PROTECT), TABLE_PAGES, 8, 24);
}

static void clear_references(void) {
  note("clear-refs", 0, 0);
  write_file("/proc/self/clear_refs", "1");  // clears accessed bits
  write_file("/proc/self/clear_refs", "4");  // clears soft-dirty bits and write-protects every private page
}

static void move(void) {
  move_pages_to(page_at(SMALL, PART_MOVE), TABLE_PAGES, page_at(MOVED, 0));  // aligned: the kernel moves the page table itself
  move_pages_to(page_at(SMALL, 100), 37, page_at(MOVED, 777));               // not aligned: moved entry by entry
  at_random(write_pages, page_at(SMALL, PART_COW), TABLE_PAGES, 12, 16);     // writable again after clear-refs, for fork to protect
}

static void live_as_child(void) {
  pin(sysconf(_SC_NPROCESSORS_ONLN) - 1);
  for (;;) {
    spin_visibly(getpid());
    if (!shared->command) continue;
    shared->command = 0;
    seed_random(seed + 99);
    at_random(write_pages, page_at(SMALL, PART_COW), TABLE_PAGES, 6, 8);
    shared->done = 1;
  }
}

static void copy_on_write(void) {
  at_random(write_pages, page_at(SMALL, PART_COW), TABLE_PAGES, 10, 16);
  note("child-writes", page_at(SMALL, PART_COW), TABLE_PAGES);
  shared->command = 1;
  while (!shared->done) sched_yield();
}

static void end_child(void) {
  note("child-exits", 0, 0);
  kill(child, SIGKILL);
  waitpid(child, 0, 0);
  child = 0;
  at_random(write_pages, page_at(SMALL, PART_COW), TABLE_PAGES, 8, 16);
}

static void use_huge_pages(void) {
  write_pages(page_at(HUGETLB, 0), 1);
  write_pages(page_at(HUGETLB, TABLE_PAGES + random_below(TABLE_PAGES)), 1);
  for (int i = 0; i < 3; i++) write_pages(page_at(THP, TABLE_PAGES * i + random_below(TABLE_PAGES)), 1);
}

static void split_huge_pages(void) {
  drop_pages(page_at(THP, random_below(TABLE_PAGES)), 1);          // 511 pages stay where they were
  protect_read(page_at(THP, TABLE_PAGES), TABLE_PAGES / 2);        // nothing comes or goes
  protect_none(page_at(THP, 2 * TABLE_PAGES), TABLE_PAGES);        // whole: stays one entry, resident, present bit clear
  unmap(page_at(HUGETLB, TABLE_PAGES), TABLE_PAGES);
}

static void swap_in(void) {
  at_random(read_pages, page_at(SWAP, 0), regions[SWAP].pages, 6, 24);
  at_random(write_pages, page_at(SWAP, 0), regions[SWAP].pages, 6, 8);
}

static void unmap_much(void) {
  unmap(page_at(SPREAD, 0), regions[SPREAD].pages);                   // frees its tables at all levels
  unmap(page_at(SMALL, PART_COW), TABLE_PAGES);                       // frees one page table
  protect_read_write(page_at(SMALL, PART_PROTECT), TABLE_PAGES);      // the PROT_NONE pages come back
  protect_read_write(page_at(THP, 2 * TABLE_PAGES), TABLE_PAGES);
}

static void reuse_tables(void) {
  map_region(SPREAD, 0);  // table frames freed just now may serve again, elsewhere
  forbid_huge_pages(SPREAD);
  for (int i = 0; i < 8; i++) write_pages(page_at(SPREAD, random_below(regions[SPREAD].pages - 4)), 1 + random_below(4));
  at_random(write_pages, page_at(SMALL, PART_CHURN), 100, 4, 8);
}

int main(int argc, char **argv) {
  seed = argc > 1 ? strtoull(argv[argc - 1], 0, 0) : 1;  // the last: the kernel may pass words of its own first
  seed_random(seed * 0x9e3779b97f4a7c15ull + 1);
  for (int i = 0; i < 16; i++) random_below(1);  // a small seed takes a while to spread
  set_up_console();
  pin(0);
  shared = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  map_regions();
  step("mapped");  // nothing touched yet
  touch();
  step("touch");
  drop();
  step("dontneed");
  restrict_access();
  step("protect");  // permissions only: no page comes or goes
  clear_references();
  step("clear-refs");
  at_random(protect_none, page_at(SMALL, PART_PROTECT), TABLE_PAGES, 12, 24);
  step("protect-none");  // resident, yet the present bit is clear
  move();
  step("move");
  child = fork();
  if (!child) live_as_child();
  step("fork");  // private pages are now shared and write-protected in both
  copy_on_write();
  step("cow");
  end_child();
  step("child-exit");
  use_huge_pages();
  step("huge");
  split_huge_pages();
  step("split");
  at_random(page_out, page_at(SWAP, 0), regions[SWAP].pages, 8, 24);
  step("swap-out");
  swap_in();
  step("swap-in");
  unmap_much();
  step("munmap");
  reuse_tables();
  step("reuse");
  report_end();
}
