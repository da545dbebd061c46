/**
 * ELF core files, 64 and 32 bits, little-endian (System V gABI, chapters 4 and 5): QEMU's `dump-guest-memory`, libvirt's
 * `virsh dump --memory-only`, /proc/vmcore, makedumpfile -E.
 *
 * What is held is what the PT_LOAD headers give a place in the file: p_filesz bytes at p_offset, for the memory at
 * p_paddr. Where p_memsz goes on behind p_filesz, the header itself says that the rest is not in the file: absent, and
 * no damage. Damage is what the file ends before, memory past 52 bits, p_filesz beyond p_memsz, and each two headers
 * with two contents for one address.
 *
 *   | field        | 64 | 32 |     | field     | 64 | 32 |
 *   | e_type       | 16 | 16 |     | p_type    |  0 |  0 |
 *   | e_machine    | 18 | 18 |     | p_offset  |  8 |  4 |
 *   | e_phoff      | 32 | 28 |     | p_paddr   | 24 | 12 |
 *   | e_shoff      | 40 | 32 |     | p_filesz  | 32 | 16 |
 *   | e_flags      | 48 | 36 |     | p_memsz   | 40 | 20 |
 *   | e_phentsize  | 54 | 42 |     | sh_info   | 44 | 28 |
 *   | e_phnum      | 56 | 44 |
 *   | e_shnum      | 60 | 48 |
 */

import { PHYSICAL_ADDRESS_LIMIT } from "../model/address.js";
import { hex } from "../model/hex.js";
import { throwIfAborted, turn } from "../model/turns.js";
import type { DumpContents, DumpFormat, OpenContext } from "./contents.js";
import { findContradictions } from "./contradictions.js";
import type { DamageList } from "./damage-list.js";
import { EM_386, EM_X86_64, NoteReader } from "./elf-notes.js";
import { formatError } from "./format-error.js";
import { FrameMap } from "./frame-map.js";
import { SegmentTable } from "./segment-table.js";
import { readBytes, type Source } from "./source.js";

const MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
const IDENT_SIZE = 16;
const EI_CLASS = 4;
const EI_DATA = 5;
const LITTLE_ENDIAN = 1;
const BIG_ENDIAN = 2;
const E_TYPE = 16;
const E_MACHINE = 18;
const ET_CORE = 4;
const TYPE_NAMES = ["no type", "an object file", "an executable", "a shared object"] as const;
/** makedumpfile's mark of a dump that it could not finish, on machines that give the bit no meaning. */
const FLAG_INCOMPLETE = 1;
/** The number of program headers does not fit e_phnum: it is in sh_info of section 0. */
const PN_XNUM = 0xffff;
const PT_LOAD = 1;
const PT_NOTE = 4;

/** Program headers are read in chunks of about this size. */
const CHUNK_SIZE = 2 ** 20;
const PHYSICAL_MEMORY_SIZE = Number(PHYSICAL_ADDRESS_LIMIT);

interface Layout {
  readonly wordSize: 4 | 8;
  readonly headerSize: number;
  readonly phoff: number;
  readonly shoff: number;
  readonly flags: number;
  readonly phentsize: number;
  readonly phnum: number;
  readonly shnum: number;
  readonly programHeaderSize: number;
  readonly offset: number;
  readonly paddr: number;
  readonly filesz: number;
  readonly memsz: number;
  readonly sectionHeaderSize: number;
  readonly info: number;
}

const ELF64: Layout = {
  ...{ wordSize: 8, headerSize: 64, phoff: 32, shoff: 40, flags: 48, phentsize: 54, phnum: 56, shnum: 60 },
  ...{ programHeaderSize: 56, offset: 8, paddr: 24, filesz: 32, memsz: 40, sectionHeaderSize: 64, info: 44 },
};
const ELF32: Layout = {
  ...{ wordSize: 4, headerSize: 52, phoff: 28, shoff: 32, flags: 36, phentsize: 42, phnum: 44, shnum: 48 },
  ...{ programHeaderSize: 32, offset: 4, paddr: 12, filesz: 16, memsz: 20, sectionHeaderSize: 40, info: 28 },
};
const LAYOUTS: readonly (Layout | undefined)[] = [undefined, ELF32, ELF64];

