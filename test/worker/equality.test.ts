/**
 * Whatever is asked of a worker is answered as the library answers it, to the byte.
 */

import { readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { startWorker, type WorkerHandle } from "../../src/worker/index.js";
import { libraryFace, type Survey, survey } from "./support/survey.js";
import { workerMaker } from "./support/test-worker.js";

const CAPTURE = resolve("samples/linux-6.1-x86_64");
const DUMPS = readdirSync(CAPTURE)
  .filter((name) => name.endsWith(".elf.gz"))
  .map((name) => `${CAPTURE}/${name}`);

const SAMPLE: Omit<Survey, "sources"> = {
  watched: [
    { firstVa: 0x100_0000_0000n, pages: 2048, tag: "small" },
    { firstVa: 0x100_c000_0000n, pages: 1536, tag: "thp" },
    { firstVa: 0x101_0000_0000n, pages: 256, tag: "" },
  ],
};

describe.each([1, 2])("with %i workers", (workers) => {
  let handle: WorkerHandle;
  beforeAll(async () => {
    handle = await startWorker({ worker: await workerMaker(), workers });
  });
  afterAll(() => handle?.terminate());

  test("the handle says how many there are", () => {
    expect(handle.workers).toBe(workers);
  });

  test("the bundled capture, by path, gives the same lines", async () => {
    const expected = await survey(libraryFace(library), { ...SAMPLE, sources: DUMPS });

    expect(expected.length).toBeGreaterThan(60_000);
    expect(await survey(handle, { ...SAMPLE, sources: DUMPS })).toEqual(expected);
  });

  test("so do bytes, transferred bytes, and blobs", async () => {
    const range = { from: 0x100_0000_0000n, to: 0x102_0000_0000n };
    const paths = [DUMPS[11], DUMPS[12]];
    const expected = await survey(libraryFace(library), { ...SAMPLE, range, sources: paths });
    const bytes = paths.map((path) => new Uint8Array(readFileSync(path)));
    const transferring = { ...handleFace(handle), openDump: (source: never) => handle.openDump(source, { transfer: true }) };

    expect(await survey(handle, { ...SAMPLE, range, sources: bytes })).toEqual(expected);
    expect(await survey(handle, { ...SAMPLE, range, sources: bytes.map((part) => new Blob([part])) })).toEqual(expected);
    expect(bytes.map(({ length }) => length > 0)).toEqual([true, true]);
    expect(await survey(transferring, { ...SAMPLE, range, sources: bytes })).toEqual(expected);
    expect(bytes.map(({ length }) => length)).toEqual([0, 0]);
  });
});

function handleFace(handle: WorkerHandle) {
  return {
    createMonitor: handle.createMonitor.bind(handle),
    mappings: handle.mappings.bind(handle),
    changes: handle.changes.bind(handle),
    changesOfRoots: handle.changesOfRoots.bind(handle),
    summarize: handle.summarize.bind(handle),
    findRoots: handle.findRoots.bind(handle),
  };
}
