/** `ptm diff` and `ptm roots`: changes are the difference of two naive listings, shared ones are said once, roots are the library's. */

import { writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DiffText } from "../../src/cli/format/diff-text.js";
import { plainTerminal } from "../../src/cli/terminal/text.js";
import { type Change, findRoots, openDump } from "../../src/index.js";
import { hex } from "../../src/model/hex.js";
import { changesNaively } from "../space/naive.js";
import { NX, P, PAGE_FLAGS, paOf, RW, TABLE_FLAGS } from "../support/amd64-bits.js";
import { coreOfFrames } from "../support/dump-writer.js";
import { linesOf, ptm } from "./support/run.js";
import { Folder, listFile, plain, SAMPLE_ROOT, SMALL, sample, type Tables, TOP, writeTables } from "./support/spaces.js";

type Row = Readonly<Record<string, unknown>>;

const folder = new Folder();
const before = folder.at("before.elf");
const after = folder.at("after.elf");
const damaged = folder.at("damaged.elf");
/** One of each kind of change, and a table that is gone. */
const CHANGED: Tables = {
  ...SMALL,
  19: {
    ...SMALL[0x13],
    1: 0n,
    2: paOf(0x101) | PAGE_FLAGS,
    3: paOf(0x700) | PAGE_FLAGS | NX,
    5: paOf(0x104) | PAGE_FLAGS,
  },
  18: { ...SMALL[0x12], 1: paOf(0x14) | TABLE_FLAGS },
  20: Object.fromEntries(Array.from({ length: 512 }, (_, i) => [i, paOf(0x400 + i) | PAGE_FLAGS | NX])),
  35: {},
};

beforeAll(() => {
  writeTables(before, SMALL);
  writeTables(after, CHANGED);
  const whole = coreOfFrames(new Map([[TOP, new Uint8Array(4096)]]), [{ cr3: paOf(TOP) }]);
  writeFileSync(damaged, whole.subarray(0, whole.length - 100));
});
afterAll(() => folder.remove());

async function naiveChanges(one: string, other: string, root: bigint): Promise<Change[]> {
  return changesNaively(await listFile(one, root), await listFile(other, root));
}

