/** Which roots `findRoots` finds in worlds made for it, and in which order. Real guests are in captures.test.ts. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Architecture, amd64, findRoots, type GuestMemory, type RootCandidate } from "../../src/index.js";
import { ENTRIES, entryAt, NX, P, paOf, RW, TABLE_FLAGS } from "../support/amd64-bits.js";
import { forEachBuild } from "../support/builds.js";
import { AddressSpace, Guest } from "../support/guest.js";

const FRAMES = 0x800;
const KERNEL_VA = 0xffff_8880_0000_0000n;
const IMAGE_VA = 0xffff_ffff_8100_0000n;
const USER_VA = 0x40_0000n;
const KERNEL_FLAGS = P | RW;

interface Machine extends GuestMemory {
  readonly runs: readonly { readonly gfn: number; readonly count: number }[];
  readonly vcpus?: readonly { readonly root?: bigint; readonly arch?: Architecture }[];
  readonly vmcoreinfo?: ReadonlyMap<string, string>;
}

/** All of memory: frames that were never written are zeros, some hold text and pointers. */
function memoryOf(guest: Guest, facts: Pick<Machine, "vcpus" | "vmcoreinfo"> = {}): Machine {
  return {
    ...facts,
    runs: [{ gfn: 0, count: FRAMES }],
    immutable: true,
    readFrame(gfn, target) {
      if (gfn >= FRAMES) return false;
      const frame = guest.tryFrame(gfn);
      target.set(frame ? new Uint8Array(frame.buffer) : noise(gfn));
      return true;
    },
  };
}

function noise(gfn: number): Uint8Array {
  const words = new BigUint64Array(ENTRIES);
  if (gfn % 4 === 1) words.fill(0x6c6c_6568_206f_6c6cn);
  if (gfn % 4 === 2) for (let i = 0; i < ENTRIES; i++) words[i] = 0xffff_8880_0000_0000n + BigInt(gfn * 64 + i * 8);
  if (gfn % 4 === 3) for (let i = 0; i < ENTRIES; i++) words[i] = BigInt(i % 7);
  return new Uint8Array(words.buffer);
}

/** A kernel with pages of its own, mapped in every process. */
function kernelSpace(guest: Guest, levels: 4 | 5 = 4): AddressSpace {
  const kernel = new AddressSpace(guest, levels, guest.allocate(0x200));
  for (let page = 0n; page < 64n; page++) kernel.map(KERNEL_VA + page * 4096n, 0x3_0000n + page * 4096n, { flags: KERNEL_FLAGS | NX });
  kernel.map(IMAGE_VA, paOf(0x200), { flags: KERNEL_FLAGS });
  return kernel;
}

function processOf(guest: Guest, kernel: AddressSpace, number: number, gfn: number = guest.allocate()): AddressSpace {
  if (!guest.tryFrame(gfn)) guest.allocate(gfn);
  const process = new AddressSpace(guest, kernel.levels as 4 | 5, gfn);
  for (let slot = ENTRIES / 2; slot < ENTRIES; slot++) guest.write(entryAt(gfn, slot), guest.read(entryAt(kernel.rootGfn, slot)));
  for (let page = 0n; page < 20n; page++) process.map(USER_VA + page * 4096n, paOf(0x400 + 32 * number) + page * 4096n);
  return process;
}

function copyFrame(guest: Guest, from: number, to: number): void {
  for (let place = 0; place < ENTRIES; place++) guest.write(entryAt(to, place), guest.read(entryAt(from, place)));
}

function rankOf(found: readonly RootCandidate[], root: bigint): number {
  return found.findIndex((candidate) => candidate.root === root);
}

function reasonsOf(found: readonly RootCandidate[], root: bigint): string {
  return found[rankOf(found, root)]?.reasons.join("; ") ?? "not found";
}

