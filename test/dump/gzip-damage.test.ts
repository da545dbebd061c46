import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { isGzip } from "../../src/dump/gzip.js";
import { openDump } from "../../src/dump/open.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { concat, coreOfFrames } from "../support/dump-writer.js";
import { beforeCut, cutsOf, fromBits, inflate, inflateOrNothing, MIB, MOST_LOST, same, text, whole } from "./gzip-support.js";
import { errorOf, FlakySource, frame, randomNumbers, readFrame, sampleElf, sampleGzip } from "./support.js";

/** The longest header there can be, twice over. */
const MOST_READ_OF_A_HEADER = 2 ** 18;

describe("a gzip stream that is cut off or damaged", () => {
  it("gives all that was inflated before the cut, wherever it is", async () => {
    const content = text.subarray(0, 400_000);
    const file = gzipSync(content);
    for (const cut of cutsOf(file)) {
      const { bytes, incomplete, damage } = await inflate(file.subarray(0, cut));
      expect([cut, incomplete, damage.map(({ offset }) => offset)]).toEqual([cut, true, [cut]]);
      expect(same(bytes, content.subarray(0, bytes.length))).toBe(true);
      expect([cut, bytes.length]).toEqual([cut, beforeCut(file, cut).length]);
    }
  });

  it("gives of a block that is stored as it is all the bytes before the cut, wherever it is", async () => {
    const content = whole.subarray(0, 400_000);
    for (const level of [0, 1, 6]) {
      const members = [content.subarray(0, 150_000), content.subarray(150_000)].map((part) => gzipSync(part, { level }));
      for (const file of [gzipSync(content, { level }), concat(members)]) {
        for (const cut of cutsOf(file)) {
          const { bytes, incomplete, damage } = await inflate(file.subarray(0, cut));
          const expected = beforeCut(file, cut);
          expect([cut, same(bytes, expected), bytes.length]).toEqual([cut, true, expected.length]);
          expect([cut, incomplete, damage.map(({ offset }) => offset)]).toEqual([cut, true, [cut]]);
        }
      }
    }
  });

  it("gives of one stored block each byte that is there, and none where its length contradicts itself", async () => {
    const content = whole.subarray(0, 300);
    const file = gzipSync(content, { level: 0 });
    const start = file.length - 8 - content.length;
    for (let cut = 3; cut < file.length; cut++) {
      const bytes = await inflateOrNothing(file.subarray(0, cut));
      expect([cut, same(bytes, content.subarray(0, Math.max(0, cut - start)))]).toEqual([cut, true]);
    }
    const contradictory = Uint8Array.from(file);
    contradictory[start - 1] ^= 1;
    expect(await inflateOrNothing(contradictory.subarray(0, file.length - 20))).toHaveLength(0);
  });

  it("opens as the dump whose headers it holds in a stored block, however that is cut", async () => {
    const elf = coreOfFrames(
      new Map([
        [1, frame(1)],
        [2, frame(2)],
        [3, frame(3)],
      ]),
    );
    const file = gzipSync(elf, { level: 0 });
    const dump = await openDump(file.subarray(0, file.length - 8 - FRAME_SIZE - 1));
    expect([dump.format, dump.runs]).toEqual(["elf", [{ gfn: 1, count: 1 }]]);
    expect(readFrame(dump, 1)).toEqual(frame(1));
    expect(dump.damage).toHaveLength(2);
  });

  it("gives the frames of a dump before the cut, the rest being absent and damage", async () => {
    const file = sampleGzip();
    const plain = await openDump(sampleElf());
    const dump = await openDump(file.subarray(0, file.length - 5000));
    expect(dump.damage.length).toBeGreaterThan(1);
    let held = 0;
    for (const { gfn, count } of plain.runs) {
      for (let i = 0; i < count; i++) {
        const found = readFrame(dump, gfn + i);
        if (found !== undefined) expect(same(found, readFrame(plain, gfn + i) ?? new Uint8Array(0))).toBe(true);
        held += found === undefined ? 0 : 1;
      }
    }
    expect(held).toBeGreaterThan(10);
    expect(dump.runs.reduce((sum, { count }) => sum + count, 0)).toBe(held);
  });

  it("gives the whole frames of a raw image before the cut", async () => {
    const file = gzipSync(text.subarray(0, 100 * FRAME_SIZE));
    const cut = file.length >> 1;
    const count = Math.floor(beforeCut(file, cut).length / FRAME_SIZE);
    expect(count).toBeGreaterThan(20);
    const dump = await openDump(file.subarray(0, cut));
    expect(dump.runs).toEqual([{ gfn: 0, count }]);
    expect(readFrame(dump, count - 1)).toEqual(text.slice((count - 1) * FRAME_SIZE, count * FRAME_SIZE));
    expect(dump.damage).toHaveLength(1);
  });

  it("is damage where CRC or length are wrong, or something else follows", async () => {
    const file = gzipSync(whole.subarray(0, 10_000));
    for (const offset of [file.length - 8, file.length - 1]) {
      const wrong = Uint8Array.from(file);
      wrong[offset] ^= 1;
      const { bytes, damage } = await inflate(wrong);
      expect([bytes.length, damage.length]).toEqual([10_000, 1]);
    }
    for (const rest of ["text behind", "\x1f\x8b", "\x1f\x8b\x08\xff"]) {
      const { bytes, damage } = await inflate(concat([file, Uint8Array.from(rest, (c) => c.charCodeAt(0))]));
      expect([bytes.length, damage.length]).toEqual([10_000, 1]);
      expect(damage[0].offset).toBeGreaterThanOrEqual(file.length);
    }
  });

  it("is damage at the first byte behind its last member that is no zero, be it that of another member", async () => {
    const content = whole.subarray(0, 10_000);
    const file = gzipSync(content);
    for (const zeros of [1, 2, 3, 4, 512, 70_000]) {
      for (const [rest, found] of [
        [Uint8Array.of(9), "something else, which begins with 0x9"],
        [Uint8Array.of(1, 2, 0, 255, 9, 0), "something else, which begins with 0x1 0x2 0x0 0xff"],
        [gzipSync(whole.subarray(10_000, 20_000)), "another gzip header behind zeros, which is not read"],
      ] as const) {
        const { bytes, incomplete, damage } = await inflate(concat([file, new Uint8Array(zeros), rest]));
        expect([same(bytes, content), incomplete]).toEqual([true, true]);
        expect(damage).toEqual([
          {
            offset: file.length + zeros,
            expected: `nothing but zeros from 0x${file.length.toString(16)} on, behind the last gzip member (gzip, compressed)`,
            found: `${found}; 10000 bytes were inflated before it`,
          },
        ]);
      }
    }
  });

  it("is damage wherever zlib refuses it, and the same bytes where zlib does not", async () => {
    const content = whole.subarray(0, 60_000);
    const file = gzipSync(content);
    const random = randomNumbers(3);
    for (let run = 0; run < 300; run++) {
      const wrong = Uint8Array.from(file);
      for (let i = 0; i <= random(3); i++) wrong[10 + random(wrong.length - 10)] = random(256);
      let expected: Uint8Array | undefined;
      try {
        expected = gunzipSync(wrong);
      } catch {
        // Not even zlib: then damage must be said, or, with nothing inflated, the file refused.
      }
      try {
        const { bytes, damage } = await inflate(wrong);
        if (expected === undefined) expect(damage.length).toBeGreaterThan(0);
        else expect([same(bytes, expected), damage]).toEqual([true, []]);
      } catch (error) {
        expect(error).toBeInstanceOf(DumpFormatError);
        expect(expected).toBeUndefined();
      }
    }
  });

  it("gives all before a changed byte, but for what the byte before it stands for, and places the damage behind it", async () => {
    const before = text.subarray(0, 100_000);
    const content = text.subarray(100_000, 200_000);
    const [first, second] = [gzipSync(before), gzipSync(content, { memLevel: 1 })];
    const random = randomNumbers(9);
    let malformed = 0;
    for (let run = 0; run < 60; run++) {
      const wrong = Uint8Array.from(second);
      const at = 500 + random(wrong.length - 508);
      wrong.fill(random(256), at, at + 8);
      if (same(wrong, second)) continue;
      const { bytes, incomplete, damage } = await inflate(concat([first, wrong]));
      const right = before.length + beforeCut(second, at).length;
      expect(same(bytes.subarray(0, right - MOST_LOST), text.subarray(0, right - MOST_LOST))).toBe(true);
      expect(bytes.length).toBeGreaterThanOrEqual(right - MOST_LOST);
      expect(damage[0].offset).toBeGreaterThanOrEqual(first.length + at);
      if (incomplete && damage[0].found.includes("invalid")) malformed++;
    }
    expect(malformed).toBeGreaterThan(3);
  });

  it("gives the whole frames of a raw image whose length is not what the stream says", async () => {
    const file = gzipSync(text.subarray(0, 10.5 * FRAME_SIZE));
    file[file.length - 4] ^= 1;
    const dump = await openDump(file);
    expect(dump.runs).toEqual([{ gfn: 0, count: 10 }]);
    expect(dump.damage).toHaveLength(1);
  });

  it("goes on behind a member whose content is not what its trailer says", async () => {
    const members = [whole.subarray(0, 1000), whole.subarray(1000, 50_000), whole.subarray(50_000, 51_000)].map((part) => gzipSync(part));
    members[1][members[1].length - 8] ^= 1;
    const { bytes, incomplete, damage } = await inflate(concat(members));
    expect([same(bytes, whole.subarray(0, 51_000)), incomplete]).toEqual([true, false]);
    expect(damage.map(({ offset }) => offset)).toEqual([members[0].length + members[1].length - 8]);
  });

  it("has its last trailer found whatever stands behind it, and missed where it is cut", async () => {
    for (const size of [10_000, 700_000]) {
      const file = gzipSync(whole.subarray(0, size));
      for (const zeros of [0, 1, 2, 3, 4, 5, 12, 13, 40_000]) {
        const { incomplete, damage } = await inflate(concat([file, new Uint8Array(zeros)]));
        expect([zeros, incomplete, damage]).toEqual([zeros, false, []]);
      }
      for (let rest = 0; rest < 8; rest++) {
        const cut = file.length - 8 + rest;
        const { bytes, incomplete, damage } = await inflate(file.subarray(0, cut));
        expect([bytes.length, incomplete, damage.map(({ offset }) => offset)]).toEqual([size, true, [cut]]);
      }
    }
  });

  it("is refused where its header does not end", async () => {
    const named = Uint8Array.from({ length: MIB }, () => 97);
    named.set([0x1f, 0x8b, 8, 8]);
    const alone = new FlakySource(named);
    expect((await errorOf(openDump(alone))).code).toBe("bad-headers");
    expect(alone.bytesAskedFor).toBeLessThan(MOST_READ_OF_A_HEADER);

    const before = gzipSync(text);
    const behind = new FlakySource(concat([before, named]));
    const { bytes, damage } = await inflate(behind);
    expect([bytes.length, damage.length]).toEqual([text.length, 1]);
    expect(damage[0].expected).toContain("a gzip header of at most");
    expect(behind.bytesAskedFor).toBeLessThan(before.length + MOST_READ_OF_A_HEADER);
  });

  it("refers to nothing before its own first byte, not even to the member before", async () => {
    // One final block of fixed codes: "a", a match of 3 bytes at a distance of 2, the end.
    const crafted = concat([Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0), fromBits("1 10 10010001 0000001 00001 0000000")]);
    for (const before of [new Uint8Array(0), gzipSync(whole.subarray(0, 1000)), gzipSync(whole)]) {
      const { bytes, damage } = await inflate(concat([before, crafted]));
      expect(bytes.at(-1)).toBe(97);
      expect(bytes.length).toBe((before.length === 0 ? 0 : gunzipSync(before).length) + 1);
      expect(damage).toHaveLength(1);
      expect(damage[0].found).toContain("invalid distance");
      expect(damage[0].offset).toBe(before.length + 12);
    }
  });

  it("is refused where nothing can be inflated at all", async () => {
    expect((await errorOf(openDump(Uint8Array.of(0x1f, 0x8b, 8)))).code).toBe("headers-cut-off");
    expect((await errorOf(openDump(gzipSync(frame(1)).subarray(0, 9)))).code).toBe("headers-cut-off");
    expect((await errorOf(openDump(Uint8Array.of(0x1f, 0x8b, 8, 0xe0, 0, 0, 0, 0, 0, 0)))).code).toBe("bad-headers");
    expect((await errorOf(openDump(concat([gzipSync(new Uint8Array(0)).subarray(0, 10), Uint8Array.of(7)])))).code).toBe("bad-headers");
    expect((await errorOf(openDump(gzipSync(new Uint8Array(0))))).code).toBe("unknown-format");
    expect(isGzip(new Uint8Array(0))).toBe(false);
  });
});
