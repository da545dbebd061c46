#!/usr/bin/env node
// Builds the core: assembly/ by asc in four builds (shared or private memory, SIMD or plain) to dist/core/*.wasm, their
// bytes as modules to src/core/generated/ (not kept in the repository), and TypeScript's constants of the memory plan,
// src/core/layout.ts, from assembly/layout.ts (kept, so that a change of the plan shows).
// usage: build-core.mjs [--check | BUILD...]      BUILD: only those; --check: builds nothing, fails where src/core/layout.ts is
// not what would be made
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILDS = ["shared-simd", "shared-plain", "private-simd", "private-plain"];
const LAYOUT = join(ROOT, "src/core/layout.ts");

const layout = await layoutModule();
if (process.argv.includes("--check")) {
  if (readFileSync(LAYOUT, "utf8") !== layout) {
    console.error("src/core/layout.ts differs from assembly/layout.ts: run node scripts/build-core.mjs");
    process.exit(1);
  }
  process.exit(0);
}
writeFileSync(LAYOUT, layout);
mkdirSync(join(ROOT, "src/core/generated"), { recursive: true });
mkdirSync(join(ROOT, "dist/core"), { recursive: true });
const named = process.argv.slice(2);
for (const build of BUILDS) if (named.length === 0 || named.includes(build)) compile(build);

/** The constants of assembly/layout.ts as TypeScript: values of u64 as bigint, all others as number. */
async function layoutModule() {
  const source = readFileSync(join(ROOT, "assembly/layout.ts"), "utf8");
  const types = new Map([...source.matchAll(/^export const (\w+): (u32|u64) =/gm)].map(([, name, type]) => [name, type]));
  const { code } = transformSync(source, { loader: "ts", format: "esm" });
  const values = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  const lines = [...types].map(([name, type]) => {
    const value = values[name];
    if (!Number.isSafeInteger(value)) throw new Error(`${name} is no integer`);
    return `export const ${name} = ${type === "u64" ? `0x${value.toString(16)}n` : value};`;
  });
  return `// Made by scripts/build-core.mjs from assembly/layout.ts, where every constant is explained. Not edited by hand.\n\n${lines.join("\n")}\n`;
}

function compile(build) {
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const out = join(ROOT, "dist/core", `${build}.wasm`);
  const run = spawnSync(process.execPath, [asc, "assembly/index.ts", "--target", build, "--outFile", out], { cwd: ROOT, encoding: "utf8" });
  const said = `${run.stdout}${run.stderr}`.replace("Last converge was suboptimal.", "").trim(); // asc's word on its optimiser's rounds
  if (said) console.error(said);
  if (run.status !== 0) process.exit(1);
  const bytes = readFileSync(out).toString("base64");
  writeFileSync(
    join(ROOT, "src/core/generated", `${build}.ts`),
    `// Made by scripts/build-core.mjs: the core's build ${build}.\nexport const base64 =\n  "${bytes}";\n`,
  );
}
