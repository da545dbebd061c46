/**
 * The naive monitor and walker by themselves: hand-written expectations of the walk, and scenarios of two oracles side by side.
 *
 * The rule tests run on the oracle too; what stands here is what they do not reach: that the oracle watches itself, that a
 * scenario is the same each time, and that the model test notices a monitor that is wrong.
 */

import { describe, expect, test } from "vitest";
import { LARGE_PAT, P, PAGE_FLAGS, PS, PTE_PAT, TABLE_FLAGS, vaFrom } from "../support/amd64-bits.js";
import { createOracle, walkModeOf } from "../support/builds.js";
import { GuestDriver } from "../support/driver.js";
import { AddressSpace, Guest } from "../support/guest.js";
import { generateScenario } from "../support/model/generate.js";
import { describeScenario } from "../support/model/scenario.js";
import { runSeries } from "../support/model/series.js";
import type { CreateMonitor, SubjectOptions } from "../support/subject.js";
import { OracleMonitor } from "./monitor.js";
import { clearRoot, isCanonicalFor, walk } from "./walker.js";

const SELF_CHECK_SCENARIOS = 300;

describe("the naive walker", () => {
  const tables = new Map<bigint, bigint>([
    [0x1000n + 8n, 0x2000n | TABLE_FLAGS],
    [0x2000n + 16n, 0x3000n | TABLE_FLAGS],
    [0x2000n + 24n, 0x4000_0000n | PAGE_FLAGS | PS | LARGE_PAT],
    [0x3000n + 24n, 0x4000n | TABLE_FLAGS],
    [0x3000n + 32n, 0x20_0000n | PAGE_FLAGS | PS | LARGE_PAT],
    [0x3000n + 40n, 0x20_2000n | PAGE_FLAGS | PS],
    [0x3000n + 48n, 0x9000n | TABLE_FLAGS],
    [0x4000n + 32n, 0x1234_5000n | PAGE_FLAGS | PTE_PAT],
  ]);
  const read = (entryPa: bigint): bigint | undefined => (entryPa >= 0x9000n ? undefined : (tables.get(entryPa) ?? 0n));
  const walked = (indices: readonly number[], offsetBytes = 0): string => {
    const { entries, pa, pageSize, fault } = walk(walkModeOf(), 0x1000n, vaFrom(indices, offsetBytes), read);
    return `${entries.map(({ name }) => name).join(" ")} ${fault ?? `${pa?.toString(16)} ${pageSize}`}`;
  };

  test.each([
    [[1, 2, 3, 4], 0x678, "PML4E PDPTE PDE PTE 12345678 4096"],
    [[1, 2, 4, 5], 0x10, "PML4E PDPTE PDE 205010 2097152"],
    [[1, 3, 4, 5], 0x10, "PML4E PDPTE 40805010 1073741824"],
    [[1, 2, 5, 0], 0, "PML4E PDPTE PDE reserved-bit"],
    [[1, 2, 6, 0], 0, "PML4E PDPTE PDE unreadable-table"],
    [[1, 2, 3, 5], 0, "PML4E PDPTE PDE PTE not-present"],
    [[0, 0, 0, 0], 0, "PML4E not-present"],
  ])("walks %j with offset %i to: %s", (indices, offsetBytes, expected) => {
    expect(walked(indices, offsetBytes)).toBe(expected);
  });

  test("takes a reserved bit for one only in an entry that is present", () => {
    const mode = walkModeOf({ physicalAddressBits: 40 });
    const first = (value: bigint): string | undefined => walk(mode, 0x1000n, 0n, () => value).fault;

    expect(first(P | (1n << 40n))).toBe("reserved-bit");
    expect(first(1n << 40n)).toBe("not-present");
    expect(first(P | PS)).toBe("reserved-bit");
  });

  test("clears the encryption bit before it looks, and shows the entry as it is", () => {
    const encryptionMask = 1n << 47n;
    const mode = walkModeOf({ physicalAddressBits: 43, encryptionMask });
    const { entries, pa } = walk(mode, 0x1000n, vaFrom([1, 2, 3, 4]), (entryPa) => (tables.get(entryPa) ?? 0n) | encryptionMask);

    expect(pa).toBe(0x1234_5000n);
    expect(entries[0]?.value).toBe(0x2000n | TABLE_FLAGS | encryptionMask);
  });

  test("knows which VAs are canonical, and the address bits of a root", () => {
    expect(
      [0n, (1n << 47n) - 1n, 1n << 47n, (1n << 64n) - (1n << 47n), (1n << 64n) - (1n << 47n) - 1n].map((va) => isCanonicalFor(4, va)),
    ).toEqual([true, true, false, true, false]);
    expect(isCanonicalFor(5, 1n << 47n)).toBe(true);
    expect(isCanonicalFor(5, 1n << 56n)).toBe(false);
    expect(clearRoot(0xffff_ffff_ffff_ffffn)).toBe(0x000f_ffff_ffff_f000n);
  });
});

