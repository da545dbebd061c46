/** Node's `worker_threads`, asked for at run time: what runs in browsers names no module of Node's. */

import type { WorkerLike } from "./worker-like.js";

interface ThreadsModule {
  readonly Worker: new (url: URL) => WorkerLike;
  /** What a worker's script has of whoever started it. */
  readonly parentPort: Pick<WorkerLike, "postMessage">;
}
type ProcessGlobal = { readonly process?: { readonly versions?: { readonly node?: string } } };

export function isNode(): boolean {
  return (globalThis as ProcessGlobal).process?.versions?.node !== undefined;
}

export function nodeThreads(): Promise<ThreadsModule> {
  // Put together so that no minifier sees the name: otherwise whoever bundles minified code would look for a module of
  // that name.
  const name = ["node", "worker_threads"].join(":");
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name);
}
