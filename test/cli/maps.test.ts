/** `ptm maps`: a listing is what a naive one is, every filter takes what it says, nothing unfolds what need not be unfolded. */

import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Mapping } from "../../src/index.js";
import { hex } from "../../src/model/hex.js";
import { captureFolders } from "../capture/captures.js";
import { readCapture } from "../capture/truth.js";
import { stretchesOf } from "../space/naive.js";
import { paOf } from "../support/amd64-bits.js";
import { linesOf, ptm } from "./support/run.js";
import { Folder, listFile, plain, ringTables, SAMPLE_ROOT, SMALL, sample, TOP, writeTables } from "./support/spaces.js";

const folder = new Folder();
const small = folder.at("small.elf");
const ring = folder.at("ring.elf");
/** "0x1000-0x2000 rw-u" of every row that is listed. */
const rangesOf = (objects: readonly Record<string, unknown>[]) =>
  objects.map(({ va, length }) => [BigInt(va as string), BigInt(length as string)]);
const all = async (file: string, ...words: string[]) => (await ptm(["maps", file, ...words, "--json"])).objects() as unknown as Mapping[];

beforeAll(() => {
  writeTables(small, SMALL);
  writeTables(ring, ringTables());
});
afterAll(() => folder.remove());

describe.each(captureFolders())("ptm maps of $name", ({ folder: capture }) => {
  it("lists every root as a naive listing has it, in the first and in the last step that has it", async () => {
    const seen = new Map<bigint, string[]>();
    for (const { dumpPath, processes, cpuRoots } of readCapture(capture).steps) {
      for (const root of new Set([...processes.map((process) => process.root), ...cpuRoots])) {
        seen.set(root, [...(seen.get(root)?.slice(0, 1) ?? []), dumpPath]);
      }
    }
    for (const [root, dumpPaths] of seen) {
      for (const dumpPath of dumpPaths) {
        const { status, stdout } = await ptm(["maps", dumpPath, "--root", hex(root), "--json"]);
        const naive = stretchesOf((await listFile(dumpPath, root)).leaves);
        expect(status).toBe(0);
        const expected = plain(naive).map((row) => JSON.stringify(row));
        expect(linesOf(stdout).length).toBe(expected.length);
        expect(linesOf(stdout).find((line, i) => line !== expected[i])).toBeUndefined();
      }
    }
  });
});

it("names the root without what is no address of it: two spellings are one address space", async () => {
  const { stdout } = await ptm(["maps", small, "--root", hex(paOf(TOP) | 0x801n | (1n << 63n))]);
  expect(stdout).toBe((await ptm(["maps", small])).stdout);
  expect(linesOf(stdout)[0]).toBe(`root ${hex(paOf(TOP))} (amd64)`);
});

