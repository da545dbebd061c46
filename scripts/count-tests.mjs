/**
 * Counts what a test run did, from vitest's JSON report: prints "PASSED FAILED".
 *
 * A file that could not be loaded counts as one failure, as do a run that wrote no report, that ran nothing, or that ended
 * badly with no test to blame.
 *
 * usage: count-tests.mjs REPORT EXIT_STATUS
 */

import { existsSync, readFileSync } from "node:fs";

const [path, status] = process.argv.slice(2);
const { testResults } = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : { testResults: [] };
const results = testResults.flatMap((file) => file.assertionResults);
const passed = results.filter((result) => result.status === "passed").length;
const brokenFiles = testResults.filter(
  (file) => file.status === "failed" && file.assertionResults.every((result) => result.status !== "failed"),
);
const failed = results.filter((result) => result.status === "failed").length + brokenFiles.length;
const unexplained = failed === 0 && (status !== "0" || passed === 0);
console.log(`${passed} ${unexplained ? 1 : failed}`);
