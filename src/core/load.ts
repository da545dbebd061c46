/**
 * Where the core comes from: embedded bytes, compiled once a process, or what `configureCore` names.
 *
 * There are four builds of one source: for shared and for private memory (each refuses the other's), with SIMD and
 * without. Private memory is taken unless a build is asked for: engines copy into shared memory word by word, which makes
 * every frame read cost several times as much. Shared memory is for workers that look at one memory together.
 */

import { instantiateSync } from "@assemblyscript/loader";
import { inflateSync } from "fflate";
import { PageTableError } from "../model/errors.js";
import { takeConfiguration } from "./configure.js";
import type { CoreExports } from "./exports.js";
import type { CoreInstance } from "./instance.js";
import { FIRST_BYTES, takeSpare } from "./spare.js";

type MemoryKind = "private" | "shared";
export type CoreBuild = "shared-simd" | "shared-plain" | "private-simd" | "private-plain";

const NOT_THE_CORE = "the configured module is not this package's core: use its core/private-simd.wasm";
/** Of an imported memory: it has a maximum and is shared (WebAssembly core specification, limits). */
const SHARED_MEMORY_FLAGS = 3;
const PAGE_BYTES = 65536;
const MOST_PAGES = 65536;
const LEAST_PAGES = 256;
const GROWTHS: readonly number[] = [4, 2];
/** A private memory is accounted in full, so it is made no larger than a bound on tables makes sensible. */
const PRIVATE_BYTES_A_FRAME = 65536;

/** `v128.const 0; drop`, as a module: valid exactly where the engine knows SIMD. */
const SIMD_PROBE = Uint8Array.of(
  0,
  97,
  115,
  109,
  1,
  0,
  0,
  0,
  1,
  4,
  1,
  96,
  0,
  0,
  3,
  2,
  1,
  0,
  10,
  23,
  1,
  21,
  0,
  253,
  12,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  0,
  26,
  11,
);

/** What Node 20.16 and later has; looked up and not imported, so that bundlers for browsers find nothing to resolve. */
interface NodeGlobal {
  readonly process?: { getBuiltinModule?(name: "node:zlib"): { inflateRawSync(deflated: Uint8Array): Uint8Array } | undefined };
}

let chosen: CoreBuild | undefined;
let fetched: Promise<WebAssembly.Module> | undefined;
const compiled = new Map<CoreBuild, Promise<WebAssembly.Module>>();

/** Makes all later instances of one build; undefined: the best that the engine has again. For tests and workers. */
export function useCoreBuild(build: CoreBuild | undefined): void {
  chosen = build;
}

/** The build that this engine is best served by. */
export function bestCoreBuild(): CoreBuild {
  return WebAssembly.validate(SIMD_PROBE) ? "private-simd" : "private-plain";
}

/**
 * A fresh instance; `frames` bounds the tables that it is to hold, undefined: as many as fit. "growing": private memory
 * begins small, for the engine's collector takes every byte of it for one in use, and calls for 4 GiB make it collect
 * each time.
 */
export async function instantiateCore(frames: number | "growing" | undefined): Promise<CoreInstance> {
  const build = chosen ?? bestCoreBuild();
  const { module, url } = takeConfiguration();
  if (module) return instantiateConfigured(module as WebAssembly.Module, frames);
  if (url !== undefined) return instantiateConfigured(await configuredModule(url), frames);
  return instantiateModule(await embeddedModule(build), build.startsWith("shared") ? "shared" : "private", frames);
}

/** The module that instances are made of here, to be posted to workers; where it may not be compiled here, the embedded bytes. */
export async function coreForWorkers(): Promise<WebAssembly.Module | Uint8Array<ArrayBuffer>> {
  const { module, url } = takeConfiguration();
  if (module) return module as WebAssembly.Module;
  if (url !== undefined) return configuredModule(url);
  const build = chosen ?? bestCoreBuild();
  try {
    return await embeddedModule(build);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    return embeddedBytes(build);
  }
}

/** A module of unknown build: it takes the one kind of memory and refuses the other. */
async function instantiateConfigured(module: WebAssembly.Module, frames: number | "growing" | undefined): Promise<CoreInstance> {
  let refusal: unknown;
  for (const kind of ["private", "shared"] as const) {
    try {
      return instantiateModule(module, kind, frames);
    } catch (error) {
      if (error instanceof PageTableError) throw error;
      refusal = error;
    }
  }
  throw new PageTableError("invalid-core", NOT_THE_CORE, {}, { cause: refusal });
}