forEachBuild(() => {
  describe.each([4, 5] as const)("in a machine of %d levels", (levels) => {
    it("finds every process and the kernel's own root, in the right mode, before any other table", async () => {
      const guest = new Guest();
      const kernel = kernelSpace(guest, levels);
      const processes = [0, 1, 2].map((number) => processOf(guest, kernel, number));
      const found = await findRoots(memoryOf(guest));
      const live = [kernel, ...processes].map(({ root }) => root);
      expect(new Set(found.slice(0, live.length).map(({ root }) => root))).toEqual(new Set(live));
      expect(new Set(found.map(({ arch }) => arch.levels))).toEqual(new Set([levels]));
    });

    it("ranks what is freed, and copies, below what is in use", async () => {
      const guest = new Guest();
      const kernel = kernelSpace(guest, levels);
      const live = processOf(guest, kernel, 0);
      const freed = processOf(guest, kernel, 1);
      for (let slot = 0; slot < ENTRIES / 2; slot++) guest.write(entryAt(freed.rootGfn, slot), 0n);
      const copy = guest.allocate(0x7f0);
      copyFrame(guest, live.rootGfn, copy);
      const found = await findRoots(memoryOf(guest, { vcpus: [{ root: live.root }] }));
      expect(rankOf(found, live.root)).toBe(0);
      expect(rankOf(found, freed.root)).toBeGreaterThan(0);
      expect(reasonsOf(found, freed.root)).toContain("its lower half is empty");
      expect(reasonsOf(found, paOf(copy))).toContain(`a copy of it`);
      expect(rankOf(found, paOf(copy))).toBeGreaterThan(rankOf(found, kernel.root));
    });
  });

  it("takes a page that a program has mapped for that program's data, though it looks like its root", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    const copy = guest.allocate(0x100);
    const live = processOf(guest, kernel, 0);
    live.map(0x7000_0000n, paOf(copy));
    copyFrame(guest, live.rootGfn, copy);
    const found = await findRoots(memoryOf(guest));
    expect(rankOf(found, live.root)).toBe(0);
    expect(reasonsOf(found, paOf(copy))).toContain("a program's data");
  });

  it("names the pairs of page-table isolation", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    kernel.map(0xffff_fe00_0000_0000n, 0x9000n, { flags: KERNEL_FLAGS });
    const first = processOf(guest, kernel, 0, 0x240);
    const user = guest.allocate(0x241);
    for (let slot = 0; slot < ENTRIES / 2; slot++) guest.write(entryAt(user, slot), guest.read(entryAt(first.rootGfn, slot)));
    guest.write(entryAt(user, 508), guest.read(entryAt(kernel.rootGfn, 508)));
    const found = await findRoots(memoryOf(guest));
    const [ofKernel, ofUser] = [first.root, paOf(user)].map((root) => found[rankOf(found, root)]);
    expect(ofKernel?.isolation).toEqual({ role: "kernel", partner: paOf(user) });
    expect(ofUser?.isolation).toEqual({ role: "user", partner: first.root });
    expect(reasonsOf(found, paOf(user))).toContain(`${"0x"}${first.root.toString(16)} is its kernel root`);
    expect(found.filter(({ reasons }) => reasons.some((reason) => reason.includes("a copy")))).toEqual([]);
  });

  it("takes the kernel's own root and the mode from VMCOREINFO, and what the vCPUs run on from the notes", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    const process = processOf(guest, kernel, 0);
    const vmcoreinfo = new Map([
      ["SYMBOL(swapper_pg_dir)", "ffffffff81000000"],
      ["NUMBER(pgtable_l5_enabled)", "0"],
    ]);
    for (const base of [undefined, String(0x20_0000 - 0x100_0000)]) {
      const told = new Map([...vmcoreinfo, ...(base === undefined ? [] : [["NUMBER(phys_base)", base] as const])]);
      const found = await findRoots(memoryOf(guest, { vmcoreinfo: told, vcpus: [{}, { root: process.root | 1n }] }));
      expect(reasonsOf(found, kernel.root)).toContain("VMCOREINFO names it");
      expect(reasonsOf(found, process.root)).toContain("vCPU 1 runs on it");
    }
  });

  it("knows what the vCPUs run on, and the kernel's own root, where the encryption bit stands in their roots", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    const process = processOf(guest, kernel, 0);
    const encryptionMask = 1n << 47n;
    const vcpus = [{ root: process.root | encryptionMask | 0x801n, arch: amd64({ encryptionMask }) }];
    // Its VA is to be translated by the vCPU's root.
    const found = await findRoots(memoryOf(guest, { vcpus, vmcoreinfo: new Map([["SYMBOL(swapper_pg_dir)", "ffffffff81000000"]]) }));
    expect(reasonsOf(found, process.root)).toContain("vCPU 0 runs on it");
    expect(reasonsOf(found, kernel.root)).toContain("VMCOREINFO names it");
  });

  it("says where a table leads back to itself", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    guest.write(entryAt(kernel.rootGfn, 493), kernel.root | TABLE_FLAGS);
    expect(reasonsOf(await findRoots(memoryOf(guest)), kernel.root)).toContain("entry 493 leads back to it");
  });

  it("finds roots where half of the tables below are missing", async () => {
    const guest = new Guest();
    const kernel = kernelSpace(guest);
    const processes = [0, 1].map((number) => processOf(guest, kernel, number));
    const memory = memoryOf(guest);
    const missing = new Set(processes.map((process) => process.tableGfn(USER_VA, 1)));
    const readFrame: GuestMemory["readFrame"] = (gfn, target) => !missing.has(gfn) && memory.readFrame(gfn, target);
    const found = await findRoots({ ...memory, readFrame });
    for (const { root } of processes) expect(rankOf(found, root)).toBeGreaterThanOrEqual(0);
  });

  it("finds nothing in noise, whatever it is, and throws nothing", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.bigInt(0n, (1n << 64n) - 1n), { minLength: 16, maxLength: 64 }),
        fc.integer({ min: 1, max: 9 }),
        async (words, step) => {
          const frame = new BigUint64Array(ENTRIES);
          for (let i = 0; i < ENTRIES; i++) frame[i] = words[(i * step) % words.length] ?? 0n;
          const runs = [{ gfn: 7, count: 3 }];
          const found = await findRoots({
            runs,
            readFrame(_, target) {
              target.set(new Uint8Array(frame.buffer));
              return true;
            },
          });
          expect(found).toEqual([]);
        },
      ),
      { numRuns: 10 },
    );
  });
});

