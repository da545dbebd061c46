/**
 * Workers for tests: with the script as the sources have it now, whatever was built before.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { bundleWorkerScript } from "../../../scripts/worker-script.mjs";

let folder: Promise<string> | undefined;

/** Path of the script, made once a test file. */
export function scriptPath(): Promise<string> {
  folder ??= makeFolder();
  return folder.then((made) => join(made, "script.mjs"));
}

async function makeFolder(): Promise<string> {
  const made = mkdtempSync(join(tmpdir(), "worker-script-"));
  process.on("exit", () => rmSync(made, { recursive: true, force: true }));
  writeFileSync(join(made, "script.mjs"), await bundleWorkerScript());
  return made;
}

/** What makes a worker of the sources, as `startWorker` takes it. */
export async function workerMaker(): Promise<() => Worker> {
  const path = await scriptPath();
  return () => new Worker(path);
}
