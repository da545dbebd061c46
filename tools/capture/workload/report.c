// The guest's own word on its page tables: /proc/PID/pagemap and /proc/PID/maps of the watched regions, a line of JSON
// a step, with '@' before it so that the host can tell it from the kernel's messages. See report.h.
#include "report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

// The layout of a pagemap entry: Documentation/admin-guide/mm/pagemap.rst of the kernel.
#define VALUE_BITS 55         // frame number, or swap type and offset
#define PRESENT_OR_SWAPPED 62 // the two topmost bits
enum print { QUIETLY, ALOUD };

void die(const char *what) {
  printf("@{\"error\":\"%s: %m\"}\n", what);
  fflush(stdout);
  for (;;) pause();
}

static char operations[1 << 16];
static size_t operations_length;

void note(const char *operation, va_t va, size_t pages) {
  size_t room = sizeof operations - operations_length;
  int length = snprintf(operations + operations_length, room, "%s[\"%s\",\"0x%lx\",%zu]", operations_length ? "," : "",
                        operation, (unsigned long)va, pages);
  if (length < 0 || (size_t)length >= room) die("too many operations in one step");
  operations_length += length;
}

// A run of pages whose values go up by one a page, as printed: [page index, count, value of the first, flags].
struct run {
  size_t first, count;
  uint64_t value, flags;
};

static void print_run(const struct run *run, int *printed, enum print print) {
  if (!run->count || print == QUIETLY) return;
  printf("%s[%zu,%zu,\"0x%llx\",%d]", (*printed)++ ? "," : "", run->first, run->count, (unsigned long long)run->value, (int)run->flags);
}

static uint64_t checksum;  // over all pagemap entries since it was cleared

static void print_region(int pagemap, const struct region *region, enum print print) {
  static uint64_t entries[1 << 14];
  struct run run = {0};
  int printed = 0;
  if (print == ALOUD)
    printf("{\"name\":\"%s\",\"start\":\"0x%lx\",\"pages\":%zu,\"runs\":[", region->name, (unsigned long)region->start, region->pages);
  for (size_t done = 0, length; done < region->pages; done += length) {
    length = region->pages - done < COUNT(entries) ? region->pages - done : COUNT(entries);
    if (pread(pagemap, entries, length * 8, (region->start / PAGE + done) * 8ull) != (ssize_t)(length * 8)) die("pagemap");
    for (size_t i = 0; i < length; i++) {
      uint64_t entry = entries[i];
      if (!(entry >> PRESENT_OR_SWAPPED)) entry = 0;  // untouched pages of a new mapping say "soft-dirty" and nothing else
      uint64_t value = entry & ((1ull << VALUE_BITS) - 1), flags = entry >> VALUE_BITS;
      checksum = (checksum ^ entry) * 0x100000001b3ull;
      if (run.count && entry && flags == run.flags && value == run.value + run.count) {
        run.count++;
        continue;
      }
      print_run(&run, &printed, print);
      run = (struct run){done + i, entry != 0, value, flags};
    }
  }
  print_run(&run, &printed, print);
  if (print == ALOUD) printf("]}");
}

static void print_maps(int pid) {
  char path[64], line[512], access[8];
  unsigned long from, to;
  int printed = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", pid);
  FILE *maps = fopen(path, "r");
  if (!maps) die(path);
  while (fgets(line, sizeof line, maps))
    if (sscanf(line, "%lx-%lx %7s", &from, &to, access) == 3)
      printf("%s[\"0x%lx\",\"0x%lx\",\"%s\"]", printed++ ? "," : "", from, to, access);
  fclose(maps);
}

// The low half tells processes apart; the high half is not found in a register by chance.
static unsigned long magic_of(int pid) { return (sizeof(long) == 8 ? 0x5041474500000000ul : 0x50470000ul) | pid; }

static void print_process(int pid, const char *role, enum print print) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/pagemap", pid);
  int pagemap = open(path, O_RDONLY);
  if (pagemap < 0) die(path);
  if (print == ALOUD) printf("{\"pid\":%d,\"role\":\"%s\",\"magic\":\"0x%lx\",\"regions\":[", pid, role, magic_of(pid));
  for (int i = 0; i < regions_used; i++) {
    if (i && print == ALOUD) printf(",");
    print_region(pagemap, &regions[i], print);
  }
  close(pagemap);
  if (print == QUIETLY) return;
  printf("],\"maps\":[");
  print_maps(pid);
  printf("]}");
}

void spin_visibly(int pid) {
  unsigned long rounds = 20000000;
#if defined __x86_64__
  register unsigned long magic asm("r12") = magic_of(pid);
#elif defined __i386__
  register unsigned long magic asm("esi") = magic_of(pid);
#else
  register unsigned long magic asm("x19") = magic_of(pid);
#endif
  while (rounds--) asm volatile("" : "+r"(magic), "+r"(rounds));
}

void report_step(const char *label, int child) {
  static int number, stable = 1;
  checksum = 0;
  printf("@{\"step\":%d,\"label\":\"%s\",\"prevStable\":%s,\"ops\":[%.*s],\"procs\":[", number++, label, stable ? "true" : "false",
         (int)operations_length, operations);
  print_process(getpid(), "parent", ALOUD);
  if (child) {
    printf(",");
    print_process(child, "child", ALOUD);
  }
  printf("]}\n");
  fflush(stdout);
  operations_length = 0;
  uint64_t before = checksum;

  for (char go = 0; go != 'g';) {
    spin_visibly(getpid());
    if (read(0, &go, 1) < 0) die("read");
  }

  checksum = 0;  // has anything moved while we waited?
  print_process(getpid(), "", QUIETLY);
  if (child) print_process(child, "", QUIETLY);
  stable = before == checksum;
}

void report_end(void) {
  printf("@{\"end\":true}\n");
  fflush(stdout);
  for (;;) pause();
}
