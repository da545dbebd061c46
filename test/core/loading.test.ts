/** Where the core comes from: embedded bytes, a module, an address; and what is said of each that does not work. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CONTROL_END, CONTROL_LEVELS } from "../../src/core/layout.js";
import { BUILD_NAMES, type BuildName } from "../support/builds.js";

const MEBIBYTE = 2 ** 20;
const WHOLE = 2 ** 32;
/** At the end of every memory, so that no block ends at 2^32. */
const UNUSED = 65536;
const EMPTY_MODULE = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
/** `(import "other" "thing" (func))`. */
const DEMANDING_MODULE = Uint8Array.from([
  ...EMPTY_MODULE,
  1,
  4,
  1,
  96,
  0,
  0,
  2,
  15,
  1,
  5,
  ...Buffer.from("other"),
  5,
  ...Buffer.from("thing"),
  0,
  0,
]);

/** The library as a fresh process sees it: nothing loaded, nothing configured. */
async function freshLibrary() {
  const [load, { configureCore }, { Core }, { amd64 }, { PageTableError }] = await Promise.all([
    import("../../src/core/load.js"),
    import("../../src/core/configure.js"),
    import("../../src/core/core.js"),
    import("../../src/arch/amd64.js"),
    import("../../src/model/errors.js"),
  ]);
  return { load, configureCore, Core, amd64, PageTableError };
}

type Library = Awaited<ReturnType<typeof freshLibrary>>;

/** A build as the compiler made it. */
function bytesOf(build: BuildName): Uint8Array<ArrayBuffer> {
  const folder = build === "private-simd" ? "dist/core" : "build/core";
  return Uint8Array.from(readFileSync(new URL(`../../${folder}/${build}.wasm`, import.meta.url)));
}

