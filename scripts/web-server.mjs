/**
 * A static server for the page, on the loopback address alone.
 *
 * With isolation it sends the headers that let the library share memory between workers; without, it is like any plain server.
 */

import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};
/** What a page needs to be cross-origin isolated. */
export const ISOLATION = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

/** Serves `folder`; answers its origin, what was asked for, and how to end it. Port 0: a free one. */
export async function serveFolder(folder, { port = 0, isolated = true } = {}) {
  const requested = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    requested.push(path);
    const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
    const isThere = file.startsWith(folder) && existsSync(file) && statSync(file).isFile();
    response.writeHead(isThere ? 200 : 404, {
      "content-type": (isThere && TYPES[extname(file)]) || "application/octet-stream",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      ...(isolated ? ISOLATION : {}),
    });
    response.end(isThere ? readFileSync(file) : "");
  });
  await new Promise((listening, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", listening);
  });
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    requested,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
