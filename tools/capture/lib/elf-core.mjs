/**
 * ELF core files as QEMU's dump-guest-memory makes them, read whole: ELF32 or ELF64, little-endian, gzip-compressed or not.
 *
 * For checking captures only, and so written to be plainly right: it shares no code with the library under test.
 * Layouts: System V ABI, "Object Files"; the notes in README.md.
 */

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { CaptureError } from "./command.mjs";

const ELF_MAGIC = 0x7f454c46;
const GZIP_MAGIC = 0x1f8b;
const CLASS_64 = 2;
const PT_LOAD = 1;
const PT_NOTE = 4;
/** e_phnum where the real count stands in sh_info of section 0. */
const PN_XNUM = 0xffff;

/** Byte offsets of what we read, by class; `fields` are those of a program header: offset, paddr, filesz. */
const LAYOUT_64 = { phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shInfo: 44, fields: [8, 24, 32] };
const LAYOUT_32 = { phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shInfo: 28, fields: [4, 12, 16] };
const MACHINE_OFFSET = 18;

/** Offsets in QEMU's own CPU note for x86, version 1. */
const QEMU_NOTE = { rip: 136, controlRegisters: 392 };

/** Guest physical memory of one dump, and its notes. */
export class ElfCore {
  #lastLoad;

  /** @param {string} path */
  constructor(path) {
    const stored = readFileSync(path);
    /** The whole file, inflated; what `bytes` answers is a view of it. */
    this.file = stored.length > 2 && stored.readUInt16BE(0) === GZIP_MAGIC ? gunzipSync(stored) : stored;
    if (this.file.length < 64 || this.file.readUInt32BE(0) !== ELF_MAGIC) throw new CaptureError(`${path}: not an ELF file`);
    this.machine = this.file.readUInt16LE(MACHINE_OFFSET);
    const headers = programHeaders(this.file);
    this.loads = headers.filter((header) => header.type === PT_LOAD);
    this.notes = headers
      .filter((header) => header.type === PT_NOTE)
      .flatMap(({ offset, filesz }) => notesIn(this.file.subarray(offset, offset + filesz)));
  }

  /** Bytes [pa, pa + length), or undefined where no one segment has them all. */
  bytes(pa, length) {
    const holds = ({ paddr, filesz }) => pa >= paddr && pa + length <= paddr + filesz;
    // Walks ask for the same few tables over and over.
    const load = this.#lastLoad !== undefined && holds(this.#lastLoad) ? this.#lastLoad : this.loads.find(holds);
    if (load === undefined) return undefined;
    this.#lastLoad = load;
    const at = load.offset + pa - load.paddr;
    return this.file.subarray(at, at + length);
  }

  /** The 64-bit entry at `pa`, or undefined where the dump does not hold it: never zero. */
  entry(pa) {
    return this.bytes(pa, 8)?.readBigUInt64LE(0);
  }

  /** The kernel's VMCOREINFO note as its KEY=value lines, or undefined. */
  vmcoreinfo() {
    const note = this.notes.find(({ name }) => name === "VMCOREINFO");
    if (note === undefined) return undefined;
    const lines = note.desc.toString("latin1").split("\n");
    return Object.fromEntries(lines.filter((line) => line.includes("=")).map((line) => line.split(/=(.*)/s).slice(0, 2)));
  }

  /** What QEMU's own note says of each x86 CPU. */
  cpus() {
    return this.notes
      .filter(({ name }) => name === "QEMU")
      .map(({ desc }) => ({
        rip: desc.readBigUInt64LE(QEMU_NOTE.rip),
        controlRegisters: [0, 1, 2, 3, 4].map((n) => desc.readBigUInt64LE(QEMU_NOTE.controlRegisters + 8 * n)),
      }));
  }
}

function programHeaders(file) {
  const is64 = file[4] === CLASS_64;
  const layout = is64 ? LAYOUT_64 : LAYOUT_32;
  const word = (at) => (is64 ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const stated = file.readUInt16LE(layout.phnum);
  const count = stated === PN_XNUM ? file.readUInt32LE(word(layout.shoff) + layout.shInfo) : stated;
  const size = file.readUInt16LE(layout.phentsize);
  return Array.from({ length: count }, (_, i) => {
    const at = word(layout.phoff) + i * size;
    const [offset, paddr, filesz] = layout.fields.map((field) => word(at + field));
    return { type: file.readUInt32LE(at), offset, paddr, filesz };
  });
}

function notesIn(bytes) {
  const notes = [];
  for (let at = 0; at + 12 <= bytes.length; ) {
    const [nameSize, descSize, type] = [0, 4, 8].map((offset) => bytes.readUInt32LE(at + offset));
    const descAt = at + 12 + roundUp4(nameSize);
    notes.push({
      name: bytes.toString("latin1", at + 12, at + 12 + nameSize - 1),
      type,
      desc: bytes.subarray(descAt, descAt + descSize),
    });
    at = descAt + roundUp4(descSize);
  }
  return notes;
}

function roundUp4(size) {
  return (size + 3) & ~3;
}
