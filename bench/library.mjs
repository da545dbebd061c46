/**
 * The library as it is in src/, bundled: what is measured is the source at hand, not the dist/ of some earlier build. The
 * core's bytes, and the command, are those of the last `npm run build`, which must not be older than the sources.
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What is built is not of the sources: its figures would be those of nobody. */
export class StaleBuildError extends Error {}

/** Writes the bundle to `path`. Throws StaleBuildError. */
export function bundleLibrary(path) {
  const core = join(ROOT, "src/core/generated/simd.ts");
  if (!existsSync(core) || newestIn(join(ROOT, "assembly")) > statSync(core).mtimeMs) {
    throw new StaleBuildError("assembly/ is newer than the built core, or there is none: run npm run build first");
  }
  const command = join(ROOT, "dist/cli/bin.js");
  if (!existsSync(command) || newestIn(join(ROOT, "src")) > statSync(command).mtimeMs) {
    throw new StaleBuildError("src/ is newer than the built command, or there is none: run npm run build first");
  }
  buildSync({ entryPoints: [join(ROOT, "src/index.ts")], outfile: path, bundle: true, platform: "node", format: "esm", logLevel: "error" });
}

function newestIn(folder) {
  const names = readdirSync(folder, { recursive: true }).filter((name) => name.endsWith(".ts"));
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}
