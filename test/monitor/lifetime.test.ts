/** Disposal, calls from inside a driver, drivers that break the interface, and the bound on tables kept. */

import { setImmediate as nextTask } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { PageTableError } from "../../src/model/errors.js";
import { vaFrom } from "../support/amd64-bits.js";
import { createReal, forEachBuild, forEachMonitor } from "../support/builds.js";
import { collectGarbage } from "../support/collect.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import {
  COUSIN,
  createScene,
  expectNoViolations,
  OTHER_PA,
  PA,
  pageIn,
  pageOut,
  type Scene,
  STRANGER,
  thrownBy,
  VA,
  visibleState,
} from "../support/scene.js";

/** Every method, as called on a monitor that watches VA. */
const METHODS: Readonly<Record<string, (scene: Scene) => unknown>> = {
  monitor: ({ monitor, at }) => monitor.monitor(at(VA), 0, "tag"),
  monitorMany: ({ monitor, space }) => monitor.monitorMany(space.root, new BigUint64Array([VA]), 0, "tag"),
  unmonitor: ({ monitor, at }) => monitor.unmonitor(at(VA), 0),
  unmonitorByForce: ({ monitor, at }) => monitor.unmonitorByForce(at(VA), 0),
  unmonitorAll: ({ monitor }) => monitor.unmonitorAll(),
  unmonitorView: ({ monitor }) => monitor.unmonitorView(0),
  lookup: ({ monitor, at }) => monitor.lookup(at(VA), 0),
  markDirtyEntry: ({ monitor }) => monitor.markDirtyEntry(0n, 0, 0),
  markDirtyRange: ({ monitor }) => monitor.markDirtyRange(0n, 8, 0, 0),
  processDirtyEntries: ({ monitor }) => monitor.processDirtyEntries(0),
  processDirtyColumns: ({ monitor }) => monitor.processDirtyColumns(0),
  processSnapshot: ({ monitor, driver }) => monitor.processSnapshot(driver.memory),
  processSnapshotColumns: ({ monitor, driver }) => monitor.processSnapshotColumns(driver.memory),
  translate: ({ monitor, at }) => monitor.translate(at(VA)),
  translateMany: ({ monitor, space }) => monitor.translateMany(space.root, new BigUint64Array([VA])),
  dump: ({ monitor }) => monitor.dump(),
};

/** Every method that takes something, as called with what it would refuse. */
const METHODS_MISUSED: typeof METHODS = {
  monitor: ({ monitor }) => monitor.monitor({ va: -1n, root: 0n }, 0, "tag"),
  monitorMany: ({ monitor }) => monitor.monitorMany(-1n, new BigUint64Array(1), 0, "tag"),
  unmonitor: ({ monitor, at }) => monitor.unmonitor(at(VA), -1),
  unmonitorByForce: ({ monitor, at }) => monitor.unmonitorByForce(at(VA), -1),
  unmonitorView: ({ monitor }) => monitor.unmonitorView(-1),
  lookup: ({ monitor, at }) => monitor.lookup(at(VA), -1),
  markDirtyEntry: ({ monitor }) => monitor.markDirtyEntry(-1n, 0, 0),
  markDirtyRange: ({ monitor }) => monitor.markDirtyRange(0n, -1, 0, 0),
  processDirtyEntries: ({ monitor }) => monitor.processDirtyEntries(-1),
  processSnapshot: ({ monitor }) => monitor.processSnapshot({} as never),
  translate: ({ monitor }) => monitor.translate({ va: -1n, root: 0n }),
  translateMany: ({ monitor }) => monitor.translateMany(-1n, new BigUint64Array(1)),
};

/** References, none of which holds it, to every memory that `work` has made for a core. */
async function memoriesMadeBy(work: () => Promise<void>): Promise<readonly WeakRef<WebAssembly.Memory>[]> {
  const made: WeakRef<WebAssembly.Memory>[] = [];
  const { Memory } = WebAssembly;
  WebAssembly.Memory = class extends Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      super(descriptor);
      made.push(new WeakRef(this));
    }
  };
  try {
    await work();
  } finally {
    WebAssembly.Memory = Memory;
  }
  return made;
}

