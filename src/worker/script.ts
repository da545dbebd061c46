/**
 * The worker's own script: it serves whoever started it. `startWorker` finds it by itself; bundlers that want it as an entry of its own
 * take it as `page-table-monitor/worker-script`.
 */

import { expose } from "comlink";
import { Calls } from "./calls.js";
import { installErrorHandler } from "./error-wire.js";
import { Service } from "./service.js";
import type { Notice } from "./wire.js";
import type { MessageEndpoint } from "./worker-like.js";

type BrowserScope = MessageEndpoint;
interface ParentPort {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  on(event: "message", listener: (value: unknown) => void): unknown;
  off(event: "message", listener: (value: unknown) => void): unknown;
}
type ProcessGlobal = { readonly process?: { readonly versions?: { readonly node?: string } } };

function serve(endpoint: MessageEndpoint): void {
  installErrorHandler();
  const send = (notice: Notice): void => endpoint.postMessage(notice);
  expose(new Service(new Calls(send), send), endpoint as unknown as Parameters<typeof expose>[1]);
}

/** A Node worker's line to whoever started it, with the browser's methods. */
async function parentEndpoint(): Promise<MessageEndpoint> {
  // A name put together at run time: bundlers for browsers leave it alone.
  const name = "worker_threads";
  const { parentPort } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ `node:${name}`)) as { parentPort: ParentPort };
  const wrapped = new Map<unknown, (value: unknown) => void>();
  return {
    postMessage: (message, transfer = []) => parentPort.postMessage(message, transfer),
    addEventListener(_type, listener) {
      const onMessage = (value: unknown): void => listener({ data: value });
      wrapped.set(listener, onMessage);
      parentPort.on("message", onMessage);
    },
    removeEventListener(_type, listener) {
      const onMessage = wrapped.get(listener);
      if (onMessage) parentPort.off("message", onMessage);
      wrapped.delete(listener);
    },
  };
}

if ((globalThis as ProcessGlobal).process?.versions?.node === undefined) serve(globalThis as unknown as BrowserScope);
else void parentEndpoint().then(serve);
