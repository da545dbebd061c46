/**
 * The import rules can fail: for each of them a small tree is built that breaks it, and the checker must say so.
 *
 * The trees lie in a temporary folder with packages of their own; only the rule file is the real one.
 */

import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const RULE_FILE = resolve(".dependency-cruiser.cjs");
const CHECKER = resolve("node_modules/.bin/depcruise");

interface Violation {
  readonly from: string;
  readonly to: string;
  readonly rule: { readonly name: string };
}

type Tree = Readonly<Record<string, string>>;

/** A tree that keeps every rule, in which the planted imports find what they import. */
const HOUSE: Tree = {
  "package.json": JSON.stringify({
    type: "module",
    dependencies: { commander: "*", comlink: "*", "cli-table3": "*", picocolors: "*", "hyparquet-writer": "*" },
    devDependencies: { fixture: "*" },
  }),
  "tsconfig.json": JSON.stringify({ compilerOptions: { module: "nodenext", target: "es2022" } }),
  "src/model/plain.ts": "export const plain = 1;",
  "src/arch/mode.ts": 'import { plain } from "../model/plain.js"; export const mode = plain;',
  "src/core/core.ts": 'import { mode } from "../arch/mode.js"; export const core = mode;',
  "src/dump/open.ts": 'import { mode } from "../arch/mode.js"; export const open = mode;',
  "src/dump/node-file.ts": 'import { readSync } from "node:fs"; export const read = readSync;',
  "src/monitor/monitor.ts": 'import { core } from "../core/core.js"; export const monitor = core;',
  "src/space/maps.ts": 'import { core } from "../core/core.js"; export const maps = core;',
  "src/index.ts": 'export { monitor } from "./monitor/monitor.js"; export { open } from "./dump/open.js";',
  "src/export/index.ts":
    'import { ParquetWriter } from "hyparquet-writer"; import type { maps } from "../space/maps.js"; export const table: [unknown, typeof maps?] = [ParquetWriter];',
  "src/worker/index.ts": 'import { wrap } from "comlink"; export const start = wrap;',
  "src/worker/wire/columns.ts": "export const columns = 1;",
  "src/worker/service/service.ts": 'import { columns } from "../wire/columns.js"; export const service = columns;',
  "src/worker/caller/link.ts": 'import type { service } from "../service/service.js"; export type Link = typeof service;',
  "src/cli/terminal/text.ts": "export const text = 1;",
  "src/cli/arguments/words.ts": "export const words = 1;",
  "src/cli/progress/line.ts": 'import { text } from "../terminal/text.js"; export const line = text;',
  "src/cli/results/found.ts": 'import { words } from "../arguments/words.js"; export const found = words;',
  "src/cli/format/lines.ts": 'import type { found } from "../results/found.js"; export type Lines = typeof found;',
  "src/cli/commands/maps.ts": 'import type { Lines } from "../format/lines.js"; export type Maps = Lines;',
  "src/cli/tables.ts": 'import { table } from "../export/index.js"; export const tables = table;',
  "src/cli/main.ts": 'import { Command } from "commander"; import { monitor } from "../index.js"; export const main = [Command, monitor];',
  "web-demo/page.ts": 'import { monitor } from "../src/index.js"; export const page = monitor;',
  "assembly/index.ts": "export function walk(): void {}",
  ...packageFiles("commander", "Command"),
  ...packageFiles("comlink", "wrap"),
  ...packageFiles("cli-table3", "Table"),
  ...packageFiles("hyparquet-writer", "ParquetWriter"),
  ...packageFiles("picocolors", "red"),
  ...packageFiles("fixture", "fixture"),
};

