/**
 * What goes wrong goes wrong with a word: a worker that is killed, a file that vanishes or shrinks, a call that is aborted at any moment,
 * memory that runs out. Nothing hangs, and a later call works.
 */

import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Worker } from "node:worker_threads";
import { gunzipSync } from "fflate";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { type RemoteDump, startWorker, type WorkerHandle } from "../../src/worker/index.js";
import { Random } from "../support/model/random.js";
import { textOf } from "./support/survey.js";
import { workerMaker } from "./support/test-worker.js";

const SAMPLE = resolve("samples/linux-6.1-x86_64");
const ABORTS = 1000;
const PAGES = 4096;
const FIRST_VA = 0x100_0000_0000n;

let folder: string;
let paths: readonly string[];
let root: bigint;
let expectedChanges: readonly string[];
const vas = BigUint64Array.from({ length: PAGES }, (_, page) => FIRST_VA + 4096n * BigInt(page));

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "faults-"));
  paths = [11, 12].map((step) => {
    const path = join(folder, `step-${step}.elf`);
    writeFileSync(path, gunzipSync(readFileSync(`${SAMPLE}/step-${step}.elf.gz`)));
    return path;
  });
  const [before, after] = await Promise.all(paths.map((path) => library.openDump(path)));
  root = before.vcpus[0].root ?? 0n;
  expectedChanges = [...(await library.changes(before, after, { root }))].map(textOf);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a promise rejects with. */
async function rejection(promise: Promise<unknown>): Promise<{ code?: string; details?: Record<string, unknown> } & Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

/** One call after the other, until one rejects. */
async function withoutEnd(call: () => Promise<unknown>): Promise<never> {
  for (;;) await call();
}

async function rowsOf(rows: AsyncIterable<unknown>): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const row of rows) lines.push(textOf(row));
  return lines;
}

