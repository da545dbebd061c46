#!/usr/bin/env node
/**
 * The executable: hands the process's streams to `main`, and its answer back as exit status.
 */

import { messageOf, STATUS_DUMP, STATUS_INTERRUPTED } from "./failure.js";
import { printable } from "./format/text.js";
import { main } from "./main.js";

const interrupt = new AbortController();

process.on("SIGINT", () => {
  if (interrupt.signal.aborted) {
    process.exit(STATUS_INTERRUPTED);
  }
  interrupt.abort();
});

// Nothing should get here; if it does, a person reads one line, not a trace.
for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    process.stderr.write(`ptm: ${printable(messageOf(error))}\n`);
    process.exit(STATUS_DUMP);
  });
}

const { stdout, stderr, env } = process;
process.exit(await main(process.argv.slice(2), { stdout, stderr, env, signal: interrupt.signal }));
