import { constants, deflateRawSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockStore } from "../../src/dump/block-store.js";
import { crc32 } from "../../src/dump/crc32.js";
import { openDump } from "../../src/dump/open.js";
import { bytesSource } from "../../src/dump/source.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import type { RandomAccess } from "../../src/model/dump.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { concat, coreOfFrames } from "../support/dump-writer.js";
import { inflate, MIB, same, whole } from "./gzip-support.js";
import { contents, countAllocations, errorOf, FlakySource, frame, pattern, readFrame, sampleElf, sampleGzip } from "./support.js";

describe("what gzip holds", () => {
  it("comes out as zlib says, at every level and by every strategy", async () => {
    const content = whole.subarray(0, 600_000);
    const { Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE } = constants;
    for (const level of [0, 1, 6, 9]) {
      for (const strategy of [Z_DEFAULT_STRATEGY, Z_FILTERED, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]) {
        const { bytes, incomplete, damage } = await inflate(gzipSync(content, { level, strategy }));
        expect([same(bytes, content), incomplete, damage]).toEqual([true, false, []]);
      }
    }
  });

  it("comes out as zlib says for any small content", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), fc.constantFrom(0, 1, 6, 9), async (content, level) => {
        const { bytes, damage } = await inflate(gzipSync(content, { level }));
        expect([same(bytes, content), damage]).toEqual([true, []]);
      }),
      { numRuns: 500 },
    );
  });

  it("is a dump for each step of the sample, the same one as inflated beforehand", async () => {
    for (let step = 0; step < 16; step++) {
      const dump = await openDump(sampleGzip(step));
      const plain = await openDump(sampleElf(step));
      expect(dump.format).toBe("elf");
      expect(dump.runs).toEqual(plain.runs);
      expect(dump.damage).toEqual([]);
      expect(contents(dump)).toBe(contents(plain));
    }
  });

  it("may be in several members, with every optional header field, followed by zeros", async () => {
    const text = new TextEncoder();
    const withFields = (content: Uint8Array): Uint8Array => {
      const trailer = new DataView(new ArrayBuffer(8));
      trailer.setUint32(0, crc32(content), true);
      trailer.setUint32(4, content.length, true);
      const head = [0x1f, 0x8b, 8, 0x1f, 0, 0, 0, 0, 0, 255, 3, 0, 7, 8, 9, ...text.encode("name\0a comment\0"), 0xaa, 0xbb];
      return concat([Uint8Array.from(head), deflateRawSync(content), new Uint8Array(trailer.buffer)]);
    };
    const [a, b] = [whole.subarray(0, 300_000), whole.subarray(300_000, 700_000)];
    const { bytes, damage } = await inflate(concat([withFields(a), gzipSync(new Uint8Array(0)), withFields(b), new Uint8Array(512)]));
    expect([same(bytes, concat([a, b])), damage]).toEqual([true, []]);
  });

  it("may be gzip again, but not without end", async () => {
    let file: Uint8Array = coreOfFrames(new Map([[3, frame(3)]]));
    for (let layer = 0; layer < 4; layer++) file = gzipSync(file);
    expect(readFrame(await openDump(file), 3)).toEqual(frame(3));
    expect((await errorOf(openDump(gzipSync(file)))).code).toBe("unsupported");
  });

  it("may be a raw image", async () => {
    const dump = await openDump(gzipSync(concat([frame(1), frame(2)])));
    expect(dump.format).toBe("raw");
    expect(dump.runs).toEqual([{ gfn: 0, count: 2 }]);
    expect(readFrame(dump, 1)).toEqual(frame(2));
    expect((await errorOf(openDump(gzipSync(pattern(FRAME_SIZE + 1, 1))))).code).toBe("unknown-format");
  });

  it("is given up with the piece that is being read when the signal says so", async () => {
    const controller = new AbortController();
    const file = bytesSource(gzipSync(whole));
    let readsAfterAbort = 0;
    const source: RandomAccess = {
      size: file.size,
      read(offset, target) {
        if (controller.signal.aborted) readsAfterAbort++;
        if (offset > file.size / 4) controller.abort(new Error("enough"));
        return file.read(offset, target);
      },
    };
    await expect(openDump(source, { signal: controller.signal })).rejects.toThrow("enough");
    expect(readsAfterAbort).toBe(0);
  });
});

describe("a gzip bomb", () => {
  const BOMB_SIZE = 64 * MIB;
  const bomb = gzipSync(Buffer.alloc(BOMB_SIZE), { level: 1 });

  it("is stopped at the limit with an error that names it", async () => {
    const source = new FlakySource(bomb);
    const error = await errorOf(openDump(source, { maximumInflatedBytes: 16 * MIB }));
    // A quarter of it may come out, and what a piece more inflates to.
    expect(source.bytesAskedFor).toBeLessThan(bomb.length / 2);
    expect(error).toBeInstanceOf(DumpFormatError);
    expect(error.code).toBe("inflated-too-large");
    expect(error.details.maximumInflatedBytes).toBe(16 * MIB);
  });

  it("may inflate to exactly the limit and not to a byte more", async () => {
    const file = gzipSync(whole);
    expect((await inflate(file, whole.length)).bytes.length).toBe(whole.length);
    expect((await errorOf(inflate(file, whole.length - 1))).code).toBe("inflated-too-large");
    expect((await errorOf(openDump(gzipSync(frame(1)), { maximumInflatedBytes: 0 }))).code).toBe("inflated-too-large");
  });

  it("of zeros opens below the limit, and what is kept of it is no memory to speak of", async () => {
    const dump = await openDump(bomb);
    expect(dump.runs).toEqual([{ gfn: 0, count: BOMB_SIZE / FRAME_SIZE }]);
    expect(readFrame(dump, BOMB_SIZE / FRAME_SIZE - 1)).toEqual(new Uint8Array(FRAME_SIZE));

    const store = new BlockStore();
    const zeros = new Uint8Array(MIB);
    const { bytes } = await countAllocations(() => {
      for (let i = 0; i < 128; i++) store.append(zeros);
    });
    expect(store.size).toBe(128 * MIB);
    expect(bytes).toBe(0);
  });

  it("lets others have their turn while it inflates, who may give it up", async () => {
    const controller = new AbortController();
    const opening = openDump(bomb, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 0);
    await expect(opening).rejects.toThrow("enough");
  });
});

describe("CRC-32", () => {
  it("has the check value of the standard, whole and in parts", () => {
    const digits = new TextEncoder().encode("123456789");
    expect(crc32(digits)).toBe(0xcbf4_3926);
    for (let cut = 0; cut <= digits.length; cut++) expect(crc32(digits.subarray(cut), crc32(digits.subarray(0, cut)))).toBe(0xcbf4_3926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});