export const elfFormat: DumpFormat = {
  name: "elf",
  matches: (head) => MAGIC.every((byte, i) => head[i] === byte),
  open: openElf,
};

interface Header {
  readonly layout: Layout;
  readonly machine: number;
  /** The table of program headers lies wholly in the file. */
  readonly tableOffset: number;
  readonly entrySize: number;
  readonly count: number;
}

async function openElf({ source, damage, signal }: OpenContext): Promise<DumpContents> {
  const header = readHeader(source, damage);
  const { layout, entrySize, count } = header;
  const segments = new SegmentTable();
  const notes = new NoteReader(source, header.machine, damage);
  const chunkCount = Math.max(1, Math.floor(CHUNK_SIZE / entrySize));
  for (let first = 0; first < count; first += chunkCount) {
    if (first > 0) await turn();
    throwIfAborted(signal);
    const offset = header.tableOffset + first * entrySize;
    const chunk = readExactly(source, offset, Math.min(chunkCount, count - first) * entrySize, "program headers");
    for (let at = 0; at < chunk.byteLength; at += entrySize) {
      const type = chunk.getUint32(at, true);
      if (type !== PT_LOAD && type !== PT_NOTE) continue;
      const programHeader = new ProgramHeader(chunk, at, layout, offset + at);
      if (type === PT_LOAD) addSegment(segments, programHeader, source.size, damage);
      else notes.read(programHeader);
    }
  }
  const frames = new FrameMap(segments);
  if (frames.overlapping) addContradictions(segments, damage);
  return { frames, vcpus: notes.vcpus, vmcoreinfo: notes.vmcoreinfo };
}

/** The numbers are the file's: anything below 2^64, rounded past 2^53. */
class ProgramHeader {
  readonly headerOffset: number;
  readonly offset: number;
  readonly pa: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly #table: DataView;
  readonly #at: number;
  readonly #layout: Layout;

  constructor(table: DataView, at: number, layout: Layout, headerOffset: number) {
    this.headerOffset = headerOffset;
    this.offset = readWord(table, at + layout.offset, layout);
    this.pa = readWord(table, at + layout.paddr, layout);
    this.fileSize = readWord(table, at + layout.filesz, layout);
    this.memorySize = readWord(table, at + layout.memsz, layout);
    this.#table = table;
    this.#at = at;
    this.#layout = layout;
  }