describe("the filters of ptm maps", () => {
  const cases: readonly (readonly [readonly string[], (row: Mapping) => boolean])[] = [
    [["--writable"], ({ access }) => access.write],
    [["--executable"], ({ access }) => access.execute],
    [["--wx"], ({ access }) => access.write && access.execute],
    [["--user"], ({ access }) => access.user],
    [["--kernel"], ({ access }) => !access.user],
    [["--min-size", "64K"], ({ length }) => length >= 65536n],
    [["--user", "--executable", "--min-size", "0x5000"], ({ access, length }) => access.user && access.execute && length >= 0x5000n],
  ];

  it.each(cases)("%j take what a naive listing has of it", async (words, admits) => {
    for (const [file, root] of [
      [sample(12), SAMPLE_ROOT],
      [small, paOf(TOP)],
    ] as const) {
      const naive = stretchesOf((await listFile(file, root)).leaves).filter(admits);
      expect(await all(file, ...words)).toEqual(plain(naive));
    }
  });

  it("find something, each of them", async () => {
    expect((await all(small, "--wx")).map(({ va }) => va)).toEqual(["0x1000"]);
    expect((await all(small, "--kernel")).length).toBe(2);
    expect((await all(sample(12), "--user", "--executable")).length).toBeGreaterThan(1);
  });

  it("--range cuts at exactly its bounds, by end or by length, up to the last byte of all", async () => {
    const to = 0xffff_ffff_8000_2000n;
    for (const range of [
      { from: 0x10000000000n, to: 0x10000100800n },
      { from: 0x1003n, to: 0x1005n },
      { from: 0xffff_ff80_0000_0000n, to: 1n << 64n },
      { from: 0xffff_ff80_0000_0000n, to },
    ]) {
      for (const file of [sample(12), small]) {
        const root = file === small ? paOf(TOP) : SAMPLE_ROOT;
        const naive = plain(stretchesOf((await listFile(file, root, range)).leaves));
        const end = range.to === 1n << 64n ? "" : hex(range.to);
        expect(await all(file, "--range", `${hex(range.from)}-${end}`)).toEqual(naive);
        expect(await all(file, "--range", `${hex(range.from)}+${hex(range.to - range.from)}`)).toEqual(naive);
        if (end === "") expect(await all(file, "--range", `${hex(range.from)}-0x10000000000000000`)).toEqual(naive);
      }
    }
  });

  it("--pa names every address that maps the frame, cut to it, with what its own pages have set", async () => {
    const { objects } = await ptm(["maps", small, "--pa", "0x100abc", "--json"]);
    expect(rangesOf(objects())).toEqual([
      [0x1000n, 0x1000n],
      [0x9000n, 0x1000n],
    ]);
    const large = (await all(small, "--pa", "0x5ff123"))[0];
    expect(large).toMatchObject({
      va: "0x3ff000",
      length: "0x1000",
      pa: "0x5ff000",
      pageSize: 2 ** 21,
      details: { accessed: 1, dirty: 1 },
    });
    // 0x102 and 0x103 are one stretch, in which one page is dirty.
    expect((await all(small, "--pa", "0x103000"))[0]).toMatchObject({ va: "0x4000", details: { accessed: 0, dirty: 0 } });
    expect((await all(small, "--pa", "0x102000"))[0]).toMatchObject({ va: "0x3000", details: { accessed: 1, dirty: 1 } });
    expect(await all(small, "--pa", "0x777000")).toEqual([]);
    for (const row of (await all(sample(12), "--pa", "0x3310000")) as unknown as { va: string }[]) {
      const walk = await ptm(["walk", sample(12), row.va, "--json"]);
      expect(walk.objects()[0]?.pa).toBe("0x3310000");
    }
  });

  it("--limit ends a listing that unfolds to 2^36 pages, also behind a filter", async () => {
    expect(rangesOf((await ptm(["maps", ring, "--limit", "3", "--json"])).objects())).toEqual([
      [0n, 4096n],
      [4096n, 4096n],
      [8192n, 4096n],
    ]);
    expect((await all(ring, "--limit", "2", "--pa", hex(paOf(TOP)), "--user")).length).toBe(2);
    expect((await ptm(["maps", ring, "--limit", "1000"])).stdout).toContain("no more than 1,000 were asked for");
  });

  it("hear an interrupt in the midst of a listing without end, of which they print nothing", async () => {
    const interrupt = new AbortController();
    const run = ptm(["maps", ring, "--kernel"], { signal: interrupt.signal });
    setTimeout(() => interrupt.abort(), 200);
    expect((await run).status).toBe(130);
  });
});

describe("ptm maps --summary", () => {
  it("counts what the listing lists, by page size and access, within a range and for an access", async () => {
    for (const [words, admits] of [
      [[], () => true],
      [["--user"], ({ access }) => access.user],
      [["--wx"], ({ access }) => access.write && access.execute],
      [["--range", "0x10000000000-0x20000000000", "--writable"], ({ access, va }) => access.write && va >> 40n === 1n],
    ] as readonly (readonly [string[], (row: Mapping) => boolean])[]) {
      const rows = (await listFile(sample(12), SAMPLE_ROOT)).leaves;
      const wanted = stretchesOf(rows).filter(admits);
      const bytes = wanted.reduce((sum, { length }) => sum + length, 0n);
      const pages = wanted.reduce((sum, { length, pageSize }) => sum + Number(length / BigInt(pageSize)), 0);
      const [sum] = (await ptm(["maps", sample(12), "--summary", "--json", ...words])).objects();
      expect(sum).toMatchObject({ pages, bytes: hex(bytes) });
    }
  });

  it("counts 2^36 pages without listing one", async () => {
    expect((await ptm(["maps", ring, "--summary"])).stdout).toContain("68,719,476,736");
  });
});

