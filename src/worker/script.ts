/**
 * The worker's own script: it serves whoever started it. `startWorker` finds it by itself; a bundler that needs it as
 * an entry of its own takes it as `page-table-monitor/worker-script`.
 */

import { expose } from "comlink";
import { Calls } from "./service/calls.js";
import { Service } from "./service/service.js";
import { installErrorHandler } from "./wire/error-wire.js";
import { isNode, nodeThreads } from "./wire/node-threads.js";
import type { Notice } from "./wire/wire.js";
import { endpointOf } from "./wire/worker-like.js";

type ParentPort = Parameters<typeof endpointOf>[0];

function serve(port: ParentPort): void {
  installErrorHandler();
  const endpoint = endpointOf(port);
  const send = (notice: Notice): void => endpoint.postMessage(notice);
  expose(new Service(new Calls(send), send), endpoint as unknown as Parameters<typeof expose>[1]);
}

if (isNode()) void nodeThreads().then(({ parentPort }) => serve(parentPort));
else serve(globalThis as unknown as ParentPort);
