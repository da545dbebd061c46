/**
 * A dump as the worker reads it: every read first asks whether the call that is under way is still wanted.
 *
 * One object for each dump, for as long as that is open: monitors keep what they know of a memory by its identity.
 */

import type { OpenedDump } from "../dump/file-dump.js";
import type { Dump, FrameRun, Vcpu } from "../model/dump.js";
import type { Calls } from "./calls.js";

export class Guest implements OpenedDump {
  readonly format: string;
  readonly vcpus: readonly Vcpu[];
  readonly vmcoreinfo: ReadonlyMap<string, string> | undefined;
  readonly immutable = true;
  readonly #dump: OpenedDump;
  readonly #calls: Calls;

  constructor(dump: OpenedDump, calls: Calls) {
    this.format = dump.format;
    this.vcpus = dump.vcpus;
    this.vmcoreinfo = dump.vmcoreinfo;
    this.#dump = dump;
    this.#calls = calls;
  }

  get runs(): readonly FrameRun[] {
    return this.#dump.runs;
  }

  get damage(): Dump["damage"] {
    return this.#dump.damage;
  }

  readFrame(gfn: number, target: Uint8Array): boolean {
    this.#calls.beforeReading(1);
    return this.#dump.readFrame(gfn, target);
  }

  readFrames(gfns: ArrayLike<number>, target: Uint8Array): Uint8Array {
    this.#calls.beforeReading(gfns.length);
    return this.#dump.readFrames(gfns, target);
  }

  close(): void {
    this.#dump.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
