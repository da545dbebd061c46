/**
 * The monitors that a worker has for its caller, by number of the handle. Tags are numbers of the caller's.
 */

import { transfer } from "comlink";
import { PageTableError } from "../../model/errors.js";
import type { EventColumns } from "../../model/event.js";
import { PageTableMonitor } from "../../monitor/monitor.js";
import { archOf } from "../wire/architecture-wire.js";
import { buffersOf } from "../wire/columns.js";
import type { ArchitectureWire, Ticket } from "../wire/wire.js";
import type { Call, Calls } from "./calls.js";
import type { DumpService } from "./dump-service.js";

type Monitor = PageTableMonitor<number>;

/** The methods of a monitor that cross as they are: tags are numbers of the caller's. */
export type PlainMonitorMethod =
  | "monitor"
  | "monitorMany"
  | "unmonitor"
  | "unmonitorByForce"
  | "unmonitorAll"
  | "unmonitorView"
  | "lookup"
  | "markDirtyEntry"
  | "markDirtyRange"
  | "translate"
  | "dump";
export type MonitorCount = "monitoredTables" | "monitoredEntries" | "monitoredAddresses" | "pagedInEntries";

/** Columns of events; `tags` are the caller's numbers. */
export type EventColumnsWire = Omit<EventColumns<number>, "tags">;

/** Where every table is at hand nothing is read, and no abort seen: so many take some milliseconds. */
const TRANSLATIONS_AT_ONCE = 2 ** 16;

export class MonitorService {
  readonly #calls: Calls;
  readonly #dumps: DumpService;
  readonly #monitors = new Map<number, { readonly monitor: Monitor; dump: number }>();
  #lastId = 0;

  constructor(calls: Calls, dumps: DumpService) {
    this.#calls = calls;
    this.#dumps = dumps;
  }

  async create(options: { dump: number; mode?: ArchitectureWire; maximumFrames?: number }, ticket: Ticket): Promise<number> {
    return this.#calls.run(ticket, async (call) => {
      const { maximumFrames } = options;
      const monitor = await PageTableMonitor.create<number>({
        memory: this.#dumps.get(options.dump),
        ...archOf(options),
        ...(maximumFrames === undefined ? {} : { maximumFrames }),
      });
      call.throwIfAborted();
      const id = ++this.#lastId;
      this.#monitors.set(id, { monitor, dump: options.dump });
      return id;
    });
  }

  dispose(id: number): void {
    this.#monitors.get(id)?.monitor.dispose();
    this.#monitors.delete(id);
  }

  count(id: number, count: MonitorCount): number {
    return this.#get(id).monitor[count];
  }

  call<M extends PlainMonitorMethod>(id: number, method: M, parameters: Parameters<Monitor[M]>, ticket: Ticket): unknown {
    const { monitor, dump } = this.#get(id);
    const work = monitor[method] as (...parameters: unknown[]) => unknown;
    const answer = this.#dumps.telling([dump], () => this.#calls.runAtOnce(ticket, () => work.apply(monitor, parameters)));
    return ArrayBuffer.isView(answer) ? transfer(answer, [answer.buffer as ArrayBuffer]) : answer;
  }

  translateMany(id: number, root: bigint, vas: BigUint64Array, ticket: Ticket): BigUint64Array {
    const { monitor, dump } = this.#get(id);
    const translate = (call: Call): BigUint64Array => translateInParts(monitor, root, vas, call);
    const pas = this.#dumps.telling([dump], () => this.#calls.runAtOnce(ticket, translate));
    return transfer(pas, [pas.buffer as ArrayBuffer]);
  }

  processDirty(id: number, vcpuId: number, ticket: Ticket): EventColumnsWire {
    const { monitor, dump } = this.#get(id);
    return this.#dumps.telling([dump], () => eventsWire(this.#calls.runAtOnce(ticket, () => monitor.processDirtyColumns(vcpuId))));
  }

  processSnapshot(id: number, dump: number, ticket: Ticket): EventColumnsWire {
    const open = this.#get(id);
    const { monitor } = open;
    const memory = this.#dumps.get(dump);
    return this.#dumps.telling([dump], () => {
      const columns = this.#calls.runAtOnce(ticket, () => monitor.processSnapshotColumns(memory), monitor.monitoredTables);
      open.dump = dump;
      return eventsWire(columns);
    });
  }

  #get(id: number): { readonly monitor: Monitor; dump: number } {
    const monitor = this.#monitors.get(id);
    if (!monitor) throw new PageTableError("disposed", "the monitor has been disposed");
    return monitor;
  }
}

/** In parts of a dump, which never changes: so what comes out is what comes out of all at once. */
function translateInParts(monitor: Monitor, root: bigint, vas: BigUint64Array, call: Call): BigUint64Array {
  if (!(vas instanceof BigUint64Array) || vas.length <= TRANSLATIONS_AT_ONCE) return monitor.translateMany(root, vas);
  const pas = new BigUint64Array(vas.length);
  try {
    for (let from = 0; from < vas.length; from += TRANSLATIONS_AT_ONCE) {
      call.throwIfAborted();
      pas.set(monitor.translateMany(root, vas.subarray(from, from + TRANSLATIONS_AT_ONCE)), from);
    }
  } catch (error) {
    // The whole batch names the first offending address by its place in it, and does so before anything is read.
    if (error instanceof PageTableError && "index" in error.details) monitor.translateMany(root, vas);
    throw error;
  }
  return pas;
}

/** Columns as they cross; tag indexes become the caller's numbers. */
function eventsWire(columns: EventColumns<number>): EventColumnsWire {
  const { length, type, fault, va, root, pa, view, pageSize, tags } = columns;
  const tagIndex = columns.tagIndex.map((index) => tags[index]);
  const wire = { length, type, fault, va, root, pa, view, pageSize, tagIndex };
  return transfer(wire, buffersOf(wire));
}
