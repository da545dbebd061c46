/**
 * A web server for one test file: on the loopback address, on a free port, from memory and two folders.
 *
 * The path of a page says which headers it gets, so that one server shows the same page under every policy.
 */

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  readonly type: "text/html" | "text/javascript" | "application/wasm" | "application/octet-stream";
  readonly body: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Of a file, by its ending. */
const TYPES: Readonly<Record<string, Answer["type"]>> = { ".js": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };

export interface TestServer {
  /** "http://127.0.0.1:PORT" */
  readonly origin: string;
  /** The paths asked for, in order. */
  readonly requested: readonly string[];
  close(): Promise<void>;
}

/** Serves what `answer` says of a path; undefined: 404. */
export async function startServer(answer: (path: string) => Answer | undefined): Promise<TestServer> {
  const requested: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    requested.push(path);
    const found = answer(path);
    response.writeHead(found === undefined ? 404 : 200, { "content-type": found?.type ?? "text/html", ...found?.headers });
    response.end(found?.body ?? "");
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requested,
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** A file of a folder, where `path` starts with `prefix` and stays inside. */
export function fileUnder(prefix: string, folder: string, path: string): Answer | undefined {
  if (!path.startsWith(prefix) || path.includes("..")) {
    return undefined;
  }
  const ending = Object.keys(TYPES).find((known) => path.endsWith(known)) ?? "";
  return { type: TYPES[ending] ?? "application/octet-stream", body: readFileSync(`${folder}/${path.slice(prefix.length)}`) };
}
