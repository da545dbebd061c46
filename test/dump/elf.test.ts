import { describe, expect, it } from "vitest";
import { MAXIMUM_DAMAGE_LISTED } from "../../src/dump/damage-list.js";
import { openDump } from "../../src/dump/open.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { DumpFormatError } from "../../src/model/errors.js";
import { type CoreSegment, concat, coreOfFrames, EM_AARCH64, writeElfCore } from "../support/dump-writer.js";
import { errorOf, frame, pattern, readFrame } from "./support.js";

const PAGE = BigInt(FRAME_SIZE);

async function open(segments: readonly CoreSegment[], rest: Partial<Parameters<typeof writeElfCore>[0]> = {}) {
  return openDump(writeElfCore({ ...rest, segments }));
}

async function refusal(bytes: Uint8Array): Promise<DumpFormatError> {
  const error = await errorOf(openDump(bytes));
  expect(error).toBeInstanceOf(DumpFormatError);
  return error;
}

/** A valid core with one frame, some of its bytes replaced. */
function patched(offset: number, ...bytes: readonly number[]): Uint8Array {
  const file = writeElfCore({ segments: [{ paddr: 0n, bytes: frame(1) }] });
  file.set(bytes, offset);
  return file;
}

describe("what an ELF core holds", () => {
  for (const bits of [64, 32] as const) {
    for (const headersLast of [false, true]) {
      it(`is read from ${bits} bits with unaligned data, headers ${headersLast ? "last" : "first"}`, async () => {
        const segments = [
          { paddr: 0x5000n, bytes: concat([frame(5), frame(6)]) },
          { paddr: 0xffff_f000n, bytes: frame(7) },
        ];
        const dump = await open(segments, { bits, headersLast, gapBytes: 3 });
        expect(dump.format).toBe("elf");
        expect(dump.immutable).toBe(true);
        expect(dump.damage).toEqual([]);
        expect(dump.runs).toEqual([
          { gfn: 5, count: 2 },
          { gfn: 0xfffff, count: 1 },
        ]);
        expect(readFrame(dump, 5)).toEqual(frame(5));
        expect(readFrame(dump, 6)).toEqual(frame(6));
        expect(readFrame(dump, 0xfffff)).toEqual(frame(7));
        expect(readFrame(dump, 4)).toBeUndefined();
        expect(readFrame(dump, 7)).toBeUndefined();
      });
    }
  }

  it("reaches to the last frame of 52 bits, past all 32-bit numbers", async () => {
    const dump = await openDump(
      coreOfFrames(
        new Map([
          [2 ** 32, frame(1)],
          [2 ** 40 - 1, frame(2)],
        ]),
      ),
    );
    expect(readFrame(dump, 2 ** 32)).toEqual(frame(1));
    expect(readFrame(dump, 2 ** 40 - 1)).toEqual(frame(2));
    expect(readFrame(dump, 0)).toBeUndefined();
    expect(dump.damage).toEqual([]);
  });

  it("is counted in section 0 where e_phnum is 0xffff, for few headers as for 70,000", async () => {
    const few = await open([{ paddr: 0x3000n, bytes: frame(3) }], { extendedNumbering: true });
    expect(few.runs).toEqual([{ gfn: 3, count: 1 }]);
    const count = 70_000;
    const piece = 16;
    const bytes = pattern(count * piece, 9);
    for (const bits of [64, 32] as const) {
      const segments = Array.from({ length: count }, (_, i) => ({
        paddr: BigInt(i * piece),
        bytes: bytes.subarray(i * piece, (i + 1) * piece),
      }));
      const many = await open(segments, { bits });
      expect(many.runs).toEqual([{ gfn: 0, count: Math.floor((count * piece) / FRAME_SIZE) }]);
      expect(many.damage).toEqual([]);
      expect(readFrame(many, 100)).toEqual(bytes.slice(100 * FRAME_SIZE, 101 * FRAME_SIZE));
    }
  });

  it("puts a frame together from several segments, in whatever order and however far apart in the file", async () => {
    const whole = frame(1);
    const dump = await open(
      [
        { paddr: 0x1000n + 3000n, bytes: whole.subarray(3000) },
        { paddr: 0x1000n, bytes: whole.subarray(0, 17) },
        { paddr: 0x1000n + 17n, bytes: whole.subarray(17, 3000) },
      ],
      { gapBytes: 5 },
    );
    expect(dump.runs).toEqual([{ gfn: 1, count: 1 }]);
    expect(readFrame(dump, 1)).toEqual(whole);
    expect(dump.damage).toEqual([]);
  });

  it("is no frame of which one byte is missing", async () => {
    const whole = concat([frame(1), frame(2), frame(3)]);
    const dump = await open([
      { paddr: 0x1001n, bytes: whole.subarray(1, 2 * FRAME_SIZE) },
      { paddr: 0x3000n, bytes: whole.subarray(2 * FRAME_SIZE, 3 * FRAME_SIZE - 1) },
    ]);
    expect(dump.runs).toEqual([{ gfn: 2, count: 1 }]);
    expect(readFrame(dump, 1)).toBeUndefined();
    expect(readFrame(dump, 2)).toEqual(frame(2));
    expect(readFrame(dump, 3)).toBeUndefined();
  });

  it("does not go on to p_memsz: what is behind p_filesz is absent, not zeros, and no damage", async () => {
    const dump = await open([
      { paddr: 0n, bytes: frame(1), memorySize: 4n * PAGE },
      { paddr: 8n * PAGE, bytes: new Uint8Array(0), memorySize: PAGE },
    ]);
    expect(dump.runs).toEqual([{ gfn: 0, count: 1 }]);
    expect(readFrame(dump, 1)).toBeUndefined();
    expect(readFrame(dump, 8)).toBeUndefined();
    expect(dump.damage).toEqual([]);
  });

  it("is nothing at all where there is no segment, which is a dump too", async () => {
    const dump = await open([]);
    expect(dump.runs).toEqual([]);
    expect(readFrame(dump, 0)).toBeUndefined();
    expect(dump.vcpus).toEqual([]);
  });

  it("leaves out headers of other types, and takes program headers longer than it knows", async () => {
    const dump = await open([
      { paddr: 0n, bytes: frame(1), type: 0x6474_e551 },
      { paddr: PAGE, bytes: frame(2) },
    ]);
    expect(dump.runs).toEqual([{ gfn: 1, count: 1 }]);

    const entrySize = 72;
    const plain = writeElfCore({ segments: [{ paddr: PAGE, bytes: frame(2) }] });
    const long = concat([plain, new Uint8Array(entrySize)]);
    long.copyWithin(plain.length, 64, 64 + 56);
    const view = new DataView(long.buffer);
    view.setBigUint64(32, BigInt(plain.length), true);
    view.setUint16(54, entrySize, true);
    const opened = await openDump(long);
    expect(readFrame(opened, 1)).toEqual(frame(2));
  });

  it("is read whatever e_version says", async () => {
    const dump = await open([{ paddr: 0n, bytes: frame(1) }], { version: 0, machine: EM_AARCH64 });
    expect(readFrame(dump, 0)).toEqual(frame(1));
    expect(dump.damage).toEqual([]);
  });
});