describe("what a dump lacks", () => {
  it("is said of each table, on standard error, and is a result", async () => {
    const { status, stdout, stderr } = await ptm(["maps", small]);
    expect(status).toBe(0);
    expect(linesOf(stderr)).toEqual([
      `ptm: ${small}: the PDE at 0x12010 leads to frame 0x51, which the dump does not hold: nothing is known of what lies below it, from VA 0x400000 on`,
      `ptm: ${small}: the PML4E at 0x10008 leads to frame 0x50, which the dump does not hold: nothing is known of what lies below it, from VA 0x8000000000 on`,
    ]);
    expect(stdout).toMatch(/2 tables\s+not in the dump/);
    expect((await ptm(["maps", small, "--range", "0x1000-0x9000"])).stderr).toBe("");
  });

  it("is counted where it is much", async () => {
    const lacking = folder.at("lacking.elf");
    const entries = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [i, paOf(0x1000 + i) | 7n]));
    writeTables(lacking, { [TOP]: entries });
    const { status, stderr } = await ptm(["maps", lacking, "--json"]);
    expect([status, linesOf(stderr).length]).toEqual([0, 9]);
    expect(stderr).toContain("12 more tables are not in the dump");
  });

  it("may be the whole space: a root whose table is not there", async () => {
    const { status, stdout, stderr } = await ptm(["maps", small, "--root", "0x77000", "--json"]);
    expect([status, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("the top-level table lies in frame 0x77, which the dump does not hold");
  });
});

describe("ptm maps for a person", () => {
  it("marks what is writable and executable at once, by a sign and in its sum", async () => {
    const { stdout } = await ptm(["maps", small]);
    expect(stdout).toMatch(/ {12}0x1000 +0x2000 +4 KiB {2}rwxu! +4 KiB {2}0x100000\n/);
    expect(stdout).toContain("1 stretch writable and executable (!)");
    expect(stdout.match(/!/g)?.length).toBe(3);
  });

  it.each([40, 60, 80, 120, 200])("fits a terminal of %i columns", async (columns) => {
    for (const words of [
      ["maps", small],
      ["maps", sample(12), "--limit", "300"],
      ["maps", sample(12), "--summary"],
      ["roots", sample(12)],
    ]) {
      const { stdout } = await ptm(words, { env: { COLUMNS: `${columns}` } });
      // What cannot be shortened is an address, its size, its access and where it lies: 60 columns.
      expect(Math.max(...linesOf(stdout).map((line) => line.length))).toBeLessThanOrEqual(Math.max(columns, 60));
    }
  });

  it("has the details where there is room", async () => {
    expect((await ptm(["maps", small], { env: { COLUMNS: "120" } })).stdout).toMatch(/global +accessed +dirty\n/);
    expect((await ptm(["maps", small], { env: { COLUMNS: "80" } })).stdout).not.toContain("accessed");
  });

  it("has colours on a terminal, and none in a file", async () => {
    const coloured = await ptm(["maps", small], { isTerminal: true, env: { TERM: "xterm" } });
    expect(coloured.stdout).toContain("\u001b[31m");
    const file = folder.at("listing.txt");
    await ptm(["maps", small, "-o", file], { isTerminal: true, env: { TERM: "xterm" } });
    expect(readFileSync(file, "utf8")).not.toContain("\u001b");
  });
});

describe("wrong usage of ptm maps", () => {
  it.each([
    ["--range", "12"],
    ["--range", "-"],
    ["--range", "0x2000-0x1000"],
    ["--range", "0x1000-0x1000"],
    ["--range", "0x1000+0"],
    ["--range", "0x800000000000-0xffff800000000000"],
    ["--range", "0xfffffffffffff000+8K"],
    ["--range", "nowhere-0x1000"],
    ["--min-size", "large"],
    ["--pa", "0x10000000000000"],
    ["--limit", "0"],
    ["--limit", "-1"],
    ["--limit", "1.5"],
    ["--user", "--kernel"],
    ["--summary", "--limit", "3"],
    ["--summary", "--pa", "0x1000"],
    ["--summary", "--min-size", "1M"],
    ["--summary", "--format", "csv"],
    ["--summary", "-o", "folder/"],
    ["--root", "nothing"],
    ["--arch", "vax"],
    ["--watch", "0x1000"],
  ])("%s %s: status 2, one message, nothing listed", async (...words) => {
    const { status, stdout, stderr } = await ptm(["maps", small, ...words]);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith("ptm: ")).toBe(true);
  });

  it("a dump that gives no root", async () => {
    writeFileSync(folder.at("memory.raw"), new Uint8Array(4096));
    const { status, stderr } = await ptm(["maps", folder.at("memory.raw")]);
    expect(status).toBe(2);
    expect(stderr).toContain("--root");
  });
});
