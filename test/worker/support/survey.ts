/**
 * Everything that can be asked of dumps, asked once and written down line by line: of the library here, of a worker, of a page.
 *
 * Whatever a `Face` gives is awaited, so the library's own functions and those of a worker answer the same questions, and their answers
 * can be compared as text.
 */

import type {
  Architecture,
  Change,
  EventColumns,
  FindRootsOptions,
  Mapping,
  PageTableMonitorEvent,
  RootCandidate,
  SharedChange,
  SharedOptions,
  SpaceOptions,
  SpaceSummary,
  Translation,
} from "../../../src/index.js";

type Library = typeof import("../../../src/index.js");
type MaybeLater<T> = T | Promise<T>;

interface SurveyedDump {
  readonly format: string;
  readonly runs: readonly { readonly gfn: number; readonly count: number }[];
  readonly vcpus: readonly { readonly root?: bigint; readonly arch?: Architecture }[];
  readonly damage: readonly object[];
  close(): MaybeLater<void>;
}

interface SurveyedMonitor {
  readonly monitoredTables: MaybeLater<number>;
  readonly monitoredEntries: MaybeLater<number>;
  readonly monitoredAddresses: MaybeLater<number>;
  readonly pagedInEntries: MaybeLater<number>;
  monitor(ctx: { va: bigint; root: bigint }, view: number, tag: string): MaybeLater<Translation>;
  monitorMany(root: bigint, vas: BigUint64Array, view: number, tags: string | readonly string[]): MaybeLater<BigUint64Array>;
  unmonitor(ctx: { va: bigint; root: bigint }, view: number): MaybeLater<void>;
  lookup(ctx: { va: bigint; root: bigint }, view: number): MaybeLater<object | undefined>;
  markDirtyRange(pa: bigint, size: number, view: number, vcpuId: number): MaybeLater<number>;
  processDirtyEntries(vcpuId: number): MaybeLater<PageTableMonitorEvent[]>;
  processSnapshot(dump: never): MaybeLater<PageTableMonitorEvent[]>;
  processSnapshotColumns(dump: never): MaybeLater<EventColumns>;
  translate(ctx: { va: bigint; root: bigint }): MaybeLater<Translation>;
  translateMany(root: bigint, vas: BigUint64Array): MaybeLater<BigUint64Array>;
  dump(): MaybeLater<string>;
  dispose(): MaybeLater<void>;
}

type Rows<Row> = MaybeLater<Iterable<Row> | AsyncIterable<Row>>;

/** The library, or a worker's handle. */
export interface Face {
  openDump(source: never): Promise<SurveyedDump>;
  createMonitor(options: { dump: never }): Promise<SurveyedMonitor>;
  mappings(dump: never, options: SpaceOptions): Rows<Mapping>;
  changes(before: never, after: never, options: SpaceOptions): Rows<Change>;
  changesOfRoots(before: never, after: never, options: SharedOptions): Rows<SharedChange>;
  summarize(dump: never, options: SpaceOptions): Promise<SpaceSummary>;
  findRoots(dump: never, options?: FindRootsOptions): Promise<RootCandidate[]>;
}

/** A stretch of pages to watch. */
export interface Watched {
  readonly firstVa: bigint;
  readonly pages: number;
  readonly tag: string;
}

export interface Survey {
  /** Path, bytes or Blob of each dump. */
  readonly sources: readonly unknown[];
  /** The root to look at; where not given, that of the first vCPU. */
  readonly root?: bigint;
  readonly watched: readonly Watched[];
  readonly range?: { readonly from: bigint; readonly to: bigint };
}

const PAGE_BYTES = 4096n;

/** The library as it is called without a worker. */
export function libraryFace(library: Library): Face {
  const { openDump, PageTableMonitor, mappings, changes, changesOfRoots, summarize, findRoots } = library;
  const createMonitor = ({ dump }: { dump: never }): Promise<SurveyedMonitor> => PageTableMonitor.create({ memory: dump });
  return { openDump, createMonitor, mappings, changes, changesOfRoots, summarize, findRoots };
}

