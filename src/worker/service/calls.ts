/**
 * Calls as the worker sees them: whether one is still wanted, and whom to tell how far it is.
 *
 * A synchronous stretch of work hears no message, so an abort is a word in shared memory, or, where memory cannot be
 * shared, a URL of the caller's that no longer leads anywhere (revocation.ts). The call whose stretch is under way is
 * the `current` one; reads of guest memory ask for it.
 */

import type { Readers } from "../../dump/patience.js";
import type { AbortSignalLike } from "../../model/platform.js";
import { CallAborted } from "../wire/error-wire.js";
import { CALL_ABORTED, CALL_RUNNING, CALL_WAITING, type Notice, PROGRESS_PAUSE_MS, type Ticket } from "../wire/wire.js";
import { leadsSomewhere } from "./revocation.js";

/** How often a URL is asked for: each time costs a round trip to the browser. */
const URL_PAUSE_MS = 10;

interface CallOptions {
  readonly ticket: Ticket;
  readonly flags: Int32Array | undefined;
  readonly send: (notice: Notice) => void;
  readonly askFirst: boolean;
}

/** One call, as an AbortSignal to those who do its work. */
export class Call implements AbortSignalLike {
  readonly reason = new CallAborted("the call was aborted");
  /** Told whenever a piece of a file is about to be read in one of the call's stretches. */
  onRead: (() => void) | undefined;
  readonly #ticket: Ticket;
  readonly #flags: Int32Array | undefined;
  readonly #send: (notice: Notice) => void;
  readonly #listeners = new Set<() => void>();
  #isAborted = false;
  #askedAt = performance.now();
  #saidAt = Number.NEGATIVE_INFINITY;
  #unsaid: readonly [done: number, total: number] | undefined;
  #framesRead = 0;

  /** `askFirst`: a URL is asked for at once, not only when some time has passed. */
  constructor({ ticket, flags, send, askFirst }: CallOptions) {
    this.#ticket = ticket;
    this.#flags = flags;
    this.#send = send;
    if (askFirst) this.#askedAt = Number.NEGATIVE_INFINITY;
    const { abort } = ticket;
    if (abort?.type === "word" && flags) Atomics.compareExchange(flags, abort.index, CALL_WAITING, CALL_RUNNING);
  }

  get aborted(): boolean {
    const { abort } = this.#ticket;
    if (this.#isAborted || abort === undefined) return this.#isAborted;
    if (abort.type === "word") {
      this.#isAborted = this.#flags !== undefined && Atomics.load(this.#flags, abort.index) === CALL_ABORTED;
    } else if (performance.now() - this.#askedAt >= URL_PAUSE_MS) {
      this.#isAborted = !leadsSomewhere(abort.url);
      this.#askedAt = performance.now();
    }
    return this.#isAborted;
  }

  /** Nobody is asked. */
  get isKnownToBeAborted(): boolean {
    return this.#isAborted;
  }

  /** False: nothing but a message, heard between two stretches, can abort it. */
  get mayGiveUp(): boolean {
    return this.#ticket.abort !== undefined;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  /** The caller's word, where the worker came to hear it. */
  abort(): void {
    this.#isAborted = true;
    for (const listener of [...this.#listeners]) listener();
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  /** Frames that a call has read of those that it is likely to read. */
  countFrames(count: number, expected: number): void {
    this.#framesRead += count;
    if (expected > 0) this.progress(Math.min(this.#framesRead, expected), expected);
  }

  readonly progress = (done: number, total: number): void => {
    if (this.#ticket.progress === undefined) return;
    this.#unsaid = [done, total];
    if (performance.now() - this.#saidAt >= PROGRESS_PAUSE_MS) this.#say();
  };

  /** The call is over: the last word on its progress is said. */
  end(): void {
    if (this.#unsaid) this.#say();
  }

  #say(): void {
    const [done, total] = this.#unsaid as readonly [number, number];
    this.#unsaid = undefined;
    this.#saidAt = performance.now();
    this.#send({ notice: "progress", call: this.#ticket.call, done, total });
  }
}

export class Calls {
  readonly #send: (notice: Notice) => void;
  #flags: Int32Array | undefined;
  readonly #open = new Map<number, Call>();
  #current: Call | undefined;
  #expectedFrames = 0;
  /** The call that ended last has been aborted. */
  #wasAborted = false;

  constructor(send: (notice: Notice) => void) {
    this.#send = send;
  }

  /** The caller's words: one for each call that can be aborted. */
  useFlags(flags: SharedArrayBuffer | undefined): void {
    this.#flags = flags && new Int32Array(flags);
  }

  /** Does the work of a call that lets others have their turn. */
  async run<T>(ticket: Ticket, work: (call: Call) => Promise<T>): Promise<T> {
    const call = this.#begin(ticket);
    try {
      call.throwIfAborted();
      return await work(call);
    } finally {
      this.#end(ticket, call);
    }
  }

  /** Does the work of a call in one stretch. `expectedFrames`: how many it is likely to read, for its progress. */
  runAtOnce<T>(ticket: Ticket, work: (call: Call) => T, expectedFrames = 0): T {
    const call = this.#begin(ticket);
    try {
      call.throwIfAborted();
      return this.within(call, () => work(call), expectedFrames);
    } finally {
      this.#end(ticket, call);
    }
  }

  /** One stretch of a call's work, in which reads ask whether it is still wanted. */
  within<T>(call: Call, stretch: () => T, expectedFrames = 0): T {
    const before = this.#current;
    this.#current = call;
    this.#expectedFrames = expectedFrames;
    try {
      return stretch();
    } finally {
      this.#current = before;
    }
  }

  /** The call whose stretch is under way, as a signal for those who are given one for longer than a call. */
  readonly ambient: Readers = ambientSignal(() => this.#current);

  beforeReading(frames: number): void {
    const call = this.#current;
    if (!call) return;
    call.throwIfAborted();
    call.countFrames(frames, this.#expectedFrames);
  }

  noteReading(): void {
    this.#current?.onRead?.();
  }

  abort(id: number): void {
    this.#open.get(id)?.abort();
  }

  #begin(ticket: Ticket): Call {
    // Of the calls that one signal aborts, those that wait behind the first are not to be begun.
    const call = new Call({ ticket, flags: this.#flags, send: this.#send, askFirst: this.#wasAborted });
    this.#open.set(ticket.call, call);
    return call;
  }

  #end(ticket: Ticket, call: Call): void {
    this.#open.delete(ticket.call);
    this.#wasAborted = call.isKnownToBeAborted;
    call.end();
  }
}

function ambientSignal(current: () => Call | undefined): Readers {
  return {
    get mayGiveUp() {
      return current()?.mayGiveUp === true;
    },
    get aborted() {
      return current()?.aborted === true;
    },
    get reason() {
      return current()?.reason;
    },
    addEventListener() {},
    removeEventListener() {},
  };
}
