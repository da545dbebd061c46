/**
 * A dump as the worker reads it: every read first asks whether the call that is under way is still wanted.
 *
 * One object for each dump, for as long as that is open: monitors keep what they know of a memory by its identity.
 */

import type { OpenedDump } from "../../dump/file-dump.js";
import type { Dump, FrameRun, Vcpu } from "../../model/dump.js";
import { readFramesInto } from "../../model/frames-into.js";
import type { Call, Calls } from "./calls.js";

/** How much of a dump's file has been read. */
export interface Reading {
  readonly size: number;
  readonly bytesRead: number;
}

interface GuestParts {
  readonly dump: OpenedDump;
  readonly calls: Calls;
  readonly reading: Reading | undefined;
  /** Whose reads these are, whoever's turn it is. */
  readonly call?: Call;
}

export class Guest implements OpenedDump {
  readonly format: string;
  readonly vcpus: readonly Vcpu[];
  readonly vmcoreinfo: ReadonlyMap<string, string> | undefined;
  readonly immutable = true;
  /** Where it is counted. */
  readonly reading: Reading | undefined;
  readonly #dump: OpenedDump;
  readonly #calls: Calls;
  readonly #call: Call | undefined;

  constructor({ dump, calls, reading, call }: GuestParts) {
    this.reading = reading;
    this.format = dump.format;
    this.vcpus = dump.vcpus;
    this.vmcoreinfo = dump.vmcoreinfo;
    this.#dump = dump;
    this.#calls = calls;
    this.#call = call;
  }

  /**
   * The same dump for the work of one call that lets others have their turn: whichever call has its turn, reads of this
   * dump ask whether this call is still wanted.
   */
  during(call: Call): Guest {
    return new Guest({ dump: this.#dump, calls: this.#calls, reading: this.reading, call });
  }

  get runs(): readonly FrameRun[] {
    return this.#dump.runs;
  }

  get damage(): Dump["damage"] {
    return this.#dump.damage;
  }

  readFrame(gfn: number, target: Uint8Array): boolean {
    return this.#asking(1, () => this.#dump.readFrame(gfn, target));
  }

  readFrames(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array {
    return this.#asking(gfns.length, () => this.#dump.readFrames(gfns, target));
  }

  [readFramesInto](gfns: ArrayLike<number>, count: number, target: Uint8Array, held: Uint8Array): void {
    this.#asking(count, () => this.#dump[readFramesInto](gfns, count, target, held));
  }

  close(): void {
    this.#dump.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #asking<T>(frames: number, read: () => T): T {
    const asked = (): T => {
      this.#calls.beforeReading(frames);
      return read();
    };
    return this.#call ? this.#calls.within(this.#call, asked) : asked();
  }
}
