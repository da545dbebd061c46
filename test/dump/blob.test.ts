/** A Blob of a browser's worker: which slices of it are read, what is kept of them, and how a read is given up. */

import { afterEach, describe, expect, it, vi } from "vitest";
import type { OpenedDump } from "../../src/dump/file-dump.js";
import { openDump, openForReaders } from "../../src/dump/open.js";
import type { Readers } from "../../src/dump/patience.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import type { Dump } from "../../src/model/dump.js";
import type { BlobLike } from "../../src/model/platform.js";
import { errorOf, readFrame } from "./support.js";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe("a Blob", () => {
  afterEach(() => vi.unstubAllGlobals());

  /** A blob of 1 GiB of zeros with a mark in each MiB, as a worker's synchronous reader would give it. */
  class MarkedBlob implements BlobLike {
    readonly start: number;
    readonly size: number;

    constructor(start = 0, end = GIB) {
      this.start = start;
      this.size = end - start;
    }

    slice(start = 0, end = this.size): BlobLike {
      return new MarkedBlob(this.start + start, this.start + Math.min(end, this.size));
    }

    arrayBuffer(): Promise<ArrayBuffer> {
      throw new Error("a worker pages");
    }

    bytes(): ArrayBuffer {
      const view = new DataView(new ArrayBuffer(this.size));
      for (let at = 0; at < this.size; at += MIB) view.setUint32(at, (this.start + at) / MIB, true);
      return view.buffer;
    }
  }

  /** Has `openDump` meet a synchronous reader; what is read of a blob is noted as [start, size], in MiB. */
  function stubReader(onRead: (mib: number) => void = () => {}): (readonly [start: number, size: number])[] {
    const slices: (readonly [number, number])[] = [];
    vi.stubGlobal(
      "FileReaderSync",
      class {
        readAsArrayBuffer(blob: MarkedBlob): ArrayBuffer {
          slices.push([blob.start / MIB, blob.size / MIB]);
          onRead(blob.size / MIB);
          return blob.bytes();
        }
      },
    );
    return slices;
  }

  const markIn = (dump: Dump, mib: number): number =>
    new DataView((readFrame(dump, mib * 256) ?? new Uint8Array(4)).buffer).getUint32(0, true);

  it("is paged where there is a synchronous reader: single frames in slices of half a MiB, which are kept", async () => {
    const slices = stubReader();
    const dump = await openDump(new MarkedBlob());
    expect(dump.format).toBe("raw");
    for (let mib = 3; mib < 1024; mib += 16) expect(markIn(dump, mib)).toBe(mib);
    expect(slices).toEqual([[0, 0.5], ...Array.from({ length: 64 }, (_, i) => [3 + 16 * i, 0.5])]);
    for (let mib = 3; mib < 1024; mib += 16) expect(markIn(dump, mib)).toBe(mib);
    expect(slices.length).toBe(65);
    dump.close();
  });

  it("gives 16 MiB at a time to whoever comes back to a part of it, and to whoever reads much; the last sixteen are kept", async () => {
    const slices = stubReader();
    const dump = await openDump(new MarkedBlob());
    for (let mib = 32; mib < 48; mib++) expect(markIn(dump, mib)).toBe(mib);
    expect(slices.slice(1)).toEqual([...Array.from({ length: 8 }, (_, i) => [32 + i, 0.5]), [32, 16]]);
    slices.length = 0;
    const target = new Uint8Array(256 * FRAME_SIZE);
    const readMib = (mib: number): number => {
      const gfns = Array.from({ length: 256 }, (_, i) => 256 * mib + i);
      expect([...dump.readFrames(gfns, target)].every((copied) => copied === 1)).toBe(true);
      return new DataView(target.buffer).getUint32(0, true);
    };
    for (let mib = 256; mib < 512; mib++) expect(readMib(mib)).toBe(mib);
    expect(slices).toEqual(Array.from({ length: 16 }, (_, i) => [256 + 16 * i, 16]));
    // The first of them was not used for longest: it goes, the second stays.
    expect([readMib(600), readMib(272), readMib(256)]).toEqual([600, 272, 256]);
    expect(slices.slice(16)).toEqual([
      [592, 16],
      [256, 16],
    ]);
    dump.close();
  });

  it("is not read again and again by whoever reads frames at random, all over a file too large to keep", async () => {
    const slices = stubReader();
    const dump = await openDump(new MarkedBlob());
    // An even mark is no present entry: no frame with one looks like a table, so none is kept.
    const mibs = Array.from({ length: 2048 }, (_, i) => 16 * ((i * 37) % 64) + 2 * ((i >> 6) % 8));
    for (const mib of mibs) expect(markIn(dump, mib)).toBe(mib);
    const readMib = slices.reduce((sum, [, size]) => sum + size, 0);
    expect(new Set(mibs).size).toBe(512);
    expect(readMib).toBeLessThan(4 * 1024);
    dump.close();
  });

  describe("read for someone who may give up", () => {
    const reason = new Error("changed my mind");
    let nowMs = 0;

    /** Has a synchronous reader take so long for each MiB, and notes what is read. */
    function stubSlowReader(msPerMib: number, onRead = () => {}): (readonly [start: number, size: number])[] {
      nowMs = 0;
      vi.spyOn(performance, "now").mockImplementation(() => nowMs);
      return stubReader((mib) => {
        nowMs += msPerMib * mib;
        onRead();
      });
    }

    afterEach(() => vi.restoreAllMocks());

    const patience = (mayGiveUp = true): Readers & { aborted: boolean } => ({
      mayGiveUp,
      aborted: false,
      reason,
      addEventListener: () => {},
      removeEventListener: () => {},
    });
    const target = new Uint8Array(256 * FRAME_SIZE);
    const readMib = (dump: OpenedDump, mib: number): number => {
      const gfns = Array.from({ length: 256 }, (_, i) => 256 * mib + i);
      expect([...dump.readFrames(gfns, target)].every((copied) => copied === 1)).toBe(true);
      return new DataView(target.buffer).getUint32(0, true);
    };

    it("comes in parts while reading is slow, and only then", async () => {
      const slices = stubSlowReader(6);
      const dump = await openForReaders(new MarkedBlob(), { readers: patience() });
      slices.length = 0;
      for (const mib of [16, 31, 32, 37, 47]) expect(readMib(dump, mib)).toBe(mib);
      expect(slices).toEqual([[16, 16], ...[32, 36, 40, 44].map((start) => [start, 4])]);
      dump.close();

      const patient = await openForReaders(new MarkedBlob(), { readers: patience(false) });
      slices.length = 0;
      for (const mib of [16, 32, 48]) expect(readMib(patient, mib)).toBe(mib);
      expect(slices.every(([, size]) => size === 16)).toBe(true);
      patient.close();
    });

    it("is given up between two parts, which is no failure to read, and read whole when it is wanted again", async () => {
      const readers = patience();
      let isToGiveUp = false;
      const slices = stubSlowReader(6, () => {
        readers.aborted = isToGiveUp;
      });
      const dump = await openForReaders(new MarkedBlob(), { readers });
      readMib(dump, 16);
      slices.length = 0;
      isToGiveUp = true;
      expect(() => readMib(dump, 40)).toThrow(reason);
      expect(slices).toEqual([[32, 4]]);
      expect(dump.damage).toEqual([]);

      isToGiveUp = false;
      readers.aborted = false;
      for (const mib of [32, 40, 47]) expect(readMib(dump, mib)).toBe(mib);
      expect(dump.damage).toEqual([]);
      dump.close();
    });
  });

  it("is read on where a slice ends", async () => {
    stubReader();
    const dump = await openDump(new MarkedBlob());
    const target = new Uint8Array(300 * FRAME_SIZE);
    const gfns = Array.from({ length: 300 }, (_, i) => 4096 - 150 + i);
    expect([...dump.readFrames(gfns, target)].every((copied) => copied === 1)).toBe(true);
    expect(new DataView(target.buffer).getUint32(150 * FRAME_SIZE, true)).toBe(16);
    dump.close();
  });

  it("that cannot be read is an error, and a frame of it that cannot is absent the second time", async () => {
    const unreadable = {
      size: FRAME_SIZE,
      slice: () => unreadable,
      arrayBuffer: () => Promise.reject(new Error("NotReadableError: it changed on disk")),
    };
    const error = await errorOf(openDump(unreadable));
    expect(error.code).toBe("cannot-read");
    expect(error.message).toContain("it changed on disk");
  });
});
