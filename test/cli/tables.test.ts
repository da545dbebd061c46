/** Tables from the command: every format holds the same rows, files appear whole or not at all, folders are laid out by dump. */

import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { TableFormat, TableKind } from "../../src/export/index.js";
import { csvRecords, reread } from "../export/rereading.js";
import { linesOf, ptm } from "./support/run.js";
import { Folder, SMALL, sample, writeTables } from "./support/spaces.js";

const folder = new Folder();
const small = folder.at("small.elf");
const other = folder.at("other.elf");
const FORMATS: readonly TableFormat[] = ["json", "csv", "parquet"];
const COMMANDS: readonly (readonly [TableKind, readonly string[]])[] = [
  ["mappings", ["maps", sample(12), "--user"]],
  ["changes", ["diff", sample(8), sample(9)]],
  ["changes", ["diff", sample(6), sample(7), "--all"]],
  ["roots", ["roots", sample(9)]],
  ["events", ["replay", sample(9), sample(10), sample(11), "--watch", '0x10080000000+4M=huge, "tlb"', "--watch", "0x100c0000000+1M"]],
];

beforeAll(() => {
  writeTables(small, SMALL);
  writeTables(other, { ...SMALL, 19: {} });
});
afterAll(() => folder.remove());

describe.each(COMMANDS)("%s of %j", (kind, words) => {
  it("are the same rows in every format, on standard output, and in a file told by its ending", async () => {
    const { status, bytes, stderr } = await ptm([...words, "--json"]);
    const rows = await reread(kind, "json", bytes);
    expect(status).toBe(0);
    expect(rows.length).toBeGreaterThan(1);
    for (const format of FORMATS) {
      const piped = await ptm([...words, "--format", format]);
      expect([piped.status, piped.stderr]).toEqual([0, stderr]);
      expect(await reread(kind, format, piped.bytes)).toEqual(rows);
      const file = folder.at(`table-${kind}.${format}`);
      const filed = await ptm([...words, "-o", file]);
      expect([filed.status, filed.stdout, filed.stderr]).toEqual([0, "", stderr]);
      expect(Buffer.compare(readFileSync(file), piped.bytes)).toBe(0);
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("are for a person where nothing else is said, also in a file", async () => {
    const file = folder.at("listing.txt");
    const { status, stdout } = await ptm(words);
    expect(await ptm([...words, "--format", "table", "-o", file])).toMatchObject({ status, stdout: "" });
    expect(readFileSync(file, "utf8")).toBe(stdout);
    expect((await ptm([...words, "--format", "table"])).stdout).toBe(stdout);
  });
});

describe("--format", () => {
  it("csv writes names first, and quotes what needs it", async () => {
    const words = ["replay", sample(9), sample(10), "--watch", '0x10080000000=a,"b"\n', "--format", "csv"];
    const [head, row] = csvRecords((await ptm(words)).stdout);
    expect(head?.map(({ text }) => text).join()).toBe("step,dump,type,va,root,view,pa,pageSize,tag,fault");
    expect(row?.[8]).toEqual({ text: 'a,"b"\n', isQuoted: true });
    expect(row?.[9]).toEqual({ text: "", isQuoted: false });
  });

  it("json is what --json is, and of a file the format outweighs the ending", async () => {
    const file = folder.at("rows.csv");
    await ptm(["maps", small, "--json", "-o", file]);
    expect(readFileSync(file, "utf8")).toBe((await ptm(["maps", small, "--format", "json"])).stdout);
    for (const ending of ["jsonl", "ndjson", "JSON"]) {
      await ptm(["maps", small, "-o", folder.at(`rows.${ending}`)]);
      expect(readFileSync(folder.at(`rows.${ending}`), "utf8")).toBe(readFileSync(file, "utf8"));
    }
  });

  it.each([
    ["maps", small, "--format", "xml"],
    ["maps", small, "--json", "--format", "csv"],
    ["maps", small, "-o", "listing"],
    ["maps", small, "-o", "listing.dat"],
    ["maps", small, "-o", ""],
    ["maps", small, "-o", "folder/", "--format", "table"],
    ["maps", small, "-o", folder.at("nowhere", "rows.csv")],
    ["maps", small, "-o", folder.at("small.elf", "rows.csv")],
    ["replay", small, folder.at("elsewhere", "small.elf"), "--watch", "0x1000", "-o", "folder/"],
    ["info", small, "--format", "csv"],
    ["walk", small, "0x1000", "-o", "walk.json"],
  ])("is wrong usage in %s %s %s %s: status 2, nothing written", async (...words) => {
    const before = readdirSync(".");
    const { status, stdout, stderr } = await ptm(words);
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr.startsWith("ptm: ")).toBe(true);
    expect(readdirSync(".")).toEqual(before);
  });

  it("parquet is not sent to a terminal", async () => {
    const { status, stdout, stderr } = await ptm(["maps", small, "--format", "parquet"], { isTerminal: true });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toContain("-o FILE");
  });
});

describe("a file", () => {
  const kept = "what was there before";

  it("stays as it was where the dump cannot be read, and where the command line is wrong", async () => {
    const file = folder.at("kept.csv");
    writeFileSync(file, kept);
    for (const words of [
      ["maps", folder.at("missing.elf")],
      ["maps", small, "--range", "0x800000000000-0x900000000000"],
      ["replay", folder.at("missing.elf"), small, "--watch", "0x1000"],
      ["diff", small, folder.at("missing.elf")],
      ["roots", folder.at("missing.elf")],
    ]) {
      const { status } = await ptm([...words, "-o", file]);
      expect(status).toBeGreaterThan(0);
      expect(readFileSync(file, "utf8")).toBe(kept);
    }
    expect(readdirSync(folder.path).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("is replaced behind a link, not the link", async () => {
    const target = folder.at("target.csv");
    writeFileSync(target, kept);
    symlinkSync(target, folder.at("link.csv"));
    await ptm(["maps", small, "-o", folder.at("link.csv")]);
    expect(readFileSync(target, "utf8")).toBe((await ptm(["maps", small, "--format", "csv"])).stdout);
  });

  it("is never one of the dumps that are read, by whatever name", async () => {
    const dump = folder.at("evidence.elf");
    const bytes = readFileSync(small);
    writeFileSync(dump, bytes);
    symlinkSync(dump, folder.at("evidence.csv"));
    for (const words of [
      ["maps", dump],
      ["roots", dump],
      ["diff", small, dump],
      ["replay", small, dump, "--watch", "0x1000"],
    ]) {
      for (const place of [
        ["-o", dump, "--json"],
        ["-o", folder.at("evidence.csv")],
      ]) {
        expect((await ptm([...words, ...place])).status).toBe(2);
        expect(Buffer.compare(readFileSync(dump), bytes)).toBe(0);
      }
    }
  });

  it("that others may not read stays so when it is replaced", async () => {
    const file = folder.at("secret.csv");
    writeFileSync(file, "", { mode: 0o600 });
    await ptm(["maps", small, "-o", file]);
    expect([statSync(file).mode & 0o777, readFileSync(file, "utf8").length > 0]).toEqual([0o600, true]);
  });

  it("that is a device is written to as it is", async () => {
    const { status } = await ptm(["maps", small, "-o", "/dev/null", "--json"]);
    expect(status).toBe(0);
    expect(existsSync("/dev/null")).toBe(true);
    expect(readdirSync("/dev").some((name) => name.includes("partial"))).toBe(false);
  });

  it("that cannot be made is wrong usage, in words that say what to do and name no file of ours", async () => {
    for (const [path, words] of [
      [folder.at("nowhere", "x.csv"), `there is no folder ${folder.at("nowhere")}: make it first`],
      [`${small}/x.csv`, `no file can be made in ${small}`],
      ["/proc/x.csv", "in /proc"],
    ] as const) {
      const { status, stdout, stderr } = await ptm(["maps", small, "-o", path]);
      expect([status, stdout]).toEqual([2, ""]);
      expect(stderr).toContain(`ptm: -o ${path}: `);
      expect(stderr).toContain(words);
      expect(stderr).not.toContain("partial");
    }
  });

  it("that cannot be written to its end is an error with its name: status 1", async () => {
    const { status, stderr } = await ptm(["maps", small, "-o", "/dev/full", "--json"]);
    expect([status, linesOf(stderr).at(-1)?.startsWith("ptm: /dev/full: cannot be written: ENOSPC")]).toEqual([1, true]);
  });

  it("holds what could be read of a damaged dump: status 1", async () => {
    const damaged = folder.at("damaged.elf");
    const whole = readFileSync(small);
    writeFileSync(damaged, whole.subarray(0, whole.length - 100));
    const { status, stderr } = await ptm(["maps", damaged, "-o", folder.at("damaged.csv")]);
    expect(status).toBe(1);
    expect(stderr).toContain("at offset 0x");
    expect(csvRecords(readFileSync(folder.at("damaged.csv"), "utf8")).length).toBeGreaterThan(3);
  });
});

describe("a folder", () => {
  const tree = (path: string) =>
    readdirSync(path, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath.slice(path.length + 1)}/${entry.name}`)
      .sort();

  it("has a file for each dump, by name and root, Parquet where nothing else is said", async () => {
    const fleet = folder.at("fleet");
    for (const words of [
      ["maps", small],
      ["maps", other],
      ["maps", small, "--root", "0x11000"],
      ["roots", small],
      ["diff", small, other],
      ["diff", small, other, "--all"],
      ["replay", small, other, "--watch", "0x1000"],
    ]) {
      const { status, stdout } = await ptm([...words, "-o", `${fleet}/`]);
      expect([status, stdout], words.join(" ")).toEqual([0, ""]);
    }
    expect(tree(fleet)).toEqual([
      "dump=other.elf/changes.parquet",
      "dump=other.elf/events.parquet",
      "dump=other.elf/root=0x10000/changes.parquet",
      "dump=other.elf/root=0x10000/mappings.parquet",
      "dump=small.elf/root=0x10000/mappings.parquet",
      "dump=small.elf/root=0x11000/mappings.parquet",
      "dump=small.elf/roots.parquet",
    ]);
    const { bytes } = await ptm(["maps", small, "--format", "parquet"]);
    expect(Buffer.compare(readFileSync(`${fleet}/dump=small.elf/root=0x10000/mappings.parquet`), bytes)).toBe(0);
  });

  it("that is there needs no slash, takes other formats, and names with signs in them", async () => {
    const strange = folder.at("a=b, 50%.elf");
    writeFileSync(strange, readFileSync(small));
    const plain = new Folder();
    await ptm(["maps", strange, "-o", plain.path, "--format", "csv"]);
    await ptm(["maps", strange, "-o", plain.path, "--json"]);
    expect(tree(plain.path)).toEqual([
      `dump=${encodeURIComponent(basename(strange))}/root=0x10000/mappings.csv`,
      `dump=${encodeURIComponent(basename(strange))}/root=0x10000/mappings.jsonl`,
    ]);
    plain.remove();
  });

  it("has the events of a replay step by step, together those of the whole", async () => {
    const words = ["replay", sample(9), sample(10), sample(11), "--watch", "0x100c0000000+2M=thp"];
    const steps = new Folder();
    await ptm([...words, "-o", steps.path]);
    const parts = await Promise.all(
      ["10", "11"].map((step) => reread("events", "parquet", readFileSync(steps.at(`dump=step-${step}.elf.gz`, "events.parquet")))),
    );
    const whole = await reread("events", "json", (await ptm([...words, "--json"])).bytes);
    expect(parts.flat()).toEqual(whole);
    expect(new Set(whole.map(({ step }) => step))).toEqual(new Set([1, 2]));
    steps.remove();
  });
});
