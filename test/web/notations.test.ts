/** What people paste is read as they mean it, or refused: addresses, ranges, watch lists, and the command that is made of them. */

import { describe, expect, test } from "vitest";
import { parseAddress, parseLength, parseRange } from "../../web-demo/model/address-text.js";
import { commandLine } from "../../web-demo/model/command-line.js";
import { compareNames } from "../../web-demo/model/dump-order.js";
import { namedRanges, regionsOf } from "../../web-demo/model/lanes.js";
import { parseWatchList, watchText } from "../../web-demo/model/watch-list.js";

const readAs = (parsed: { readonly value: unknown } | { readonly problem: string }): unknown =>
  "value" in parsed ? parsed.value : "refused";

describe("addresses", () => {
  test.each([
    ["0x7ffe1000", 0x7ffe1000n],
    ["0X7FFE1000", 0x7ffe1000n],
    ["7ffe1000", 0x7ffe1000n],
    ["fffff801`2ab40000", 0xfffff8012ab40000n],
    ["0x100_8000_0000", 0x10080000000n],
    ["0FFFFh", 0xffffn],
    ["1000h", 0x1000n],
    ["0n4096", 4096n],
    ["4096", 4096n],
    ["0xffff'8880", 0xffff8880n],
    ["#1000", 0x1000n],
    ["0x1000L", 0x1000n],
    ["  0x1000,", 0x1000n],
  ])("%s", (text, value) => {
    expect(readAs(parseAddress(text))).toBe(value);
  });

  test.each(["", "0x", "hello", "0x1g", "-5", "0x1_0000_0000_0000_0000", "12 34", "0n12ab"])("%j is refused", (text) => {
    expect(readAs(parseAddress(text))).toBe("refused");
  });

  test("lengths take K, M, G and T", () => {
    expect(["8K", "4M", "4MiB", "1G", "0x2000", "4096", "1T"].map((text) => readAs(parseLength(text)))).toEqual([
      8192n,
      1n << 22n,
      1n << 22n,
      1n << 30n,
      8192n,
      4096n,
      1n << 40n,
    ]);
    expect(["0", "M", "x", "1P"].map((text) => readAs(parseLength(text)))).toEqual(["refused", "refused", "refused", "refused"]);
  });

  test("both ends of a range are of one notation", () => {
    expect(readAs(parseRange("7f0000-800000"))).toEqual({ from: 0x7f0000n, to: 0x800000n });
    expect(readAs(parseRange("0x1000 - 0x3000"))).toEqual({ from: 0x1000n, to: 0x3000n });
    expect(readAs(parseRange("0x1000+8K"))).toEqual({ from: 0x1000n, to: 0x3000n });
    expect(readAs(parseRange("0x1234"))).toEqual({ from: 0x1000n, to: 0x2000n });
    expect(readAs(parseRange("0x3000-0x1000"))).toBe("refused");
  });
});

describe("watch lists", () => {
  test("are read in the forms of the command and of other tools", () => {
    const { watches, problems, pages } = parseWatchList(
      [
        "0x10080000000+4M=huge=tlb",
        "// a comment",
        "7f12a4000000-7f12a4021000 rw-p 00000000 00:00 0   [heap]",
        "10000000-10002000 r-xp 00000000 08:02 173521 /usr/bin/dbus-daemon",
        "fffff801`2ab40000 fffff801`2ab61000",
        "0x1000; 0x2000=two",
        "nonsense",
      ].join("\n"),
    );

    expect(watches.map(watchText)).toEqual([
      "0x10080000000+0x400000=huge=tlb",
      "0x7f12a4000000+0x21000=[heap]",
      "0x10000000+0x2000=dbus-daemon",
      "0xfffff8012ab40000+0x21000",
      "0x1000",
      "0x2000=two",
    ]);
    expect(problems.map(({ line }) => line)).toEqual([7]);
    expect(pages).toBe(1024 + 33 + 2 + 33 + 1 + 1);
  });

  test("may not hold more than a monitor is asked to keep", () => {
    const { watches, problems } = parseWatchList("0x0+64G=all\n0x10000000000+4K=more");
    expect(watches).toHaveLength(1);
    expect(problems[0]?.line).toBe(2);
  });

  test("that overlap name a page by the first of them", () => {
    const { watches } = parseWatchList("0x3000+0x2000=b\n0x1000+0x3000=a");
    expect(namedRanges(watches)).toEqual([{ from: 3, to: 5, tag: 0 }]);
  });
});

test("regions are cut at the widest gaps", () => {
  const extents = [
    { from: 0, to: 10 },
    { from: 600, to: 610 },
    { from: 700, to: 710 },
    { from: 90_000, to: 90_001 },
  ];
  expect(regionsOf(extents, 2)).toEqual([
    { from: 0, to: 710 },
    { from: 90_000, to: 90_001 },
  ]);
  expect(regionsOf(extents, 9)).toEqual([
    { from: 0, to: 10 },
    { from: 600, to: 710 },
    { from: 90_000, to: 90_001 },
  ]);
});

test("names are ordered as a person counts", () => {
  expect(["step-10", "step-2", "Step-1"].sort(compareNames)).toEqual(["Step-1", "step-2", "step-10"]);
});

test("the command has the dumps of the chosen steps and the ranges that are left, quoted for a shell", () => {
  const { watches } = parseWatchList("0x1000+8K=one two\n0x100000+8K=other");
  const request = {
    dumps: [0, 1, 2, 4].map((step) => ({ step, name: `d ${step}.elf` })),
    root: 0x6000n,
    mode: "amd64",
    watches,
    types: ["page-in"] as const,
    steps: { from: 2, to: 2 },
    range: { from: 0x2000n, to: 0x9000n },
    tag: undefined,
  };
  expect(commandLine(request)).toBe(
    `ptm replay 'd 1.elf' 'd 2.elf' --watch '0x2000+0x1000=one two' --root 0x6000 --arch amd64 --json | jq -c 'select(.type == "page-in")'`,
  );
  const named = {
    ...request,
    watches: undefined,
    types: [],
    steps: undefined,
    dumps: ["-a.elf", "b.elf"].map((name, step) => ({ step, name })),
  };
  expect(commandLine(named)).toMatch(/^ptm diff \.\/-a\.elf b\.elf /);
  expect(commandLine({ ...named, range: { from: 0x5000n, to: 0x5000n } })).toBe("");
  expect(commandLine({ ...request, range: { from: 0x9000n, to: 0xa000n } })).toBe("");
  expect(commandLine({ ...request, watches: undefined, types: [], steps: { from: 2, to: 4 } })).toBe(
    [
      "ptm diff 'd 1.elf' 'd 2.elf' --root 0x6000 --arch amd64 --range 0x2000-0x9000",
      "ptm diff 'd 2.elf' 'd 4.elf' --root 0x6000 --arch amd64 --range 0x2000-0x9000",
    ].join("\n"),
  );
});
