/**
 * The worker's script as one file that imports nothing, so that it runs wherever it is put: beside the package, in a bundler's
 * output, in a Blob.
 *
 * The core is not in it: whoever starts a worker sends it, compiled.
 */

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));

const WITHOUT_CORE = 'export const deflatedBase64 = "", size = 0, memoryFlagsAt = 0;';

/** The core's embedded bytes, left out. */
const withoutCore = {
  name: "without-core",
  setup({ onLoad }) {
    onLoad({ filter: /[/\\]core[/\\]generated[/\\].*\.ts$/ }, () => ({ contents: WITHOUT_CORE, loader: "ts" }));
  },
};

/** Its text. */
export async function bundleWorkerScript() {
  const { outputFiles } = await build({
    entryPoints: [join(root, "src/worker/script.ts")],
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2022",
    minify: true,
    legalComments: "none",
    plugins: [withoutCore],
    write: false,
  });
  return outputFiles[0].text;
}
