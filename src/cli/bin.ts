#!/usr/bin/env node
/**
 * The executable: hands the process's streams to `main`, and its answer back as exit status.
 *
 * It listens for interrupts before the rest is loaded, which takes longer than a small command does.
 */

import { messageOf, STATUS_DUMP, STATUS_INTERRUPTED, STATUS_TERMINATED } from "./failure.js";
import { printable } from "./terminal/text.js";

const interrupt = new AbortController();

const statuses = { SIGINT: STATUS_INTERRUPTED, SIGTERM: STATUS_TERMINATED } as const;
let interruptStatus: number = STATUS_INTERRUPTED;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    interruptStatus = statuses[signal];
    if (interrupt.signal.aborted) process.exit(interruptStatus);
    interrupt.abort();
  });
}

// Nothing should get here; if it does, a person reads one line, not a trace.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`ptm: ${printable(messageOf(error))}\n`);
    process.exit(STATUS_DUMP);
  });
}

const { stdout, stderr, env } = process;
const { main } = await import("./main.js");
const status = await main(process.argv.slice(2), { stdout, stderr, env, signal: interrupt.signal });
process.exit(status === STATUS_INTERRUPTED ? interruptStatus : status);
