/**
 * Bundles the page into web-demo/dist: its scripts, style sheet, and the bundled capture, so that any static server can serve it.
 *
 * The library comes in by the names that its users import; it must have been built.
 *
 * usage: web-build.mjs [FOLDER]        where to, web-demo/dist where none is given
 */

import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const repository = fileURLToPath(new URL("..", import.meta.url));
const sources = join(repository, "web-demo");
const capture = join(repository, "samples/linux-6.1-x86_64");

/** Answers the folder. */
export async function buildPage(folder = join(sources, "dist")) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "sample"), { recursive: true });
  await Promise.all([bundleScripts(folder), bundleStyle(folder)]);
  for (const name of ["index.html", "icon.svg"]) copyFileSync(join(sources, name), join(folder, name));
  copySample(join(folder, "sample"));
  return folder;
}

/** The page in pieces, of which only what is needed is fetched; workers in one file each, since they are made from its text. */
async function bundleScripts(folder) {
  const common = {
    absWorkingDir: repository,
    outdir: folder,
    bundle: true,
    minify: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    jsxImportSource: "preact",
    legalComments: "none",
    logLevel: "error",
  };
  const results = await Promise.all([
    build({ ...common, entryPoints: [{ in: join(sources, "main.tsx"), out: "main" }], splitting: true, chunkNames: "part-[hash]" }),
    build({
      ...common,
      entryPoints: [
        { in: "page-table-monitor/worker-script", out: "worker" },
        { in: join(sources, "session/export-worker.ts"), out: "export-worker" },
      ],
    }),
  ]);
  const warnings = results.flatMap((result) => result.warnings);
  if (warnings.length > 0) throw new Error(warnings.map(({ text }) => text).join("\n"));
}

async function bundleStyle(folder) {
  await build({
    entryPoints: [join(sources, "style/main.css")],
    outfile: join(folder, "main.css"),
    bundle: true,
    minify: true,
    logLevel: "error",
  });
}

/** The dumps, and beside them what the page must know: their names and sizes, and the names of the workload's regions. */
function copySample(folder) {
  const names = readdirSync(capture).filter((name) => name.endsWith(".elf.gz"));
  const files = names.sort().map((name) => {
    copyFileSync(join(capture, name), join(folder, name));
    return { name, size: statSync(join(capture, name)).size };
  });
  writeFileSync(join(folder, "manifest.json"), `${JSON.stringify({ files, regions: regionsOfCapture() })}\n`);
}

/** As a watch list. */
function regionsOfCapture() {
  const [first] = readFileSync(join(capture, "truth.jsonl"), "utf8").split("\n", 1);
  const { regions } = JSON.parse(first).procs[0];
  return regions
    .sort((a, b) => Number(BigInt(a.start) - BigInt(b.start)))
    .map(({ name, start, pages }) => `0x${BigInt(start).toString(16)}+${lengthText(pages * 4)}=${name}`)
    .join("\n");
}

function lengthText(kibibytes) {
  return kibibytes % 1024 === 0 ? `${kibibytes / 1024}M` : `${kibibytes}K`;
}

if (process.argv[1] !== undefined && basename(process.argv[1]) === "web-build.mjs") {
  console.log(await buildPage(process.argv[2] === undefined ? undefined : resolve(process.argv[2])));
}
