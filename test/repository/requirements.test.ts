/**
 * A test that could not run is never silent: runs of small test files under the real configuration, with something missing.
 */

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const REQUIREMENTS = JSON.stringify(resolve("test/support/requirements.ts"));

describe("what tests need beyond Node", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "requirements-"));
    mkdirSync(join(folder, "test"));
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    writeFileSync(
      join(folder, "test/tea.test.ts"),
      `import { describe, test } from "vitest";
       import { requirement } from ${REQUIREMENTS};
       const hasTeapot = requirement("A teapot", process.env.TEAPOT === "there", "buy one");
       describe.skipIf(!hasTeapot)("tea", () => { test("is hot", () => {}); });
       test("water boils", () => {});`,
    );
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function runTests(environment: Readonly<Record<string, string>>): { status: number | null; output: string } {
    const env = { ...process.env, NO_COLOR: "1", ABSENCES_FILE: "", TEST_REPORT: undefined, REQUIRE_ALL: undefined, ...environment };
    const command = [resolve("node_modules/vitest/vitest.mjs"), "run", "--root", folder, "--config", resolve("vitest.config.ts")];
    // Both streams into one, to see what comes last.
    const { status, stdout } = spawnSync("sh", ["-c", '"$0" "$@" 2>&1', process.execPath, ...command], {
      cwd: folder,
      env,
      encoding: "utf8",
    });
    return { status, output: stdout };
  }

  test("is said last and loudly where it is missing: which tests did not run, and how to enable them", () => {
    const { status, output } = runTests({});
    const [summary = "", complaint = ""] = output.split("NOT EVERYTHING WAS TESTED");

    expect(status).toBe(0);
    expect(summary).toMatch(/Tests +1 passed \| 1 skipped/);
    expect(complaint).toContain("A teapot is missing; to have it: buy one");
    expect(complaint).toContain("so these did not run in test/tea.test.ts:");
    expect(complaint).toContain("tea > is hot");
    expect(complaint).not.toContain("water boils");
  });

  test("is a failure where it is missing and REQUIRE_ALL=1", () => {
    const { status, output } = runTests({ REQUIRE_ALL: "1" });

    expect(status).toBe(1);
    expect(output).toContain("A teapot is required (REQUIRE_ALL=1) and is not there: buy one");
  });

  test("is not spoken of where it is there", () => {
    const { status, output } = runTests({ TEAPOT: "there", REQUIRE_ALL: "1" });

    expect(status).toBe(0);
    expect(output).toMatch(/Tests +2 passed/);
    expect(output).not.toContain("NOT EVERYTHING");
  });
});
