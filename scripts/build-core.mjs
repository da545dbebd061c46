#!/usr/bin/env node
// Builds the core: assembly/ by asc, with SIMD and plain, for private memory to dist/core/private-*.wasm and as modules to
// src/core/generated/ (not kept in the repository), and TypeScript's constants of the memory plan, src/core/layout.ts, from
// assembly/layout.ts and assembly/space-layout.ts (kept, so that a change of the plan shows). A build for shared memory differs
// from the one for private memory in one byte, the kind of memory that it imports; it is built too, to see that this is so, and
// src/core/load.ts makes it.
// usage: build-core.mjs [--check | KIND...]       KIND: simd, plain; --check: builds nothing, fails where src/core/layout.ts is
// not what would be made
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateRawSync } from "node:zlib";
import { buildSync } from "esbuild";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const KINDS = ["simd", "plain"];
/** Packed as a file too, for pages whose policy wants one; every engine of today takes it. */
const PACKED_KIND = "simd";
/** Flags of an imported memory: has a maximum; has a maximum and is shared (core specification, limits). */
const PRIVATE_FLAGS = 1;
const SHARED_FLAGS = 3;
const LAYOUT = join(ROOT, "src/core/layout.ts");
const LAYOUT_SOURCES = ["layout", "space-layout"];

const layout = await layoutModule();
if (process.argv.includes("--check")) {
  if (readFileSync(LAYOUT, "utf8") !== layout) {
    console.error("src/core/layout.ts differs from the layout files of assembly/: run node scripts/build-core.mjs");
    process.exit(1);
  }
  process.exit(0);
}
writeFileSync(LAYOUT, layout);
mkdirSync(join(ROOT, "src/core/generated"), { recursive: true });
for (const folder of ["dist/core", "build/core"]) mkdirSync(join(ROOT, folder), { recursive: true });
const named = process.argv.slice(2);
for (const kind of KINDS) if (named.length === 0 || named.includes(kind)) build(kind);

/** The constants of the layout files as TypeScript: values of u64 as bigint, all others as number. */
async function layoutModule() {
  const folder = join(ROOT, "assembly");
  const source = LAYOUT_SOURCES.map((name) => readFileSync(join(folder, `${name}.ts`), "utf8")).join("");
  const types = new Map([...source.matchAll(/^export const (\w+): (u32|u64) =/gm)].map(([, name, type]) => [name, type]));
  const contents = LAYOUT_SOURCES.map((name) => `export * from "./${name}";`).join("\n");
  const built = buildSync({ stdin: { contents, resolveDir: folder }, bundle: true, format: "esm", write: false });
  const values = await import(`data:text/javascript,${encodeURIComponent(built.outputFiles[0].text)}`);
  const lines = [...types].map(([name, type]) => {
    const value = values[name];
    if (!Number.isSafeInteger(value)) throw new Error(`${name} is no integer`);
    return `export const ${name} = ${type === "u64" ? `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}n` : value};`;
  });
  return `// Made by scripts/build-core.mjs from the layout files of assembly/, where every constant is explained. Not edited by hand.\n\n${lines.join("\n")}\n`;
}

function build(kind) {
  const bytes = compile(`private-${kind}`, kind === PACKED_KIND ? "dist/core" : "build/core");
  const shared = compile(`shared-${kind}`, "build/core");
  const flagAt = bytes.findIndex((byte, i) => byte !== shared[i]);
  const asShared = bytes.with(flagAt, SHARED_FLAGS);
  if (bytes[flagAt] !== PRIVATE_FLAGS || !Buffer.from(asShared).equals(Buffer.from(shared))) {
    console.error(`the ${kind} builds for shared and for private memory differ in more than the kind of memory`);
    process.exit(1);
  }
  writeFileSync(
    join(ROOT, "src/core/generated", `${kind}.ts`),
    `// Made by scripts/build-core.mjs: the core's ${kind} build for private memory, deflated; its size; where it says what memory it wants.
export const deflatedBase64 =
  "${deflateRawSync(bytes, { level: 9 }).toString("base64")}";
export const size = ${bytes.length};
export const memoryFlagsAt = ${flagAt};
`,
  );
}

/** The bytes of one build, which are also left in a folder. */
function compile(target, folder) {
  const asc = createRequire(import.meta.url).resolve("assemblyscript/bin/asc.js");
  const out = join(ROOT, folder, `${target}.wasm`);
  const run = spawnSync(process.execPath, [asc, "assembly/index.ts", "--target", target, "--outFile", out], {
    cwd: ROOT,
    encoding: "utf8",
  });
  const said = `${run.stdout}${run.stderr}`.replace("Last converge was suboptimal.", "").trim(); // asc's word on its optimiser's rounds
  if (said) console.error(said);
  if (run.status !== 0) process.exit(1);
  return new Uint8Array(readFileSync(out));
}
