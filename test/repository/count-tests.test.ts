/**
 * The count that closes a run of all checks: nothing that went wrong may come out as a run without failures.
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

type Status = "passed" | "failed" | "pending";

function testFile(status: Status, ...tests: readonly Status[]): unknown {
  return { status, assertionResults: tests.map((result) => ({ status: result })) };
}

describe("the count of a test run", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "count-tests-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function countOf(testResults: readonly unknown[], exitStatus: number): string {
    const report = join(folder, "report.json");
    writeFileSync(report, JSON.stringify({ testResults }));
    return count(report, exitStatus);
  }

  function count(report: string, exitStatus: number): string {
    return spawnSync(process.execPath, ["scripts/count-tests.mjs", report, String(exitStatus)], { encoding: "utf8" }).stdout.trim();
  }

  test("is of tests, over all files, without those that were left out", () => {
    expect(countOf([testFile("passed", "passed", "passed"), testFile("passed", "passed", "pending")], 0)).toBe("3 0");
  });

  test("names failed tests once, whatever their file says", () => {
    expect(countOf([testFile("failed", "passed", "failed", "failed")], 1)).toBe("1 2");
  });

  test("counts a file that could not be loaded as a failure", () => {
    expect(countOf([testFile("passed", "passed"), testFile("failed")], 1)).toBe("1 1");
  });

  test("has a failure where the run ended badly with no test to blame", () => {
    expect(countOf([testFile("passed", "passed")], 1)).toBe("1 1");
  });

  test("has a failure where nothing ran", () => {
    expect(countOf([testFile("passed", "pending")], 0)).toBe("0 1");
  });

  test("has a failure where no report was written", () => {
    expect(count(join(folder, "absent.json"), 0)).toBe("0 1");
  });
});
