/**
 * Listings by page and by row, left early and begun anew; frames, progress, and dumps of other workers.
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OpenedDump } from "../../src/dump/file-dump.js";
import * as library from "../../src/index.js";
import { type RemoteDump, type RemoteSpaceOptions, startWorker, type WorkerHandle } from "../../src/worker/index.js";
import { Calls } from "../../src/worker/service/calls.js";
import { Guest } from "../../src/worker/service/guest.js";
import { ListingProgress, WHOLE } from "../../src/worker/service/listing-progress.js";
import { textOf } from "./support/survey.js";
import { workerMaker } from "./support/test-worker.js";

const PATH = resolve("samples/linux-6.1-x86_64/step-11.elf.gz");

let handle: WorkerHandle;
let dump: RemoteDump;
let root: bigint;
beforeAll(async () => {
  handle = await startWorker({ worker: await workerMaker() });
  dump = await handle.openDump(PATH);
  root = dump.vcpus[0].root ?? 0n;
});
afterAll(() => handle?.terminate());

test("pages hold the rows, in columns, the first of them few", async () => {
  const listing = await handle.mappings(dump, { root });
  const rows: bigint[] = [];
  for await (const { va } of listing) rows.push(va);
  const paged: bigint[] = [];
  const lengths: number[] = [];
  for await (const columns of listing.pages()) {
    paged.push(...columns.va);
    lengths.push(columns.length);
    expect(columns.access.length).toBe(columns.length);
  }

  expect(paged).toEqual(rows);
  expect(lengths[0]).toBeLessThan(lengths[1]);
});

test("a listing that is closed while it is read goes on, whatever is opened and closed meanwhile", async () => {
  const rowsOf = async (length: number): Promise<void> => {
    const listing = await handle.mappings(dump, { root });
    let rows = 0;
    for await (const columns of listing.pages()) rows += columns.length;
    expect(rows).toBe(length);
    listing.close();
  };
  const local = [...(await library.mappings(await library.openDump(PATH), { root }))];
  const closed = await handle.mappings(dump, { root });
  const vas: bigint[] = [];
  for await (const { va } of closed.pages()) {
    vas.push(...va);
    closed.close();
    if (vas.length < 2 ** 14) await rowsOf(local.length);
  }
  expect(vas).toEqual(local.map(({ va }) => va));
});

test("a reader that leaves early has what it read, and the listing can be read anew", async () => {
  const listing = await handle.mappings(dump, { root });
  const firstRows = async (count: number): Promise<readonly string[]> => {
    const lines: string[] = [];
    for await (const row of listing) if (lines.push(textOf(row)) === count) break;
    return lines;
  };
  const local = await library.mappings(await library.openDump(PATH), { root });

  expect(await firstRows(30)).toEqual([...local].slice(0, 30).map(textOf));
  expect(await firstRows(5)).toEqual([...local].slice(0, 5).map(textOf));
  const iterator = listing[Symbol.asyncIterator]();
  const [one, two] = await Promise.all([iterator.next(), iterator.next()]);
  expect([textOf(one.value), textOf(two.value)]).toEqual(await firstRows(2));
  expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
  expect((await iterator.next()).done).toBe(true);
});

test("a listing that is closed is gone from the worker, and an iteration under way comes to its end", async () => {
  const listing = await handle.mappings(dump, { root });
  const iterator = listing.pages();
  const first = await iterator.next();
  listing.close();
  listing.close();
  let rows = first.value?.length ?? 0;
  for await (const { length } of iterator) rows += length;

  expect(rows).toBe([...(await library.mappings(await library.openDump(PATH), { root }))].length);
  expect(() => listing.pages()).toThrow(expect.objectContaining({ code: "disposed" }));
});

test("frames come as they are, and those that the dump does not hold as undefined", async () => {
  const local = await library.openDump(PATH);
  const [{ gfn }] = local.runs;
  const target = new Uint8Array(4096);
  local.readFrame(gfn, target);

  expect(await dump.readFrame(gfn)).toEqual(target);
  expect(await dump.readFrame(2 ** 30)).toBeUndefined();
  expect(dump.size).toBe(local.runs.reduce((sum, { count }) => sum + count * 4096, 0));
});

test("an iteration says how far it is, never back, and ends at the whole", async () => {
  for (const open of [
    (options: RemoteSpaceOptions) => handle.mappings(dump, options),
    (options: RemoteSpaceOptions) => handle.changes(dump, dump, options),
  ]) {
    const said: (readonly [number, number])[] = [];
    const listing = await open({ root, onProgress: (done, total) => said.push([done, total]) });
    for await (const _ of listing.pages());

    const [done, total] = [said.map(([some]) => some), said.at(-1)?.[1]];
    expect(said.every(([, all]) => all === total)).toBe(true);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(total);
  }
});

test("how far an iteration is goes by the tables it has passed, or by what has been read of the file", async () => {
  const calls = new Calls(() => {});
  const opened = (await library.openDump(PATH)) as OpenedDump;
  const reading = { size: 1000, bytesRead: 200 };
  const options = { root, arch: library.amd64() };
  const space = await library.outline(opened, { roots: [root] });
  const [middle, all] = [space.passed(root, 0x100_0000_0000n), space.passed(root)];
  const guest = new Guest({ dump: opened, calls, reading });
  const progress = new ListingProgress([guest], options);

  expect(progress.done(0x100_0000_0000n)).toBe(0);
  reading.bytesRead = 600;
  expect(progress.done(undefined)).toBe(WHOLE * 0.45);
  const byTables = new ListingProgress([new Guest({ dump: opened, calls, reading: undefined })], options);
  await byTables.lookAhead(AbortSignal.timeout(60_000), "at-once");
  expect(byTables.done(0x100_0000_0000n)).toBe(Math.floor((WHOLE * middle) / all));
  expect(byTables.done(0n)).toBe(Math.floor((WHOLE * middle) / all));
});

test("progress ends at the whole", async () => {
  const said: (readonly [number, number])[] = [];
  const opened = await handle.openDump(PATH, { onProgress: (done, total) => said.push([done, total]) });
  const monitor = await handle.createMonitor({ dump: opened });
  await monitor.monitorMany(
    root,
    BigUint64Array.from({ length: 512 }, (_, page) => 0x100_0000_0000n + BigInt(page) * 4096n),
    0,
    "tag",
  );
  await monitor.processSnapshot(dump, { onProgress: (done, total) => said.push([done, total]) });
  await handle.findRoots(dump, { onProgress: (done, total) => said.push([done, total]) });

  expect(said.filter(([done, total]) => done === total).length).toBe(3);
  expect(said.every(([done, total]) => done <= total)).toBe(true);
});

test("a dump of another worker, a closed one and what is none are refused", async () => {
  const other = await startWorker({ worker: await workerMaker() });
  const codeOf = (promise: Promise<unknown>): Promise<string> =>
    promise.then(
      () => "none",
      (error: { code: string }) => error.code,
    );
  const closed = await handle.openDump(PATH);
  await closed.close();

  expect(await codeOf(other.findRoots(dump))).toBe("foreign-dump");
  expect(await codeOf(handle.findRoots(closed))).toBe("dump-closed");
  expect(await codeOf(handle.findRoots({} as RemoteDump))).toBe("invalid-dump");
  expect(await codeOf(handle.openDump({} as Uint8Array))).toBe("invalid-source");
  expect(await codeOf(startWorker({ workers: 0 }))).toBe("invalid-option");
  other.terminate();
});

test("a long batch of translations is what the library makes of it, and names its first offending address", async () => {
  const monitor = await handle.createMonitor({ dump });
  const local = await library.PageTableMonitor.create({ memory: await library.openDump(PATH) });
  const vas = BigUint64Array.from({ length: 150_000 }, (_, page) => 0x100_0000_0000n + 4096n * BigInt(page));
  const expected = local.translateMany(root, vas);

  expect(await monitor.translateMany(root, vas)).toEqual(expected);
  vas[140_000] = 1n << 60n;
  const error = await monitor.translateMany(root, vas).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(library.AddressError);
  expect((error as library.AddressError).details).toMatchObject({ index: 140_000 });
});

test("bytes may be changed as soon as the call has returned its promise, and bytes that are no more are empty", async () => {
  const bytes = new Uint8Array(readFileSync(PATH));
  const opening = handle.openDump(bytes);
  bytes.fill(0);
  expect((await opening).format).toBe("elf");
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  expect(await handle.openDump(bytes).catch(({ code }: { code: string }) => code)).toBe("unknown-format");
});

test("what the caller's own function throws on progress is the call's error, and the next call is answered", async () => {
  const mine = new Error("mine");
  const onProgress = (): void => {
    throw mine;
  };
  expect(await handle.findRoots(dump, { onProgress }).catch((thrown: unknown) => thrown)).toBe(mine);
  // The last word on progress comes as the dump is open: the worker is often done before it hears of it.
  for (let time = 0; time < 40; time++) {
    expect(await handle.openDump(PATH, { onProgress }).catch((thrown: unknown) => thrown)).toBe(mine);
  }
  expect((await handle.findRoots(dump)).length).toBe(2);
});

test("an argument that cannot be sent is refused with this package's error", async () => {
  const monitor = await handle.createMonitor({ dump });
  const va = (() => 0n) as unknown as bigint;
  const error = await monitor.translate({ va, root }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(library.PageTableError);
});
