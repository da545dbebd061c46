// What the guest says of itself: one line of JSON a step, and one if it fails.
#ifndef REPORT_H
#define REPORT_H

#include "regions.h"

// Ends the run: the host reads the message and gives up.
void die(const char *what) __attribute__((noreturn));

// Adds an operation to the list that the next step's line carries.
void note(const char *operation, va_t va, size_t pages);

// Prints the step's line, then spins in user mode until the host has dumped memory and says go on.
// child: pid of the second process, 0 where there is none.
void report_step(const char *label, int child);

// Spins a while with the process's magic number in a register that the host can see.
void spin_visibly(int pid);

void report_end(void) __attribute__((noreturn));

#endif