describe("ptm diff", () => {
  it("says what two naive listings of the sample differ in, step by step", async () => {
    for (const step of [0, 2, 5, 6, 8, 10, 13]) {
      const { status, stderr, objects } = await ptm(["diff", sample(step), sample(step + 1), "--json"]);
      expect([status, stderr]).toEqual([0, ""]);
      expect(objects()).toEqual(plain(await naiveChanges(sample(step), sample(step + 1), SAMPLE_ROOT)));
    }
  });

  it("knows every kind of change, in both directions", async () => {
    for (const [one, other] of [
      [before, after],
      [after, before],
    ] as const) {
      const { objects } = await ptm(["diff", one, other, "--json"]);
      expect(objects()).toEqual(plain(await naiveChanges(one, other, paOf(TOP))));
    }
    const types = (await ptm(["diff", before, after, "--json"])).objects().map(({ type }) => type);
    expect(new Set(types)).toEqual(new Set(["page-in", "page-out", "remap", "access", "page-size"]));
  });

  it("takes a range, a limit and a root", async () => {
    const rows = (await ptm(["diff", before, after, "--json"])).objects();
    const inRange = await ptm(["diff", before, after, "--range", "0x2000-0x4000", "--json"]);
    expect(inRange.objects()).toEqual(rows.filter(({ va }) => va === "0x2000" || va === "0x3000"));
    expect((await ptm(["diff", before, after, "--limit", "2", "--json"])).objects()).toEqual(rows.slice(0, 2));
    const other = await ptm(["diff", before, after, "--root", "0x78000", "--json"]);
    expect([other.status, other.stdout]).toEqual([0, ""]);
    expect(other.stderr).toContain("frame 0x78, which the dump does not hold");
  });

  it("says which of the two lacks a table, and gives no change below it", async () => {
    const gone = folder.at("gone.elf");
    const { 0x13: _, ...rest } = SMALL;
    writeTables(gone, rest as Tables);
    const { status, stdout, stderr } = await ptm(["diff", before, gone, "--json"]);
    expect([status, stdout]).toEqual([0, ""]);
    expect(linesOf(stderr).filter((line) => line.startsWith(`ptm: ${gone}: the PDE at 0x12000 leads to frame 0x13`))).toHaveLength(1);
    expect(stderr).not.toContain(`${before}: the PDE at 0x12000`);
  });

  it("tells a person by signs, and what is now writable and executable", async () => {
    const { stdout } = await ptm(["diff", before, after], { env: { COLUMNS: "120" } });
    expect(stdout).toMatch(/- page-out +0x1000 +4 KiB {2}rwxu! at 0x100000\n/);
    expect(stdout).toMatch(/\* access +0x2000 +4 KiB {2}r--- -> rwxu! at 0x101000\n/);
    expect(stdout).toMatch(/~ remap +0x3000 +4 KiB {2}rw-u at 0x102000 -> 0x700000\n/);
    expect(stdout).toMatch(/\+ page-in +0x5000 +4 KiB {2}rwxu! at 0x104000\n/);
    expect(stdout).toMatch(/= page-size +0x200000 +2 MiB {2}rw-u at 0x400000 in 2 MiB -> 4 KiB\n/);
    expect(stdout).toContain("2 now writable and executable (!)");
    for (const columns of [80, 120]) {
      const narrow = await ptm(["diff", sample(6), sample(7), "--all"], { env: { COLUMNS: `${columns}` } });
      expect(Math.max(...linesOf(narrow.stdout).map((line) => line.length))).toBeLessThanOrEqual(columns);
    }
    expect((await ptm(["diff", before, before])).stdout).toContain("no change");
  });

  it("counts as newly writable and executable what was not so before", () => {
    const text = new DiffText(plainTerminal(120), "of-one");
    const access = { read: true, write: true, execute: true, user: true };
    const backing = { pa: 0x40_0000n, pageSize: 4096, access };
    text.row({ type: "page-size", va: 0n, length: 4096n, before: { ...backing, pageSize: 2 ** 21 }, after: backing });
    expect([...text.foot(10, 0)].join()).not.toContain("writable and executable");
    text.row({ type: "access", va: 4096n, length: 4096n, before: { ...backing, access: { ...access, write: false } }, after: backing });
    expect([...text.foot(10, 0)].join()).toContain("1 now writable and executable (!)");
  });

  it("says what it can where a dump is damaged, and nothing where one cannot be read: status 1", async () => {
    const result = await ptm(["diff", before, damaged, "--json"]);
    expect(result.status).toBe(1);
    expect(result.stderr).toContain(`ptm: ${damaged}: at offset 0x`);
    for (const files of [
      [before, folder.at("nowhere")],
      [folder.at("nowhere"), before],
    ]) {
      const { status, stdout, stderr } = await ptm(["diff", ...files]);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("nowhere");
    }
  });

  it("refuses dumps of two modes: status 1, naming both", async () => {
    const five = folder.at("five.elf");
    const frame = new Map([[TOP, new Uint8Array(4096)]]);
    writeFileSync(five, coreOfFrames(frame, [{ cr3: paOf(TOP), cr4: 0x1020n }]));
    for (const words of [["--json"], [], ["--all"]]) {
      const { status, stdout, stderr } = await ptm(["diff", before, five, ...words]);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`${before} is of mode amd64, ${five} of mode amd64-la57`);
    }
  });

  it.each([
    [["diff", before]],
    [["diff", before, after, "--all", "--root", "0x10000"]],
    [["diff", before, after, "--limit", "none"]],
    [["diff", before, after, "--range", "1"]],
    [["diff", before, after, "--wx"]],
  ])("is wrong usage: %j", async (words) => {
    const { status, stdout } = await ptm(words as string[]);
    expect([status, stdout]).toEqual([2, ""]);
  });
});

