/**
 * Where a worker's script comes from: the file beside this one, else the same script as text.
 *
 * The file is what Node, Vite's production build and servers of unbundled modules find. A bundle of one file has none
 * beside it, and Vite's development server moves this module away from it: then the worker is made from text, unless a
 * Content-Security-Policy forbids that.
 */

import { isNode, nodeThreads } from "./wire/node-threads.js";
import type { WorkerLike } from "./wire/worker-like.js";

/** Makes a worker. Whether its script can be loaded shows later. */
export type WorkerMaker = () => WorkerLike | Promise<WorkerLike>;

/** In the order in which they are tried. */
export const WORKER_MAKERS: readonly WorkerMaker[] = [workerFromFile, workerFromText];

async function workerFromFile(): Promise<WorkerLike> {
  if (isNode()) return new (await nodeThreads()).Worker(new URL("./script.js", import.meta.url));
  // In this form, and no other, bundlers know what is meant.
  return new Worker(new URL("./script.js", import.meta.url), { type: "module" });
}

async function workerFromText(): Promise<WorkerLike> {
  const { scriptText } = await import("./generated/script-text.js");
  if (isNode()) return new (await nodeThreads()).Worker(new URL(`data:text/javascript,${encodeURIComponent(scriptText)}`));
  const url = URL.createObjectURL(new Blob([scriptText], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  // The script has been fetched when it first says something, or will never be.
  const revoke = (): void => URL.revokeObjectURL(url);
  worker.addEventListener("message", revoke, { once: true });
  worker.addEventListener("error", revoke, { once: true });
  return worker;
}
