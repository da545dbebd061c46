/**
 * Packs the package as it would be published and checks what comes out: which files, how large, and that Node, bundlers
 * and TypeScript all find their entry points (publint, attw). Needs a build; publishes nothing.
 *
 * usage: check-package.mjs [FOLDER]        the folder of the package, this repository where none is given
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** The core lies in it twice for each of its builds, the worker's script twice: as files, and as text for bundles of one file. */
const MAXIMUM_PACKED_BYTES = 300_000;
const ALWAYS_PACKED = ["CHANGELOG.md", "LICENSE", "README.md", "package.json"];

const repository = fileURLToPath(new URL("..", import.meta.url));
const folder = resolve(process.argv[2] ?? repository);
const scratch = mkdtempSync(join(tmpdir(), "check-package-"));
let failures = 0;

try {
  const packed = pack();
  check(`packed size is ${packed.size} bytes, under ${MAXIMUM_PACKED_BYTES}`, packed.size < MAXIMUM_PACKED_BYTES);
  checkFiles(packed.files.map((file) => file.path));
  const tarball = join(scratch, packed.filename);
  checkTool("publint finds nothing", "publint", [tarball, "--strict"]);
  checkTool("attw finds nothing", "attw", [tarball, "--profile", "esm-only", "--no-emoji", "--no-color"]);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failures === 0 ? 0 : 1;

/** What `npm pack` says of the tarball that it leaves in the scratch folder. */
function pack() {
  // The scripts would build anew; what is checked is the build that is there.
  const { status, stdout, stderr } = spawnSync("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", scratch], {
    cwd: folder,
  });
  if (status !== 0) {
    throw new Error(`npm pack failed: ${stderr}`);
  }
  return JSON.parse(stdout.toString())[0];
}

/** dist/ holds what the manifest names, the builds of the core, and besides at most a module and declarations for each source. */
function checkFiles(paths) {
  const { exports, bin } = readJson("package.json");
  const { targets } = readJson("asconfig.json");
  const entryPoints = [...Object.values(bin), ...Object.values(exports).flatMap((entry) => [entry.types, entry.default])];
  const named = entryPoints.filter((path) => path !== undefined).map((path) => path.replace("./", ""));
  const cores = Object.values(targets).map((target) => target.outFile);
  const wanted = [...ALWAYS_PACKED, ...named, ...cores.filter((path) => path.startsWith("dist/"))];

  const sources = readdirSync(join(folder, "src"), { recursive: true }).filter((name) => name.endsWith(".ts"));
  const modules = sources.map((name) => `dist/${name.replaceAll("\\", "/").replace(/\.ts$/, "")}`);
  const allowed = new Set([...wanted, ...modules.flatMap((module) => [`${module}.js`, `${module}.d.ts`])]);

  const missing = wanted.filter((path) => !paths.includes(path));
  const needless = paths.filter((path) => !allowed.has(path));
  check("all that is promised is packed", missing.length === 0, `missing: ${missing.join(", ")}`);
  check("nothing is packed that is not needed", needless.length === 0, `needless: ${needless.join(", ")}`);
}

function readJson(name) {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}

function checkTool(what, tool, toolArguments) {
  const { status, stdout, stderr } = spawnSync(join(repository, "node_modules/.bin", tool), toolArguments);
  check(what, status === 0, `${stdout}${stderr}`);
}

function check(what, holds, otherwise = "") {
  console.log(`${holds ? "ok    " : "FAILED"} ${what}`);
  if (!holds) {
    failures++;
    if (otherwise !== "") {
      console.log(otherwise.replaceAll(/^/gm, "       "));
    }
  }
}
