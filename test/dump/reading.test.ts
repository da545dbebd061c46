import { describe, expect, it } from "vitest";
import { openDump } from "../../src/dump/open.js";
import { mappings } from "../../src/index.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import { concat, coreOfFrames, writeElfCore } from "../support/dump-writer.js";
import { errorOf, FlakySource, frame, randomNumbers, readFrame, sampleElf } from "./support.js";

const HELD = new Map([1, 2, 3, 4, 10, 11, 2 ** 35].map((gfn) => [gfn, frame(gfn % 1000)]));

async function flaky() {
  const bytes = coreOfFrames(HELD);
  const source = new FlakySource(bytes);
  const dump = await openDump(source);
  source.reads.length = 0;
  const offsetOf = (gfn: number): number => Buffer.from(bytes).indexOf(frame(gfn % 1000));
  return { source, dump, offsetOf };
}

describe("reading many frames", () => {
  it("answers one byte a frame and puts each where it belongs, in any order, with repetitions and holes", async () => {
    const { dump } = await flaky();
    const gfns = [10, 5, 1, 2, 3, 2 ** 35, 11, 1, 0, 2 ** 40 - 1, 4, 3];
    const target = new Uint8Array(gfns.length * FRAME_SIZE);
    const copied = dump.readFrames(gfns, target);
    expect([...copied]).toEqual(gfns.map((gfn) => (HELD.has(gfn) ? 1 : 0)));
    for (const [i, gfn] of gfns.entries()) {
      if (HELD.has(gfn)) expect(target.slice(i * FRAME_SIZE, (i + 1) * FRAME_SIZE)).toEqual(HELD.get(gfn));
    }
  });

  it("reads what lies side by side in one piece, up to a megabyte", async () => {
    const { source, dump } = await flaky();
    dump.readFrames([1, 2, 3, 4, 10, 11], new Uint8Array(6 * FRAME_SIZE));
    // The two runs lie side by side in the file as well.
    expect(source.reads.map(({ length }) => length)).toEqual([6 * FRAME_SIZE]);

    const raw = new FlakySource(new Uint8Array(600 * FRAME_SIZE));
    const image = await openDump(raw);
    raw.reads.length = 0;
    image.readFrames(
      Float64Array.from({ length: 600 }, (_, i) => i),
      new Uint8Array(600 * FRAME_SIZE),
    );
    expect(raw.reads.map(({ length }) => length)).toEqual([2 ** 20, 2 ** 20, 88 * FRAME_SIZE]);
  });

  it("reads nothing for frames that are not held", async () => {
    const { source, dump } = await flaky();
    expect([...dump.readFrames([0, 5, 12, 2 ** 35 + 1], new Uint8Array(4 * FRAME_SIZE))]).toEqual([0, 0, 0, 0]);
    expect(source.reads).toEqual([]);
  });

  it("agrees with reading them one by one, on the sample, into shared memory too", async () => {
    const dump = await openDump(sampleElf());
    const gfns = dump.runs.flatMap(({ gfn, count }) => Array.from({ length: count + 1 }, (_, i) => gfn + i));
    const random = randomNumbers(11);
    for (const order of [gfns, gfns.toReversed(), gfns.toSorted(() => random(3) - 1)]) {
      const target = new Uint8Array(new SharedArrayBuffer(order.length * FRAME_SIZE));
      const copied = dump.readFrames(order, target);
      for (const [i, gfn] of order.entries()) {
        const single = readFrame(dump, gfn);
        expect(copied[i]).toBe(single === undefined ? 0 : 1);
        if (single !== undefined) expect(Buffer.compare(target.subarray(i * FRAME_SIZE, (i + 1) * FRAME_SIZE), single)).toBe(0);
      }
    }
  });

  it("wants frame numbers and room for them", async () => {
    const { dump } = await flaky();
    for (const gfn of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect((await errorOf(() => dump.readFrames([1, gfn], new Uint8Array(2 * FRAME_SIZE)))).code).toBe("invalid-gfn");
      expect((await errorOf(() => dump.readFrame(gfn, new Uint8Array(FRAME_SIZE)))).code).toBe("invalid-gfn");
    }
    expect((await errorOf(() => dump.readFrames([1, 2], new Uint8Array(2 * FRAME_SIZE - 1)))).code).toBe("invalid-target");
    expect((await errorOf(() => dump.readFrame(1, new Uint8Array(0)))).code).toBe("invalid-target");
    expect([...dump.readFrames([], new Uint8Array(0))]).toEqual([]);
  });

  it("writes no byte past the frame", async () => {
    const { dump } = await flaky();
    const target = new Uint8Array(2 * FRAME_SIZE).fill(0xee);
    expect(dump.readFrame(1, target)).toBe(true);
    expect(target.slice(FRAME_SIZE)).toEqual(new Uint8Array(FRAME_SIZE).fill(0xee));
  });
});