/** All answers, a line each. */
export async function survey(face: Face, { sources, root: givenRoot, watched, range }: Survey): Promise<string[]> {
  const lines: string[] = [];
  const say = (what: string, value: unknown): void => void lines.push(`${what} ${textOf(value)}`);
  const dumps: SurveyedDump[] = [];
  for (const source of sources) {
    const dump = await face.openDump(source as never);
    dumps.push(dump);
    say("dump", { format: dump.format, runs: dump.runs, vcpus: dump.vcpus, damage: dump.damage });
  }
  const [first] = dumps;
  const root = givenRoot ?? first.vcpus[0]?.root ?? 0n;
  const options = { root, ...(range && { range }), onUnreadable: (table: object) => say("unreadable", table) };
  const candidates = await face.findRoots(first as never);
  for (const candidate of candidates) say("root", candidate);
  say("summary", await face.summarize(first as never, options));
  for await (const mapping of await face.mappings(first as never, options)) say("mapping", mapping);
  const roots = [root, ...candidates.map((candidate) => candidate.root)];
  for (const next of dumps.slice(1, 3)) {
    for await (const change of await face.changes(first as never, next as never, options)) say("change", change);
    const shared = { ...options, roots };
    for await (const change of await face.changesOfRoots(first as never, next as never, shared)) say("shared change", change);
  }
  await surveyMonitor(face, dumps, root, watched, say);
  for (const dump of dumps) await dump.close();
  return lines;
}

async function surveyMonitor(
  face: Face,
  dumps: readonly SurveyedDump[],
  root: bigint,
  watched: readonly Watched[],
  say: (what: string, value: unknown) => void,
): Promise<void> {
  const monitor = await face.createMonitor({ dump: dumps[0] as never });
  for (const { firstVa, pages, tag } of watched) {
    const vas = BigUint64Array.from({ length: pages }, (_, page) => firstVa + BigInt(page) * PAGE_BYTES);
    const tags = tag === "" ? Array.from(vas, (va) => `page ${va}`) : tag;
    say("translated", await monitor.translateMany(root, vas));
    say("monitored", await monitor.monitorMany(root, vas, 0, tags));
    say("again", await monitor.monitor({ va: firstVa, root }, 1, "again"));
    say("translation", await monitor.translate({ va: firstVa, root }));
  }
  for (const [step, dump] of dumps.entries()) {
    if (step === 0) continue;
    if (step % 2 === 1) for (const event of await monitor.processSnapshot(dump as never)) say(`event ${step}`, event);
    else say(`events ${step}`, await monitor.processSnapshotColumns(dump as never));
    say("lookup", await monitor.lookup({ va: watched[0]?.firstVa ?? 0n, root }, 0));
  }
  say("marked", await monitor.markDirtyRange(root, 4096, 0, 3));
  say("dirty", await monitor.processDirtyEntries(3));
  await monitor.unmonitor({ va: watched[0]?.firstVa ?? 0n, root }, 1);
  say("counts", [
    await monitor.monitoredTables,
    await monitor.monitoredEntries,
    await monitor.monitoredAddresses,
    await monitor.pagedInEntries,
  ]);
  say("state", await monitor.dump());
  await monitor.dispose();
}

/** Any value of the library's as text: bigints in hex, typed arrays as lists, architectures by name, undefined left out. */
export function textOf(value: unknown): string {
  return JSON.stringify(value, (key, inner: unknown) => {
    if (typeof inner === "bigint") return `0x${inner.toString(16)}`;
    if (key === "arch") return (inner as Architecture).name;
    if (ArrayBuffer.isView(inner)) return Array.from(inner as unknown as Iterable<number | bigint>, (item) => item.toString(16)).join(",");
    return inner;
  });
}
