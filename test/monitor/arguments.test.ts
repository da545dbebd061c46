/** What every method refuses at the door, and that a refusal changes nothing. */

import { describe, expect, test } from "vitest";
import { AddressError, PageTableError } from "../../src/model/errors.js";
import { NOT_BACKED } from "../../src/model/translation.js";
import { forEachMonitor } from "../support/builds.js";
import { createScene, PA, type Scene, SIBLING, thrownBy, VA, visibleState } from "../support/scene.js";

const NON_CANONICAL = [0x0000_8000_0000_0000n, 0xffff_7fff_ffff_ffffn, 0x0001_0000_0000_0000n, 0x8000_0000_0000_0000n];

/** Every method that takes an address context. */
const CONTEXT_METHODS: Readonly<Record<string, (scene: Scene, ctx: { va: bigint; root: bigint }) => unknown>> = {
  monitor: ({ monitor }, ctx) => monitor.monitor(ctx, 0, "tag"),
  unmonitor: ({ monitor }, ctx) => monitor.unmonitor(ctx, 0),
  unmonitorByForce: ({ monitor }, ctx) => monitor.unmonitorByForce(ctx, 0),
  lookup: ({ monitor }, ctx) => monitor.lookup(ctx, 0),
  translate: ({ monitor }, ctx) => monitor.translate(ctx),
};

const VIEW_METHODS: Readonly<Record<string, (scene: Scene, view: number) => unknown>> = {
  monitor: ({ monitor, at }, view) => monitor.monitor(at(SIBLING), view, "tag"),
  monitorMany: ({ monitor, space }, view) => monitor.monitorMany(space.root, new BigUint64Array([SIBLING]), view, "tag"),
  unmonitor: ({ monitor, at }, view) => monitor.unmonitor(at(VA), view),
  unmonitorByForce: ({ monitor, at }, view) => monitor.unmonitorByForce(at(VA), view),
  unmonitorView: ({ monitor }, view) => monitor.unmonitorView(view),
  lookup: ({ monitor, at }, view) => monitor.lookup(at(VA), view),
  markDirtyEntry: ({ monitor }, view) => monitor.markDirtyEntry(0n, view, 0),
  markDirtyRange: ({ monitor }, view) => monitor.markDirtyRange(0n, 1, view, 0),
};

const VCPU_METHODS: Readonly<Record<string, (scene: Scene, vcpuId: number) => unknown>> = {
  markDirtyEntry: ({ monitor }, vcpuId) => monitor.markDirtyEntry(0n, 0, vcpuId),
  markDirtyRange: ({ monitor }, vcpuId) => monitor.markDirtyRange(0n, 1, 0, vcpuId),
  processDirtyEntries: ({ monitor }, vcpuId) => monitor.processDirtyEntries(vcpuId),
  processDirtyColumns: ({ monitor }, vcpuId) => monitor.processDirtyColumns(vcpuId),
};

function expectRefused(scene: Scene, body: () => unknown, code?: string): unknown {
  const before = visibleState(scene);
  const error = thrownBy(body);
  expect(error).toBeInstanceOf(PageTableError);
  if (code !== undefined) {
    expect((error as PageTableError).code).toBe(code);
  }
  expect((error as PageTableError).message).not.toBe("");
  expect(visibleState(scene)).toEqual(before);
  return error;
}

