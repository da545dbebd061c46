import { spawnSync } from "node:child_process";
import fs, {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { openDump } from "../../src/dump/open.js";
import { FRAME_SIZE } from "../../src/model/address.js";
import type { BlobLike } from "../../src/model/platform.js";
import { concat, coreOfFrames, writeElfCore } from "../support/dump-writer.js";
import { contents, errorOf, FlakySource, frame, pattern, readFrame, SAMPLE, sampleElf, sampleGzip } from "./support.js";

const GIB = 2 ** 30;
const folder = mkdtempSync(join(tmpdir(), "dump-sources-"));
afterAll(() => rmSync(folder, { recursive: true }));

function fileWith(name: string, bytes: Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}

describe("the same dump", () => {
  it("comes from a path, from bytes, from a Blob and from random access, compressed and not", async () => {
    const elf = sampleElf(3);
    const expected = contents(await openDump(elf));
    const sources = [
      `${SAMPLE}step-03.elf.gz`,
      fileWith("sample.elf", elf),
      new Blob([new Uint8Array(elf)]),
      new File([new Uint8Array(sampleGzip(3))], "step-03.elf.gz"),
      new FlakySource(elf),
      new FlakySource(sampleGzip(3)),
      Buffer.from(elf),
      concat([pattern(5, 1), elf]).subarray(5),
    ];
    for (const source of sources) {
      const dump = await openDump(source);
      expect(contents(dump)).toBe(expected);
      expect(dump.vcpus[0]?.arch?.name).toBe("amd64");
      dump.close();
    }
  });
});

describe("a path", () => {
  it("that leads nowhere, to a folder, to what may not be read, or to no regular file, is an error with the path", async () => {
    const hidden = fileWith("hidden", frame(1));
    chmodSync(hidden, 0);
    mkdirSync(join(folder, "sub"));
    const pipe = join(folder, "pipe");
    expect(spawnSync("mkfifo", [pipe]).status).toBe(0);
    const cases = [
      [join(folder, "nothing.elf"), "ENOENT", /no such file/],
      ["", "ENOENT", /no such file/],
      [join(hidden, "below"), "ENOTDIR", /no such file/],
      [join(folder, "sub"), "EISDIR", /folder/],
      [hidden, "EACCES", /permission denied/],
      [pipe, undefined, /not a regular file/],
      ["/dev/zero", undefined, /not a regular file/],
      ["a\0b", "ERR_INVALID_ARG_VALUE", /null bytes/],
    ] as const;
    // What is forbidden to others is not forbidden to root.
    const isRoot = process.geteuid?.() === 0;
    chmodSync(folder, 0o755);
    if (isRoot) process.seteuid?.(65_534);
    try {
      for (const [path, reason, words] of cases) {
        const error = await errorOf(openDump(path));
        expect(error.code).toBe("cannot-read");
        expect(error.details).toEqual({ path, reason });
        expect(error.message).toMatch(words);
        expect(error.message).toContain(`"${path}"`);
      }
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  it("is an error with the path where there is no file system, as in a browser", async () => {
    vi.stubGlobal("process", { versions: {} });
    const error = await errorOf(openDump("guest.elf")).finally(() => vi.unstubAllGlobals());
    expect(error.code).toBe("cannot-read");
    expect(error.details).toEqual({ path: "guest.elf", reason: "no-file-system" });
    expect(error.message).toContain("pass a File");
  });

  it("stands in the message where the file is no dump", async () => {
    const path = fileWith("note.txt", new TextEncoder().encode("hello\n"));
    const error = await errorOf(openDump(path));
    expect(error.code).toBe("unknown-format");
    expect(error.message).toContain(path);
    expect(error.details.path).toBe(path);
  });

  it("leaves no file open behind an error, a compressed dump, or a closed one", async () => {
    const before = openFiles();
    for (const path of [
      fileWith("a", frame(1).subarray(1)),
      fileWith("b", sampleElf().subarray(0, 100)),
      fileWith("c", sampleGzip().subarray(0, 12)),
    ]) {
      await errorOf(openDump(path));
    }
    await openDump(`${SAMPLE}step-00.elf.gz`);
    expect(openFiles()).toBe(before);
    const dump = await openDump(fileWith("d", frame(1)));
    expect(openFiles()).toBe(before + 1);
    dump.close();
    expect(openFiles()).toBe(before);
  });

  it("to a file far over 4 GiB is read in place", async () => {
    const path = join(folder, "sparse.elf");
    const offset = 37 * GIB + 0x8e3;
    const size = 20 * GIB;
    const core = writeElfCore({
      segments: [{ paddr: 2n ** 44n, bytes: new Uint8Array(0), fileOffset: BigInt(offset), fileSize: BigInt(size) }],
    });
    const file = openSync(path, "w");
    writeSync(file, core, 0, core.length, 0);
    const places = [0, 2 ** 20 - 1, 2 ** 20, size / FRAME_SIZE - 1];
    for (const place of places) writeSync(file, frame(place), 0, FRAME_SIZE, offset + place * FRAME_SIZE);
    ftruncateSync(file, offset + size);
    closeSync(file);
    expect(statSync(path).size).toBe(offset + size);

    const reads = vi.spyOn(fs, "readSync");
    syncBuiltinESMExports();
    const dump = await openDump(path);
    expect(dump.runs).toEqual([{ gfn: 2 ** 32, count: size / FRAME_SIZE }]);
    expect(dump.damage).toEqual([]);
    for (const place of places) expect(readFrame(dump, 2 ** 32 + place)).toEqual(frame(place));
    expect(readFrame(dump, 2 ** 32 + 5000)).toEqual(new Uint8Array(FRAME_SIZE));
    expect(readFrame(dump, 2 ** 32 + size / FRAME_SIZE)).toBeUndefined();
    dump.close();
    // What was asked for is read, its headers, and nothing else of it.
    const bytesAskedFor = reads.mock.calls.reduce((sum, [, target]) => sum + target.byteLength, 0);
    reads.mockRestore();
    syncBuiltinESMExports();
    expect(bytesAskedFor).toBeGreaterThan((places.length + 1) * FRAME_SIZE);
    expect(bytesAskedFor).toBeLessThan((places.length + 2) * FRAME_SIZE);
  });

  it("to a sparse file of headers without end is given up where the signal says so", async () => {
    const path = join(folder, "headers.elf");
    const core = writeElfCore({ segments: [], extendedNumbering: true });
    const view = new DataView(core.buffer);
    view.setUint32(64 + 44, 2 ** 32 - 1, true);
    const file = openSync(path, "w");
    writeSync(file, core, 0, core.length, 0);
    ftruncateSync(file, 250 * GIB);
    closeSync(file);
    const controller = new AbortController();
    setTimeout(() => controller.abort(new Error("enough")), 50);
    await expect(openDump(path, { signal: controller.signal })).rejects.toThrow("enough");
  });

  it("to a file that is cut off while it is open gives errors, then damage", async () => {
    const path = fileWith("shrinking", concat([frame(1), frame(2)]));
    const dump = await openDump(path);
    const file = openSync(path, "r+");
    ftruncateSync(file, FRAME_SIZE + 5);
    closeSync(file);
    expect((await errorOf(() => readFrame(dump, 1))).code).toBe("read-failed");
    expect(readFrame(dump, 1)).toBeUndefined();
    expect(readFrame(dump, 0)).toEqual(frame(1));
    dump.close();
  });
});

describe("random access", () => {
  it("is used as it is, never as a whole, and may answer fewer bytes than were asked for", async () => {
    const bytes = coreOfFrames(new Map(Array.from({ length: 512 }, (_, i) => [i, frame(i)])));
    const source = new FlakySource(bytes);
    const dump = await openDump(source);
    expect(source.bytesAskedFor).toBeLessThan(3000);
    expect(readFrame(dump, 300)).toEqual(frame(300));

    const slow = await openDump({ size: bytes.length, read: (offset, target) => source.read(offset, target.subarray(0, 700)) });
    expect(contents(slow)).toBe(contents(dump));
  });

  it("that fails while the headers are read is an error that names its cause", async () => {
    const cause = new Error("the disk is gone");
    const source = {
      size: FRAME_SIZE,
      read() {
        throw cause;
      },
    };
    const error = await errorOf(openDump(source));
    expect(error.code).toBe("cannot-read");
    expect(error.message).toContain("the disk is gone");
    expect(error.cause).toBe(cause);
  });

  it("wants a size that is one", async () => {
    for (const size of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "4096" as unknown as number]) {
      expect((await errorOf(openDump({ size, read: () => 0 }))).code).toBe("invalid-source");
    }
  });

  it("is of unknown format where it has fewer bytes than it says", async () => {
    const error = await errorOf(openDump({ size: 4097, read: () => 0 }));
    expect(error.code).toBe("unknown-format");
  });
});

describe("what is no source", () => {
  it("is refused", async () => {
    const wrong: readonly unknown[] = [undefined, null, 5, 5n, {}, [], new ArrayBuffer(FRAME_SIZE), new Uint16Array(2048), () => {}];
    for (const source of wrong) expect((await errorOf(openDump(source as string))).code).toBe("invalid-source");
    for (const maximumInflatedBytes of [-1, 0.5, Number.NaN, "1" as unknown as number]) {
      expect((await errorOf(openDump(frame(1), { maximumInflatedBytes }))).code).toBe("invalid-option");
    }
  });
});

describe("an abort", () => {
  it("before and during the work rejects with the signal's reason, and leaves no listener", async () => {
    const reason = new Error("changed my mind");
    for (const source of [`${SAMPLE}step-00.elf.gz`, sampleElf(), new Blob([new Uint8Array(FRAME_SIZE)])]) {
      await expect(openDump(source, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    }
    const controller = new AbortController();
    const never: BlobLike = { size: FRAME_SIZE, slice: () => never, arrayBuffer: () => new Promise(() => {}) };
    const opening = openDump(never, { signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);

    let listeners = 0;
    const signal = {
      aborted: false,
      reason: undefined,
      addEventListener: () => void listeners++,
      removeEventListener: () => void listeners--,
    };
    await openDump(new Blob([new Uint8Array(FRAME_SIZE)]), { signal });
    expect(listeners).toBe(0);
  });
});
