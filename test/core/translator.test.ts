/** Batched walks, by links and plainly, and single ones: the same as the naive walk, however often and in whatever batches. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Core } from "../../src/core/core.js";
import { FrameReader } from "../../src/core/frame-reader.js";
import { BATCH_LENGTH, CONTROL_FRAMES, LINK_PLACES_LENGTH, READS_LENGTH } from "../../src/core/layout.js";
import { Translator } from "../../src/core/translator.js";
import { NOT_BACKED } from "../../src/model/translation.js";
import { PAGE_2M, paOf } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { Dice } from "../support/dice.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { createCore } from "../support/raw-core.js";
import { MODES } from "./arbitraries.js";
import { arbitraryPlaces, arbitraryRoot, arbitraryWorld, driverOf, vasOf, type World, walkIn } from "./worlds.js";

const RUNS = 40;
const LONG_RUNS = 2;

function translatorOf(core: Core, maximumFrames?: number): Translator {
  return new Translator(core, new FrameReader(core), maximumFrames);
}

function expectedPas(world: World, root: bigint, vas: BigUint64Array): bigint[] {
  const known = new Map<bigint, bigint>();
  return Array.from(vas, (va) => {
    const pa = known.get(va) ?? walkIn(world, root, va).pa ?? NOT_BACKED;
    known.set(va, pa);
    return pa;
  });
}

describe("translation", () => {
  forEachBuild(() => {
    let cores: ReadonlyMap<World["mode"], Core>;
    const coreOf = ({ mode }: World): Core => cores.get(mode) as Core;
    beforeAll(async () => {
      cores = new Map(await Promise.all(MODES.map(async (mode) => [mode, await createCore(mode)] as const)));
    });

    test("a batch is what the naive walk says, the first time and, over links, the second, and so for another root after it", () => {
      fc.assert(
        fc.property(arbitraryWorld, arbitraryPlaces, arbitraryRoot, arbitraryRoot, (world, places, root, otherRoot) => {
          const vas = vasOf(world.mode, places);
          const { memory, ...driver } = driverOf(world);
          const translator = translatorOf(coreOf(world));
          const expected = expectedPas(world, root, vas);
          expect([...translator.translateMany(memory, root, vas)]).toEqual(expected);
          expect([...translator.translateMany(memory, root, vas)]).toEqual(expected);
          expect([...translator.translateMany(memory, otherRoot, vas)]).toEqual(expectedPas(world, otherRoot, vas));
          expect([...translator.translateMany(memory, root, vas.toReversed())]).toEqual(expected.toReversed());
          expect(driver.violations).toEqual([]);
          translator.forget();
          expect(coreOf(world).control(CONTROL_FRAMES)).toBe(0);
        }),
        { numRuns: RUNS },
      );
    });

    test("one address is what the naive walk says, entry by entry, before and after a batch has laid links", () => {
      fc.assert(
        fc.property(arbitraryWorld, arbitraryPlaces, arbitraryRoot, (world, places, root) => {
          const vas = vasOf(world.mode, places.slice(0, 12));
          const { memory } = driverOf(world);
          const translator = translatorOf(coreOf(world));
          const expected = Array.from(vas, (va) => ({ va, root, ...walkIn(world, root, va) }));
          const told = (): unknown[] => Array.from(vas, (va) => ({ ...translator.translate(memory, root, va) }));
          expect(told()).toEqual(expected);
          translator.translateMany(memory, root, vas);
          expect(told()).toEqual(expected);
          translator.forget();
        }),
        { numRuns: RUNS },
      );
    });

    test("memory that may change is read anew by each call, memory that never does once, each table at most once a call", () => {
      fc.assert(
        fc.property(arbitraryWorld, arbitraryPlaces, arbitraryRoot, (world, places, root) => {
          const vas = vasOf(world.mode, places);
          const driver = driverOf(world);
          const translator = translatorOf(coreOf(world));
          translator.translateMany(driver.memory, root, vas);
          const first = driver.framesRead();
          expect(new Set(first).size).toBe(first.length);
          driver.beginCall();
          translator.translateMany(driver.memory, root, vas);
          const isImmutable = world.features.includes("immutable");
          const expected = isImmutable ? [] : first;
          expect(new Set(driver.framesRead())).toEqual(new Set(expected));
          expect(driver.framesRead().length).toBe(expected.length);

          world.guest.frames.get(Number(root >> 12n))?.fill(0n);
          if (!isImmutable) expect([...translator.translateMany(driver.memory, root, vas)]).toEqual(expectedPas(world, root, vas));
          else {
            const fresh = new GuestDriver(world.guest, { features: world.features }).memory;
            expect([...translator.translateMany(fresh, root, vas)]).toEqual(expectedPas(world, root, vas));
          }
          translator.forget();
        }),
        { numRuns: RUNS },
      );
    });

    test.each([LINK_PLACES_LENGTH + 1, 2 * LINK_PLACES_LENGTH, BATCH_LENGTH - 1, BATCH_LENGTH, BATCH_LENGTH + 1, 2 * BATCH_LENGTH + 77])(
      "a batch of %i addresses, longer than a window or a part of it, is what the naive walk says",
      (length) => {
        fc.assert(
          fc.property(arbitraryWorld, arbitraryPlaces, fc.nat(), (world, places, seed) => {
            const dice = new Dice(seed);
            const some = [...vasOf(world.mode, places)];
            const vas = BigUint64Array.from({ length }, () => dice.pick(some));
            const translator = translatorOf(coreOf(world));
            const { memory } = driverOf(world);
            const expected = expectedPas(world, 0n, vas);
            for (const pas of [translator.translateMany(memory, 0n, vas), translator.translateMany(memory, 0n, vas)]) {
              expect(pas.length).toBe(length);
              expect(pas.findIndex((pa, i) => pa !== expected[i])).toBe(-1);
            }
            translator.forget();
          }),
          { numRuns: LONG_RUNS },
        );
      },
    );

    test("a driver that throws between two rounds leaves nothing half read: the next call is right", () => {
      fc.assert(
        fc.property(arbitraryWorld, arbitraryPlaces, fc.integer({ min: 1, max: 6 }), (world, places, nth) => {
          const vas = vasOf(world.mode, places);
          const driver = driverOf(world);
          const translator = translatorOf(coreOf(world));
          driver.failAt("read", nth);
          let hasThrown = false;
          try {
            translator.translateMany(driver.memory, 0n, vas);
          } catch {
            hasThrown = true;
          }
          driver.stopFailing();
          if (hasThrown) expect(coreOf(world).control(CONTROL_FRAMES)).toBe(0);
          expect([...translator.translateMany(driver.memory, 0n, vas)]).toEqual(expectedPas(world, 0n, vas));
          translator.forget();
        }),
        { numRuns: RUNS },
      );
    });

    test("thousands of tables are found again by their GFN, as many of them a read as the core lists", async () => {
      const guest = new Guest();
      const space = new AddressSpace(guest);
      const tables = 1500;
      const vas = BigUint64Array.from({ length: tables }, (_, i) => BigInt(i) * BigInt(PAGE_2M) + BigInt(i % 512) * 0x1000n);
      for (const [i, va] of vas.entries()) space.map(va, paOf(0x10_0000 + i));
      const driver = new GuestDriver(guest, { features: ["read-frames", "immutable"] });
      const translator = translatorOf(await createCore());
      const expected = Array.from(vas, (_, i) => paOf(0x10_0000 + i));
      const order = new Dice(1).shuffled(vas.keys());
      const shuffled = BigUint64Array.from(order, (i) => vas[i] as bigint);
      expect([...translator.translateMany(driver.memory, space.root, shuffled)]).toEqual(order.map((i) => expected[i]));
      expect([...translator.translateMany(driver.memory, space.root, vas)]).toEqual(expected);
      const sizes = driver.log.map((call) => (call.type === "readFrames" ? call.gfns.length : 1));
      const whole = Math.floor(tables / READS_LENGTH);
      expect(sizes).toEqual([1, 1, 3, ...new Array<number>(whole).fill(READS_LENGTH), tables - whole * READS_LENGTH]);
    });
  });
});
