/**
 * Random worlds, with tables that are shared, cyclic, missing or malformed: whatever one worker says of them, and whatever several say
 * together, is what the library says.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as library from "../../src/index.js";
import { startWorker, type WorkerHandle } from "../../src/worker/index.js";
import { buildWorld, type ChangePlan, changePlan, changeWorld, rangePlan, type World, type WorldPlan, worldPlan } from "../space/worlds.js";
import { coreOfFrames } from "../support/dump-writer.js";
import { textOf } from "./support/survey.js";
import { workerMaker } from "./support/test-worker.js";

/** Worlds may unfold to more rows than there is time for. */
const MOST_ROWS = 3000;
const FRAMES = 64;
const RUNS = 60;

/** A table is missing within a row that has begun in another gigabyte than the row before it. */
const OPEN_ROW_OVER_A_CUT: [WorldPlan, ChangePlan, undefined] = [
  {
    tables: [
      [[510, 7, 4, 0]],
      [],
      [],
      [],
      [
        [255, 5, 0, 0],
        [0, 2, 0, 0],
      ],
      [],
      [],
    ],
    runs: [],
    missing: [],
  },
  { entries: [[0, [0, 7, 0, 0]]], missing: [] },
  undefined,
];

function coreOf({ guest, root }: World): Uint8Array {
  const frames = new Map<number, Uint8Array>();
  for (let gfn = 0; gfn < FRAMES; gfn++) {
    const frame = guest.tryFrame(gfn);
    if (frame) frames.set(gfn, new Uint8Array(new Uint8Array(frame.buffer)));
  }
  return coreOfFrames(frames, [{ cr3: root }]);
}

async function firstRows(rows: Iterable<unknown> | AsyncIterable<unknown>, lines: string[]): Promise<void> {
  let count = 0;
  for await (const row of rows) {
    lines.push(textOf(row));
    if (++count === MOST_ROWS) break;
  }
}

describe.each([1, 2, 3])("with %i workers", (workers) => {
  let handle: WorkerHandle;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "worlds-"));
    handle = await startWorker({ worker: await workerMaker(), workers });
  });
  afterAll(() => {
    handle?.terminate();
    rmSync(folder, { recursive: true, force: true });
  });

  async function answersOf(face: typeof library | WorkerHandle, paths: readonly string[], options: object): Promise<readonly string[]> {
    const lines: string[] = [];
    const onUnreadable = (table: object): void => void lines.push(`unreadable ${textOf(table)}`);
    const [before, after] = await Promise.all(paths.map((path) => face.openDump(path)));
    const root = before.vcpus[0].root ?? 0n;
    const space = { root, onUnreadable, ...options };
    const changed = await (face as typeof library).changes(before as never, after as never, space);
    await firstRows(changed, lines);
    lines.push("again");
    await firstRows(changed, lines);
    await firstRows(await (face as typeof library).mappings(before as never, space), lines);
    const roots = [root, root + 4096n];
    await firstRows(await (face as typeof library).changesOfRoots(before as never, after as never, { ...space, roots }), lines);
    lines.push(textOf(await (face as typeof library).findRoots(before as never)));
    await before.close();
    await after.close();
    return lines;
  }

  test("listings, comparisons and roots are the library's, row by row and unreadable table by unreadable table", async () => {
    let file = 0;
    let rows = 0;
    let unreadable = 0;
    await fc.assert(
      fc.asyncProperty(worldPlan, changePlan, rangePlan, async (plan, change, range) => {
        const world = buildWorld(plan);
        const paths = [world, changeWorld(world, change)].map((state) => {
          const path = join(folder, `world-${file++}.elf`);
          writeFileSync(path, coreOf(state));
          return path;
        });
        const options = range ? { range } : {};
        const expected = await answersOf(library, paths, options);
        expect(await answersOf(handle, paths, options)).toEqual(expected);
        rows += expected.length;
        unreadable += expected.filter((line) => line.startsWith("unreadable")).length;
      }),
      { numRuns: RUNS, examples: [OPEN_ROW_OVER_A_CUT] },
    );
    expect(rows).toBeGreaterThan(RUNS);
    expect(unreadable).toBeGreaterThan(0);
  });
});