  /** As it stands in the file, for a person. */
  exactly(field: "offset" | "paddr" | "filesz" | "memsz"): string {
    return exactHex(this.#table, this.#at + this.#layout[field], this.#layout);
  }
}

/** Enters what the file holds of a segment. */
function addSegment(segments: SegmentTable, header: ProgramHeader, sourceSize: number, damage: DamageList): void {
  const { headerOffset, offset, pa, fileSize, memorySize } = header;
  if (fileSize === 0) return;
  if (pa >= PHYSICAL_MEMORY_SIZE) {
    damage.add(headerOffset, "a segment of physical memory below 2^52", `one at PA ${header.exactly("paddr")}, which is left out`);
    return;
  }
  if (fileSize > memorySize) {
    damage.add(headerOffset, `p_filesz of at most p_memsz, ${header.exactly("memsz")}`, header.exactly("filesz"));
  }
  const inFile = Math.max(0, Math.min(fileSize, sourceSize - offset));
  if (inFile < fileSize) {
    const expected = `${header.exactly("filesz")} bytes from offset ${header.exactly("offset")} on, for PA ${hex(pa)}`;
    const missingOffset = Math.max(offset, sourceSize);
    damage.add(Number.isSafeInteger(missingOffset) ? missingOffset : headerOffset, expected, `the end of the file at ${hex(sourceSize)}`);
  }
  const size = Math.min(inFile, PHYSICAL_MEMORY_SIZE - pa);
  if (size < inFile) {
    damage.add(headerOffset, "a segment of physical memory below 2^52", `one that goes on to PA ${hex(pa + inFile)}, the rest is left out`);
  }
  if (size > 0) segments.push(pa, size, offset, headerOffset);
}

function addContradictions(segments: SegmentTable, damage: DamageList): void {
  const compared = findContradictions(segments, (winner, loser, pa) => {
    const expected = `PA ${hex(pa)} from one segment, that of the header at ${hex(segments.label(winner))}`;
    damage.add(segments.label(loser), expected, "another segment with other contents for it; the first in the table counts");
  });
  if (compared === segments.length) return;
  const found = "so many that overlap that from this header on they were not compared";
  damage.add(segments.label(compared), "one segment, or few, for the same memory", found);
}

function readHeader(source: Source, damage: DamageList): Header {
  const ident = readExactly(source, 0, IDENT_SIZE, "bytes of e_ident");
  const fileClass = ident.getUint8(EI_CLASS);
  const layout = LAYOUTS[fileClass];
  if (layout === undefined) throw formatError("bad-headers", EI_CLASS, "an ELF class of 1 (32 bits) or 2 (64 bits)", `${fileClass}`);
  const byteOrder = ident.getUint8(EI_DATA);
  if (byteOrder === BIG_ENDIAN) throw formatError("unsupported", EI_DATA, "a little-endian ELF file", "a big-endian one");
  if (byteOrder !== LITTLE_ENDIAN) throw formatError("bad-headers", EI_DATA, "an ELF byte order of 1 (little-endian)", `${byteOrder}`);

  const view = readExactly(source, 0, layout.headerSize, "bytes of the ELF header");
  const type = view.getUint16(E_TYPE, true);
  if (type !== ET_CORE) {
    throw formatError("unsupported", E_TYPE, `e_type ${ET_CORE}, a core file`, `${type}, ${TYPE_NAMES[type] ?? "a type of its own"}`);
  }
  const machine = view.getUint16(E_MACHINE, true);
  if ((machine === EM_X86_64 || machine === EM_386) && (view.getUint32(layout.flags, true) & FLAG_INCOMPLETE) !== 0) {
    damage.add(layout.flags, "a dump that was finished", "makedumpfile's mark of one that was not");
  }
  const count = programHeaderCount(source, view, layout);
  const tableOffset = readWord(view, layout.phoff, layout);
  const entrySize = view.getUint16(layout.phentsize, true);
  if (count === 0 && view.getUint16(layout.shnum, true) > 0) {
    throw formatError("unsupported", layout.phnum, "program headers", "sections only, as Xen's dump-core writes them");
  }
  if (count > 0 && entrySize < layout.programHeaderSize) {
    throw formatError("bad-headers", layout.phentsize, `program headers of at least ${layout.programHeaderSize} bytes`, `${entrySize}`);
  }
  if (count > 0 && tableOffset + count * entrySize > source.size) {
    const expected = `${count} program headers of ${entrySize} bytes from offset ${exactHex(view, layout.phoff, layout)} on`;
    throw formatError("headers-cut-off", Math.min(tableOffset, source.size), expected, `a file that ends at ${hex(source.size)}`);
  }
  return { layout, machine, tableOffset, entrySize, count };
}

function programHeaderCount(source: Source, header: DataView, layout: Layout): number {
  const count = header.getUint16(layout.phnum, true);
  const sectionOffset = readWord(header, layout.shoff, layout);
  if (count !== PN_XNUM || sectionOffset === 0) return count;
  const section = readExactly(
    source,
    sectionOffset,
    layout.sectionHeaderSize,
    "bytes of section header 0, which counts the program headers",
  );
  // Some writers have exactly 65,535 and mean the number itself.
  return section.getUint32(layout.info, true) || count;
}

/** `size` is never more than a chunk. */
function readExactly(source: Source, offset: number, size: number, what: string): DataView {
  const bytes = readBytes(source, offset, size);
  if (bytes.length < size) {
    throw formatError(
      "headers-cut-off",
      Math.min(offset, source.size),
      `${size} bytes: ${what}`,
      `${bytes.length} bytes to the end of the file`,
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An address, offset or size. Past 2^53 it is rounded, and past every limit that it is then held against. */
function readWord(view: DataView, at: number, { wordSize }: Layout): number {
  const low = view.getUint32(at, true);
  return wordSize === 4 ? low : view.getUint32(at + 4, true) * 2 ** 32 + low;
}

/** The same for a person, never rounded. */
function exactHex(view: DataView, at: number, { wordSize }: Layout): string {
  return hex(wordSize === 4 ? view.getUint32(at, true) : view.getBigUint64(at, true));
}
