/** How the tests run; what they need beyond Node is said by test/support/requirements.ts. */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import { AbsenceReporter } from "./test/support/absence-reporter.js";

const absencesFile = join(tmpdir(), `page-table-monitor-absences-${process.pid}.jsonl`);
/** Where to write what was run, for a program to read. */
const jsonReport = process.env.TEST_REPORT;

// A configuration file has no other way to hand itself over.
// biome-ignore lint/style/noDefaultExport: vitest asks for it
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    env: { ABSENCES_FILE: absencesFile },
    reporters: [
      "default",
      ...(jsonReport === undefined ? [] : [["json", { outputFile: jsonReport }] as ["json", { outputFile: string }]]),
      new AbsenceReporter(absencesFile),
    ],
    // They end what hangs. Nothing is timed by them: a busy machine may take ten times as long as a quiet one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
    expect: { poll: { timeout: 120_000 } },
  },
});
