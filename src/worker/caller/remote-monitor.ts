/**
 * A monitor that a worker has, as its caller sees it. Tags stay here, and the worker has their numbers.
 */

import { transfer } from "comlink";
import type { AddressContext, VcpuId, View } from "../../model/address.js";
import { PageTableError } from "../../model/errors.js";
import type { EventColumns, PageTableMonitorEvent } from "../../model/event.js";
import type { Translation } from "../../model/translation.js";
import { turn } from "../../model/turns.js";
import { eventsOf } from "../../monitor/events.js";
import type { Lookup } from "../../monitor/lookup.js";
import type { CallOptions, RemoteDump, RemoteMonitor } from "../remote.js";
import type { EventColumnsWire, MonitorCount, PlainMonitorMethod } from "../service/monitor-service.js";
import type { Crew } from "./crew.js";
import type { CallKind } from "./link.js";
import { handlesOf, whileHeld } from "./remote-dump.js";
import { TagNumbers } from "./tag-numbers.js";

interface MonitorHandle {
  readonly crew: Crew;
  readonly id: number;
}

/** Monitors that nobody has any more are disposed. */
const forgotten = new FinalizationRegistry<MonitorHandle>(({ crew, id }) => crew.lead.post((service) => service.monitors.dispose(id)));

/** Kept by their monitors, so that they are not forgotten, and closed, while they are read from. */
const memories = new WeakMap<object, RemoteDump>();

/** Events made into objects before others have their turn. */
const EVENTS_AT_ONCE = 4096;

export class MonitorInWorker<Tag> implements RemoteMonitor<Tag> {
  readonly #crew: Crew;
  readonly #id: number;
  #tags = new TagNumbers<Tag>();
  #isDisposed = false;

  /** Made by `createMonitor` of a worker. */
  constructor(crew: Crew, id: number, memory: RemoteDump) {
    this.#crew = crew;
    this.#id = id;
    memories.set(this, memory);
    forgotten.register(this, { crew, id }, this);
  }

  get monitoredTables(): Promise<number> {
    return this.#count("monitoredTables");
  }

  get monitoredEntries(): Promise<number> {
    return this.#count("monitoredEntries");
  }

  get monitoredAddresses(): Promise<number> {
    return this.#count("monitoredAddresses");
  }

  get pagedInEntries(): Promise<number> {
    return this.#count("pagedInEntries");
  }