/** What `body` rejects or throws with. */
async function failureOf(body: () => unknown): Promise<unknown> {
  try {
    await body();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("loading the core", () => {
  let library: Library;
  beforeEach(async () => {
    vi.resetModules();
    library = await freshLibrary();
  });
  afterEach(() => vi.unstubAllGlobals());

  const createCore = ({ Core, amd64 }: Library, frames = 16) => Core.create(amd64(), frames);
  const isShared = ({ u8 }: { readonly u8: Uint8Array }): boolean => u8.buffer instanceof SharedArrayBuffer;

  test("the private build with SIMD is taken unless one is asked for: copying into shared memory costs several times as much", async () => {
    expect(library.load.bestCoreBuild()).toBe("private-simd");
    expect(isShared(await createCore(library))).toBe(false);
  });

  test("where the engine has no SIMD the plain build is the best", () => {
    vi.spyOn(WebAssembly, "validate").mockReturnValueOnce(false);
    expect(library.load.bestCoreBuild()).toBe("private-plain");
  });

  test.each(BUILD_NAMES)("the build %s is used where it is asked for, until the best is again", async (build) => {
    library.load.useCoreBuild(build);
    expect(isShared(await createCore(library))).toBe(build.startsWith("shared"));
    library.load.useCoreBuild(undefined);
    expect(isShared(await createCore(library))).toBe(false);
  });

  test("each instance has a memory of its own, ready for its mode", async () => {
    const { Core, amd64 } = library;
    const [four, five] = await Promise.all([Core.create(amd64(), 16), Core.create(amd64({ levels: 5 }), 16)]);
    expect(four.u8.buffer).not.toBe(five.u8.buffer);
    expect([four.control(CONTROL_LEVELS), five.control(CONTROL_LEVELS)]).toEqual([4, 5]);
  });

  test("an architecture of somebody else's making is refused before anything is loaded", async () => {
    const own = { ...library.amd64() };
    expect(await failureOf(() => library.Core.create(own, 16))).toMatchObject({ code: "unknown-architecture" });
    library.configureCore({}); // still in time
  });

  describe("from a configured module", () => {
    test.each(BUILD_NAMES)("%s works, with the kind of memory that it wants", async (build) => {
      library.configureCore({ module: await WebAssembly.compile(bytesOf(build)) });
      const core = await createCore(library);
      expect(isShared(core)).toBe(build.startsWith("shared"));
      expect(core.control(CONTROL_LEVELS)).toBe(4);
    });

    test("what is no module is refused at once", async () => {
      const module = EMPTY_MODULE as unknown as object;
      expect(await failureOf(() => library.configureCore({ module }))).toMatchObject({ code: "invalid-core" });
    });

    test.each([
      ["exports nothing", EMPTY_MODULE],
      ["imports what is not there", DEMANDING_MODULE],
    ])("a module that %s is not the core, and that is said", async (_, bytes) => {
      library.configureCore({ module: await WebAssembly.compile(bytes) });
      const failure = await failureOf(() => createCore(library));
      expect(failure).toMatchObject({ code: "invalid-core" });
      expect(failure).toBeInstanceOf(library.PageTableError);
    });

    test("configuring comes too late once the core is in use, and what is in use stays", async () => {
      await createCore(library);
      const module = await WebAssembly.compile(bytesOf("shared-plain"));
      expect(await failureOf(() => library.configureCore({ module }))).toMatchObject({ code: "core-in-use" });
      expect(isShared(await createCore(library))).toBe(false);
    });

    test("before the first use the last word counts", async () => {
      library.configureCore({ module: await WebAssembly.compile(EMPTY_MODULE) });
      library.configureCore({ module: await WebAssembly.compile(bytesOf("shared-plain")) });
      expect(isShared(await createCore(library))).toBe(true);
    });
  });

  describe("from an address", () => {
    let server: Server;
    let base: string;
    let requests: string[] = [];
    let isDown = false;

    beforeAll(async () => {
      server = createServer((request, response) => {
        requests.push(request.url as string);
        const build = BUILD_NAMES.find((name) => request.url === `/${name}.wasm`);
        if (!build || isDown) response.writeHead(404).end("no such core");
        else response.writeHead(200, { "content-type": "application/octet-stream" }).end(bytesOf(build));
      });
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => server.close(resolve)));
    beforeEach(() => {
      requests = [];
      isDown = false;
    });

    test.each(["shared-simd", "private-plain"] as const)("%s is fetched once, whatever type the server gives it", async (build) => {
      library.configureCore({ url: new URL(`${base}/${build}.wasm`) });
      const cores = await Promise.all([createCore(library), createCore(library)]);
      expect(cores.map(isShared)).toEqual([build.startsWith("shared"), build.startsWith("shared")]);
      expect(requests).toEqual([`/${build}.wasm`]);
    });

    test("a server that does not have it: the address is named, and the next try asks again", async () => {
      const url = `${base}/shared-simd.wasm`;
      library.configureCore({ url });
      isDown = true;
      const failure = await failureOf(() => createCore(library));
      expect(failure).toBeInstanceOf(library.PageTableError);
      expect(failure).toMatchObject({ code: "core-unavailable", details: { url }, cause: { message: "HTTP status 404" } });
      expect((failure as Error).message).toContain(url);
      isDown = false;
      expect(isShared(await createCore(library))).toBe(true);
    });

    test("nobody there, or bytes that are no module, is said in the same way", async () => {
      library.configureCore({ url: "http://127.0.0.1:1/core.wasm" });
      expect(await failureOf(() => createCore(library))).toMatchObject({ code: "core-unavailable" });
      vi.resetModules();
      library = await freshLibrary();
      library.configureCore({ url: "data:application/wasm;base64,bm90IGEgbW9kdWxl" });
      expect(await failureOf(() => createCore(library))).toMatchObject({ code: "core-unavailable" });
    });
  });

  describe("the memory", () => {
    test.each([
      [1, 16 * MEBIBYTE],
      [256, 16 * MEBIBYTE],
      [257, 257 * UNUSED],
      [1000, 1000 * UNUSED],
      [65536, WHOLE],
      [10_000_000, WHOLE],
    ])("of a private build for %i tables has %i bytes", async (frames, bytes) => {
      library.load.useCoreBuild("private-plain");
      const core = await createCore(library, frames);
      expect(core.u8.byteLength).toBe(bytes);
      expect(core.control(CONTROL_END)).toBe(bytes - UNUSED);
    });

    test("of a shared build is as large as it can be, whatever the bound: what is not touched costs nothing", async () => {
      library.load.useCoreBuild("shared-simd");
      expect((await createCore(library, 1)).u8.byteLength).toBe(WHOLE);
      expect((await library.Core.create(library.amd64())).u8.byteLength).toBe(WHOLE);
    });

    test("is halved until it is to be had, and none at all is said", async () => {
      const { Memory } = WebAssembly;
      const asked: number[] = [];
      let most = 4096;
      class Stingy extends Memory {
        constructor(descriptor: WebAssembly.MemoryDescriptor) {
          asked.push(descriptor.initial);
          if (descriptor.initial > most) throw new RangeError("could not allocate memory");
          super(descriptor);
        }
      }
      vi.stubGlobal("WebAssembly", Object.assign(Object.create(WebAssembly), { Memory: Stingy }));
      library.load.useCoreBuild("shared-simd");
      expect((await createCore(library)).u8.byteLength).toBe(4096 * UNUSED);
      expect(asked).toEqual([65536, 32768, 16384, 8192, 4096]);
      most = 0;
      const failure = await failureOf(() => createCore(library));
      expect(failure).toMatchObject({ code: "memory-exhausted", cause: { message: "could not allocate memory" } });
    });
  });
});
