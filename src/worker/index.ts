/**
 * page-table-monitor/worker: the library in worker threads of Node and browsers.
 */

export type { AbortSignalLike, BlobLike } from "../model/platform.js";
export type { ChangeColumns, MappingColumns, SharedChangeColumns } from "./columns.js";
export type {
  CallOptions,
  RemoteDump,
  RemoteDumpSource,
  RemoteListing,
  RemoteMonitor,
  RemoteMonitorOptions,
  RemoteOpenDumpOptions,
  RemoteSpaceOptions,
  WorkerHandle,
} from "./remote.js";
export { type StartWorkerOptions, startWorker } from "./start.js";
export type { WorkerLike } from "./worker-like.js";
