#!/usr/bin/env node
/**
 * Breaks the library on purpose, one rule at a time, and says after how many scenarios the model test notices.
 *
 *   node tools/mutants/run.mjs [--scenarios N] [--rules] [--jobs N] [--build NAME] [NAME…]
 *
 * The mutations stand in mutations.mjs. Each is applied alone to a copy of the tree in a temporary folder, the core is built anew where
 * it is touched, and the model test runs on one build of the core (`--build`, shared-simd where not given; `all` for all four)
 * until it fails. `--rules` runs the rule tests in the same copy too and counts those that fail. The checkout itself is
 * never changed. Exit status 1 where a mutation lived, or no longer fits the code.
 */

import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mutations } from "./mutations.mjs";

const REPOSITORY = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
/** Neither needed by the tests of the monitor nor small. */
const LEFT_OUT = new Set(["node_modules", ".git", "dist", "build", "samples", "docs", "web-demo", "bench"]);
const TIMEOUT_MS = 20 * 60_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    scenarios: { type: "string", default: "20000" },
    rules: { type: "boolean", default: false },
    jobs: { type: "string", default: "1" },
    build: { type: "string", default: "shared-simd" },
  },
});

const unknown = positionals.filter((name) => !mutations.some((mutation) => mutation.name === name));
if (unknown.length > 0) {
  console.error(`no mutation is called ${unknown.join(", ")}; there are: ${mutations.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const chosen = mutations.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const results = [];
const queue = [...chosen];
await Promise.all(Array.from({ length: Number(values.jobs) }, work));
const order = new Map(chosen.map((mutation, i) => [mutation.name, i]));
results.sort((a, b) => order.get(a.name) - order.get(b.name));

console.log("\n| rule | broken on purpose | caught after |");
console.log("| --- | --- | --- |");
for (const { rule, name, outcome } of results) {
  console.log(`| ${rule} | ${name} | ${outcome} |`);
}
const lived = results.filter(({ caught }) => !caught);
console.log(`\n${results.length - lived.length} of ${results.length} caught`);
process.exit(lived.length === 0 ? 0 : 1);

async function work() {
  for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
    const started = Date.now();
    const { caught, outcome } = await tryMutation(mutation);
    results.push({ ...mutation, caught, outcome });
    console.log(`${caught ? "caught" : "NOT CAUGHT"}  ${mutation.name}: ${outcome} (${Math.round((Date.now() - started) / 1000)} s)`);
  }
}

async function tryMutation(mutation) {
  const copy = mkdtempSync(join(tmpdir(), "ptm-mutant-"));
  try {
    copyTree(copy);
    const misfit = apply(mutation, copy);
    if (misfit !== undefined) {
      return { caught: false, outcome: misfit };
    }
    if (mutation.file.startsWith("assembly/")) {
      const built = await run("node", ["scripts/build-core.mjs", ...(values.build === "all" ? [] : [values.build.split("-")[1]])], copy);
      if (built.status !== 0) {
        return { caught: false, outcome: `does not compile: ${lastLine(built.output)}` };
      }
    }
    return await judge(copy);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

function copyTree(copy) {
  for (const name of readdirSync(REPOSITORY)) {
    if (!LEFT_OUT.has(name)) {
      cpSync(join(REPOSITORY, name), join(copy, name), { recursive: true });
    }
  }
  symlinkSync(join(REPOSITORY, "node_modules"), join(copy, "node_modules"));
}

/** Undefined, or why it could not be applied: the text to be replaced must stand in the file exactly once. */
function apply({ file, find, replace }, copy) {
  const path = join(copy, file);
  if (!existsSync(path)) {
    return `there is no ${file}`;
  }
  const source = readFileSync(path, "utf8");
  const places = source.split(find).length - 1;
  if (places !== 1) {
    return `its text stands ${places} times in ${file}`;
  }
  writeFileSync(
    path,
    source.replace(find, () => replace),
  );
  return undefined;
}

async function judge(copy) {
  const filter = values.build === "all" ? [] : ["-t", `${values.build} build`];
  const model = await run("npx", ["vitest", "run", "test/monitor/model.test.ts", ...filter], copy, { SCENARIOS: values.scenarios });
  const counts = [...model.output.matchAll(/caught after (\d+) scenarios/g)].map((match) => Number(match[1]));
  const rules = values.rules ? `, ${await failingRules(copy, filter)}` : "";
  if (counts.length > 0) {
    return { caught: true, outcome: `${Math.min(...counts)} scenarios${rules}` };
  }
  if (model.status !== 0) {
    return { caught: true, outcome: `the run broke off: ${lastLine(model.output)}${rules}` };
  }
  return { caught: false, outcome: `lived through ${values.scenarios} scenarios${rules}` };
}

async function failingRules(copy, filter) {
  const { output } = await run("npx", ["vitest", "run", "test/monitor", "--exclude", "test/monitor/model.test.ts", ...filter], copy);
  const failed = /Tests\s+(\d+) failed/.exec(output)?.[1] ?? "0";
  return `${failed} rule tests fail`;
}

function run(command, args, cwd, env = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, NO_COLOR: "1", ...env }, detached: true });
    let output = "";
    child.stdout.on("data", (chunk) => {
      output += chunk;
    });
    child.stderr.on("data", (chunk) => {
      output += chunk;
    });
    // A broken monitor may never return: the child leads a process group of its own, which ends with it.
    const timer = setTimeout(() => process.kill(-child.pid, "SIGKILL"), TIMEOUT_MS);
    child.on("close", (status) => {
      clearTimeout(timer);
      done({ status: status ?? 1, output });
    });
  });
}

function lastLine(output) {
  return output.trim().split("\n").at(-1) ?? "";
}
