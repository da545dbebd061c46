/** What a command says beside its result: progress and problems; and which address space it takes. */

import { describe, expect, it } from "vitest";
import { amd64 } from "../../src/arch/amd64.js";
import { architectureNames } from "../../src/arch/registry.js";
import { chooseArchitecture, findAddressSpace } from "../../src/cli/address-space.js";
import { UsageError } from "../../src/cli/failure.js";
import { Problems } from "../../src/cli/problems.js";
import { Progress } from "../../src/cli/progress/progress.js";
import { byteSize, count, duration, widthOf } from "../../src/cli/terminal/text.js";
import { PageTableError } from "../../src/model/errors.js";

const ESCAPE = "\u001b";

describe("progress", () => {
  function recorder(isTTY: boolean) {
    const written: string[] = [];
    const stream = {
      isTTY,
      columns: 40,
      write: (text: string, done: () => void) => {
        written.push(text);
        done();
        return true;
      },
      on: () => stream,
    };
    return { stream, written };
  }

  it("says nothing in the first second", () => {
    const { stream, written } = recorder(true);
    let nowMs = 5000;
    const progress = new Progress(stream, () => nowMs);
    nowMs += 999;
    progress.report("opening");
    progress.clear();
    expect(written).toEqual([]);
  });

  it("is one line on a terminal that is written over, never wider than it, and wiped when it is done", () => {
    const { stream, written } = recorder(true);
    let nowMs = 0;
    const progress = new Progress(stream, () => nowMs);
    nowMs = 1000;
    progress.report(`opening ${"x".repeat(100)}${ESCAPE}[2J`);
    nowMs = 1050;
    progress.report("too soon");
    nowMs = 1100;
    progress.report("step 2");
    progress.clear();
    progress.clear();
    expect(written).toHaveLength(3);
    expect(written[0]?.startsWith(`\r${ESCAPE}[K…`)).toBe(true);
    expect(widthOf(written[0]?.slice(4) ?? "")).toBeLessThan(40);
    expect(written[1]).toBe(`\r${ESCAPE}[Kstep 2 (1 s)`);
    expect(written[2]).toBe(`\r${ESCAPE}[K`);
  });

  it("counts what can be counted: how much, at which rate since it began, how long it still takes", () => {
    const { stream, written } = recorder(false);
    let nowMs = 0;
    const progress = new Progress(stream, () => nowMs);
    progress.askFor();
    const advance = (words: string, done: number, total: number | undefined) => progress.advance(words, { done, total, amount: byteSize });
    advance("scanning", 0, 4 * 2 ** 30);
    expect(progress.isSlow).toBe(false);
    nowMs = 2000;
    expect(progress.isSlow).toBe(true);
    advance("scanning", 2 ** 30, 4 * 2 ** 30);
    nowMs = 20_000;
    advance("comparing", 0, undefined);
    nowMs = 40_000;
    advance("comparing", 20 * 2 ** 20, undefined);
    expect(written).toEqual([
      "ptm: scanning: 1 GiB of 4 GiB, 512 MiB/s, 6 s left (2 s)\n",
      "ptm: comparing: 0 B (20 s)\n",
      "ptm: comparing: 20 MiB, 1 MiB/s (40 s)\n",
    ]);
  });

  it("says of a time to come what a person can picture, rounded up", () => {
    expect([0, 0.2, 119, 120.5, 7199, 7201, 360_001].map(duration)).toEqual(["0 s", "1 s", "119 s", "3 min", "120 min", "3 h", "101 h"]);
  });

  it("has a rate that counts from the beginning of the work, or of what is told of it first", () => {
    const { stream, written } = recorder(false);
    let nowMs = 0;
    const progress = new Progress(stream, () => nowMs);
    progress.askFor();
    const tables = (done: number) => ({ done, total: 1000, amount: count, unit: "page tables" });
    nowMs = 1000;
    progress.begin("comparing");
    nowMs = 2000;
    progress.advance("comparing", tables(100));
    nowMs = 20_000;
    progress.advance("unfolding", tables(300));
    nowMs = 30_000;
    progress.advance("unfolding", tables(500));
    expect(written).toEqual([
      "ptm: comparing: 100 of 1,000 page tables, 100/s, 9 s left (2 s)\n",
      "ptm: unfolding: 300 of 1,000 page tables (20 s)\n",
      "ptm: unfolding: 500 of 1,000 page tables, 20/s, 25 s left (30 s)\n",
    ]);
  });

  it("leaves out on a narrow terminal what is less worth knowing", () => {
    const { stream, written } = recorder(true);
    let nowMs = 0;
    const progress = new Progress(stream, () => nowMs);
    progress.begin("listing");
    nowMs = 2000;
    progress.advance("listing", { done: 123_456, total: 800_000, amount: (value) => count(Math.round(value)), unit: "page tables" });
    expect(written).toHaveLength(1);
    expect(widthOf(written[0]?.slice(4) ?? "")).toBeLessThan(40);
    expect(written[0]).toMatch(/123,456 of 800,000, 11 s left \(2 s\)$/);
  });

  it("says nothing where there is no terminal, unless it is asked for: then a plain line now and then", () => {
    const { stream, written } = recorder(false);
    let nowMs = 0;
    const silent = new Progress(stream, () => nowMs);
    nowMs = 20_000;
    silent.report("watching");
    silent.advance("watching", { done: 1, total: 2, amount: count });
    expect(silent.isSlow).toBe(false);
    expect(written).toEqual([]);
    nowMs = 0;
    const progress = new Progress(stream, () => nowMs);
    progress.askFor();
    for (nowMs = 0; nowMs <= 21_000; nowMs += 500) {
      progress.report("watching");
    }
    progress.clear();
    expect(written).toEqual(["ptm: watching (1 s)\n", "ptm: watching (11 s)\n", "ptm: watching (21 s)\n"]);
  });
});

