/**
 * The dumps that a worker has open for its caller, by number of the handle.
 *
 * The rule: reads that fail change what a dump says of itself, and its caller is told before the call that met them
 * returns.
 */

import { transfer } from "comlink";
import { isBlob } from "../../dump/blob-source.js";
import { openForReaders } from "../../dump/open.js";
import { FRAME_SIZE } from "../../model/address.js";
import { PageTableError } from "../../model/errors.js";
import type { BlobLike } from "../../model/platform.js";
import { encodeArchitecture } from "../wire/architecture-wire.js";
import type { DumpWire, Notice, Ticket } from "../wire/wire.js";
import type { Calls } from "./calls.js";
import { CountedBlob } from "./counted-blob.js";
import { Guest } from "./guest.js";

export class DumpService {
  readonly #calls: Calls;
  readonly #send: (notice: Notice) => void;
  readonly #dumps = new Map<number, Guest>();
  /** Entries of `damage` that the caller knows of, by dump. */
  readonly #damageKnown = new Map<number, number>();
  #lastId = 0;

  constructor(calls: Calls, send: (notice: Notice) => void) {
    this.#calls = calls;
    this.#send = send;
  }

  async open(
    source: string | Uint8Array | BlobLike,
    options: { readonly maximumInflatedBytes?: number },
    ticket: Ticket,
  ): Promise<DumpWire> {
    return this.#calls.run(ticket, async (call) => {
      let isInflated = false;
      const onProgress = (done: number, total: number): void => {
        isInflated = true; // nothing else has progress
        call.progress(done, total);
      };
      const counted = typeof source === "object" && isBlob(source) ? new CountedBlob(source, () => this.#calls.noteReading()) : undefined;
      const readers = this.#calls.ambient;
      const dump = await openForReaders(counted ?? source, { ...options, signal: call, onProgress, readers });
      const { format, runs, vcpus, damage } = dump;
      const isSliced = !isInflated && counted !== undefined && counted.bytesRead > 0;
      const id = ++this.#lastId;
      this.#dumps.set(id, new Guest({ dump, calls: this.#calls, reading: isSliced ? counted : undefined }));
      this.#damageKnown.set(id, damage.length);
      const vcpusWire = vcpus.map(({ root, arch }) => ({
        ...(root === undefined ? {} : { root }),
        ...(arch && { arch: encodeArchitecture(arch) }),
      }));
      return { id, format, runs, vcpus: vcpusWire, damage, lies: isInflated ? "inflated" : isSliced ? "in-slices" : "in-its-source" };
    });
  }

  close(id: number): void {
    this.#dumps.get(id)?.close();
    this.#damageKnown.delete(id);
  }

  /** The dump is nobody's any more. */
  forget(id: number): void {
    this.close(id);
    this.#dumps.delete(id);
  }

  readFrame(id: number, gfn: number): Uint8Array | undefined {
    const frame = new Uint8Array(FRAME_SIZE);
    const isThere = this.telling([id], () => this.get(id).readFrame(gfn, frame));
    return isThere ? transfer(frame, [frame.buffer]) : undefined;
  }

  /** For the worker's other services. Throws `dump-closed`. */
  get(id: number): Guest {
    const dump = this.#dumps.get(id);
    if (!dump) throw new PageTableError("dump-closed", "the dump has been closed");
    return dump;
  }

  /** Does work that reads dumps. */
  telling<T>(dumps: readonly number[], work: () => T): T {
    try {
      return work();
    } finally {
      for (const id of dumps) this.#tellDamage(id);
    }
  }

  /** The same where others have their turn meanwhile. */
  async tellingLater<T>(dumps: readonly number[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      for (const id of dumps) this.#tellDamage(id);
    }
  }

  #tellDamage(id: number): void {
    const dump = this.#dumps.get(id);
    if (!dump || dump.damage.length === this.#damageKnown.get(id)) return;
    this.#damageKnown.set(id, dump.damage.length);
    this.#send({ notice: "dump", dump: id, runs: dump.runs, damage: dump.damage });
  }
}
