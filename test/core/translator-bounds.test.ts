/** Translation under a bound on tables: what fits one by one is answered in any batch, and what is kept stays within the bound. */

import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { amd64 } from "../../src/arch/amd64.js";
import { Core } from "../../src/core/core.js";
import { FrameReader } from "../../src/core/frame-reader.js";
import { CONTROL_FRAMES } from "../../src/core/layout.js";
import { Translator } from "../../src/core/translator.js";
import { PageTableError } from "../../src/model/errors.js";
import { NOT_BACKED } from "../../src/model/translation.js";
import { PAGE_2M, paOf, vaFrom } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { MODES } from "./arbitraries.js";
import { arbitraryPlaces, arbitraryRoot, arbitraryWorld, driverOf, vasOf, type World, walkIn } from "./worlds.js";

const RUNS = 40;
const FRAMES = 16;
const LEVELS = 4;

/** `count` pages of one address space, no two in the same PT, PD or PDPT. */
function scattered(count: number): { guest: Guest; root: bigint; vas: BigUint64Array; pas: bigint[] } {
  const guest = new Guest();
  const space = new AddressSpace(guest);
  const vas = BigUint64Array.from({ length: count }, (_, i) => vaFrom([i, 7, 8, 9]));
  const pas = Array.from(vas, (_, i) => paOf(0x5000 + i));
  for (const [i, va] of vas.entries()) space.map(va, pas[i] as bigint);
  return { guest, root: space.root, vas, pas };
}

describe("translation under a bound on tables", () => {
  forEachBuild(() => {
    let cores: ReadonlyMap<World["mode"], Core>;
    beforeAll(async () => {
      cores = new Map(await Promise.all(MODES.map(async (mode) => [mode, await Core.create(amd64(mode), FRAMES)] as const)));
    });
    const translatorFor = (mode: World["mode"], bound: number): Translator => {
      const core = cores.get(mode) as Core;
      return new Translator(core, new FrameReader(core), bound);
    };
    const mode = MODES[0] as World["mode"];
    const framesKept = (): number => (cores.get(mode) as Core).control(CONTROL_FRAMES);

    test("a batch of which each address fits is answered, as by the naive walk", () => {
      fc.assert(
        fc.property(arbitraryWorld, arbitraryPlaces, arbitraryRoot, fc.nat(3), (world, places, root, more) => {
          const vas = vasOf(world.mode, places);
          const translator = translatorFor(world.mode, (world.mode.levels ?? LEVELS) + more);
          const { memory } = driverOf(world);
          const expected = Array.from(vas, (va) => walkIn(world, root, va).pa ?? NOT_BACKED);
          expect([...translator.translateMany(memory, root, vas)]).toEqual(expected);
          expect([...translator.translateMany(memory, root, vas)]).toEqual(expected);
          expect((cores.get(world.mode) as Core).control(CONTROL_FRAMES)).toBeLessThanOrEqual((world.mode.levels ?? LEVELS) + more);
          translator.forget();
        }),
        { numRuns: RUNS },
      );
    });

    test.each(["immutable", "changing"])("a batch whose tables are many times the bound is halved until it fits (%s memory)", (kind) => {
      const { guest, root, vas, pas } = scattered(100);
      const translator = translatorFor(mode, 10);
      const { memory } = new GuestDriver(guest, { features: kind === "immutable" ? ["read-frames", "immutable"] : ["read-frames"] });
      expect([...translator.translateMany(memory, root, vas)]).toEqual(pas);
      expect(framesKept()).toBeLessThanOrEqual(10);
      translator.forget();
    });

    test("what an earlier call has kept is no reason to refuse the next: it is dropped", () => {
      const { guest, root, vas, pas } = scattered(3);
      const translator = translatorFor(mode, LEVELS);
      const { memory } = new GuestDriver(guest, { features: ["immutable"] });
      for (const [i, va] of vas.entries()) expect([...translator.translateMany(memory, root, BigUint64Array.of(va))]).toEqual([pas[i]]);
      for (const [i, va] of vas.entries()) expect(translator.translate(memory, root, va).pa).toBe(pas[i]);
      translator.forget();
    });

    test("single translations keep no more tables than the bound either", () => {
      const { guest, root, vas, pas } = scattered(50);
      const translator = translatorFor(mode, 10);
      const { memory } = new GuestDriver(guest, { features: ["immutable"] });
      for (const [i, va] of vas.entries()) {
        expect(translator.translate(memory, root, va).pa).toBe(pas[i]);
        expect(framesKept()).toBeLessThanOrEqual(10);
      }
      translator.forget();
    });

    test("an address that needs more tables than the bound is refused, by name, and nothing stays", () => {
      const { guest, root, vas } = scattered(2);
      const translator = translatorFor(mode, LEVELS - 1);
      const { memory } = new GuestDriver(guest, { features: ["immutable"] });
      let thrown: unknown;
      try {
        translator.translateMany(memory, root, vas);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(PageTableError);
      expect(thrown).toMatchObject({ code: "memory-exhausted", details: { maximumFrames: LEVELS - 1 } });
      expect(framesKept()).toBe(0);
    });

    test("single translations of more tables than the core's memory holds go on, on memory that never changes", async () => {
      const core = await Core.create(amd64(), FRAMES);
      const tables = 4096; // of 4 KiB, where a private memory has 12 MiB for them
      const guest = new Guest();
      const space = new AddressSpace(guest);
      const translator = new Translator(core, new FrameReader(core), FRAMES);
      const { memory } = new GuestDriver(guest, { features: ["immutable"] });
      const refused: number[] = [];
      for (let i = 0; i < tables; i++) space.map(BigInt(i) * BigInt(PAGE_2M), paOf(i));
      for (let i = 0; i < tables; i++) {
        try {
          translator.translate(memory, space.root, BigInt(i) * BigInt(PAGE_2M));
        } catch {
          refused.push(i);
        }
      }
      expect(refused).toEqual([]);
    });
  });
});
