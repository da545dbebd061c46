/**
 * `startWorker`: the library's objects in worker threads.
 */

import { PageTableError } from "../../model/errors.js";
import type { WorkerHandle } from "../remote.js";
import { WORKER_MAKERS } from "../spawn.js";
import type { WorkerLike } from "../wire/worker-like.js";
import { canShareMemory } from "./abort-flags.js";
import { Crew } from "./crew.js";
import { HandleToCrew } from "./handle.js";

export interface StartWorkerOptions {
  /** A Worker whose script is `page-table-monitor/worker-script`, or, for several, what makes one. */
  readonly worker?: WorkerLike | (() => WorkerLike);
  /** How many are to look for roots and compare address spaces together; 1 where memory cannot be shared. */
  readonly workers?: number;
}

const MOST_WORKERS = 64;

/**
 * Starts one or several workers, Node's or the browser's. They end with `terminate()`; in Node they keep the process
 * alive only while a call is pending.
 *
 * Rejects with PageTableError `worker-failed` where none can be started.
 *
 * @example
 * const worker = await startWorker();
 * const dump = await worker.openDump("guest.elf");
 * for await (const { va, length } of await worker.mappings(dump, { root })) console.log(va, length);
 * worker.terminate();
 */
export async function startWorker(options: StartWorkerOptions = {}): Promise<WorkerHandle> {
  const { worker, workers = 1 } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS) {
    throw new PageTableError("invalid-option", `workers must be an integer from 1 to ${MOST_WORKERS}, not ${String(workers)}`);
  }
  const isOne = typeof worker === "object" || !canShareMemory();
  const count = isOne ? 1 : workers;
  return new HandleToCrew(await startCrew(worker, count), typeof worker === "object" ? undefined : () => startCrew(worker, count));
}

async function startCrew(worker: StartWorkerOptions["worker"], count: number): Promise<Crew> {
  if (typeof worker === "object") return Crew.start([worker]);
  if (worker) return Crew.start(Array.from({ length: count }, worker));
  let failure: unknown;
  for (const make of WORKER_MAKERS) {
    try {
      return await Crew.start(await Promise.all(Array.from({ length: count }, make)));
    } catch (error) {
      failure = error;
    }
  }
  const reason = failure instanceof Error ? failure.message : String(failure);
  const advice = "make page-table-monitor/worker-script an entry of its own and pass a Worker of it";
  throw new PageTableError("worker-failed", `no worker could be started (${reason}): ${advice}`, { reason }, { cause: failure });
}
