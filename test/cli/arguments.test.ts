/** Addresses, lengths and watches as the command line has them. */

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseAddress, parseLength } from "../../src/cli/arguments/number.js";
import { checkWatchCanonical, checkWatches, LARGEST_WATCHED_PAGES, parseWatch, watchedAddresses } from "../../src/cli/arguments/watch.js";
import { UsageError } from "../../src/cli/failure.js";

const address = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });

describe("an address", () => {
  it("is hexadecimal behind 0x, whatever its digits", () => {
    expect(parseAddress("0x1000", "VA")).toBe(0x1000n);
    expect(parseAddress("0X7FFE1000", "VA")).toBe(0x7ffe1000n);
    expect(parseAddress("0xffff_ffff_8000_0000", "VA")).toBe(0xffff_ffff_8000_0000n);
    expect(parseAddress("0xfffff801`2ab40000", "VA")).toBe(0xfffff801_2ab40000n);
  });

  it("is hexadecimal where a backtick or a hex letter stands in it, also without 0x", () => {
    expect(parseAddress("10000000`00001000", "VA")).toBe(0x10000000_00001000n);
    expect(parseAddress("7ffe1000", "VA")).toBe(0x7ffe1000n);
    expect(parseAddress("1e3", "VA")).toBe(0x1e3n);
    expect(parseAddress("DEADBEEF", "VA")).toBe(0xdeadbeefn);
  });

  it("is decimal otherwise, and underscores are ignored in either", () => {
    expect(parseAddress("1000", "VA")).toBe(1000n);
    expect(parseAddress("4_096", "VA")).toBe(4096n);
    expect(parseAddress("0010", "VA")).toBe(10n);
    expect(parseAddress("18446744073709551615", "VA")).toBe(2n ** 64n - 1n);
  });

  it("comes back from every spelling of it", () => {
    fc.assert(
      fc.property(address, (va) => {
        const hex = va.toString(16);
        expect(parseAddress(`0x${hex}`, "VA")).toBe(va);
        expect(parseAddress(`0X${hex.toUpperCase()}`, "VA")).toBe(va);
        expect(parseAddress(`${va}`, "VA")).toBe(va);
        const padded = hex.padStart(16, "0");
        expect(parseAddress(`${padded.slice(0, 8)}\`${padded.slice(8)}`, "VA")).toBe(va);
        expect(parseAddress(padded.split("").join("_"), "VA")).toBe(/[a-f]/.test(hex) ? va : BigInt(padded));
      }),
    );
  });

  it("is refused where it is none, with its name in the message", () => {
    for (const word of ["", "0x", "_", "`", "-1", "+1", "0x-1", "12z", "0xg", "1.5", " 1", "1 ", "0o7", "∞", "0x0x1", "１"]) {
      expect(() => parseAddress(word, "--root"), word).toThrowError(UsageError);
      expect(() => parseAddress(word, "--root"), word).toThrowError(/^--root: /);
    }
  });

  it("is refused where it does not fit in 64 bits", () => {
    expect(() => parseAddress("0x10000000000000000", "VA")).toThrowError(/64 bits/);
    expect(() => parseAddress("18446744073709551616", "VA")).toThrowError(/64 bits/);
  });
});

describe("a length", () => {
  it("takes K, M and G as powers of 1,024, with or without iB", () => {
    expect(parseLength("4K", "x")).toBe(4096n);
    expect(parseLength("2m", "x")).toBe(2n << 20n);
    expect(parseLength("1G", "x")).toBe(1n << 30n);
    expect(parseLength("64KiB", "x")).toBe(65536n);
    expect(parseLength("0x10K", "x")).toBe(16384n);
    expect(parseLength("1_000", "x")).toBe(1000n);
    expect(parseLength("2000a", "x")).toBe(0x2000an);
  });

  it("refuses what has no clear meaning, and what overflows by its unit", () => {
    for (const word of ["K", "", "4KB", "4T", "1.5M", "4K4", "-4K", "18014398509481984K"]) {
      expect(() => parseLength(word, "x"), word).toThrowError(UsageError);
    }
  });
});

describe("--watch", () => {
  it("without a length is the one address, with the address as tag", () => {
    expect(parseWatch("0x7ffe1234")).toEqual({ va: 0x7ffe1234n, pages: 1, tag: "0x7ffe1234" });
    expect(parseWatch("4096=stack")).toEqual({ va: 4096n, pages: 1, tag: "stack" });
  });

  it("with a length is an address a page, from the page of VA to the page of the last byte", () => {
    expect(parseWatch("0x1000+0x1000")).toEqual({ va: 0x1000n, pages: 1, tag: "0x1000" });
    expect(parseWatch("0x1fff+1=x")).toEqual({ va: 0x1000n, pages: 1, tag: "x" });
    expect(parseWatch("0x1fff+2=x")).toEqual({ va: 0x1000n, pages: 2, tag: "x" });
    expect(parseWatch("0x1800+4K=x")).toEqual({ va: 0x1000n, pages: 2, tag: "x" });
    expect(parseWatch("0xfffffffffffff000+4K=top").pages).toBe(1);
  });

  it("tags with the address as it was given where its page begins before it", () => {
    expect(parseWatch("0x1800+4K").tag).toBe("0x1800");
  });

  it("takes everything behind the first = as tag", () => {
    expect(parseWatch("0x1000+4K=a=b+c").tag).toBe("a=b+c");
    expect(parseWatch("0x1000=a+4K")).toEqual({ va: 0x1000n, pages: 1, tag: "a+4K" });
  });

  it("refuses lengths of nothing, past the end, or that nobody could keep, and empty tags", () => {
    for (const spec of ["0x1000+0", "0xfffffffffffff000+8K", "0+16777217G", "0+65G", "0x1000=", "+4K", "=x", "0x1000+", "0x1000+4K+4K"]) {
      expect(() => parseWatch(spec), spec).toThrowError(UsageError);
    }
    expect(parseWatch("0+64G").pages).toBe(LARGEST_WATCHED_PAGES);
    expect(() => parseWatch("1+64G")).toThrowError(/smaller ranges/);
  });

  it("is bounded over all watches together, and must be there at all", () => {
    expect(() => checkWatches([])).toThrowError(/nothing to watch/);
    expect(() => checkWatches([parseWatch("0+64G"), parseWatch("0x1000")])).toThrowError(/smaller ranges/);
    checkWatches([parseWatch("0+64G")]);
  });

  it("is refused where it starts or ends in the hole between the halves", () => {
    checkWatchCanonical(parseWatch("0x7ffffffff000+4K"), 48);
    checkWatchCanonical(parseWatch("0xffff800000000000+4K"), 48);
    for (const spec of ["0x7ffffffff000+8K", "0xffff7ffffffff000+8K", "0x800000000000", "0x7ffffffff001+4K"]) {
      expect(() => checkWatchCanonical(parseWatch(spec), 48), spec).toThrowError(/not canonical/);
    }
    checkWatchCanonical(parseWatch("0x7ffffffff000+8K"), 57);
  });

  it("gives its addresses a page apart", () => {
    expect([...watchedAddresses(parseWatch("0x1800+12K"), 1, 3)]).toEqual([0x2000n, 0x3000n]);
  });
});