describe("the test's guest", () => {
  test("is built as a processor reads it", () => {
    const guest = new Guest();
    const space = new AddressSpace(guest, 5);
    const va = vaFrom([256, 1, 2, 3, 4], 0x21);
    space.map(va, 0x5000n);
    const mode = walkModeOf({ levels: 5 });
    const found = walk(mode, space.root, va, (entryPa) => guest.tryFrame(Number(entryPa >> 12n))?.[Number(entryPa & 0xfffn) >> 3]);

    expect(found.pa).toBe(0x5021n);
    expect(found.entries.at(-1)?.pa).toBe(space.entryPa(va, 1));
    guest.hide(space.tableGfn(va, 1));
    expect(guest.tryFrame(space.tableGfn(va, 1))).toBeUndefined();
  });

  test("has a driver that notices broken rules", () => {
    const guest = new Guest();
    const gfn = guest.allocate();
    const driver = new GuestDriver(guest);
    driver.protectedReads = "all";
    driver.memory.readFrame(gfn, new Uint8Array(8192));
    driver.memory.setMemoryAccess?.(gfn, 0, 1);
    driver.memory.memoryAccess?.(gfn, 0);
    driver.memory.setMemoryAccess?.(gfn, 0, 3);
    driver.memory.setMemoryAccess?.(gfn, 0, 7);

    expect(driver.allViolations()).toHaveLength(5);
  });
});

describe("the model test", () => {
  test("makes the same scenario from the same seed, and another from another", () => {
    expect(describeScenario(generateScenario(7))).toBe(describeScenario(generateScenario(7)));
    expect(describeScenario(generateScenario(7))).not.toBe(describeScenario(generateScenario(8)));
  });

  test("finds no difference between two oracles", async () => {
    expect(await runSeries(0, SELF_CHECK_SCENARIOS, createOracle)).toBeUndefined();
  });

  test.each([
    ["answers marks with false the second time", mutant({ markDirtyEntry: forgetful })],
    ["gives events in another order", mutant({ processDirtyEntries: (call) => [...(call() as unknown[])].reverse() })],
    ["swallows one event", mutant({ processSnapshot: (call) => (call() as unknown[]).slice(1) })],
    ["forgets that views go", mutant({ unmonitorView: () => undefined })],
  ])("notices a monitor that %s, and makes the scenario small", async (_name, createMutant) => {
    const failure = await runSeries(0, SELF_CHECK_SCENARIOS, createMutant);

    expect(failure?.report).toMatch(/^seed \d+\nworld /);
    expect(failure?.report).toContain("and the oracle");
    expect(failure?.report.match(/^ {2}\d+: /gm)?.length).toBeLessThan(12);
  });
});

type Spoil = (call: () => unknown, args: readonly unknown[], memory: Set<unknown>) => unknown;

function forgetful(call: () => unknown, args: readonly unknown[], memory: Set<unknown>): unknown {
  const key = `${String(args[0])} ${String(args[1])}`;
  const answer = call() === true && !memory.has(key);
  memory.add(key);
  return answer;
}

/** An oracle of which some methods are spoiled. */
function mutant(spoiled: Readonly<Record<string, Spoil>>): CreateMonitor {
  return async <Tag>({ memory, mode }: SubjectOptions) => {
    const oracle = new OracleMonitor<Tag>(memory, walkModeOf(mode));
    const seen = new Set<unknown>();
    for (const [name, spoil] of Object.entries(spoiled)) {
      const method = Reflect.get(oracle, name) as (...args: readonly unknown[]) => unknown;
      Object.defineProperty(oracle, name, {
        value: (...args: readonly unknown[]) => spoil(() => method.apply(oracle, [...args]), args, seen),
      });
    }
    return oracle;
  };
}

test("two paths of the oracle that disagree on an entry are found out", async () => {
  const guest = new Guest();
  const space = new AddressSpace(guest);
  const va = vaFrom([1, 2, 3, 4]);
  space.map(va, 0x5000n);
  const driver = new GuestDriver(guest);
  const oracle = new OracleMonitor(driver.memory, walkModeOf());
  oracle.monitor({ va, root: space.root }, 0, "one");
  const [address] = oracle.addresses();
  const entries = (address?.result.entries ?? []).map((entry) => ({ ...entry, value: entry.value ^ P }));
  oracle.monitor({ va: va + 1n, root: space.root }, 0, "two");
  Object.assign(address as object, { result: { ...address?.result, entries } });

  expect(() => oracle.monitor({ va: va + 2n, root: space.root }, 0, "three")).toThrow("two values");
});
