import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { OpenedDump } from "../../src/dump/file-dump.js";
import { openDump } from "../../src/dump/open.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { PageTableError } from "../../src/model/errors.js";
import { countAllocations, FlakySource, randomNumbers, sampleElf, sampleGzip } from "./support.js";

const MIB = 2 ** 20;
const HEADERS_AT = 64;
const HEADER_SIZE = 56;
/** What may be wrong with bytes; anything else would be our own fault. */
const CODES = ["unknown-format", "headers-cut-off", "bad-headers", "unsupported", "inflated-too-large"];
/**
 * A file is gone through three times where its gzip stream is damaged, in smaller pieces each time; its head and its
 * trailers once more.
 */
const MOST_READ = 4;
const MOST_READ_BESIDE = 4096;
/** Of memory, beside what comes out of a compressed dump: no number in a header is believed. */
const MOST_ALLOCATED_BYTES = 4 * MIB;
const MAXIMUM_INFLATED_BYTES = 64 * MIB;
const MOST_FRAMES_READ = 400;

const original = sampleElf(7);
const originalHeaders = new DataView(original.buffer, original.byteOffset);
const headerCount = originalHeaders.getUint16(56, true);
const headersEnd = HEADERS_AT + headerCount * HEADER_SIZE;
const notesEnd = Number(originalHeaders.getBigUint64(HEADERS_AT + 8, true) + originalHeaders.getBigUint64(HEADERS_AT + 32, true));

/** Each held frame of the sample, and where its bytes end in the file. */
const frames = new Map<number, { readonly bytes: Uint8Array; readonly end: number }>();
/** Every offset in the file at which something begins or ends. */
const boundaries = new Set<number>();
for (let i = 0; i < headerCount; i++) {
  const at = HEADERS_AT + i * HEADER_SIZE;
  const offset = Number(originalHeaders.getBigUint64(at + 8, true));
  const size = Number(originalHeaders.getBigUint64(at + 32, true));
  for (let field = at; field <= at + HEADER_SIZE; field += 8) boundaries.add(field);
  boundaries.add(offset).add(offset + size);
  if (originalHeaders.getUint32(at, true) !== 1) continue;
  const gfn = Number(originalHeaders.getBigUint64(at + 24, true)) / FRAME_SIZE;
  for (let done = 0; done < size; done += FRAME_SIZE) {
    const end = offset + done + FRAME_SIZE;
    frames.set(gfn + done / FRAME_SIZE, { bytes: original.subarray(offset + done, end), end });
    boundaries.add(end);
  }
}

/**
 * A dump or an error of ours with an allowed code, within bounded work; and what such a dump says of itself holds
 * together.
 */
async function openOrRefuse(bytes: Uint8Array): Promise<OpenedDump | undefined> {
  const source = new FlakySource(bytes);
  const { value: dump, bytes: allocated } = await countAllocations(() => openOrUndefined(source));
  expect(source.bytesAskedFor).toBeLessThan(MOST_READ * bytes.length + MOST_READ_BESIDE);
  expect(allocated).toBeLessThan(MOST_ALLOCATED_BYTES);
  if (dump !== undefined) checkDump(dump);
  return dump;
}

