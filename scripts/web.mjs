/**
 * `npm run web`: builds the page, serves it on this machine and prints the address.
 *
 * usage: web.mjs [--port N]        8460 where not given, a free one where that is taken
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { buildPage } from "./web-build.mjs";
import { serveFolder } from "./web-server.mjs";

const DEFAULT_PORT = 8460;

const { values } = parseArgs({ options: { port: { type: "string" } } });
const repository = fileURLToPath(new URL("..", import.meta.url));
if (!existsSync(join(repository, "dist/worker/script.js"))) {
  console.error("The library is not built yet: npm run build");
  process.exit(1);
}
const folder = await buildPage();
const server = await serve(values.port === undefined ? undefined : Number(values.port));
console.log(`${server.origin}/        Ctrl-C ends it; ${folder} can be put on any static server`);

async function serve(port) {
  if (port !== undefined) return serveFolder(folder, { port });
  try {
    return await serveFolder(folder, { port: DEFAULT_PORT });
  } catch (error) {
    if (error.code !== "EADDRINUSE") throw error;
    return serveFolder(folder);
  }
}
