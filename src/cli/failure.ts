/**
 * How a command ends: the exit statuses, and the errors that stand for them.
 *
 * 0 is a result, also where the result is that nothing is backed. 1 is a dump that cannot be read or is damaged. 2 is a
 * command line that cannot be carried out. 130 is what a shell makes of an interrupt, 143 of being terminated.
 */

export const STATUS_DONE = 0;
export const STATUS_DUMP = 1;
export const STATUS_USAGE = 2;
export const STATUS_INTERRUPTED = 130;
export const STATUS_TERMINATED = 143;

/** Wrong usage: the message says what is wrong with the command line and what to write instead. */
export class UsageError extends Error {}

/** Whoever read the output has gone: nothing is left to do, and nothing is wrong. */
export class PipeClosedError extends Error {}

/** The words of anything thrown, on one line and without a stack trace. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message === "" ? "unknown error" : message;
}