describe("ptm diff --all", () => {
  it("says of the sample what naive listings of every root differ in, and what they share once", async () => {
    for (const step of [6, 7, 8]) {
      const { status, objects } = await ptm(["diff", sample(step), sample(step + 1), "--all", "--json"]);
      expect(status).toBe(0);
      const said = objects();
      const expected = new Set<bigint>();
      for (const root of await commonRootsOf(sample(step), sample(step + 1))) {
        expected.add(root);
        const ofRoot = said.filter(({ roots }) => (roots as string[]).includes(hex(root)));
        const pages = pagesOf(ofRoot);
        const naive = pagesOf(plain(await naiveChanges(sample(step), sample(step + 1), root)) as Row[]);
        expect(pages.length).toBe(naive.length);
        expect(pages).toEqual(naive);
      }
      expect(expected.size).toBeGreaterThan(1);
      expect(said.every(({ roots }) => (roots as string[]).every((root) => expected.has(BigInt(root))))).toBe(true);
    }
  });

  it("says a change of the kernel's half once, with how many roots share it, and which roots came or went", async () => {
    const space = (gfn: number, pt: number): Tables => ({
      [gfn]: { 0: paOf(gfn + 1) | TABLE_FLAGS, 256: paOf(0x60) | P | RW },
      [gfn + 1]: { 0: paOf(gfn + 2) | TABLE_FLAGS },
      [gfn + 2]: { 0: paOf(gfn + 3) | TABLE_FLAGS },
      [gfn + 3]: { 0: paOf(pt) | PAGE_FLAGS, 1: paOf(pt + 1) | PAGE_FLAGS },
    });
    const kernel = (page: bigint): Tables => ({
      96: { 0: paOf(0x61) | P | RW },
      97: { 0: paOf(0x62) | P | RW },
      98: { 0: page, 1: paOf(0x301) | P | RW },
    });
    const [one, other] = [folder.at("one.elf"), folder.at("other.elf")];
    const [first, second, third] = [space(TOP, 0x100), space(0x30, 0x110), space(0x40, 0x120)];
    writeTables(one, { ...first, ...second, ...kernel(paOf(0x300) | P) });
    writeTables(other, { ...first, ...second, ...third, ...kernel(paOf(0x300) | P | RW) });
    const { status, stderr, objects } = await ptm(["diff", one, other, "--all", "--json"]);
    expect(status).toBe(0);
    expect(objects()).toHaveLength(1);
    expect(objects()[0]).toMatchObject({ type: "access", va: "0xffff800000000000", length: "0x1000" });
    expect(new Set(objects()[0]?.roots as string[])).toEqual(new Set(["0x10000", "0x30000"]));
    expect(stderr).toContain(`${other} alone has the root 0x40000: not compared`);
    expect((await ptm(["diff", one, other, "--all"])).stdout).toContain("2 roots");
  });

  it("has nothing to compare where neither dump has a root: status 2", async () => {
    writeFileSync(folder.at("empty.raw"), new Uint8Array(8192));
    const { status, stderr } = await ptm(["diff", folder.at("empty.raw"), folder.at("empty.raw"), "--all"]);
    expect(status).toBe(2);
    expect(stderr).toContain("looks like a top-level table");
  });
});

describe("ptm roots", () => {
  it("says what the library finds, best first, with reasons and pairs", async () => {
    const dump = await openDump(sample(9));
    const found = await findRoots(dump);
    dump.close();
    const { status, stderr, objects } = await ptm(["roots", sample(9), "--json"]);
    expect([status, stderr]).toEqual([0, ""]);
    expect(objects()).toEqual(
      plain(found).map((candidate) => ({
        ...(candidate as object),
        arch: { name: "amd64", levels: 4, virtualAddressBits: 48 },
      })),
    );
    const person = (await ptm(["roots", sample(9)], { env: { COLUMNS: "200" } })).stdout;
    for (const { root, reasons } of found) {
      expect(person).toContain(hex(root));
      for (const reason of reasons) expect(person).toContain(reason);
    }
  });

  it("finds nothing in memory without tables, and that is a result", async () => {
    writeFileSync(folder.at("blank.raw"), new Uint8Array(8192));
    const person = await ptm(["roots", folder.at("blank.raw")]);
    expect([person.status, person.stderr]).toEqual([0, ""]);
    expect(person.stdout).toContain("no page of this dump looks like a top-level table");
    expect((await ptm(["roots", folder.at("blank.raw"), "--json"])).stdout).toBe("");
  });

  it("takes a mode, and says what it can of a damaged dump: status 1", async () => {
    const five = await ptm(["roots", sample(9), "--arch", "amd64-la57", "--json"]);
    expect(five.status).toBe(0);
    expect(five.objects().every(({ arch }) => (arch as { name: string }).name === "amd64-la57")).toBe(true);
    expect((await ptm(["roots", damaged])).status).toBe(1);
    expect((await ptm(["roots", folder.at("nowhere")])).status).toBe(1);
    expect((await ptm(["roots", before, "--arch", "vax"])).status).toBe(2);
  });
});

async function commonRootsOf(one: string, other: string): Promise<readonly bigint[]> {
  const [earlier, later] = await Promise.all(
    [one, other].map(async (path) => {
      const dump = await openDump(path);
      const found = await findRoots(dump);
      dump.close();
      return found.map(({ root }) => root);
    }),
  );
  return (later ?? []).filter((root) => earlier?.includes(root));
}

/** Page by page, as stretches may end where the set of roots does. */
function pagesOf(rows: readonly Row[]): readonly string[] {
  const pages = rows.flatMap((row) => {
    const start = BigInt(row.va as string);
    const at = (side: "before" | "after", i: bigint) => {
      const backing = row[side] as { pa: string; pageSize: number; access: object } | undefined;
      return backing && `${BigInt(backing.pa) + i * 4096n} ${backing.pageSize} ${JSON.stringify(backing.access)}`;
    };
    return Array.from({ length: Number(BigInt(row.length as string) / 4096n) }, (_, i) => {
      const offset = BigInt(i);
      return `${hex(start + offset * 4096n)} ${row.type} ${at("before", offset)} ${at("after", offset)}`;
    });
  });
  return pages.sort();
}
