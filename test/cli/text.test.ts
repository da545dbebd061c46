/** What all that a person reads is made of: the terminal, its text, lists and tables. */

import { describe, expect, it } from "vitest";
import { renderTable } from "../../src/cli/terminal/table.js";
import {
  byteSize,
  count,
  counted,
  levelCharacter,
  printable,
  shortened,
  terminalOf,
  widthOf,
  wrappedList,
} from "../../src/cli/terminal/text.js";

const ESCAPE = "\u001b";
const coloured = terminalOf({ isTTY: true, columns: 80 }, { TERM: "xterm" });

describe("a terminal", () => {
  it("has colour where it is one, unless NO_COLOR or TERM=dumb, and elsewhere where FORCE_COLOR says so", () => {
    const hasColour = (isTTY: boolean, env: Record<string, string>) => terminalOf({ isTTY }, env).paint.isColorSupported;
    expect(hasColour(true, { TERM: "xterm" })).toBe(true);
    expect(hasColour(false, { TERM: "xterm" })).toBe(false);
    expect(hasColour(true, { NO_COLOR: "1" })).toBe(false);
    expect(hasColour(true, { NO_COLOR: "" })).toBe(true);
    expect(hasColour(true, { TERM: "dumb" })).toBe(false);
    expect(hasColour(true, { FORCE_COLOR: "0" })).toBe(false);
    expect(hasColour(false, { FORCE_COLOR: "1", NO_COLOR: "1" })).toBe(true);
  });

  it("is as wide as it says, else as COLUMNS says, else 80", () => {
    expect(terminalOf({ columns: 132 }, { COLUMNS: "100" }).width).toBe(132);
    expect(terminalOf({}, { COLUMNS: "100" }).width).toBe(100);
    expect(terminalOf({}, { COLUMNS: "many" }).width).toBe(80);
    expect(terminalOf({ columns: 0 }, {}).width).toBe(80);
    expect(terminalOf({ columns: 3 }, {}).width).toBe(40);
  });
});

describe("text", () => {
  it("shows control characters instead of sending them", () => {
    expect(printable(`a${ESCAPE}[2Jb\nc\u009bd\u202e`)).toBe("a\\u{1b}[2Jb\\u{a}c\\u{9b}d\\u{202e}");
    expect(printable("straße–ü 日本")).toBe("straße–ü 日本");
  });

  it("is shortened at its start, since the end of a path tells it from others", () => {
    expect(shortened("samples/step-01.elf.gz", 14)).toBe("…tep-01.elf.gz");
    expect(shortened("short", 5)).toBe("short");
  });

  it("has numbers with their units", () => {
    expect([count(0), count(999), count(1000), count(1234567n)]).toEqual(["0", "999", "1,000", "1,234,567"]);
    expect([counted(1, "page"), counted(2, "page"), counted(2, "stretch"), counted(0, "address")]).toEqual([
      "1 page",
      "2 pages",
      "2 stretches",
      "0 addresses",
    ]);
    expect([byteSize(0), byteSize(1023), byteSize(4096), byteSize(1536), byteSize(2 ** 40), byteSize(2n ** 64n)]).toEqual([
      "0 B",
      "1023 B",
      "4 KiB",
      "1.5 KiB",
      "1 TiB",
      "16 EiB",
    ]);
  });

  it("never shows something as nothing, nor nothing as something", () => {
    expect(
      [levelCharacter(0, 100), levelCharacter(1, 1_000_000), levelCharacter(1, 2), levelCharacter(100, 100), levelCharacter(0, 0)].join(""),
    ).toBe("·▁▄█·");
  });
});

describe("a list in words", () => {
  it("is broken between its members, and in the midst of one only where it is too long", () => {
    expect(wrappedList(["1 change", "2 now writable", "four tables not there"], 25)).toEqual([
      "1 change, 2 now writable,",
      "four tables not there",
    ]);
    expect(wrappedList([], 25)).toEqual([""]);
  });
});

describe("a table", () => {
  it("wraps its last column at the width of the terminal, and colours take no room", () => {
    const columns = [{ head: "n", align: "right" as const }, { head: "words" }];
    const text = renderTable(terminalOf({ columns: 40 }, {}), columns, [
      ["12", coloured.paint.red("one two three four five six seven eight nine ten")],
    ]);
    const lines = text.split("\n");
    expect(lines.length).toBe(3);
    expect(lines[0]).toBe("   n  words");
    expect(lines[1]?.replaceAll(`${ESCAPE}[31m`, "").startsWith("  12  one two")).toBe(true);
    expect(Math.max(...lines.map(widthOf))).toBeLessThanOrEqual(40);
  });
});
