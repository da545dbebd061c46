/**
 * What the guest's own kernel said of every page: `truth.jsonl` of a capture, page by page.
 *
 * The rule: nothing here is learnt from page tables. Frames come from the guest's pagemap, missing access (PROT_NONE: resident
 * by pagemap, yet with the present bit clear) from its maps, page sizes from QEMU's "info tlb". Fields: tools/capture/README.md.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { NOT_BACKED } from "../../src/model/translation.js";

export const PAGE = 4096n;
const SMALL_PAGE = 4096;
const LARGE_PAGE = 2 ** 21;
/** Pagemap bits 63 and 62, as the runs carry them. */
const PRESENT = 0x100;
const SWAPPED = 0x80;
/** The column of "info tlb" that says: a large page. */
const LARGE = "P";
/** The workload asks for large pages in these and forbids them everywhere else. */
const REGIONS_OF_LARGE_PAGES: readonly string[] = ["hugetlb", "thp"];
/** Address bits of CR3. */
const ROOT_BITS = 0x000f_ffff_ffff_f000n;
/** In `pageSizes`: nobody has told. */
export const UNKNOWN_SIZE = 0;

export interface Capture {
  readonly folder: string;
  /** "x86-4level", "x86-5level" */
  readonly mode: string;
  /** The kernel's own root, as VMCOREINFO has it. */
  readonly kernelRoot: bigint;
  /** Page-table isolation: beside each kernel root lies one for user mode. */
  readonly isIsolated: boolean;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly number: number;
  readonly label: string;
  readonly dumpPath: string;
  /** After the dump before, the guest found its pagemap as it had told it. */
  readonly wasAtRest: boolean;
  /** CR3 of each CPU, address bits only. */
  readonly cpuRoots: readonly bigint[];
  /** The CPU that ran the parent. */
  readonly parentCpu: number;
  readonly processes: readonly Process[];
  /** What QEMU's "info tlb" said of the parent's address space. */
  readonly qemu: {
    /** Leaves that it listed, of all sizes, over the whole space. */
    readonly leaves: number;
    /** Those within the watched regions, as it said them. */
    readonly runs: readonly QemuRun[];
  };
}

/** Pages one after the other, in VA and PA, with the same flags. */
export interface QemuRun {
  readonly va: bigint;
  /** Of 4 KiB; 512 for a large one. */
  readonly pages: number;
  readonly pa: bigint;
  /** Of the leaf, a letter or "-" each: XGPDACTUW; X: not to be executed, P: large. */
  readonly flags: string;
}

export interface Process {
  readonly role: string;
  /** As in user mode, address bits only. */
  readonly root: bigint;
  /** With page-table isolation: the root of the kernel's side, which maps the same user pages. */
  readonly kernelRoot: bigint | undefined;
  readonly regions: readonly Region[];
}

export interface Region {
  readonly name: string;
  readonly start: bigint;
  readonly pages: number;
  /** One PA a page; NOT_BACKED where there is none. */
  readonly pas: BigUint64Array;
  /** Bytes, one a page; UNKNOWN_SIZE where there is no page, or nobody has told. */
  readonly pageSizes: Uint32Array;
  readonly backed: number;
  readonly swapped: number;
  /** Resident, and not backed since no access is allowed. */
  readonly withoutAccess: number;
}

/** [page index, count, value of the first, flags]; the value goes up by one a page. */
type StoredRun = readonly [number, number, string, number];
/** [va, pages, pa, flags] */
type StoredTranslation = readonly [string, number, string, string];

interface StoredRegion {
  readonly name: string;
  readonly start: string;
  readonly pages: number;
  readonly runs: readonly StoredRun[];
}

interface StoredProcess {
  readonly role: string;
  readonly root: string;
  readonly kernelRoot?: string;
  readonly regions: readonly StoredRegion[];
  /** [from, to, "rw-p"] */
  readonly maps: readonly (readonly [string, string, string])[];
}

interface StoredMeta {
  readonly mode: string;
  readonly pti: boolean;
  readonly kernel: { readonly kernelRoot: string };
}

interface StoredStep {
  readonly step: number;
  readonly label: string;
  readonly dump: string;
  readonly prevStable: boolean;
  readonly qemu: {
    readonly cpus: readonly { readonly cr3: string }[];
    readonly parentCpu: number;
    readonly tlbEntries: number;
    readonly tlb: readonly StoredTranslation[];
  };
  readonly procs: readonly StoredProcess[];
}

