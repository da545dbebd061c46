/**
 * Compiles src/ to dist/: the library, its declarations, the command, and the worker's script as one file.
 *
 * dist/ is emptied first, but for the core that build-core.mjs has put there, so that nothing outlives the source it came
 * from. What no entry point leads to is taken out again: declarations that nobody could import, modules of types alone.
 */

import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";
import { bundleWorkerScript } from "./worker-script.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = join(root, "dist");
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");

removeFromDist((name) => /\.(js|ts)$/.test(name));
const script = await bundleWorkerScript();
const generated = join(root, "src/worker/generated");
mkdirSync(generated, { recursive: true });
writeFileSync(
  join(generated, "script-text.ts"),
  `// Made by scripts/build-library.mjs: the worker's script.\nexport const scriptText: string =\n  ${JSON.stringify(script)};\n`,
);
const { status } = spawnSync(process.execPath, [compiler, "--project", join(root, "tsconfig.build.json")], { stdio: "inherit" });
if (status !== 0) {
  process.exit(status ?? 1);
}

writeFileSync(join(dist, "worker/script.js"), script);

// Comments stay in the declarations, where editors read them; in the modules they and white space would be a fifth of what is
// installed. Names stay. No limit of lines: esbuild would break the text in `new URL("…", import.meta.url)`, which bundlers look for.
const forShipping = { format: "esm", target: "esnext", charset: "utf8", minifyWhitespace: true };
for (const name of readdirSync(dist, { recursive: true }).filter((path) => path.endsWith(".js") && path !== join("worker", "script.js"))) {
  const module = join(dist, name);
  writeFileSync(module, transformSync(readFileSync(module, "utf8"), forShipping).code);
}

for (const command of Object.values(manifest.bin)) {
  chmodSync(join(root, command), 0o755);
}

/** As both forms of an entry say it: its types, if it has some, and its module. */
const entries = Object.values(manifest.exports).map((entry) => (typeof entry === "string" ? { default: entry } : entry));
const declarations = reachable(
  entries.map((entry) => entry.types),
  ".d.ts",
);
const modules = reachable(
  [...Object.values(manifest.bin), ...entries.map((entry) => entry.default)].filter((path) => path?.endsWith(".js")),
  ".js",
);
removeFromDist((name) => /\.(js|ts)$/.test(name) && !declarations.has(join(dist, name)) && !modules.has(join(dist, name)));

function removeFromDist(condemned) {
  const names = existsSync(dist) ? readdirSync(dist, { recursive: true }) : [];
  for (const name of names.filter(condemned)) {
    rmSync(join(dist, name));
  }
}

/** The files that `paths` lead to through relative imports, themselves among them. */
function reachable(paths, ending) {
  const found = new Set();
  const waiting = paths.filter((path) => path !== undefined).map((path) => resolve(root, path));
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) {
      continue;
    }
    found.add(path);
    for (const [, specifier] of readFileSync(path, "utf8").matchAll(/\b(?:from|import)\s*\(?\s*"(\.[^"]+)\.js"/g)) {
      waiting.push(resolve(dirname(path), `${specifier}${ending}`));
    }
  }
  return found;
}