describe("what the headers of an ELF core promise in vain", () => {
  it("is absent and damage where the file ends before, the frames before the cut being there", async () => {
    const file = coreOfFrames(
      new Map([
        [1, frame(1)],
        [2, frame(2)],
        [9, frame(9)],
      ]),
    );
    const dump = await openDump(file.subarray(0, file.length - FRAME_SIZE - 1));
    expect(dump.runs).toEqual([{ gfn: 1, count: 1 }]);
    expect(readFrame(dump, 1)).toEqual(frame(1));
    expect(readFrame(dump, 2)).toBeUndefined();
    expect(readFrame(dump, 9)).toBeUndefined();
    expect(dump.damage).toHaveLength(2);
    expect(dump.damage[0]).toEqual({
      offset: file.length - FRAME_SIZE - 1,
      expected: "0x2000 bytes from offset 0xb0 on, for PA 0x1000",
      found: "the end of the file at 0x20af",
    });
    expect(dump.damage[1].offset).toBe(file.length - FRAME_SIZE);
  });

  it("is damage for offsets, sizes and addresses that no file and no machine has", async () => {
    const huge = [2n ** 64n - 1n, 2n ** 63n, 2n ** 53n + 1n, 2n ** 53n, 2n ** 52n];
    for (const value of huge) {
      for (const wrong of [{ fileOffset: value }, { fileSize: value, memorySize: value }, { paddr: value }]) {
        const dump = await open([
          { paddr: 0x7000n, bytes: frame(7), ...wrong },
          { paddr: 0x9000_0000_0000n, bytes: frame(9) },
        ]);
        expect(dump.damage.length).toBeGreaterThan(0);
        for (const { offset } of dump.damage) expect(Number.isSafeInteger(offset)).toBe(true);
        expect(readFrame(dump, 0x9_0000_0000)).toEqual(frame(9));
        // What the file does hold from a good offset on is there.
        expect(readFrame(dump, 7) !== undefined).toBe("fileSize" in wrong);
      }
    }
  });

  it("is said with the very numbers of the file, up to the last below 2^64", async () => {
    const last = 2n ** 64n - 1n;
    const said = async (wrong: Partial<CoreSegment>): Promise<string[]> => {
      const { damage } = await open([{ paddr: 0x7000n, bytes: frame(7), ...wrong }]);
      return damage.map(({ expected, found }) => `${expected}; ${found}`);
    };
    expect(await said({ fileOffset: last })).toEqual([
      "0x1000 bytes from offset 0xffffffffffffffff on, for PA 0x7000; the end of the file at 0x1078",
    ]);
    expect(await said({ paddr: last })).toEqual([
      "a segment of physical memory below 2^52; one at PA 0xffffffffffffffff, which is left out",
    ]);
    expect(await said({ fileSize: last, memorySize: 2n ** 53n + 1n })).toEqual([
      "p_filesz of at most p_memsz, 0x20000000000001; 0xffffffffffffffff",
      "0xffffffffffffffff bytes from offset 0x78 on, for PA 0x7000; the end of the file at 0x1078",
    ]);
    expect(await said({ type: 4, fileOffset: last, fileSize: last - 1n })).toEqual([
      "0xfffffffffffffffe bytes of notes from offset 0xffffffffffffffff on; the end of the file at 0x1078",
    ]);
    const file = patched(56, 1);
    new DataView(file.buffer).setBigUint64(32, last, true);
    expect((await refusal(file)).message).toContain("1 program headers of 56 bytes from offset 0xffffffffffffffff on");
  });

  it("is cut at 52 bits of physical address", async () => {
    const dump = await open([{ paddr: 2n ** 52n - PAGE, bytes: concat([frame(1), frame(2)]) }]);
    expect(dump.runs).toEqual([{ gfn: 2 ** 40 - 1, count: 1 }]);
    expect(dump.damage).toHaveLength(1);
  });

  it("is damage where p_filesz is more than p_memsz, and is read all the same", async () => {
    const dump = await open([{ paddr: 0n, bytes: frame(1), memorySize: 1n }]);
    expect(dump.damage).toHaveLength(1);
    expect(readFrame(dump, 0)).toEqual(frame(1));
  });

  it("is what the first segment in the table says where two overlap, and damage", async () => {
    const first = concat([frame(1), frame(2)]);
    const second = concat([frame(3), frame(4), frame(5)]);
    for (const [paddrs, expected] of [
      [
        [0x1000n, 0n],
        [frame(3), frame(1), frame(2)],
      ] as const,
      [
        [0n, 0n],
        [frame(1), frame(2), frame(5)],
      ] as const,
    ]) {
      const dump = await open([
        { paddr: paddrs[0], bytes: first },
        { paddr: paddrs[1], bytes: second },
      ]);
      expect([0, 1, 2].map((gfn) => readFrame(dump, gfn))).toEqual(expected);
      expect(dump.runs).toEqual([{ gfn: 0, count: 3 }]);
      expect(dump.damage).toHaveLength(1);
    }
  });

  it("is damage for every pair of headers that contradict, also where the one that wins has lost before", async () => {
    const first = concat([frame(1), frame(2), frame(3), frame(4), frame(5), frame(6)]);
    const start = BigInt(64 + 3 * 56);
    const dump = await open([
      { paddr: 0n, bytes: first, fileSize: 4n * PAGE },
      { paddr: 2n * PAGE, bytes: concat([frame(13), frame(14), frame(15), frame(16)]) },
      { paddr: PAGE, bytes: new Uint8Array(0), fileOffset: start + PAGE, fileSize: 5n * PAGE },
    ]);
    expect([3, 4, 5].map((gfn) => readFrame(dump, gfn))).toEqual([frame(4), frame(15), frame(16)]);
    const found = "another segment with other contents for it; the first in the table counts";
    expect(dump.damage).toEqual([
      { offset: 64 + 56, expected: "PA 0x2000 from one segment, that of the header at 0x40", found },
      { offset: 64 + 2 * 56, expected: "PA 0x4000 from one segment, that of the header at 0x78", found },
    ]);
  });

  it("says from which header on no more are compared where they contradict each other without end", async () => {
    const count = 200;
    const size = 2 * count;
    const headers = count + 1 + 1000;
    const part = (pa: number, fileSize: number, shift: number): CoreSegment => ({
      ...{ paddr: BigInt(pa), fileSize: BigInt(fileSize), bytes: new Uint8Array(0) },
      fileOffset: BigInt(64 + headers * 56 + pa + shift),
    });
    // Every other byte, in which the last thousand agree; the one before them has the rest, in which they do not.
    const odd = Array.from({ length: count }, (_, i) => part(2 * i, 1, 0));
    const rest = Array.from({ length: 1000 }, () => part(0, size, 0));
    const file = writeElfCore({ segments: [...odd, part(0, size, 1), ...rest] });
    const { damage } = await openDump(concat([file, pattern(size + 1, 3)]));
    expect(damage.at(-1)?.found).toBe("so many that overlap that from this header on they were not compared");
    expect(damage.at(-2)?.offset).toBe(damage.at(-1)?.offset);
    expect(damage.length).toBeGreaterThan(count + 100);
    expect(damage.length).toBeLessThan(headers);
  });

  it("says so too where there are more contradictions than are listed", async () => {
    const count = 800;
    const { damage } = await open(
      Array.from({ length: count }, (_, i) => ({ paddr: 0n, bytes: new Uint8Array(0), fileOffset: BigInt(i), fileSize: BigInt(i + 1) })),
    );
    expect(damage).toHaveLength(MAXIMUM_DAMAGE_LISTED + 1);
    expect(damage.at(-1)?.found).toMatch(/more such places, not listed; .* from this header on they were not compared$/);
    expect(damage.at(-1)?.offset).toBeLessThan(64 + (count - 1) * 56);
  });

  it("is no contradiction where two segments mean the same bytes", async () => {
    const file = writeElfCore({
      segments: [
        { paddr: 0n, bytes: concat([frame(1), frame(2)]) },
        { paddr: PAGE, bytes: new Uint8Array(0), fileOffset: BigInt(64 + 2 * 56 + FRAME_SIZE), fileSize: PAGE },
      ],
    });
    const dump = await openDump(file);
    expect(dump.damage).toEqual([]);
    expect(readFrame(dump, 1)).toEqual(frame(2));
  });

  it("is taken from a later segment where the file ends before the first one's bytes", async () => {
    const file = writeElfCore({
      segments: [
        { paddr: 0n, bytes: new Uint8Array(0), fileOffset: 2n ** 40n, fileSize: PAGE },
        { paddr: 0n, bytes: frame(2) },
      ],
    });
    const dump = await openDump(file);
    expect(readFrame(dump, 0)).toEqual(frame(2));
    expect(dump.damage).toHaveLength(1);
  });

  it("is listed up to a bound, the last entry counting the rest", async () => {
    const count = MAXIMUM_DAMAGE_LISTED + 1000;
    const dump = await open(
      Array.from({ length: count }, (_, i) => ({
        paddr: BigInt(i) * PAGE,
        bytes: new Uint8Array(0),
        fileOffset: 2n ** 45n,
        fileSize: PAGE,
      })),
    );
    expect(dump.damage).toHaveLength(MAXIMUM_DAMAGE_LISTED + 1);
    expect(dump.damage.at(-1)?.found).toMatch(/^1000 more/);
  });

  it("is damage where makedumpfile marked the dump as incomplete", async () => {
    expect((await openDump(patched(48, 1))).damage).toHaveLength(1);
    expect((await openDump(patched(18, 183))).damage).toHaveLength(0);
  });
});

