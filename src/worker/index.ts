/**
 * page-table-monitor/worker: the library in worker threads of Node and browsers.
 */

export type { AbortSignalLike, BlobLike } from "../model/platform.js";
export { type StartWorkerOptions, startWorker } from "./caller/start.js";
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
export type { ChangeColumns, MappingColumns, SharedChangeColumns } from "./wire/columns.js";
export type { WorkerLike } from "./wire/worker-like.js";
