/**
 * A pipe that has a name, or that /dev/stdout leads to, opened for writing.
 *
 * Opening one blocks until there is a reader, and writing to it until the reader takes what is written, in calls that
 * hear no interrupt. So it is opened without blocking, again and again, and written to as standard output is.
 */

import { constants, openSync, statSync } from "node:fs";
import { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { messageOf, UsageError } from "./failure.js";
import type { Session } from "./session.js";

const READER_WAIT_MS = 20;

/** By whatever name. */
export function isPipe(path: string): boolean {
  try {
    return statSync(path).isFIFO();
  } catch {
    return false;
  }
}

/**
 * Waits until somebody reads it. Throws UsageError where it may not be written to, the signal's reason once that is
 * aborted.
 */
export async function openPipe(path: string, { signal, progress }: Pick<Session, "signal" | "progress">): Promise<Socket> {
  for (;;) {
    try {
      const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
      return new Socket({ fd, readable: false, writable: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENXIO") throw new UsageError(`-o ${path}: cannot be written: ${messageOf(error)}`);
    }
    progress.report(`waiting for a reader of ${path}`);
    await pause(READER_WAIT_MS, undefined, { signal });
  }
}