/** One more as this, a growing one, at once. */
export function instantiateLike({ module, memory }: CoreInstance): CoreInstance {
  return instantiateModule(module, memory.buffer instanceof ArrayBuffer ? "private" : "shared", "growing");
}

function instantiateModule(module: WebAssembly.Module, kind: MemoryKind, frames: number | "growing" | undefined): CoreInstance {
  const spare = frames === "growing" ? takeSpare(module) : undefined;
  if (spare) return spare;
  const memory = createMemory(kind, frames);
  // Of the loader's ways the only one that does not ask for a Response: Node would load all that fetches, 15 ms of it.
  const { instance } = instantiateSync(module, { env: { memory } });
  const exports = instance.exports as unknown as CoreExports;
  if (typeof exports.initialize !== "function")
    throw new PageTableError("invalid-core", "the configured module is not this package's core");
  return { module, exports, memory };
}

/** Made at its full size unless it is to grow: growing detaches every view. What is not touched costs nothing. */
function createMemory(kind: MemoryKind, frames: number | "growing" | undefined): WebAssembly.Memory {
  if (frames === "growing") return kind === "shared" ? createMemory(kind, undefined) : createGrowingMemory();
  let pages = MOST_PAGES;
  if (kind === "private" && frames !== undefined)
    pages = Math.min(MOST_PAGES, Math.max(LEAST_PAGES, Math.ceil((frames * PRIVATE_BYTES_A_FRAME) / PAGE_BYTES)));
  for (; ; pages >>= 1) {
    try {
      return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: kind === "shared" });
    } catch (error) {
      if (pages <= LEAST_PAGES) {
        throw new PageTableError(
          "memory-exhausted",
          `no memory of ${pages * PAGE_BYTES} bytes is to be had for the core`,
          {},
          { cause: error },
        );
      }
    }
  }
}

function createGrowingMemory(): WebAssembly.Memory {
  try {
    return new WebAssembly.Memory({ initial: FIRST_BYTES / PAGE_BYTES, maximum: MOST_PAGES });
  } catch {
    return createMemory("private", undefined); // an engine that sets aside the whole of it says so, and halves
  }
}

/** Enlarges a private memory, all views of which are of no use then; false: no more is to be had. */
export function growMemory(memory: WebAssembly.Memory): boolean {
  const pages = memory.buffer.byteLength / PAGE_BYTES;
  for (const times of GROWTHS) {
    const more = Math.min(times * pages, MOST_PAGES) - pages;
    if (more <= 0) return false;
    try {
      memory.grow(more);
      return true;
    } catch {
      // A smaller step may be had.
    }
  }
  return false;
}

async function configuredModule(url: string): Promise<WebAssembly.Module> {
  fetched ??= fetchModule(url);
  try {
    return await fetched;
  } catch (error) {
    fetched = undefined; // it may pass
    throw new PageTableError("core-unavailable", `the core cannot be loaded from ${url}`, { url }, { cause: error });
  }
}

async function fetchModule(url: string): Promise<WebAssembly.Module> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`HTTP status ${answer.status}`);
  return WebAssembly.compile(await answer.arrayBuffer());
}

function embeddedModule(build: CoreBuild): Promise<WebAssembly.Module> {
  let module = compiled.get(build);
  if (!module) {
    module = embeddedBytes(build).then(compile);
    compiled.set(build, module);
  }
  return module;
}

/**
 * At once where nobody is kept waiting by it: V8 then compiles each function when it is first called, 1.4 ms in place
 * of 10 for all of them. The thread of a page must not be blocked, and engines refuse it there.
 */
function compile(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> | WebAssembly.Module {
  return "document" in globalThis ? WebAssembly.compile(bytes) : new WebAssembly.Module(bytes);
}

/** One import a build, so that only the one in use is read, and bundlers see both. For shared memory a byte differs. */
async function embeddedBytes(build: CoreBuild): Promise<Uint8Array<ArrayBuffer>> {
  const { deflatedBase64, size, memoryFlagsAt } = build.endsWith("simd")
    ? await import("./generated/simd.js")
    : await import("./generated/plain.js");
  const bytes = inflate(decode(deflatedBase64), size);
  if (build.startsWith("shared")) bytes[memoryFlagsAt] = SHARED_MEMORY_FLAGS;
  return bytes;
}

/** Node's own inflate where it is to be had: the first call of the other costs 8 ms of processor time, for it runs uncompiled. */
function inflate(deflated: Uint8Array, size: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(size);
  const zlib = (globalThis as NodeGlobal).process?.getBuiltinModule?.("node:zlib");
  if (!zlib) return inflateSync(deflated, { out });
  out.set(zlib.inflateRawSync(deflated));
  return out;
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
