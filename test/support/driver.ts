/**
 * A driver for tests: guest memory over a `Guest`, with or without `readFrames` and protection, that logs every call,
 * fails when told to, and watches that the monitor keeps to the interface.
 *
 * `memory` is what the monitor is given; it has exactly the methods that `features` name.
 */

import type { GuestMemory, MemoryAccess, MemoryProtection } from "../../src/model/memory.js";
import type { Guest } from "./guest.js";

import { InjectedFailure, SecondStage, stageKey } from "./second-stage.js";

const FRAME_BYTES = 4096;
const LAST_GFN = 2 ** 40 - 1;

export type DriverFeature = "read-frames" | "protection" | "immutable";
/** What can be told to fail at its n-th call; a `readFrames` counts once, as "read". */
export type FailingCall = "read" | "query" | "protect" | "release";
export type DriverMemory = GuestMemory & Partial<MemoryProtection>;

export type DriverCall =
  | { readonly type: "readFrame"; readonly gfn: number }
  | { readonly type: "readFrames"; readonly gfns: readonly number[] }
  | { readonly type: "memoryAccess"; readonly gfn: number; readonly view: number }
  | { readonly type: "setMemoryAccess"; readonly gfn: number; readonly view: number; readonly access: MemoryAccess };

export interface DriverOptions {
  readonly features?: readonly DriverFeature[];
  /** To go on with the protection of another driver of the same guest. */
  readonly secondStage?: SecondStage;
  /** To share what fails to be read with another driver. */
  readonly failingReads?: Set<number>;
}

export class GuestDriver {
  readonly guest: Guest;
  readonly features: ReadonlySet<DriverFeature>;
  readonly secondStage: SecondStage;
  readonly memory: DriverMemory;
  readonly log: DriverCall[] = [];
  readonly violations: string[] = [];
  /** Frames whose reading throws until they are taken out again. */
  readonly failingReads: Set<number>;
  /** Called before anything else happens, with each call: a guest that writes at the worst moment, a callback that calls back. */
  onCall: ((call: DriverCall) => void) | undefined;
  /** "all": every read must be of a protected frame, or of one whose protection was tried. */
  protectedReads: "all" | "any" = "any";
  readonly #failures = new Map<FailingCall, { left: number; readonly error: unknown }>();

  constructor(guest: Guest, options: DriverOptions = {}) {
    this.guest = guest;
    this.features = new Set(options.features ?? ["read-frames", "protection"]);
    this.secondStage = options.secondStage ?? new SecondStage();
    this.failingReads = options.failingReads ?? new Set();
    this.memory = {
      readFrame: (gfn, target) => this.#readFrame(gfn, target),
      ...(this.features.has("read-frames") && { readFrames: (gfns, target) => this.#readFrames(gfns, target) }),
      ...(this.features.has("immutable") && { immutable: true }),
      ...(this.features.has("protection") && {
        memoryAccess: (gfn: number, view: number) => this.#memoryAccess(gfn, view),
        setMemoryAccess: (gfn: number, view: number, access: MemoryAccess) => this.#setMemoryAccess(gfn, view, access),
      }),
    };
  }

  /** The n-th call of this kind from now on (1 = the next) throws `error`, once. */
  failAt(kind: FailingCall, n: number, error: unknown = new InjectedFailure(`${kind} number ${n}`)): void {
    this.#failures.set(kind, { left: n, error });
  }

  stopFailing(): void {
    this.#failures.clear();
  }

  /** Forgets the log; what is held and what was violated stays. */
  beginCall(): void {
    this.log.length = 0;
    this.secondStage.beginCall();
  }

  /** All broken rules so far, the second stage's among them. */
  allViolations(): string[] {
    return [...this.violations, ...this.secondStage.violations];
  }

  /** The protection calls in the log, as "view:gfn=access"; queries left out. */
  protectionCalls(): string[] {
    return this.log.flatMap((call) => (call.type === "setMemoryAccess" ? [`${call.view}:${call.gfn}=${call.access}`] : []));
  }

  /** Frames read since `beginCall`, in order, each as often as it was read. */
  framesRead(): number[] {
    return this.log.flatMap((call) => (call.type === "readFrame" ? [call.gfn] : call.type === "readFrames" ? [...call.gfns] : []));
  }

  #readFrame(gfn: number, target: Uint8Array): boolean {
    this.#record({ type: "readFrame", gfn });
    this.#checkTarget(target, 1);
    this.#failIfDue("read");
    return this.#copy(gfn, target);
  }

  #readFrames(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array {
    const list = Array.from(gfns);
    this.#record({ type: "readFrames", gfns: list });
    this.#checkTarget(target, list.length);
    this.#failIfDue("read");
    return Uint8Array.from(list, (gfn, i) => (this.#copy(gfn, target.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES)) ? 1 : 0));
  }

  #copy(gfn: number, target: Uint8Array): boolean {
    this.#checkRead(gfn);
    if (this.failingReads.has(gfn)) {
      throw new InjectedFailure(`reading frame ${gfn}`);
    }
    const frame = this.guest.tryFrame(gfn);
    if (frame === undefined) {
      // The target is scratch where the frame is not there: nobody may take its contents for the frame's.
      target.fill(0xff);
      return false;
    }
    target.set(new Uint8Array(frame.buffer));
    return true;
  }

  #memoryAccess(gfn: number, view: number): MemoryAccess {
    this.#record({ type: "memoryAccess", gfn, view });
    this.#failIfDue("query", gfn);
    return this.secondStage.query(gfn, view);
  }

  #setMemoryAccess(gfn: number, view: number, access: MemoryAccess): void {
    this.#record({ type: "setMemoryAccess", gfn, view, access });
    this.#failIfDue(this.secondStage.held.has(stageKey(view, gfn)) ? "release" : "protect", gfn);
    this.secondStage.set(gfn, view, access);
  }

  #record(call: DriverCall): void {
    this.onCall?.(call);
    this.log.push(call);
  }

  #failIfDue(kind: FailingCall, gfn?: number): void {
    const failure = this.#failures.get(kind);
    if (failure === undefined || --failure.left > 0) {
      return;
    }
    this.#failures.delete(kind);
    if (gfn !== undefined) {
      this.secondStage.attempted.add(gfn);
    }
    throw failure.error;
  }

  #checkTarget(target: Uint8Array, frames: number): void {
    if (!(target instanceof Uint8Array) || target.length !== frames * FRAME_BYTES) {
      this.violations.push(`the target for ${frames} frames has ${target.length} bytes`);
    }
  }

  #checkRead(gfn: number): void {
    if (!Number.isInteger(gfn) || gfn < 0 || gfn > LAST_GFN) {
      this.violations.push(`${gfn} is no frame number`);
    }
    if (this.protectedReads === "all" && this.features.has("protection") && !this.#isProtectedOrTried(gfn)) {
      this.violations.push(`frame ${gfn} was read before it was protected`);
    }
  }

  #isProtectedOrTried(gfn: number): boolean {
    if (this.secondStage.attempted.has(gfn)) {
      return true;
    }
    for (const key of this.secondStage.held.keys()) {
      if (key.endsWith(`:${gfn}`)) {
        return true;
      }
    }
    return false;
  }
}
