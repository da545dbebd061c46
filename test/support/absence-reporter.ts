/**
 * Says last and loudly which tests were not run because the machine lacks something, and how to enable them.
 *
 * The absences come from `requirements.ts` through a file. The report waits for the end of the process, since other
 * reporters print their summaries when the run ends, in no fixed order.
 */

import { existsSync, readFileSync, rmSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, TestModule } from "vitest/node";
import type { Absence } from "./requirements.js";

export class AbsenceReporter implements Reporter {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  onTestRunStart(): void {
    rmSync(this.#path, { force: true });
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const absences = readAbsences(this.#path);
    rmSync(this.#path, { force: true });
    if (absences.length === 0) {
      return;
    }
    const report = formatAbsences(absences, modules);
    process.once("exit", () => process.stderr.write(report));
  }
}

function readAbsences(path: string): readonly Absence[] {
  if (!existsSync(path)) {
    return [];
  }
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Absence);
}

function formatAbsences(absences: readonly Absence[], modules: readonly TestModule[]): string {
  const rule = "!".repeat(100);
  const lines = ["", rule, "NOT EVERYTHING WAS TESTED: something that tests need is not there.", ""];
  for (const testFile of new Set(absences.map((absence) => absence.testFile))) {
    for (const { name, how } of absences.filter((absence) => absence.testFile === testFile)) {
      lines.push(`  ${name} is missing; to have it: ${how}`);
    }
    lines.push(`  so these did not run in ${relative(process.cwd(), testFile)}:`);
    lines.push(...skippedTests(modules, testFile).map((name) => `    - ${name}`), "");
  }
  lines.push("REQUIRE_ALL=1 makes an absence a failure.", rule, "");
  return `${lines.join("\n")}\n`;
}

function skippedTests(modules: readonly TestModule[], testFile: string): readonly string[] {
  const tests = modules.filter((module) => module.moduleId === testFile).flatMap((module) => [...module.children.allTests("skipped")]);
  return tests.map((test) => test.fullName);
}
