import { constants, deflateRawSync, gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockStore } from "../../src/dump/block-store.js";
import { crc32 } from "../../src/dump/crc32.js";
import { DamageList } from "../../src/dump/damage-list.js";
import { inflateGzip, isGzip } from "../../src/dump/gzip.js";
import { openDump } from "../../src/dump/open.js";
import { bytesSource, readBytes } from "../../src/dump/source.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { concat, coreOfFrames } from "../support/dump-writer.js";
import { contents, errorOf, frame, pattern, randomNumbers, readFrame, sampleElf, sampleGzip } from "./support.js";

const MIB = 2 ** 20;

async function inflate(bytes: Uint8Array, maximumInflatedBytes = 2 ** 31) {
  const damage = new DamageList();
  const { source, incomplete } = await inflateGzip(bytesSource(bytes), { maximumInflatedBytes, signal: undefined, damage });
  return { bytes: readBytes(source, 0, source.size), incomplete, damage: damage.entries };
}

async function inflateOrNothing(bytes: Uint8Array): Promise<Uint8Array> {
  try {
    return (await inflate(bytes)).bytes;
  } catch (error) {
    expect(error).toBeInstanceOf(DumpFormatError);
    return new Uint8Array(0);
  }
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Text-like, repetitive, random and empty stretches, over more than one window. */
function mixture(size: number): Uint8Array {
  const random = randomNumbers(size);
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size; ) {
    const length = 1 + random(50_000);
    const stretch = bytes.subarray(at, at + length);
    const kind = random(4);
    if (kind === 0) for (let i = 0; i < stretch.length; i++) stretch[i] = random(256);
    else if (kind === 1) for (let i = 0; i < stretch.length; i++) stretch[i] = 97 + random(9);
    else if (kind === 2) bytes.copyWithin(at, Math.max(0, at - 1 - random(32_768)), at);
    at += length;
  }
  return bytes;
}

/** Packed from the lowest bit of each byte, as DEFLATE is. */
function fromBits(text: string): Uint8Array {
  const bits = text.replaceAll(" ", "");
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [i, bit] of [...bits].entries()) bytes[i >> 3] |= Number(bit) << (i & 7);
  return bytes;
}

/** What zlib makes of the first `cut` bytes, told to be content with what there is. */
function beforeCut(file: Uint8Array, cut: number): Uint8Array {
  return gunzipSync(file.subarray(0, cut), { finishFlush: constants.Z_SYNC_FLUSH });
}

function cutsOf(file: Uint8Array): readonly number[] {
  const random = randomNumbers(7);
  return [
    ...Array.from({ length: 40 }, (_, i) => file.length - 1 - i),
    ...Array.from({ length: 100 }, () => 200 + random(file.length - 200)),
  ];
}

const LONGEST_STORED_BLOCK = 0xffff;
/** The eight shortest symbols that fit into a byte, each the longest match: refused, a byte gives nothing at all. */
const MOST_LOST = 8 * 258;
const whole = mixture(2 * MIB + 12_345);
/** Nothing that is better stored as it is. */
const text = whole.map((byte) => 97 + (byte % 9));

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
});

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

  it("gives a block that is stored as it is whole or not at all, and all before it", async () => {
    const content = whole.subarray(0, 400_000);
    for (const level of [0, 6]) {
      const file = gzipSync(content, { level });
      for (const cut of cutsOf(file)) {
        const most = beforeCut(file, cut).length;
        const bytes = await inflateOrNothing(file.subarray(0, cut));
        expect(same(bytes, content.subarray(0, bytes.length))).toBe(true);
        if (bytes.length > most || bytes.length <= most - LONGEST_STORED_BLOCK) throw new Error(`${cut}: ${bytes.length} of ${most}`);
      }
    }
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
    for (let run = 0; run < 100; run++) {
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
    expect(malformed).toBeGreaterThan(5);
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
    const before = performance.now();
    expect((await errorOf(openDump(named))).code).toBe("bad-headers");
    const { bytes, damage } = await inflate(concat([gzipSync(text), named]));
    expect([bytes.length, damage.length]).toEqual([text.length, 1]);
    expect(damage[0].expected).toContain("a gzip header of at most");
    expect(performance.now() - before).toBeLessThan(3000);
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

describe("a gzip bomb", () => {
  const BOMB_SIZE = 64 * MIB;
  const bomb = gzipSync(Buffer.alloc(BOMB_SIZE), { level: 1 });

  it("is stopped at the limit with an error that names it", async () => {
    const before = performance.now();
    const error = await errorOf(openDump(bomb, { maximumInflatedBytes: 16 * MIB }));
    expect(performance.now() - before).toBeLessThan(3000);
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
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 128; i++) store.append(zeros);
    expect(store.size).toBe(128 * MIB);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * MIB);
  });

  it("is given up while it inflates, where the signal says so", async () => {
    const controller = new AbortController();
    const opening = openDump(bomb, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 5);
    const before = performance.now();
    await expect(opening).rejects.toThrow("enough");
    expect(performance.now() - before).toBeLessThan(2000);
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
