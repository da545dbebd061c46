/**
 * A user's program, compiled in the empty project under the strictest settings, with neither the DOM's types nor Node's: it
 * holds only if the declarations need none of them, and if the public types are as documented.
 */

import {
  type AddressContext,
  AddressError,
  type Architecture,
  amd64,
  configureCore,
  type Dump,
  type EventColumns,
  type Fault,
  type GuestMemory,
  type MemoryProtection,
  NOT_BACKED,
  openDump,
  PageTableError,
  PageTableMonitor,
  type PageTableMonitorEvent,
  type RandomAccess,
  type Translation,
} from "page-table-monitor";
import { type EventTableWriter, type TableKind, type TableWriter, tableWriter } from "page-table-monitor/export";
import { type RemoteMonitor, type StartWorkerOptions, startWorker, type WorkerHandle } from "page-table-monitor/worker";

interface Watch {
  readonly process: string;
}

/** A guest of one vCPU whose tables are given. */
class Guest implements GuestMemory, MemoryProtection {
  readonly frames = new Map<number, Uint8Array>();
  readonly access = new Map<number, number>();

  readFrame(gfn: number, target: Uint8Array): boolean {
    const frame = this.frames.get(gfn);
    if (frame === undefined) {
      return false;
    }
    target.set(frame);
    return true;
  }

  memoryAccess(gfn: number): number {
    return this.access.get(gfn) ?? 7;
  }

  setMemoryAccess(gfn: number, _view: number, access: number): void {
    this.access.set(gfn, access);
  }

  write(entryPa: number, value: bigint): void {
    const frame = this.frames.get(entryPa >> 12) ?? new Uint8Array(4096);
    new DataView(frame.buffer).setBigUint64(entryPa & 0xfff, value, true);
    this.frames.set(entryPa >> 12, frame);
  }
}

const guest = new Guest();
guest.write(0x1000, 0x2007n);
guest.write(0x2000, 0x3007n);
guest.write(0x3000, 0x4007n);
guest.write(0x4008, 0x5007n);

const arch: Architecture = amd64({ levels: 4, physicalAddressBits: 46, encryptionMask: 0n });
const context: AddressContext = { va: 0x1234n, root: 0x1000n };
const tag: Watch = { process: "init" };
const monitor: PageTableMonitor<Watch> = await PageTableMonitor.create<Watch>({ memory: guest, arch, maximumFrames: 64 });

const translation: Translation = monitor.monitor(context, 0, tag);
const pas: BigUint64Array = monitor.monitorMany(0x1000n, BigUint64Array.of(0x1000n, 0x2000n), 0, [tag, tag]);
guest.write(0x4008, 0n);
const marked: boolean = monitor.markDirtyEntry(0x4008n, 0, 0);
const touched: number = monitor.markDirtyRange(0x4008n, 8, 0, 0);
const events: readonly PageTableMonitorEvent<Watch>[] = monitor.processDirtyEntries(0);
const fault: Fault | undefined = events[0]?.fault;
const columns: EventColumns<Watch> = monitor.processSnapshotColumns(guest);
const found = monitor.lookup(context, 0);

let refusal: string | undefined;
try {
  monitor.translate({ va: -1n, root: 0n });
} catch (error) {
  if (!(error instanceof AddressError && error instanceof PageTableError)) {
    throw error;
  }
  refusal = error.code;
}

const source: RandomAccess = { size: 4096, read: (_offset, target) => target.fill(0).length };
const dump: Dump = await openDump(source, { maximumInflatedBytes: 2 ** 20 });
const runs: readonly { readonly gfn: number; readonly count: number }[] = dump.runs;

/** Only its types count: the core is in use here. */
export function configure(): void {
  configureCore({ url: "/core/private-simd.wasm" });
}

/** `using` needs a disposer on both. */
export function disposables(): readonly Disposable[] {
  return [monitor, dump];
}

const pieces: Uint8Array[] = [];
const kind: TableKind = "events";
const table: EventTableWriter & TableWriter<PageTableMonitorEvent> = tableWriter(kind, "csv", (bytes) => pieces.push(bytes));
for (const event of events) table.row({ ...event, tag: event.tag.process, step: 1, dump: "live" });
table.end();

/** The worker's types need neither the DOM's nor Node's. */
export async function watchInWorker(options?: StartWorkerOptions): Promise<bigint> {
  const worker: WorkerHandle = await startWorker(options);
  const dump = await worker.openDump(new Uint8Array(4096), { transfer: true, onProgress: (done, total) => [done, total] });
  const monitor: RemoteMonitor<{ process: string }> = await worker.createMonitor({ dump });
  await monitor.monitor({ va: 0n, root: 0n }, 0, { process: "init" });
  const [event] = await monitor.processSnapshot(dump);
  let bytes = 0n;
  for await (const { length } of await worker.mappings(dump, { root: 0n })) bytes += length;
  for await (const {
    bytes: [first],
  } of (await worker.changes(dump, dump, { root: 0n })).pages())
    bytes += first ?? 0n;
  worker.terminate();
  return bytes + BigInt(event?.tag.process.length ?? 0);
}

export const report = JSON.stringify({
  pa: translation.pa?.toString(16),
  entries: translation.entries.map((entry) => entry.name),
  pas: [...pas].map((pa) => (pa === NOT_BACKED ? "none" : pa.toString(16))),
  marked,
  touched,
  events: events.map((event) => `${event.type} ${event.va.toString(16)} ${event.tag.process}`),
  fault,
  columns: columns.length,
  references: found?.references,
  refusal,
  csv: pieces.map((bytes) => String.fromCharCode(...bytes)).join(""),
  runs,
});

dump.close();
monitor.dispose();