/** Reads a capture; pages are expanded when a step is asked for its processes. */
export function readCapture(folder: string): Capture {
  const meta = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as StoredMeta;
  const lines = readFileSync(join(folder, "truth.jsonl"), "utf8").trim().split("\n");
  return {
    folder,
    mode: meta.mode,
    kernelRoot: BigInt(meta.kernel.kernelRoot),
    isIsolated: meta.pti,
    steps: lines.map((line) => stepOf(folder, JSON.parse(line) as StoredStep)),
  };
}

/** One step out of its line; the dump is looked for in `folder`. */
export function stepOf(folder: string, stored: StoredStep): Step {
  const plain = join(folder, stored.dump);
  return {
    number: stored.step,
    label: stored.label,
    dumpPath: existsSync(plain) ? plain : `${plain}.gz`,
    wasAtRest: stored.prevStable,
    cpuRoots: stored.qemu.cpus.map(({ cr3 }) => BigInt(cr3) & ROOT_BITS),
    parentCpu: stored.qemu.parentCpu,
    qemu: {
      leaves: stored.qemu.tlbEntries,
      runs: stored.qemu.tlb.map(([va, pages, pa, flags]) => ({ va: BigInt(va), pages, pa: BigInt(pa), flags })),
    },
    // Some megabytes a step: not kept.
    get processes() {
      return stored.procs.map((process) => processOf(process, stored.qemu.tlb));
    },
  };
}

function processOf(stored: StoredProcess, tlb: readonly StoredTranslation[]): Process {
  return {
    role: stored.role,
    root: BigInt(stored.root) & ROOT_BITS,
    kernelRoot: stored.kernelRoot === undefined ? undefined : BigInt(stored.kernelRoot) & ROOT_BITS,
    // QEMU looks at the parent's address space alone.
    regions: stored.regions.map((region) => regionOf(region, stored.maps, stored.role === "parent" ? tlb : [])),
  };
}

function regionOf(stored: StoredRegion, maps: StoredProcess["maps"], tlb: readonly StoredTranslation[]): Region {
  const start = BigInt(stored.start);
  const pas = new BigUint64Array(stored.pages).fill(NOT_BACKED);
  const forbidden = pagesWithoutAccess(start, stored.pages, maps);
  let [backed, swapped, withoutAccess] = [0, 0, 0];
  for (const [first, count, value, flags] of stored.runs) {
    for (let i = 0; i < count; i++) {
      const page = first + i;
      if ((flags & SWAPPED) !== 0) swapped++;
      else if ((flags & PRESENT) === 0) throw new Error(`${stored.name}, page ${page}: neither present nor swapped`);
      else if (forbidden[page] === 1) withoutAccess++;
      else {
        pas[page] = (BigInt(value) + BigInt(i)) * PAGE;
        backed++;
      }
    }
  }
  const pageSizes = pageSizesOf(stored, start, pas, tlb);
  return { name: stored.name, start, pages: stored.pages, pas, pageSizes, backed, swapped, withoutAccess };
}

/** One byte a page, 1 where the mapping around it allows nothing. */
function pagesWithoutAccess(start: bigint, pages: number, maps: StoredProcess["maps"]): Uint8Array {
  const forbidden = new Uint8Array(pages);
  for (const [from, to, access] of maps) {
    if (access.startsWith("---")) forbidden.fill(1, pageIndex(BigInt(from), start, pages), pageIndex(BigInt(to), start, pages));
  }
  return forbidden;
}

/** Index of the page within the region, or the nearest end where it lies outside. */
function pageIndex(va: bigint, start: bigint, pages: number): number {
  return Math.min(Math.max(Number((va - start) / PAGE), 0), pages);
}

function pageSizesOf({ name, pages }: StoredRegion, start: bigint, pas: BigUint64Array, tlb: readonly StoredTranslation[]): Uint32Array {
  const sizes = new Uint32Array(pages).fill(UNKNOWN_SIZE);
  if (!REGIONS_OF_LARGE_PAGES.includes(name)) {
    for (const [page, pa] of pas.entries()) if (pa !== NOT_BACKED) sizes[page] = SMALL_PAGE;
  }
  for (const [va, count, , flags] of tlb) {
    const first = pageIndex(BigInt(va), start, pages);
    sizes.fill(flags.includes(LARGE) ? LARGE_PAGE : SMALL_PAGE, first, pageIndex(BigInt(va) + PAGE * BigInt(count), start, pages));
  }
  return sizes;
}

/** Every page's VA. */
export function vasOf(region: Region): BigUint64Array {
  return BigUint64Array.from({ length: region.pages }, (_, page) => region.start + PAGE * BigInt(page));
}
