/**
 * What a test needs beyond Node: a browser, a C compiler, an emulator.
 *
 * The rule: a test that could not run is never silent. An absence is written to the file that `ABSENCES_FILE` names, one
 * JSON object a line, since tests run in processes of their own; `absence-reporter.ts` reads it and has the last word.
 * With REQUIRE_ALL=1 an absence is a failure.
 */

import { appendFileSync } from "node:fs";
import { expect } from "vitest";

/** One thing that a test file asked for and this machine does not have. */
export interface Absence {
  readonly name: string;
  /** What to do to have it. */
  readonly how: string;
  readonly testFile: string;
}

/**
 * Answers `available`; to be called at the top of a test file, for `describe.skipIf` or `test.skipIf`.
 *
 * @param name what is needed, as in "Chromium".
 * @param how what enables it, as in "apt-get install chromium".
 */
export function requirement(name: string, available: boolean, how: string): boolean {
  if (available) {
    return true;
  }
  if (process.env.REQUIRE_ALL === "1") {
    throw new Error(`${name} is required (REQUIRE_ALL=1) and is not there: ${how}`);
  }
  const absence: Absence = { name, how, testFile: expect.getState().testPath ?? "" };
  const path = process.env.ABSENCES_FILE;
  if (path === undefined) {
    throw new Error("ABSENCES_FILE is not set: run the tests with this repository's vitest.config.ts");
  }
  appendFileSync(path, `${JSON.stringify(absence)}\n`);
  return false;
}