describe("problems", () => {
  it("name file, offset, expectation and find, and count what is too much to say", () => {
    const problems = new Problems();
    expect(problems.isEmpty).toBe(true);
    problems.addDamage("a.elf", {
      damage: Array.from({ length: 15 }, (_, i) => ({ offset: i * 16, expected: "64 bytes", found: "end of file" })),
    });
    expect(problems.lines()[1]).toBe("a.elf: at offset 0x10: expected 64 bytes, found end of file");
    expect(problems.lines()).toHaveLength(13);
    expect(problems.lines()[12]).toContain("3 more places");
  });

  it("name the file once where the error's own words have it already", () => {
    const problems = new Problems();
    problems.addError("a", new PageTableError("cannot-read", 'cannot read "a": no such file', { path: "a" }));
    problems.addError("a", new Error("a read failed"));
    problems.addError("b.elf", new Error("bad\nheader"));
    expect(problems.lines()).toEqual(['cannot read "a": no such file', "a: a read failed", "b.elf: bad\\u{a}header"]);
  });
});

describe("the address space", () => {
  const vcpus = [{}, { root: 0x1000n, arch: amd64({ levels: 5 }) }, { root: 0x2000n, arch: amd64() }];

  it("is that of the first vCPU which the notes give a root for, and its mode", () => {
    const space = findAddressSpace("x", { vcpus }, { root: undefined, arch: undefined });
    expect([space.root, space.arch.name]).toEqual([0x1000n, "amd64-la57"]);
  });

  it("is what the command line says, before the notes", () => {
    const space = findAddressSpace("x", { vcpus }, { root: 0x5000n, arch: chooseArchitecture("amd64") });
    expect([space.root, space.arch.name]).toEqual([0x5000n, "amd64"]);
    expect(findAddressSpace("x", { vcpus }, { root: 0x5000n, arch: undefined }).arch.name).toBe("amd64-la57");
    expect(findAddressSpace("x", { vcpus: [] }, { root: 0n, arch: undefined })).toMatchObject({ root: 0n, arch: { name: "amd64" } });
  });

  it("is wrong usage where there is no root to be had, or no such mode", () => {
    expect(() => findAddressSpace("x", { vcpus: [{}] }, { root: undefined, arch: undefined })).toThrowError(/x has no CPU notes.*--root/);
    expect(() => chooseArchitecture("vax")).toThrowError(UsageError);
    expect(() => chooseArchitecture("vax")).toThrowError(new RegExp(architectureNames.join(", ")));
  });
});