/** What breaks each rule: the file with the import, and what it imports. */
const PLANTS: Readonly<Record<string, readonly (readonly [from: string, specifier: string])[]>> = {
  "no-circles": [["src/model/circle-back.ts", "./circle.js"]],
  resolvable: [["src/core/lost.ts", "./nowhere.js"]],
  "declared-dependencies": [["src/core/undeclared.ts", "fixture"]],
  "floor-model": [
    ["src/model/up.ts", "../arch/mode.js"],
    ["src/model/package.ts", "comlink"],
  ],
  "floor-arch": [
    ["src/arch/up.ts", "../core/core.js"],
    ["src/arch/bedrock.ts", "../../assembly/index.js"],
  ],
  "floor-dump": [["src/dump/sideways.ts", "../core/core.js"]],
  "floor-core": [["src/core/sideways.ts", "../dump/open.js"]],
  "floor-monitor": [
    ["src/monitor/dump.ts", "../dump/open.js"],
    ["src/monitor/space.ts", "../space/maps.js"],
  ],
  "floor-space": [["src/space/monitor.ts", "../monitor/monitor.js"]],
  "door-export-types": [["src/export/rows.ts", "../space/maps.js"]],
  "door-export": [
    ["src/export/monitor.ts", "../monitor/monitor.js"],
    ["src/export/entry.ts", "../index.js"],
  ],
  "door-index": [["src/index.ts", "./cli/main.js"]],
  "door-worker": [["src/worker/cli.ts", "../cli/main.js"]],
  "worker-wire": [
    ["src/worker/wire/calls.ts", "../service/service.js"],
    ["src/worker/wire/handle.ts", "../caller/link.js"],
  ],
  "worker-service": [["src/worker/service/handle.ts", "../caller/link.js"]],
  "worker-caller": [["src/worker/caller/other.ts", "../other/other.js"]],
  "roof-cli": [["src/cli/behind.ts", "../monitor/monitor.js"]],
  "cli-terminal": [["src/cli/terminal/progress.ts", "../progress/line.js"]],
  "cli-arguments": [["src/cli/arguments/text.ts", "../terminal/text.js"]],
  "cli-progress": [["src/cli/progress/found.ts", "../results/found.js"]],
  "cli-results": [
    ["src/cli/results/lines.ts", "../format/lines.js"],
    ["src/cli/results/command.ts", "../commands/maps.js"],
  ],
  "cli-format": [
    ["src/cli/format/line.ts", "../progress/line.js"],
    ["src/cli/format/command.ts", "../commands/maps.js"],
  ],
  "roof-web-demo": [["web-demo/behind.ts", "../src/core/core.js"]],
  "node-modules-of-node": [
    ["src/dump/other-file.ts", "node:fs"],
    ["src/core/bare.ts", "fs"],
    ["src/worker/spawn-node.ts", "node:worker_threads"],
  ],
  "parquet-in-export": [["src/cli/parquet.ts", "hyparquet-writer"]],
  "comlink-in-worker": [["src/monitor/talk.ts", "comlink"]],
  "terminal-in-cli": [
    ["src/dump/colour.ts", "picocolors"],
    ["src/index.ts", "cli-table3"],
    ["src/worker/arguments.ts", "commander"],
  ],
};

/** Further files that a plant needs. */
const COMPANIONS: Tree = { "src/model/circle.ts": 'import "./circle-back.js";', "src/worker/other/other.ts": "export const other = 1;" };

describe("the import rules", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "import-rules-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  test("pass a tree that keeps them", () => {
    writeTree(folder, HOUSE);

    expect(violations(folder)).toEqual([]);
  });

  test("have a plant each", () => {
    const { forbidden } = createRequire(import.meta.url)(RULE_FILE) as { forbidden: readonly { name: string }[] };

    expect(forbidden.map((rule) => rule.name).sort()).toEqual(Object.keys(PLANTS).sort());
  });

  test("catch every plant by the rule it breaks", () => {
    const plants = Object.entries(PLANTS).flatMap(([rule, imports]) => imports.map(([from, specifier]) => ({ rule, from, specifier })));
    const planted: Record<string, string> = {};
    for (const { from, specifier } of plants) {
      planted[from] = `${planted[from] ?? HOUSE[from] ?? ""}\nimport "${specifier}";\n`;
    }
    writeTree(folder, { ...HOUSE, ...planted, ...COMPANIONS });

    const caught = new Set(violations(folder).map((violation) => `${violation.rule.name} in ${violation.from}`));

    expect(plants.map(({ rule, from }) => `${rule} in ${from}`).filter((plant) => !caught.has(plant))).toEqual([]);
  });

  test("hold for imports of types too", () => {
    writeTree(folder, { ...HOUSE, "src/model/types.ts": 'import type { mode } from "../arch/mode.js"; export type Mode = typeof mode;' });

    expect(violations(folder).map((violation) => violation.rule.name)).toEqual(["floor-model"]);
  });

  test("make the checker fail, not only complain", () => {
    writeTree(folder, { ...HOUSE, "src/model/up.ts": 'import "../arch/mode.js";' });

    const { status } = spawnSync(CHECKER, ["--config", RULE_FILE, "src"], { cwd: folder });

    expect(status).toBeGreaterThan(0);
  });
});

function packageFiles(name: string, exported: string): Tree {
  return {
    [`node_modules/${name}/package.json`]: JSON.stringify({ name, version: "1.0.0", type: "module", exports: "./index.js" }),
    [`node_modules/${name}/index.js`]: `export const ${exported} = 1;`,
  };
}

function writeTree(folder: string, tree: Tree): void {
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

function violations(folder: string): readonly Violation[] {
  const report = execFileSync(CHECKER, ["--config", RULE_FILE, "--output-type", "json", "src", "web-demo"], { cwd: folder });
  return (JSON.parse(report.toString()) as { summary: { violations: readonly Violation[] } }).summary.violations;
}