describe("a frame that fails to be read", () => {
  it("is an error the first time, absent from the second on, and then damage and no part of the runs", async () => {
    const { source, dump, offsetOf } = await flaky();
    source.bad.add(offsetOf(3) + 77);
    const error = await errorOf(() => readFrame(dump, 3));
    expect(error.code).toBe("read-failed");
    expect(error.details).toEqual({ gfn: 3, offset: offsetOf(3) });
    expect((error.cause as Error).message).toContain("EIO");
    expect(dump.damage).toEqual([]);
    expect(dump.runs[0]).toEqual({ gfn: 1, count: 4 });

    expect(readFrame(dump, 3)).toBeUndefined();
    expect(dump.damage).toEqual([{ offset: offsetOf(3), expected: "frame 0x3", found: expect.stringContaining("EIO") as string }]);
    expect(dump.runs).toEqual([
      { gfn: 1, count: 2 },
      { gfn: 4, count: 1 },
      { gfn: 10, count: 2 },
      { gfn: 2 ** 35, count: 1 },
    ]);
    source.bad.clear();
    source.reads.length = 0;
    expect(readFrame(dump, 3)).toBeUndefined();
    expect([...dump.readFrames([2, 3, 4], new Uint8Array(3 * FRAME_SIZE))]).toEqual([1, 0, 1]);
    expect(source.reads.every(({ offset, length }) => offset + length <= offsetOf(3) || offset >= offsetOf(4))).toBe(true);
    expect(dump.damage).toHaveLength(1);
  });

  it("is there after all where the second time goes well", async () => {
    const { source, dump, offsetOf } = await flaky();
    source.bad.add(offsetOf(3));
    await errorOf(() => readFrame(dump, 3));
    source.bad.clear();
    expect(readFrame(dump, 3)).toEqual(frame(3));
    expect(dump.damage).toEqual([]);
  });

  it("among many is the only one to be lost: the same call again answers all others", async () => {
    const { source, dump, offsetOf } = await flaky();
    source.bad.add(offsetOf(2)).add(offsetOf(10) + 4095);
    const gfns = [1, 2, 3, 4, 10, 11];
    const target = new Uint8Array(gfns.length * FRAME_SIZE);
    expect((await errorOf(() => dump.readFrames(gfns, target))).details.gfn).toBe(2);
    expect([...dump.readFrames(gfns, target)]).toEqual([1, 0, 1, 1, 0, 1]);
    expect(target.slice(2 * FRAME_SIZE, 3 * FRAME_SIZE)).toEqual(frame(3));
    expect(dump.damage.map(({ expected }) => expected)).toEqual(["frame 0x2", "frame 0xa"]);
  });

  it("is one whose source is shorter than it said, too", async () => {
    const { source, dump, offsetOf } = await flaky();
    source.endsAt = offsetOf(11) + 100;
    const error = await errorOf(() => readFrame(dump, 11));
    expect(error.message).toContain("100 of 4096 bytes");
    expect(readFrame(dump, 11)).toBeUndefined();
    expect(readFrame(dump, 10)).toEqual(frame(10));
    expect(dump.damage[0].offset).toBe(offsetOf(11) + 100);
  });

  it("is one made of several segments of which one fails", async () => {
    const source = new FlakySource(
      writeElfCore({
        segments: [
          { paddr: 0x1000n, bytes: frame(1).subarray(0, 1000) },
          { paddr: 0x1000n + 1000n, bytes: frame(1).subarray(1000) },
        ],
        gapBytes: 1,
      }),
    );
    const dump = await openDump(source);
    source.bad.add(source.size - 1);
    await errorOf(() => readFrame(dump, 1));
    expect(readFrame(dump, 1)).toBeUndefined();
    expect(dump.runs).toEqual([]);
  });

  it("is one whose source breaks the rules of read", async () => {
    for (const answer of [-1, 0.5, FRAME_SIZE + 1, Number.NaN, "4096" as unknown as number]) {
      let broken = false;
      const dump = await openDump({
        size: 4 * FRAME_SIZE,
        read: (_offset, target) => (broken ? answer : target.fill(0).length),
      });
      broken = true;
      expect((await errorOf(() => readFrame(dump, 1))).cause).toMatchObject({ code: "driver-contract" });
      expect(readFrame(dump, 1)).toBeUndefined();
    }
  });
});

describe("a closed dump", () => {
  it("reads no more, and closing it again does nothing", async () => {
    for (const close of ["close", "dispose"] as const) {
      const { dump } = await flaky();
      if (close === "close") dump.close();
      else dump[Symbol.dispose]();
      dump.close();
      expect((await errorOf(() => readFrame(dump, 1))).code).toBe("dump-closed");
      expect((await errorOf(() => dump.readFrames([1], new Uint8Array(FRAME_SIZE)))).code).toBe("dump-closed");
      // What it said of itself stays.
      expect(dump.runs).toHaveLength(3);
      expect(dump.format).toBe("elf");
    }
  });

  it("is closed by `using`, at the end of the block", async () => {
    let kept: Awaited<ReturnType<typeof openDump>>;
    {
      using dump = await openDump(concat([frame(1)]));
      kept = dump;
      expect(readFrame(kept, 0)).toEqual(frame(1));
    }
    expect((await errorOf(() => readFrame(kept, 0))).code).toBe("dump-closed");
  });

  it("is what somebody has put in the place of its methods, for whoever reads from it", async () => {
    const seen: number[] = [];
    const dump = await openDump(sampleElf());
    const { root = 0n } = dump.vcpus[0] ?? {};
    const expected = [...(await mappings(dump, { root }))].length;
    const readFrame = dump.readFrame.bind(dump);
    Object.assign(dump, {
      readFrame: (gfn: number, target: Uint8Array) => seen.push(gfn) > 0 && readFrame(gfn, target),
      readFrames: undefined,
    });
    expect([...(await mappings(dump, { root }))]).toHaveLength(expected);
    expect(seen.length).toBeGreaterThan(100);
  });
});