function codeOf(body: () => unknown): string {
  const error = thrownBy(body);
  expect(error).toBeInstanceOf(PageTableError);
  return (error as PageTableError).code;
}

describe("lifetime", () => {
  forEachMonitor((createMonitor) => {
    test("disposing gives back all protection and ends every address", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      monitor.monitor(at(VA), 1, "tag");
      monitor.dispose();

      expect(driver.secondStage.changed()).toEqual([]);
      expectNoViolations(scene);
    });

    test("after disposing every method throws disposed, and disposing again does nothing", async () => {
      const scene = await createScene(createMonitor);
      scene.space.map(VA, PA);
      scene.monitor.monitor(scene.at(VA), 0, "tag");
      scene.monitor.dispose();
      scene.driver.beginCall();

      for (const [name, method] of Object.entries(METHODS)) {
        expect([name, codeOf(() => method(scene))]).toEqual([name, "disposed"]);
      }
      scene.monitor.dispose();
      expect(scene.driver.log).toEqual([]);
    });

    test("a disposed monitor says so before it looks at what it is given", async () => {
      const scene = await createScene(createMonitor);
      scene.monitor.dispose();

      for (const [name, method] of Object.entries(METHODS_MISUSED)) {
        expect([name, codeOf(() => method(scene))]).toEqual([name, "disposed"]);
      }
    });

    test("disposing does not throw where a release fails", async () => {
      const { space, driver, monitor, at } = await createScene(createMonitor);
      space.map(VA, PA);
      monitor.monitor(at(VA), 0, "tag");
      driver.failAt("release", 1);
      monitor.dispose();

      expect(driver.secondStage.changed()).toHaveLength(1);
    });

    test("two monitors know nothing of each other", async () => {
      const one = await createScene(createMonitor);
      const two = await createScene(createMonitor);
      one.space.map(VA, PA);
      two.space.map(VA, OTHER_PA);
      one.monitor.monitor(one.at(VA), 0, "one");
      two.monitor.monitor(two.at(VA), 0, "two");
      one.monitor.markDirtyEntry(one.space.setEntry(VA, 1, 0n), 0, 0);
      two.space.setEntry(VA, 1, 0n);

      expect(two.monitor.processDirtyEntries(0)).toEqual([]);
      expect(one.monitor.processDirtyEntries(0)).toEqual([pageOut(one.at(VA), { pa: PA, tag: "one", fault: "not-present" })]);
      one.monitor.dispose();
      expect(two.monitor.lookup(two.at(VA), 0)).toMatchObject({ tag: "two", pa: OTHER_PA });
    });

    test.each(["readFrame", "readFrames", "memoryAccess", "setMemoryAccess"] as const)(
      "a call from inside %s throws reentrant-call",
      async (callback) => {
        const scene = await createScene(createMonitor, {
          features: callback === "readFrame" ? ["protection"] : ["protection", "read-frames"],
        });
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        space.map(COUSIN, OTHER_PA);
        const seen = new Map<string, string>();
        driver.onCall = (call) => {
          // The oracle reads frame by frame, also where it could read several.
          if (call.type === callback || (callback === "readFrames" && call.type === "readFrame")) {
            for (const [name, method] of Object.entries({ ...METHODS, dispose: ({ monitor: m }: Scene) => m.dispose() })) {
              seen.set(
                name,
                codeOf(() => method(scene)),
              );
            }
          }
        };

        expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(PA);
        expect(Object.fromEntries(seen)).toEqual(
          Object.fromEntries([...Object.keys(METHODS), "dispose"].map((name) => [name, "reentrant-call"])),
        );
        driver.onCall = undefined;
        expect(monitor.monitoredAddresses).toBe(1);
        expect(monitor.monitor(at(COUSIN), 0, "tag").pa).toBe(OTHER_PA);
        expectNoViolations(scene);
      },
    );

    test.each(["translate", "processDirtyEntries", "processSnapshot", "unmonitorAll"] as const)(
      "a call from inside a callback of %s throws reentrant-call",
      async (name) => {
        const scene = await createScene(createMonitor);
        const { space, driver, monitor, at } = scene;
        space.map(VA, PA);
        monitor.monitor(at(VA), 0, "tag");
        monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);
        driver.protectedReads = "any";
        const codes = new Set<string>();
        driver.onCall = () => {
          codes.add(codeOf(() => monitor.lookup(at(VA), 0)));
        };
        METHODS[name]?.(scene);

        expect([...codes]).toEqual(["reentrant-call"]);
        expectNoViolations(scene);
      },
    );

    test("a reentrant call that the driver lets through fails the outer call, which changes nothing", async () => {
      const scene = await createScene(createMonitor);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      const before = visibleState(scene);
      driver.onCall = (call) => {
        if (call.type === "readFrame" || call.type === "readFrames") {
          monitor.unmonitorAll();
        }
      };

      expect(codeOf(() => monitor.monitor(at(VA), 0, "tag"))).toBe("reentrant-call");
      driver.onCall = undefined;
      expect(visibleState(scene)).toEqual(before);
      expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(PA);
      expectNoViolations(scene);
    });

    test("the target of a read is not looked at once the call has returned", async () => {
      const scene = await createScene(createMonitor, { features: ["protection"] });
      const { guest, space, driver, monitor, at } = scene;
      space.map(VA, PA);
      const targets: Uint8Array[] = [];
      const memory = {
        ...driver.memory,
        readFrame: (gfn: number, target: Uint8Array) => {
          targets.push(target);
          return driver.memory.readFrame(gfn, target);
        },
      };
      monitor.processSnapshot(memory);
      monitor.monitor(at(VA), 0, "tag");
      const hidden = space.tableGfn(VA, 1);
      guest.hide(hidden);
      monitor.markDirtyEntry(space.entryPa(VA, 1), 0, 0);

      expect(monitor.processDirtyEntries(0)).toEqual([pageOut(at(VA), { pa: PA, fault: "unreadable-table" })]);
      guest.show(hidden);
      monitor.markDirtyEntry(space.entryPa(VA, 2), 0, 0);
      expect(monitor.processDirtyEntries(0)).toEqual([pageIn(at(VA), { pa: PA })]);
      expect(targets.length).toBeGreaterThan(0);
    });
  });

  forEachBuild(() => {
    test("a monitor is disposed by `using`", async () => {
      const guest = new Guest();
      const space = new AddressSpace(guest);
      space.map(VA, PA);
      const driver = new GuestDriver(guest);
      const monitor = await createReal({ memory: driver.memory });
      monitor.monitor({ va: VA, root: space.root }, 0, "tag");
      monitor[Symbol.dispose]();

      expect(driver.secondStage.changed()).toEqual([]);
      expect(codeOf(() => monitor.dump())).toBe("disposed");
    });

    test.each([
      ["fewer bytes than frames", (answer: Uint8Array) => answer.subarray(1)],
      ["more bytes than frames", (answer: Uint8Array) => new Uint8Array(answer.length + 1).fill(1)],
      ["nothing", () => undefined],
      ["an array of numbers", (answer: Uint8Array) => [...answer]],
      ["true", () => true],
    ])("readFrames that answers %s is refused as driver-contract, and nothing changes", async (_name, spoil) => {
      const scene = await createScene(createReal);
      const { space, driver, monitor, at } = scene;
      space.map(VA, PA);
      space.map(STRANGER, OTHER_PA);
      monitor.monitor(at(STRANGER), 0, "tag");
      const before = visibleState(scene);
      const memory = {
        ...driver.memory,
        readFrames: (gfns: ArrayLike<number>, target: Uint8Array) =>
          spoil(driver.memory.readFrames?.(gfns, target) as Uint8Array) as Uint8Array,
      };

      expect(codeOf(() => monitor.processSnapshot(memory))).toBe("driver-contract");
      expect(visibleState(scene)).toEqual(before);
      expect(monitor.monitor(at(VA), 0, "tag").pa).toBe(PA);
      expectNoViolations(scene);
    });

    test("beyond maximumFrames a call throws memory-exhausted, changes nothing, and works again once tables have gone", async () => {
      const maximumFrames = 16;
      const guest = new Guest();
      const space = new AddressSpace(guest);
      const driver = new GuestDriver(guest);
      const monitor = await createReal({ memory: driver.memory, maximumFrames });
      const vas = Array.from({ length: 40 }, (_unused, i) => vaFrom([1, 2, i, 0]));
      for (const va of vas) {
        space.map(va, PA);
      }
      const at = (va: bigint): { va: bigint; root: bigint } => ({ va, root: space.root });
      let done = 0;
      let code: string | undefined;
      while (code === undefined && done < vas.length) {
        try {
          monitor.monitor(at(vas[done] as bigint), 0, "tag");
          done++;
        } catch (error) {
          code = (error as PageTableError).code;
        }
      }

      expect(code).toBe("memory-exhausted");
      expect(monitor.monitoredTables).toBeLessThanOrEqual(maximumFrames);
      expect(done).toBeGreaterThan(0);
      expect(monitor.monitoredAddresses).toBe(done);
      expect(driver.secondStage.changed()).toHaveLength(monitor.monitoredTables);
      expect(codeOf(() => monitor.monitorMany(space.root, new BigUint64Array(vas), 0, "tag"))).toBe("memory-exhausted");
      expect(monitor.monitoredAddresses).toBe(done);
      monitor.unmonitor(at(vas[0] as bigint), 0);
      expect(monitor.monitor(at(vas[done] as bigint), 0, "tag").pa).toBe(PA);
      for (let round = 0; round < 50; round++) {
        monitor.unmonitorAll();
        for (let i = 0; i < done; i++) {
          expect(monitor.monitor(at(vas[i] as bigint), 0, "tag").pa).toBe(PA);
        }
      }
      expect(driver.allViolations()).toEqual([]);
      monitor.dispose();
    });

    test("a disposed monitor holds no memory, nor what could not be released through it", async () => {
      const held: { readonly monitor: unknown; readonly memory: WeakRef<object> }[] = [];
      for (let i = 0; i < 8; i++) {
        const scene = await createScene(createReal);
        scene.space.map(VA, PA);
        scene.monitor.monitor(scene.at(VA), 0, "tag");
        if (i % 2 === 0) scene.driver.failAt("release", 1);
        scene.monitor.dispose();
        held.push({ monitor: scene.monitor, memory: new WeakRef(scene.driver.memory) });
      }
      await nextTask();
      collectGarbage();
      expect(held.filter(({ memory }) => memory.deref() !== undefined).length).toBeLessThan(held.length / 2);
    });

    test("the cores' memories of monitors that are disposed and let go of can be collected", async () => {
      const count = 20;
      const memories = await memoriesMadeBy(async () => {
        for (let i = 0; i < count; i++) {
          const scene = await createScene(createReal);
          scene.space.map(VA, PA);
          expect(scene.monitor.monitor(scene.at(VA), 0, "tag").pa).toBe(PA);
          scene.monitor.dispose();
        }
      });

      expect(memories).toHaveLength(count);
      // A weak reference holds what it leads to until the task is over in which it was made.
      await nextTask();
      collectGarbage();
      // The engine may still hold the one that it was busy with last, here or there; what leaks leaks each time.
      expect(memories.filter((memory) => memory.deref() !== undefined).length).toBeLessThan(count / 4);
    });
  });
});
