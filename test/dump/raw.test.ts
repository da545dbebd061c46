import { describe, expect, it } from "vitest";
import { openDump } from "../../src/dump/open.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { concat } from "../support/dump-writer.js";
import { errorOf, frame, readFrame } from "./support.js";

describe("a raw image", () => {
  it("has its offsets for physical addresses, and nothing behind its end", async () => {
    const dump = await openDump(concat([frame(1), frame(2), frame(3)]));
    expect(dump.format).toBe("raw");
    expect(dump.runs).toEqual([{ gfn: 0, count: 3 }]);
    expect([dump.vcpus, dump.damage]).toEqual([[], []]);
    expect([0, 1, 2].map((gfn) => readFrame(dump, gfn))).toEqual([frame(1), frame(2), frame(3)]);
    expect(readFrame(dump, 3)).toBeUndefined();
  });

  it("has a size that is a positive multiple of 4096; anything else is of unknown format", async () => {
    const text = new TextEncoder().encode("not a dump, but a note about one\n");
    for (const bytes of [new Uint8Array(0), text, frame(1).subarray(1), concat([frame(1), Uint8Array.of(0)])]) {
      const error = await errorOf(openDump(bytes));
      expect(error).toBeInstanceOf(DumpFormatError);
      expect(error.code).toBe("unknown-format");
    }
    expect((await errorOf(openDump(new Uint8Array(0)))).message).toContain("empty");
  });

  it("is not what begins as another format does, even if the size would fit", async () => {
    const others: readonly (readonly [string, RegExp])[] = [
      ["EMiL", /LiME/],
      ["AVML", /AVML/],
      ["KDUMP   ", /kdump/],
      ["makedumpfile\0\0\0\0", /makedumpfile -R/],
      ["PAGEDU64", /Windows/],
      ["\xd2\xbe\xd2\xbe", /VMware/],
      ["QEVM", /QEMU/],
      ["\x28\xb5\x2f\xfd", /zstd/],
    ];
    for (const [magic, name] of others) {
      const bytes = new Uint8Array(FRAME_SIZE);
      bytes.set(Uint8Array.from(magic, (c) => c.charCodeAt(0)));
      const error = await errorOf(openDump(bytes));
      expect(error.code).toBe("unknown-format");
      expect(error.message).toMatch(name);
    }
    const torn = new Uint8Array(FRAME_SIZE);
    torn.set([0x7f, 0x45, 0x4c, 0x46]);
    expect((await errorOf(openDump(torn))).code).toBe("bad-headers");
  });
});
