/**
 * A dump that a worker has open, as its caller sees it.
 */

import { FRAME_SIZE } from "../../model/address.js";
import type { Damage, FrameRun, Vcpu } from "../../model/dump.js";
import { PageTableError } from "../../model/errors.js";
import type { RemoteDump } from "../remote.js";
import { decodeArchitecture } from "../wire/architecture-wire.js";
import type { DumpWire } from "../wire/wire.js";
import type { Crew } from "./crew.js";

/** What only this folder asks of a RemoteDump. */
export interface DumpHandle {
  readonly crew: Crew;
  readonly id: number;
  /** By other worker of the crew; undefined where they cannot read it. */
  readonly copies: readonly number[] | undefined;
  /** Each worker would read nearly all slices of the file to judge what it has found in some: one is faster. */
  readonly isScannedByOne: boolean;
  /** A copy has proved to hold less than it should: it is no longer to be gone by. */
  copiesDiffer: boolean;
}

const handles = new WeakMap<RemoteDump, DumpHandle>();

/** Dumps that nobody has any more are closed. */
const forgotten = new FinalizationRegistry<DumpHandle>(({ crew, id, copies }) => {
  crew.lead.onDump(id, undefined);
  crew.lead.post((service) => service.dumps.forget(id));
  copies?.forEach((copy, i) => {
    crew.others[i].onDump(copy, undefined);
    crew.others[i].post((service) => service.dumps.forget(copy));
  });
});

export class DumpInWorker implements RemoteDump {
  readonly format: string;
  readonly vcpus: readonly Vcpu[];
  #runs: readonly FrameRun[];
  #damage: readonly Damage[];

  /** Made by `openDump` of a worker. */
  constructor(crew: Crew, wire: DumpWire, copies: readonly number[] | undefined) {
    this.format = wire.format;
    this.vcpus = wire.vcpus.map(({ root, arch }) => ({
      ...(root === undefined ? {} : { root }),
      ...(arch && { arch: decodeArchitecture(arch) }),
    }));
    this.#runs = wire.runs;
    this.#damage = wire.damage;
    const handle: DumpHandle = { crew, id: wire.id, copies, isScannedByOne: wire.lies === "in-slices", copiesDiffer: false };
    handles.set(this, handle);
    forgotten.register(this, handle, this);
    copies?.forEach((copy, i) => {
      crew.others[i].onDump(copy, () => {
        handle.copiesDiffer = true;
      });
    });
    const itself = new WeakRef(this);
    crew.lead.onDump(wire.id, ({ runs, damage }) => itself.deref()?.update(runs, damage));
  }

  /** For the line to the worker alone: what is known of the dump has changed. */
  update(runs: readonly FrameRun[], damage: readonly Damage[]): void {
    this.#runs = runs;
    this.#damage = damage;
  }

  get runs(): readonly FrameRun[] {
    return this.#runs;
  }

  get damage(): readonly Damage[] {
    return this.#damage;
  }

  get size(): number {
    return this.#runs.reduce((sum, { count }) => sum + count * FRAME_SIZE, 0);
  }

  readFrame(gfn: number): Promise<Uint8Array | undefined> {
    const { crew, id } = handleOf(this);
    return whileHeld([this], () => crew.lead.call("reads", {}, (service) => service.dumps.readFrame(id, gfn)));
  }

  async close(): Promise<void> {
    const { crew, id, copies } = handleOf(this);
    if (crew.ended) return;
    copies?.forEach((copy, i) => {
      crew.others[i].post((service) => service.dumps.close(copy));
    });
    await crew.lead.call("changes", {}, (service) => service.dumps.close(id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** Dumps of calls that are under way. */
const held = new Map<RemoteDump, number>();

/** Keeps dumps from being forgotten, and closed, while a call is under way that does not keep them itself. */
export async function whileHeld<T>(dumps: readonly RemoteDump[], work: () => Promise<T>): Promise<T> {
  for (const dump of dumps) held.set(dump, (held.get(dump) ?? 0) + 1);
  try {
    return await work();
  } finally {
    for (const dump of dumps) {
      const others = (held.get(dump) ?? 0) - 1;
      if (others > 0) held.set(dump, others);
      else held.delete(dump);
    }
  }
}

/** Throws PageTableError `invalid-dump` for what no worker of this realm has opened. */
export function handleOf(dump: RemoteDump): DumpHandle {
  const handle = typeof dump === "object" && dump !== null ? handles.get(dump) : undefined;
  if (!handle) throw new PageTableError("invalid-dump", "a dump here is one that a worker's openDump has given");
  return handle;
}

/**
 * Handles of dumps that `crew` has open. Throws `foreign-dump` where other workers have them open, and the reason where
 * the workers are gone.
 */
export function handlesOf(crew: Crew, dumps: readonly RemoteDump[]): readonly DumpHandle[] {
  return dumps.map((dump) => {
    const handle = handleOf(dump);
    if (handle.crew === crew) return handle;
    if (handle.crew.ended) throw handle.crew.ended;
    throw new PageTableError("foreign-dump", "the dump was opened by another worker: open it by this one");
  });
}
