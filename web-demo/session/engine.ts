/**
 * The library in workers, under the page's own policy.
 */

import { startWorker, type WorkerHandle } from "page-table-monitor/worker";
import { scriptText, workerFromText } from "./own-worker.js";

export type { RemoteDump } from "page-table-monitor/worker";
export type Engine = WorkerHandle;

export async function startEngine(): Promise<Engine> {
  const text = await scriptText("worker.js");
  return startWorker({ worker: () => workerFromText(text) });
}
