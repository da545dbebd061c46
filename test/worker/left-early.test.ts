/**
 * Listings and monitors whose caller does not do what one would: leaves an iteration, lets go of a dump, closes one that
 * several workers read from, gives arrays of another realm.
 */

import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RemoteDump, startWorker, type WorkerHandle } from "../../src/worker/index.js";
import { P, PAGE_FLAGS, paOf, TABLE_FLAGS } from "../support/amd64-bits.js";
import { collectAndTell } from "../support/collect.js";
import { coreOfFrames } from "../support/dump-writer.js";
import { workerMaker } from "./support/test-worker.js";

const TOP = 1;
const MISSING = 9;
const root = paOf(TOP);
const PAGES = 100;

function table(entry: (place: number) => bigint): BigUint64Array<ArrayBuffer> {
  return BigUint64Array.from({ length: 512 }, (_, place) => entry(place));
}

/** Scattered pages below a PT, then a PT that the dump lacks, then `more` further PTs. */
function bytesOf(shift: number, more: number): Uint8Array {
  const frames = new Map<number, BigUint64Array<ArrayBuffer>>([
    [TOP, table((place) => (place === 0 ? paOf(2) | TABLE_FLAGS : 0n))],
    [2, table((place) => (place === 0 ? paOf(3) | TABLE_FLAGS : 0n))],
    [
      3,
      table((place) => {
        if (place === 0) return paOf(4) | TABLE_FLAGS;
        if (place === 1) return paOf(MISSING) | TABLE_FLAGS;
        return place < 2 + more ? paOf(0x10 + place) | TABLE_FLAGS : 0n;
      }),
    ],
    [4, table((place) => (place < 2 * PAGES && place % 2 === 0 ? paOf(0x1000 + shift + place) | P : 0n))],
  ]);
  for (let i = 0; i < more; i++) {
    frames.set(
      0x12 + i,
      table((place) => (place % 3 === 0 ? paOf(0x2000 + shift + 512 * i + place) | PAGE_FLAGS : 0n)),
    );
  }
  return coreOfFrames(new Map([...frames].map(([gfn, { buffer }]) => [gfn, new Uint8Array(buffer)])));
}

describe.each([1, 2])("with %i workers", (workers) => {
  let handle: WorkerHandle;
  beforeAll(async () => {
    handle = await startWorker({ worker: await workerMaker(), workers });
  });
  afterAll(() => handle?.terminate());

  const open = (shift: number, more = 0): Promise<RemoteDump> => handle.openDump(bytesOf(shift, more));

  test.each(["mappings", "changes"] as const)(
    "%s tells whoever reads to the end of a table that lacks, whatever was read before",
    async (kind) => {
      const [before, after] = [await open(0), await open(7)];
      const said: string[] = [];
      const options = { root, onUnreadable: ({ gfn, in: side }: { gfn: number; in: string }) => said.push(`${side} ${gfn}`) };
      const listing = kind === "mappings" ? await handle.mappings(after, options) : await handle.changes(before, after, options);
      const inTurn = listing[Symbol.asyncIterator]();
      await inTurn.next();
      for await (const _row of listing) break;
      let rows = 0;
      for await (const _row of listing) rows++;
      expect(rows).toBe(PAGES);
      expect(said.sort()).toEqual(kind === "mappings" ? [`after ${MISSING}`] : [`after ${MISSING}`, `before ${MISSING}`]);
      await inTurn.return?.();
    },
  );

  test("a dump that only a listing, or a monitor, still reads from stays open", async () => {
    const listing = await handle.mappings(await open(0, 40), { root });
    const monitor = await handle.createMonitor({ dump: await open(0) });
    await monitor.processSnapshot(await open(7));
    await collectAndTell();
    let rows = 0;
    for await (const _row of listing) {
      if (rows++ % 1000 === 0) await collectAndTell();
    }
    expect(rows).toBe(PAGES + 40 * 171);
    expect((await monitor.monitor({ va: 0n, root }, 0, "late")).pa).toBe(paOf(0x1007));
  });

  test("a dump that is closed while it is compared ends the comparison with its error, and nothing else", async () => {
    for (let round = 0; round < 12; round++) {
      const [before, after] = [await open(0, 120), await open(7, 120)];
      const listing = await handle.changes(before, after, { root });
      let rows = 0;
      const read = async (): Promise<void> => {
        for await (const _row of listing) if (++rows === 20 + 5 * round) void after.close();
      };
      // What had been read by then may be all that there is.
      await read().catch((error) => expect(error).toMatchObject({ code: "dump-closed" }));
      expect(rows).toBeGreaterThan(0);
    }
  });

  test("arrays are copied, whatever realm and kind they are of", async () => {
    const monitor = await handle.createMonitor({ dump: await open(0) });
    const foreign = runInNewContext("new BigUint64Array(2)") as BigUint64Array;
    for (let time = 0; time < 2; time++) {
      expect(await monitor.translateMany(root, foreign)).toEqual(new BigUint64Array(2).fill(paOf(0x1000)));
      expect(await monitor.monitorMany(root, foreign, 0, "foreign")).toEqual(new BigUint64Array(2).fill(paOf(0x1000)));
      expect(foreign).toHaveLength(2);
    }
    const wrong = new BigInt64Array(3);
    await expect(monitor.monitorMany(root, wrong as never, 0, "wrong")).rejects.toMatchObject({ code: "invalid-vas" });
    expect(wrong).toHaveLength(3);
    const detached = new BigUint64Array(1);
    structuredClone(detached.buffer, { transfer: [detached.buffer] });
    expect(await monitor.translateMany(root, detached)).toHaveLength(0);
    expect(await monitor.monitoredAddresses).toBe(1);
  });

  test("tags are forgotten with the addresses, and what was asked for before keeps its own", async () => {
    const monitor = await handle.createMonitor<object>({ dump: await open(0) });
    const [one, other] = [{ tag: 1 }, { tag: 2 }];
    await monitor.monitor({ va: 0n, root }, 0, one);
    const found = monitor.lookup({ va: 0n, root }, 0);
    const gone = monitor.unmonitorAll();
    const again = monitor.monitor({ va: 0n, root }, 0, other);
    await Promise.all([found, gone, again]);
    expect((await found)?.tag).toBe(one);
    expect((await monitor.lookup({ va: 0n, root }, 0))?.tag).toBe(other);
  });

  test("options that are none are refused as the library refuses them", async () => {
    const dump = await open(0);
    const refused = { name: "PageTableError", code: "invalid-options" };
    await expect(handle.mappings(dump, undefined as never)).rejects.toMatchObject(refused);
    await expect(handle.changes(dump, dump, undefined as never)).rejects.toMatchObject(refused);
    await expect(handle.changesOfRoots(dump, dump, undefined as never)).rejects.toMatchObject(refused);
    await expect(handle.summarize(dump, undefined as never)).rejects.toMatchObject(refused);
    await expect(handle.mappings(dump, { root, onUnreadable: 5 as never })).rejects.toMatchObject(refused);
  });
});