describe("arguments", () => {
  forEachMonitor((createMonitor) => {
    async function monitoringScene(): Promise<Scene> {
      const scene = await createScene(createMonitor);
      scene.space.map(VA, PA);
      scene.monitor.monitor(scene.at(VA), 0, "tag");
      return scene;
    }

    test.each(Object.keys(CONTEXT_METHODS))("%s refuses addresses that are negative, too large or not canonical", async (name) => {
      const scene = await monitoringScene();
      const method = CONTEXT_METHODS[name] as NonNullable<(typeof CONTEXT_METHODS)[string]>;
      const { root } = scene.space;
      for (const [ctx, code] of [
        [{ va: -1n, root }, "negative-address"],
        [{ va: VA, root: -4096n }, "negative-address"],
        [{ va: 1n << 64n, root }, "address-too-large"],
        [{ va: VA, root: 1n << 64n }, "address-too-large"],
        ...NON_CANONICAL.map((va) => [{ va, root }, "non-canonical-address"] as const),
      ] as const) {
        expect(expectRefused(scene, () => method(scene, ctx), code)).toBeInstanceOf(AddressError);
      }
    });

    test.each(Object.keys(CONTEXT_METHODS))("%s refuses addresses that are no bigints", async (name) => {
      const scene = await monitoringScene();
      const method = CONTEXT_METHODS[name] as NonNullable<(typeof CONTEXT_METHODS)[string]>;
      for (const wrong of [{ va: 4096, root: scene.space.root }, { va: VA, root: "0x1000" }, { va: VA }, {}, undefined, null, 5n]) {
        expectRefused(scene, () => method(scene, wrong as unknown as { va: bigint; root: bigint }));
      }
    });

    test("what is canonical depends on the number of levels", async () => {
      const four = await createScene(createMonitor);
      const five = await createScene(createMonitor, { mode: { levels: 5 } });
      for (const va of NON_CANONICAL.slice(0, 3)) {
        expect(five.monitor.monitor(five.at(va), 0, "tag").va).toBe(va);
      }
      for (const va of [0x0100_0000_0000_0000n, 0xfeff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n]) {
        expectRefused(five, () => five.monitor.monitor(five.at(va), 0, "tag"), "non-canonical-address");
      }
      for (const va of [0n, 0x0000_7fff_ffff_ffffn, 0xffff_8000_0000_0000n, 0xffff_ffff_ffff_ffffn]) {
        expect(four.monitor.monitor(four.at(va), 0, "tag").va).toBe(va);
      }
      for (const va of [0x00ff_ffff_ffff_ffffn, 0xff00_0000_0000_0000n]) {
        expect(five.monitor.monitor(five.at(va), 0, "tag").va).toBe(va);
      }
    });

    test.each(Object.keys(VIEW_METHODS))("%s takes views from 0 to 65535 and refuses all else", async (name) => {
      const scene = await monitoringScene();
      const method = VIEW_METHODS[name] as NonNullable<(typeof VIEW_METHODS)[string]>;
      for (const view of [-1, 65536, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "0", 0n, undefined, null]) {
        expectRefused(scene, () => method(scene, view as number));
      }
      expect(() => method(scene, 65535)).not.toThrow();
    });

    test.each(Object.keys(VCPU_METHODS))("%s takes vCPUs from 0 to 65535 and refuses all else", async (name) => {
      const scene = await monitoringScene();
      const method = VCPU_METHODS[name] as NonNullable<(typeof VCPU_METHODS)[string]>;
      for (const vcpuId of [-1, 65536, 1.5, Number.NaN, "0", 0n, undefined, null]) {
        expectRefused(scene, () => method(scene, vcpuId as number));
      }
      expect(() => method(scene, 65535)).not.toThrow();
    });

    test("a physical address is below 2^52", async () => {
      const scene = await monitoringScene();
      const { monitor } = scene;
      for (const [pa, code] of [
        [-1n, "negative-address"],
        [1n << 52n, "address-too-large"],
        [1n << 64n, "address-too-large"],
      ] as const) {
        expect(expectRefused(scene, () => monitor.markDirtyEntry(pa, 0, 0), code)).toBeInstanceOf(AddressError);
        expect(expectRefused(scene, () => monitor.markDirtyRange(pa, 1, 0, 0), code)).toBeInstanceOf(AddressError);
      }
      expectRefused(scene, () => monitor.markDirtyEntry(4096 as unknown as bigint, 0, 0));
      expectRefused(scene, () => monitor.markDirtyRange("0" as unknown as bigint, 1, 0, 0));
      expect(monitor.markDirtyEntry((1n << 52n) - 1n, 0, 0)).toBe(false);
    });

    test("a size is an integer from 0 to 2^30", async () => {
      const scene = await monitoringScene();
      const { monitor } = scene;
      for (const size of [-1, 2 ** 30 + 1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, "8", 8n, undefined]) {
        expectRefused(scene, () => monitor.markDirtyRange(0n, size as number, 0, 0));
      }
      expect(monitor.markDirtyRange(0n, 0, 0, 0)).toBe(0);
    });

    test("a mark that is refused is not recorded", async () => {
      const scene = await monitoringScene();
      const { space, monitor } = scene;
      const pte = space.setEntry(VA, 1, 0n);
      expectRefused(scene, () => monitor.markDirtyRange(pte, -8, 0, 0));
      expectRefused(scene, () => monitor.markDirtyEntry(pte, 0, 70_000));

      expect(monitor.processDirtyEntries(0)).toEqual([]);
    });

    test("a batch names the first address that is not canonical and does nothing", async () => {
      const scene = await monitoringScene();
      const { space, monitor } = scene;
      const vas = new BigUint64Array([SIBLING, VA, 1n << 47n, SIBLING, 1n << 50n]);
      for (const body of [() => monitor.monitorMany(space.root, vas, 0, "tag"), () => monitor.translateMany(space.root, vas)]) {
        const error = expectRefused(scene, body, "non-canonical-address") as AddressError;
        expect(error).toBeInstanceOf(AddressError);
        expect(error.details).toMatchObject({ index: 2 });
      }
    });

    test("a batch refuses a root that is none, and VAs that are no BigUint64Array", async () => {
      const scene = await monitoringScene();
      const { space, monitor } = scene;
      const vas = new BigUint64Array([SIBLING]);
      for (const [root, code] of [
        [-1n, "negative-address"],
        [1n << 64n, "address-too-large"],
      ] as const) {
        expect(expectRefused(scene, () => monitor.monitorMany(root, vas, 0, "tag"), code)).toBeInstanceOf(AddressError);
        expect(expectRefused(scene, () => monitor.translateMany(root, vas), code)).toBeInstanceOf(AddressError);
      }
      for (const wrong of [undefined, null, SIBLING, "0"]) {
        expectRefused(scene, () => monitor.monitorMany(space.root, wrong as unknown as BigUint64Array, 0, "tag"));
        expectRefused(scene, () => monitor.translateMany(space.root, wrong as unknown as BigUint64Array));
      }
    });

    test("an array of tags has one for each address", async () => {
      const scene = await monitoringScene();
      const { space, monitor } = scene;
      const vas = new BigUint64Array([SIBLING, VA]);
      for (const tags of [[], ["one"], ["one", "two", "three"]]) {
        expectRefused(scene, () => monitor.monitorMany(space.root, vas, 0, tags), "tag-count");
      }
      expectRefused(scene, () => monitor.monitorMany(space.root, new BigUint64Array(), 0, ["one"]), "tag-count");
      expect(monitor.monitorMany(space.root, vas, 0, ["one", "two"])).toEqual(new BigUint64Array([NOT_BACKED, PA]));
    });

    test("a snapshot of what is no memory is refused", async () => {
      const scene = await monitoringScene();
      for (const wrong of [undefined, null, {}, 5, "memory"]) {
        expectRefused(scene, () => scene.monitor.processSnapshot(wrong as never));
        expectRefused(scene, () => scene.monitor.processSnapshotColumns(wrong as never));
      }
    });
  });
});