describe("an ELF file that cannot be read as a dump", () => {
  it("is refused with what was expected, what was found, and the offset", async () => {
    const cases: readonly (readonly [Uint8Array, string, number])[] = [
      [patched(4, 0), "bad-headers", 4],
      [patched(4, 3), "bad-headers", 4],
      [patched(5, 2), "unsupported", 5],
      [patched(5, 0), "bad-headers", 5],
      [patched(16, 2), "unsupported", 16],
      [patched(54, 55), "bad-headers", 54],
      [patched(54, 0), "bad-headers", 54],
      [patched(56, 0, 0, 64, 0, 1), "unsupported", 56],
    ];
    for (const [bytes, code, offset] of cases) {
      const error = await refusal(bytes);
      expect([error.code, error.details.offset]).toEqual([code, offset]);
      expect(error.details.expected).toEqual(expect.any(String));
      expect(error.details.found).toEqual(expect.any(String));
      expect(error.message).toContain(`expected ${String(error.details.expected)}, found ${String(error.details.found)}`);
    }
    expect((await refusal(patched(5, 2))).message).toContain("big-endian");
    expect((await refusal(patched(16, 2))).message).toContain("an executable");
  });

  it("is refused where the file ends within its headers, wherever they lie", async () => {
    for (const headersLast of [false, true]) {
      for (const extendedNumbering of [false, true]) {
        const segments = [
          { paddr: 0n, bytes: frame(1) },
          { paddr: PAGE, bytes: frame(2) },
        ];
        const file = writeElfCore({ headersLast, extendedNumbering, segments });
        const headersEnd = headersLast ? file.length : file.length - 2 * FRAME_SIZE;
        for (const cut of [4, 15, 16, 63, 64, 65, headersEnd - 57, headersEnd - 56, headersEnd - 1]) {
          expect((await refusal(file.subarray(0, cut))).code).toBe("headers-cut-off");
        }
      }
    }
  });

  it("is refused where its table of headers lies behind the end of the file, at once and however many it claims", async () => {
    for (const offset of [2n ** 64n - 1n, 2n ** 53n, 5000n]) {
      const file = patched(56, 0xfe, 0xff);
      new DataView(file.buffer).setBigUint64(32, offset, true);
      expect((await refusal(file)).code).toBe("headers-cut-off");
    }
    const file = writeElfCore({ segments: [{ paddr: 0n, bytes: frame(1) }], extendedNumbering: true });
    new DataView(file.buffer).setUint32(64 + 44, 2 ** 32 - 1, true);
    expect((await refusal(file)).code).toBe("headers-cut-off");
    new DataView(file.buffer).setBigUint64(40, 2n ** 60n, true);
    expect((await refusal(file)).code).toBe("headers-cut-off");
  });
});