it("tells how far it is, and stops when it is told to", async () => {
  const memory = memoryOf(new Guest());
  const told: number[] = [];
  await findRoots(memory, { onProgress: (done, total) => told.push(done / total) });
  expect(told).toHaveLength(FRAMES / 256);
  expect(told.at(-1)).toBe(1);
  const controller = new AbortController();
  const stopped = findRoots(memory, { signal: controller.signal, onProgress: () => controller.abort(new Error("enough")) });
  await expect(stopped).rejects.toThrow("enough");
});

it("takes the mode that it is given", async () => {
  const guest = new Guest();
  kernelSpace(guest, 5);
  const found = await findRoots(memoryOf(guest), { arch: amd64() });
  expect(found.every(({ arch }) => arch.levels === 4)).toBe(true);
});

describe("a memory of nothing but tables that lead to each other", () => {
  // Each unfolds without end, and each is a rival of all others: whatever looks at all of that would not come back.
  const frames = 1000;
  const words = new BigUint64Array(frames * ENTRIES);
  for (let i = 0; i < words.length; i++) {
    const mixed = Math.imul(i + 1, 0x9e37_79b9) >>> 0;
    if (mixed & 0x80) words[i] = paOf(mixed % frames) | TABLE_FLAGS;
  }
  const bytes = new Uint8Array(words.buffer);
  const memory: Machine = {
    runs: [{ gfn: 0, count: frames }],
    immutable: true,
    readFrame(gfn, target) {
      if (gfn >= frames) return false;
      target.set(bytes.subarray(gfn * 4096, (gfn + 1) * 4096));
      return true;
    },
  };

  it("is judged all the same, by every frame once", async () => {
    const candidates = await findRoots(memory);
    expect(candidates.length).toBeGreaterThan(frames / 2);
    expect(new Set(candidates.map(({ root }) => root)).size).toBe(candidates.length);
  });
});
