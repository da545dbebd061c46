/**
 * `ptm`: the command line, and the one place where errors become messages and exit statuses.
 *
 * Results go to standard output, everything else to standard error, and no error ever shows a stack trace. An interrupt
 * ends it at once, wherever it is; a reader that has gone ends it quietly.
 */

import { CommanderError } from "commander";
import { messageOf, PipeClosedError, STATUS_DONE, STATUS_DUMP, STATUS_INTERRUPTED, STATUS_USAGE, UsageError } from "./failure.js";
import { makeProgram } from "./program.js";
import type { Io } from "./session.js";
import { Session } from "./session.js";
import { printable } from "./terminal/text.js";

export type { Io } from "./session.js";

/** Runs one command line, without the interpreter and the script's name. The exit status; never throws. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const session = new Session(io);
  try {
    return await Promise.race([runToStatus(argv, session), interrupted(io.signal)]);
  } finally {
    session.close();
  }
}

async function runToStatus(argv: readonly string[], session: Session): Promise<number> {
  try {
    await makeProgram(session).parseAsync([...argv], { from: "user" });
    return await session.finish();
  } catch (error) {
    return await failureStatus(error, session);
  }
}

async function failureStatus(error: unknown, session: Session): Promise<number> {
  if (error instanceof PipeClosedError) return STATUS_DONE;
  try {
    if (error instanceof CommanderError) {
      // Help that was asked for has exit code 0; commander has written its words to the session already.
      await session.finish();
      return error.exitCode === 0 ? STATUS_DONE : STATUS_USAGE;
    }
    await session.finish();
    session.errors.writeLine(`ptm: ${printable(messageOf(error))}`);
    await session.flushErrors();
  } catch {
    // Neither stream can be written to: the exit status still says it.
  }
  return error instanceof UsageError ? STATUS_USAGE : STATUS_DUMP;
}

function interrupted(signal: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve) => {
    const stop = () => resolve(STATUS_INTERRUPTED);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}
