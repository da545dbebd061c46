/**
 * A worker by shape alone: the browser's `Worker` and that of `node:worker_threads` both fit.
 *
 * The differences between the two end here: how messages and its end are heard, and whether it keeps the process alive.
 */

/** A `Worker`, of the browser or of `node:worker_threads`. */
export interface WorkerLike {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  terminate(): unknown;
}

type Listener = (event: { readonly data: unknown }) => void;

/** What comlink talks through. */
export interface MessageEndpoint {
  postMessage(message: unknown, transfer?: readonly object[]): void;
  addEventListener(type: string, listener: Listener): void;
  removeEventListener(type: string, listener: Listener): void;
}

/** One end of a line to another thread: a worker as its owner has it, or what a worker's script has of its owner. */
interface PortLike {
  postMessage(message: unknown, transfer?: readonly object[]): void;
}

interface NodePortLike extends PortLike {
  on(event: string, listener: (value: unknown) => void): unknown;
  off(event: string, listener: (value: unknown) => void): unknown;
}

interface NodeWorkerLike extends NodePortLike, WorkerLike {
  ref?(): void;
  unref?(): void;
}

interface BrowserPortLike extends PortLike {
  addEventListener(type: string, listener: (event: { readonly data?: unknown; readonly message?: string }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly data?: unknown; readonly message?: string }) => void): void;
}

/** The port with the browser's methods, whichever it has. */
export function endpointOf(port: PortLike): MessageEndpoint {
  const postMessage: PortLike["postMessage"] = (message, transfer = []) => port.postMessage(message, transfer);
  if (!isNodePort(port)) {
    const browserPort = port as BrowserPortLike;
    return {
      postMessage,
      addEventListener: (type, listener) => browserPort.addEventListener(type, listener as () => void),
      removeEventListener: (type, listener) => browserPort.removeEventListener(type, listener as () => void),
    };
  }
  const wrapped = new Map<Listener, (value: unknown) => void>();
  return {
    postMessage,
    addEventListener(_type, listener) {
      const onMessage = (value: unknown): void => listener({ data: value });
      wrapped.set(listener, onMessage);
      port.on("message", onMessage);
    },
    removeEventListener(_type, listener) {
      const onMessage = wrapped.get(listener);
      if (onMessage) port.off("message", onMessage);
      wrapped.delete(listener);
    },
  };
}

/**
 * Calls `ended` with what is known of the reason when the worker fails or ends. A browser does not tell of a worker
 * that was terminated.
 */
export function onWorkerEnd(worker: WorkerLike, ended: (reason: string, cause?: unknown) => void): void {
  if (isNodePort(worker)) {
    worker.on("error", (error) => ended(error instanceof Error ? error.message : String(error), error));
    worker.on("messageerror", (error) => ended("it sent what cannot be read", error));
    worker.on("exit", (code) => ended(`it exited with code ${String(code)}`));
    return;
  }
  const browserWorker = worker as WorkerLike & BrowserPortLike;
  browserWorker.addEventListener("error", (event) => ended(event.message ?? "its script could not be loaded"));
  browserWorker.addEventListener("messageerror", () => ended("it sent what cannot be read"));
}

/** Whether the worker alone keeps a Node process from exiting; in browsers nothing does. */
export function holdProcess(worker: WorkerLike, hold: "held" | "let-go"): void {
  const { ref, unref } = worker as Partial<NodeWorkerLike>;
  if (hold === "held") ref?.call(worker);
  else unref?.call(worker);
}

export function isBrowserWorker(worker: WorkerLike): boolean {
  return !isNodePort(worker);
}

function isNodePort(port: PortLike): port is NodePortLike {
  return typeof (port as Partial<NodePortLike>).on === "function";
}