  async monitor(ctx: AddressContext, view: View, tag: Tag): Promise<Translation> {
    return (await this.#call("changes", "monitor", [plain(ctx), view, this.#tags.numberOf(tag)])) as Translation;
  }

  async monitorMany(
    root: bigint,
    vas: BigUint64Array,
    view: View,
    tags: Tag | readonly Tag[],
    options: CallOptions = {},
  ): Promise<BigUint64Array> {
    const numbers = this.#tags.numbersOf(tags);
    return (await this.#call("changes", "monitorMany", [root, copied(vas), view, numbers], options)) as BigUint64Array;
  }

  async unmonitor(ctx: AddressContext, view: View): Promise<void> {
    await this.#call("changes", "unmonitor", [plain(ctx), view]);
  }

  async unmonitorByForce(ctx: AddressContext, view: View): Promise<void> {
    await this.#call("changes", "unmonitorByForce", [plain(ctx), view]);
  }

  async unmonitorAll(): Promise<void> {
    // No number of an earlier tag means anything afterwards. What was asked for before is answered by the earlier ones.
    this.#tags = new TagNumbers();
    await this.#call("changes", "unmonitorAll", []);
  }

  async unmonitorView(view: View): Promise<void> {
    await this.#call("changes", "unmonitorView", [view]);
  }

  async lookup(ctx: AddressContext, view: View): Promise<Lookup<Tag> | undefined> {
    const { all } = this.#tags;
    const found = (await this.#call("changes", "lookup", [plain(ctx), view])) as Lookup<number> | undefined;
    return found && { ...found, tag: all[found.tag] };
  }

  async markDirtyEntry(entryPa: bigint, view: View, vcpuId: VcpuId): Promise<boolean> {
    return (await this.#call("changes", "markDirtyEntry", [entryPa, view, vcpuId])) as boolean;
  }

  async markDirtyRange(pa: bigint, size: number, view: View, vcpuId: VcpuId): Promise<number> {
    return (await this.#call("changes", "markDirtyRange", [pa, size, view, vcpuId])) as number;
  }

  async processDirtyEntries(vcpuId: VcpuId, options: CallOptions = {}): Promise<PageTableMonitorEvent<Tag>[]> {
    return eventsInTurns(await this.processDirtyColumns(vcpuId, options));
  }

  async processDirtyColumns(vcpuId: VcpuId, options: CallOptions = {}): Promise<EventColumns<Tag>> {
    this.#refuseDisposed();
    const { all } = this.#tags;
    const wire = await this.#crew.lead.call("changes", options, (service, ticket) =>
      service.monitors.processDirty(this.#id, vcpuId, ticket),
    );
    return withTags(wire, all);
  }

  async processSnapshot(dump: RemoteDump, options: CallOptions = {}): Promise<PageTableMonitorEvent<Tag>[]> {
    return eventsInTurns(await this.processSnapshotColumns(dump, options));
  }

  async processSnapshotColumns(dump: RemoteDump, options: CallOptions = {}): Promise<EventColumns<Tag>> {
    this.#refuseDisposed();
    const [{ id }] = handlesOf(this.#crew, [dump]);
    const { all } = this.#tags;
    const wire = await whileHeld([dump], () =>
      this.#crew.lead.call("changes", options, (service, ticket) => service.monitors.processSnapshot(this.#id, id, ticket)),
    );
    memories.set(this, dump);
    return withTags(wire, all);
  }

  async translate(ctx: AddressContext): Promise<Translation> {
    return (await this.#call("reads", "translate", [plain(ctx)])) as Translation;
  }

  async translateMany(root: bigint, vas: BigUint64Array, options: CallOptions = {}): Promise<BigUint64Array> {
    this.#refuseDisposed();
    const sent = copied(vas);
    const crossing = transfer(sent, buffersOf(sent));
    return this.#crew.lead.call("reads", options, (service, ticket) => service.monitors.translateMany(this.#id, root, crossing, ticket));
  }

  async dump(): Promise<string> {
    return (await this.#call("reads", "dump", [])) as string;
  }

  async dispose(): Promise<void> {
    if (this.#isDisposed || this.#crew.ended) return;
    this.#isDisposed = true;
    forgotten.unregister(this);
    await this.#crew.lead.call("changes", {}, (service) => service.monitors.dispose(this.#id));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dispose();
  }

  async #count(count: MonitorCount): Promise<number> {
    this.#refuseDisposed();
    return this.#crew.lead.call("reads", {}, (service) => service.monitors.count(this.#id, count));
  }

  async #call(kind: CallKind, method: PlainMonitorMethod, parameters: readonly unknown[], options: CallOptions = {}): Promise<unknown> {
    this.#refuseDisposed();
    const crossing = transfer(parameters as never, parameters.flatMap(buffersOf));
    return this.#crew.lead.call(kind, options, (service, ticket) => service.monitors.call(this.#id, method, crossing, ticket));
  }

  #refuseDisposed(): void {
    if (this.#isDisposed) throw new PageTableError("disposed", "the monitor has been disposed");
  }
}

function withTags<Tag>(wire: EventColumnsWire, tags: readonly Tag[]): EventColumns<Tag> {
  return { ...wire, tags };
}

/** Only what counts of a context, so that what else its object has need not be sent. */
function plain(ctx: AddressContext): AddressContext {
  return typeof ctx === "object" && ctx !== null ? { va: ctx.va, root: ctx.root } : ctx;
}

/** The VAs alone, without what else lies in their buffer; of another realm too. What is no such array crosses as it is, to be refused. */
function copied(vas: BigUint64Array): BigUint64Array {
  if (Object.prototype.toString.call(vas) !== "[object BigUint64Array]") return vas;
  return vas.length === 0 ? new BigUint64Array(0) : new BigUint64Array(vas); // of one that is detached not even a copy can be made
}

/** What is handed over: the buffer of a copy made here, and nothing of the caller's. */
function buffersOf(sent: unknown): ArrayBuffer[] {
  return sent instanceof BigUint64Array ? [sent.buffer as ArrayBuffer] : [];
}

/** An object each, so many at a time that the caller's thread stays free. */
async function eventsInTurns<Tag>(columns: EventColumns<Tag>): Promise<PageTableMonitorEvent<Tag>[]> {
  if (columns.length <= EVENTS_AT_ONCE) return eventsOf(columns);
  const events: PageTableMonitorEvent<Tag>[] = [];
  for (let from = 0; from < columns.length; from += EVENTS_AT_ONCE) {
    events.push(...eventsOf(rowsOf(columns, from, Math.min(columns.length, from + EVENTS_AT_ONCE))));
    await turn();
  }
  return events;
}

function rowsOf<Tag>(columns: EventColumns<Tag>, from: number, to: number): EventColumns<Tag> {
  return {
    length: to - from,
    type: columns.type.subarray(from, to),
    fault: columns.fault.subarray(from, to),
    va: columns.va.subarray(from, to),
    root: columns.root.subarray(from, to),
    pa: columns.pa.subarray(from, to),
    view: columns.view.subarray(from, to),
    pageSize: columns.pageSize.subarray(from, to),
    tagIndex: columns.tagIndex.subarray(from, to),
    tags: columns.tags,
  };
}