async function openOrUndefined(source: FlakySource): Promise<OpenedDump | undefined> {
  try {
    return await openDump(source, { maximumInflatedBytes: MAXIMUM_INFLATED_BYTES });
  } catch (error) {
    if (!(error instanceof PageTableError)) throw error;
    expect(CODES).toContain(error.code);
    expect(error.message).not.toMatch(/undefined|NaN|\[object/);
    return undefined;
  }
}

function checkDump(dump: OpenedDump): void {
  for (const { offset, expected, found } of dump.damage) {
    if (!Number.isSafeInteger(offset) || offset < 0 || /undefined|NaN/.test(expected + found))
      throw new Error(`${offset}: ${expected}, ${found}`);
  }
  let end = -1;
  let read = 0;
  const target = new Uint8Array(FRAME_SIZE);
  for (const { gfn, count } of dump.runs) {
    if (gfn <= end || count < 1 || gfn + count > 2 ** 40) throw new Error(`run ${gfn} + ${count} after ${end}`);
    end = gfn + count;
    for (let i = 0; i < count && read < MOST_FRAMES_READ; i++, read++) {
      if (!dump.readFrame(gfn + i, target)) throw new Error(`frame ${gfn + i} is in the runs and not there`);
    }
    if (end < 2 ** 40 && dump.readFrame(end, target)) throw new Error(`frame ${end} is there and not in the runs`);
  }
  for (const { root } of dump.vcpus) {
    if (root !== undefined && (root < 0n || root >= 2n ** 52n)) throw new Error(`root ${root}`);
  }
}

/** The frames of a dump of the sample's first `cut` bytes: exactly those that end before the cut. */
function expectFramesBefore(cut: number, dump: OpenedDump): void {
  const target = new Uint8Array(FRAME_SIZE);
  for (const [gfn, { bytes, end }] of frames) {
    const held = dump.readFrame(gfn, target);
    if (held !== end <= cut) throw new Error(`frame ${gfn}, which ends at ${end}: ${held} with the file cut at ${cut}`);
    if (held && Buffer.compare(bytes, target) !== 0) throw new Error(`frame ${gfn} differs with the file cut at ${cut}`);
  }
}

describe("the sample, cut off", () => {
  it("is refused within its headers, and behind them opens with just the frames before the cut", async () => {
    const random = randomNumbers(1);
    const cuts = new Set([0, 1, 3, 4, 5, 15, 16, 17, 20, 63, 64, original.length - 1, original.length]);
    for (const boundary of boundaries) for (const cut of [boundary - 1, boundary, boundary + 1]) cuts.add(cut);
    for (let i = 0; i < 300; i++) cuts.add(random(original.length));
    for (const cut of [...cuts].filter((c) => c >= 0 && c <= original.length)) {
      const dump = await openOrRefuse(original.subarray(0, cut));
      expect([cut, dump !== undefined]).toEqual([cut, cut >= headersEnd]);
      if (dump === undefined) continue;
      expectFramesBefore(cut, dump);
      expect([cut, dump.damage.length > 0]).toEqual([cut, cut < original.length]);
      // VMCOREINFO is the last note; what fills its space up may be missing.
      if (cut >= notesEnd || cut < notesEnd - 3) expect([cut, dump.vmcoreinfo !== undefined]).toEqual([cut, cut >= notesEnd]);
    }
  });

  it("within its gzip stream holds a beginning of the frames in the file, or is refused", async () => {
    const file = sampleGzip(7);
    const random = randomNumbers(2);
    const cuts = [...Array.from({ length: 40 }, (_, i) => i), ...Array.from({ length: 90 }, () => random(file.length)), file.length - 1];
    let opened = 0;
    for (const cut of cuts) {
      const dump = await openOrRefuse(file.subarray(0, cut));
      if (dump === undefined) continue;
      opened++;
      expect(dump.damage.length).toBeGreaterThan(0);
      const target = new Uint8Array(FRAME_SIZE);
      const ends = [...frames].map(([gfn, { bytes, end }]) => {
        const held = dump.readFrame(gfn, target);
        if (held && Buffer.compare(bytes, target) !== 0) throw new Error(`frame ${gfn} differs with the stream cut at ${cut}`);
        return { held, end };
      });
      const inflated = Math.max(0, ...ends.filter(({ held }) => held).map(({ end }) => end));
      expect(ends.every(({ held, end }) => held === end <= inflated)).toBe(true);
    }
    expect(opened).toBeGreaterThan(60);
  });
});

describe("the sample with random bytes", () => {
  /** Numbers that stand at the edges of what a field may say. */
  const EDGES = [
    0n,
    1n,
    0xffn,
    0xffffn,
    2n ** 31n,
    2n ** 32n - 1n,
    2n ** 52n,
    2n ** 53n,
    2n ** 63n,
    2n ** 64n - 1n,
    BigInt(original.length),
  ];

  it("in its headers and notes gives a dump that holds together, or a clear error", async () => {
    const random = randomNumbers(4);
    let opened = 0;
    for (let run = 0; run < 2000; run++) {
      const bytes = Uint8Array.from(original);
      const view = new DataView(bytes.buffer);
      const limit = run % 4 === 0 ? HEADERS_AT : run % 4 === 1 ? notesEnd : headersEnd;
      for (let i = 0; i <= random(6); i++) {
        if (random(2) === 0) bytes[random(limit)] = random(256);
        else view.setBigUint64(random((limit - 8) / 8) * 8, EDGES[random(EDGES.length)] + BigInt(random(3) - 1), true);
      }
      if ((await openOrRefuse(bytes)) !== undefined) opened++;
    }
    expect(opened).toBeGreaterThan(330);
  });

  it("in its headers and a cut, compressed, gives the same kinds of answer", async () => {
    const random = randomNumbers(5);
    for (let run = 0; run < 100; run++) {
      const bytes = Uint8Array.from(original);
      for (let i = 0; i <= random(4); i++) bytes[random(notesEnd)] = random(256);
      const file = gzipSync(bytes, { level: 1 });
      await openOrRefuse(file.subarray(0, file.length - random(file.length)));
    }
  });

  it("in its gzip stream gives a dump with damage, or a clear error", async () => {
    const file = sampleGzip(7);
    const random = randomNumbers(6);
    for (let run = 0; run < 100; run++) {
      const bytes = Uint8Array.from(file);
      for (let i = 0; i <= random(4); i++) bytes[random(bytes.length)] = random(256);
      await openOrRefuse(bytes);
    }
  });
});

describe("nothing but random bytes", () => {
  it("behind an ELF header, a gzip header or nothing gives a dump or a clear error", async () => {
    const random = randomNumbers(8);
    const heads = [[], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0], [...original.subarray(0, 16)], [...original.subarray(0, HEADERS_AT)]];
    for (let run = 0; run < 1000; run++) {
      const bytes = Uint8Array.from({ length: random(3) === 0 ? FRAME_SIZE : random(9000) }, () => random(256));
      bytes.set((heads[run % heads.length] ?? []).slice(0, bytes.length));
      await openOrRefuse(bytes);
    }
  });
});
