/**
 * The line to one worker: calls through comlink, each answered or rejected whatever becomes of the worker.
 *
 * The worker keeps a Node process alive exactly while a call is pending.
 */

import { wrap } from "comlink";
import { PageTableError } from "../../model/errors.js";
import { throwIfAborted } from "../../model/turns.js";
import type { CallOptions } from "../remote.js";
import type { Beginning, RemoteService } from "../service/service.js";
import { CallAborted, installErrorHandler } from "../wire/error-wire.js";
import { lifeLineName, watchLifeLine } from "../wire/life-line.js";
import type { Notice, Ticket } from "../wire/wire.js";
import { endpointOf, holdProcess, isBrowserWorker, onWorkerEnd, type WorkerLike } from "../wire/worker-like.js";
import type { AbortFlags } from "./abort-flags.js";

/** A call that changes something is over when the worker says so; one that only reads may be left alone at once. */
export type CallKind = "reads" | "changes";

type DumpNotice = Extract<Notice, { notice: "dump" }>;

/** The options of a call that has these, as far as it has them. */
export function callOf(signal: CallOptions["signal"], onProgress?: CallOptions["onProgress"]): CallOptions {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}

export class Link {
  readonly #worker: WorkerLike;
  readonly #flags: AbortFlags;
  readonly #service: RemoteService;
  readonly #pending = new Set<(error: unknown) => void>();
  readonly #progress = new Map<number, (done: number, total: number) => void>();
  readonly #onDump = new Map<number, (notice: DumpNotice) => void>();
  readonly #onEnd: (error: PageTableError) => void;
  #unwatch: () => void = () => {};
  #lastCall = 0;
  #end: PageTableError | undefined;
  constructor(worker: WorkerLike, flags: AbortFlags, onEnd: (error: PageTableError) => void) {
    installErrorHandler();
    this.#worker = worker;
    this.#flags = flags;
    this.#onEnd = onEnd;
    const endpoint = endpointOf(worker);
    endpoint.addEventListener("message", ({ data }) => this.#hear(data as Partial<Notice> | undefined));
    this.#service = wrap(endpoint as unknown as Parameters<typeof wrap>[0]) as unknown as RemoteService;
    onWorkerEnd(worker, (reason, cause) => this.fail(workerDied(reason, cause)));
    holdProcess(worker, "let-go");
  }

  /** Makes the worker ready; answers whether URLs can say to it that a call is no longer wanted. */
  async begin(beginning: Beginning): Promise<boolean> {
    const lifeLine = isBrowserWorker(this.#worker) ? lifeLineName() : undefined;
    const sent = { ...beginning, ...(lifeLine === undefined ? {} : { lifeLine }) };
    const canAsk = await this.call("changes", {}, (service) => service.line.begin(sent));
    if (lifeLine !== undefined)
      this.#unwatch = watchLifeLine(lifeLine, () => this.fail(workerDied("it was terminated, or it crashed", undefined)));
    return canAsk;
  }

  /**
   * A call's answer; rejects with the worker's error, the signal's reason, what `onProgress` has thrown, or the reason
   * why the worker is gone. The worker may be done before it hears that it is to stop: then the answer stands, unless
   * `takeBack` undoes it.
   */
  async call<T>(
    kind: CallKind,
    { signal, onProgress }: CallOptions,
    send: (service: RemoteService, ticket: Ticket) => Promise<T>,
    takeBack?: (answer: T) => Promise<void>,
  ): Promise<T> {
    if (this.#end) throw this.#end;
    throwIfAborted(signal);
    const id = ++this.#lastCall;
    const canStop = signal !== undefined || onProgress !== undefined;
    const abort = canStop ? this.#flags.take() : undefined;
    const ticket: Ticket = { call: id, ...(abort && { abort }), ...(onProgress && { progress: "wanted" }) };
    let isOver = false;
    let stopped: { readonly reason: unknown } | undefined;
    let stop = (_reason: unknown): void => {};
    const stopping = new Promise<never>((_, reject) => {
      stop = (reason) => {
        if (isOver || stopped) return;
        stopped = { reason };
        this.#progress.delete(id);
        if (abort) this.#flags.raise(abort);
        this.post((service) => service.line.abort(id));
        if (kind === "reads") reject(reason);
      };
    });
    // What its caller's own function throws is the call's error, as it is in the library.
    if (onProgress) this.#progress.set(id, guarded(onProgress, stop));
    const sent = this.#whilePending(() => send(this.#service, ticket));
    const over = (): void => {
      isOver = true;
      this.#progress.delete(id);
      if (abort) this.#flags.giveBack(abort);
    };
    sent.then(over, over);
    if (!canStop) return sent;
    const onAbort = (): void => stop(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      const answer = await Promise.race([sent, stopping]);
      if (!stopped || !takeBack) return answer;
      await takeBack(answer);
      throw (stopped as { readonly reason: unknown }).reason;
    } catch (error) {
      throw error instanceof CallAborted && stopped ? (stopped as { readonly reason: unknown }).reason : error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** A call whose answer nobody waits for; where there is no worker any more there is nothing to be done. */
  post(send: (service: RemoteService) => Promise<unknown>): void {
    if (this.#end) return;
    send(this.#service).catch(() => {});
  }

  onDump(dump: number, listener: ((notice: DumpNotice) => void) | undefined): void {
    if (listener) this.#onDump.set(dump, listener);
    else this.#onDump.delete(dump);
  }

  /** Ends the worker: what is pending is rejected with `error`, and so is what comes later. */
  fail(error: PageTableError): void {
    if (this.#end) return;
    this.#end = error;
    const pending = [...this.#pending];
    this.#pending.clear();
    this.#progress.clear();
    this.#unwatch();
    for (const reject of pending) reject(error);
    this.#worker.terminate();
    this.#onEnd(error);
  }

  #whilePending<T>(send: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#pending.size === 0) holdProcess(this.#worker, "held");
      this.#pending.add(reject);
      const settled = (): void => {
        if (this.#pending.delete(reject) && this.#pending.size === 0) holdProcess(this.#worker, "let-go");
      };
      send().then(
        (value) => {
          settled();
          resolve(value);
        },
        (error) => {
          settled();
          reject(sendable(error));
        },
      );
    });
  }

  #hear(message: Partial<Notice> | undefined): void {
    switch (message?.notice) {
      case "progress": {
        const { call, done, total } = message as Extract<Notice, { notice: "progress" }>;
        return this.#progress.get(call)?.(done, total);
      }
      case "dump": {
        const notice = message as DumpNotice;
        return this.#onDump.get(notice.dump)?.(notice);
      }
      default: // comlink's
    }
  }
}

function guarded(onProgress: NonNullable<CallOptions["onProgress"]>, stop: (reason: unknown) => void): typeof onProgress {
  return (done, total) => {
    try {
      onProgress(done, total);
    } catch (error) {
      stop(error);
    }
  };
}

/** An argument of a wrong kind may be one that cannot be sent at all: that, too, is an error of this package's. */
function sendable(error: unknown): unknown {
  if (!(error instanceof Error) || error.name !== "DataCloneError") return error;
  return new PageTableError("invalid-argument", `an argument cannot be sent to a worker: ${error.message}`, {}, { cause: error });
}

function workerDied(reason: string, cause: unknown): PageTableError {
  return new PageTableError("worker-died", `the worker has died: ${reason}; its dumps and monitors are gone`, { reason }, { cause });
}