describe.each([1, 2])("with %i workers", (workers) => {
  let handle: WorkerHandle;
  let made: Worker[] = [];
  beforeEach(async () => {
    const make = await workerMaker();
    made = [];
    handle = await startWorker({
      workers,
      worker: () => {
        const worker = make();
        made.push(worker);
        return worker;
      },
    });
  });
  afterEach(() => handle.terminate());

  const openBoth = async (): Promise<readonly RemoteDump[]> => Promise.all(paths.map((path) => handle.openDump(path)));

  test("a worker killed in mid-call rejects what is pending, its dumps and monitors say so, and a new dump starts another", async () => {
    const [dump] = await openBoth();
    const monitor = await handle.createMonitor({ dump });
    const pending = [
      withoutEnd(() => monitor.translateMany(root, vas)),
      withoutEnd(() => handle.findRoots(dump)),
      withoutEnd(async () => rowsOf(await handle.mappings(dump, { root }))),
      withoutEnd(async () => rowsOf(await handle.changes(dump, dump, { root }))),
    ];
    const rejections = Promise.all(pending.map(rejection));
    await new Promise(setImmediate);
    await made.at(-1)?.terminate();

    for (const error of await rejections) expect([error.constructor, error.code]).toEqual([library.PageTableError, "worker-died"]);
    expect((await rejection(monitor.dump())).code).toBe("worker-died");
    expect((await rejection(dump.readFrame(1))).code).toBe("worker-died");
    await dump.close();
    await monitor.dispose();
    const [before, after] = await openBoth();
    expect(await rowsOf(await handle.changes(before, after, { root }))).toEqual(expectedChanges);
    expect((await rejection(handle.findRoots(dump))).code).toBe("worker-died");
  });

  test("an exception in the worker that nobody catches is a death with its reason", async () => {
    const [dump] = await openBoth();
    const broken = new Worker(`process.nextTick(() => { throw new Error("out of order"); })`, { eval: true });
    const error = await rejection(startWorker({ worker: broken }));

    expect(error.code).toBe("worker-died");
    expect(error.message).toContain("out of order");
    expect(await dump.readFrame(1)).toBeUndefined();
  });

  test("terminate rejects what is pending and what comes later", async () => {
    const [dump] = await openBoth();
    const pending = rejection(handle.findRoots(dump));
    handle.terminate();

    expect((await pending).code).toBe("terminated");
    expect((await rejection(handle.openDump(paths[0]))).code).toBe("terminated");
    expect((await rejection(handle.mappings(dump, { root }))).code).toBe("terminated");
  });

  test("a file that vanishes stays readable, and cannot be opened again", async () => {
    const path = join(folder, `vanishing-${workers}.elf`);
    copyFileSync(paths[0], path);
    const dump = await handle.openDump(path);
    unlinkSync(path);
    const local = await library.openDump(paths[0]);

    expect(textOf(await handle.findRoots(dump))).toBe(textOf(await library.findRoots(local)));
    const error = await rejection(handle.openDump(path));
    expect([error.code, error.details]).toEqual(["cannot-read", { path, reason: "ENOENT" }]);
  });

  test("a file that shrinks gives the same errors, rows and damage as in the library", async () => {
    const answers: unknown[] = [];
    for (const face of [library, handle]) {
      const shrinking = paths.map((path, i) => {
        const copy = join(folder, `shrinking-${workers}-${i}.elf`);
        copyFileSync(path, copy);
        return copy;
      });
      const dumps = await Promise.all(shrinking.map((path) => face.openDump(path)));
      for (const path of shrinking) truncateSync(path, 200_000);
      answers.push(await answersOverShrunk(face as WorkerHandle, dumps as unknown as readonly RemoteDump[]));
    }

    expect(answers[1]).toEqual(answers[0]);
    expect(JSON.stringify(answers[0])).toContain("read-failed");
    expect(JSON.stringify(answers[0])).toContain("unreadable");
  });

  /** Reads until nothing fails any more, and says all that was said on the way. */
  async function answersOverShrunk(face: WorkerHandle, [before, after]: readonly RemoteDump[]): Promise<readonly string[]> {
    const lines: string[] = [];
    const onUnreadable = (table: object): void => void lines.push(`unreadable ${textOf(table)}`);
    const listing = await face.changes(before, after, { root, onUnreadable });
    const rows = Symbol.asyncIterator in listing ? listing[Symbol.asyncIterator]() : (listing as Iterable<unknown>)[Symbol.iterator]();
    for (let failures = 0; failures < 1000; ) {
      try {
        const { done, value } = await rows.next();
        if (done === true) break;
        lines.push(textOf(value));
      } catch (error) {
        failures++;
        lines.push(`error ${(error as { code: string }).code} ${textOf((error as { details: object }).details)}`);
      }
    }
    lines.push(textOf(await face.findRoots(after)), textOf(after.runs));
    // Several workers meet what cannot be read in another order.
    for (const { damage } of [before, after]) lines.push(textOf(damage.map(textOf).sort()));
    return lines;
  }

  test("memory that is exhausted is said, nothing has changed, and less is done later", async () => {
    const [before, after] = await openBoth();
    const monitor = await handle.createMonitor({ dump: before, maximumFrames: 3 });
    const local = await library.PageTableMonitor.create({ memory: await library.openDump(paths[0]), maximumFrames: 3 });
    const error = await rejection(monitor.monitorMany(root, vas, 0, "tag"));
    const few = vas.subarray(0, 1);

    expect([error.constructor, error.code, error.details]).toEqual([library.PageTableError, "memory-exhausted", { maximumFrames: 3 }]);
    expect(await monitor.monitoredAddresses).toBe(0);
    expect((await rejection(monitor.monitorMany(root, few, 0, "tag"))).code).toBe("memory-exhausted");
    expect(() => local.monitorMany(root, few, 0, "tag")).toThrow("maximumFrames");
    const bounded = await handle.changes(before, after, { root, maximumFrames: 2 });
    expect((await rejection(rowsOf(bounded))).code).toBe("memory-exhausted");
    expect(await rowsOf(await handle.changes(before, after, { root }))).toEqual(expectedChanges);
  });

  test("a call aborted at any of a thousand moments has its signal's reason or its result, and what comes later is as ever", async () => {
    const [before, after] = await openBoth();
    const monitor = await handle.createMonitor({ dump: before });
    const random = new Random(workers);
    let aborted = 0;
    let finished = 0;
    for (let i = 0; i < ABORTS; i++) {
      const controller = new AbortController();
      const { signal } = controller;
      const reason = new Error(`not wanted, ${i}`);
      const calls: readonly (() => Promise<unknown>)[] = [
        async () => rowsOf(await handle.changes(before, after, { root, signal })),
        async () => handle.findRoots(before, { signal }),
        async () => handle.summarize(before, { root, signal }),
        async () => rowsOf(await handle.mappings(before, { root, signal })),
        async () => monitor.monitorMany(root, vas, 0, "tag", { signal }),
        async () => monitor.processSnapshotColumns(after, { signal }),
        async () => monitor.translateMany(root, vas, { signal }),
        async () => (await handle.openDump(`${SAMPLE}/step-12.elf.gz`, { signal })).close(),
      ];
      const outcome = calls[i % calls.length]().then(
        () => "finished",
        (error: unknown) => error,
      );
      for (let turns = random.below(40); turns > 0; turns--) await new Promise(setImmediate);
      controller.abort(reason);
      const result = await outcome;
      if (result === "finished") finished++;
      else {
        expect(result).toBe(reason);
        aborted++;
      }
      if (i % calls.length === 5) await monitor.unmonitorAll();
    }

    expect(aborted).toBeGreaterThan(ABORTS / 10);
    expect(finished).toBeGreaterThan(0);
    expect(await rowsOf(await handle.changes(before, after, { root }))).toEqual(expectedChanges);
    expect(await monitor.monitoredAddresses).toBe(0);
  });

  test("a monitor's call that was aborted has changed nothing", async () => {
    const [before, after] = await openBoth();
    const monitor = await handle.createMonitor({ dump: before });
    await monitor.monitorMany(root, vas, 0, "tag");
    const local = await library.PageTableMonitor.create({ memory: await library.openDump(paths[0]) });
    local.monitorMany(root, vas, 0, "tag");
    const controller = new AbortController();
    const call = monitor.processSnapshot(after, { signal: controller.signal });
    controller.abort();
    const outcome = await call.then(
      (events) => events,
      () => undefined,
    );
    const events = outcome ?? (await monitor.processSnapshot(after));

    expect(textOf(events)).toBe(textOf(local.processSnapshot(await library.openDump(paths[1]))));
    expect(await monitor.dump()).toBe(local.dump());
  });

  test("a signal that is aborted already is heard before anything is done", async () => {
    const [before] = await openBoth();
    const signal = AbortSignal.abort("no");

    expect(await handle.findRoots(before, { signal }).catch((reason: unknown) => reason)).toBe("no");
    expect(await handle.openDump(paths[0], { signal }).catch((reason: unknown) => reason)).toBe("no");
    expect(await handle.mappings(before, { root, signal }).catch((reason: unknown) => reason)).toBe("no");
  });
});
