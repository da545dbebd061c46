/**
 * The notes of an ELF core (gABI, "Note Section"): what they say of the vCPUs, and of the guest's kernel.
 *
 *   | name       | type | what                                                                          |
 *   | CORE       | 1    | NT_PRSTATUS, one a vCPU: user registers, so only the number of them counts    |
 *   | QEMU       | 0    | one a vCPU, x86 only: its control registers (below)                           |
 *   | VMCOREINFO | 0    | text, KEY=VALUE by the line                                                   |
 *
 * QEMU's note, version 1:
 *
 *   | u32 version, u32 size | 0        | | CR0 | 392 |
 *   | rax … r15, rip, rflags | 8       | | CR3 | 416 |
 *   | cs, its flags at + 8  | 152      | | CR4 | 424 |
 *
 * EFER is not among them. That a vCPU is in long mode is inferred: paging is on (CR0.PG), PAE is (CR4.PAE, which long
 * mode needs), and either the file is of machine x86-64 or CS is a 64-bit segment. Otherwise it pages as IA-32 does,
 * and no mode is said. The rule: where paging is off there is no root either.
 */

import { amd64 } from "../arch/amd64.js";
import type { Architecture } from "../model/architecture.js";
import type { Vcpu } from "../model/dump.js";
import { hex } from "../model/hex.js";
import type { DamageList } from "./damage-list.js";
import { readBytes, type Source } from "./source.js";

export const EM_386 = 3;
export const EM_X86_64 = 62;

const NOTE_HEADER_SIZE = 12;
const NOTE_ALIGNMENT = 4;
const LONGEST_KNOWN_NAME = 16;
const NT_PRSTATUS = 1;
const QEMU_TYPE = 0;
const VMCOREINFO_TYPE = 0;
/** A note or a PT_NOTE each; real dumps have three a vCPU. */
const MAXIMUM_NOTES = 2 ** 18;
/** The kernel keeps it in one page. */
const LONGEST_VMCOREINFO = 2 ** 20;
const WINDOW_SIZE = 4096;

const QEMU_VERSION = 1;
const QEMU_CS_FLAGS = 152 + 8;
const QEMU_CR0 = 392;
const QEMU_CR3 = 416;
const QEMU_CR4 = 424;
const QEMU_SMALLEST = 432;

const CR0_PG = 1n << 31n;
const CR4_PAE = 1n << 5n;
const CR4_LA57 = 1n << 12n;
/** L in the high word of a segment descriptor (SDM 3A 3.4.5). */
const CS_L = 1 << 21;
/** The address bits of CR3 (SDM 3A tables 4-12, 4-7, 4-3). */
const CR3_LONG_MODE = 0x000f_ffff_ffff_f000n;
const CR3_PAE = 0xffff_ffe0n;
const CR3_IA32 = 0xffff_f000n;

/** What the header of a PT_NOTE says: numbers as they are in the file, rounded past 2^53. */
export interface NoteSegment {
  readonly headerOffset: number;
  readonly offset: number;
  readonly fileSize: number;
  exactly(field: "offset" | "filesz"): string;
}

export class NoteReader {
  readonly #source: Source;
  readonly #machine: number;
  readonly #damage: DamageList;
  readonly #qemuVcpus: Vcpu[] = [];
  readonly #modes = new Map<4 | 5, Architecture>();
  #prstatusCount = 0;
  #vmcoreinfo: ReadonlyMap<string, string> | undefined;
  #notesLeft = MAXIMUM_NOTES;
  #window: Uint8Array = new Uint8Array(0);
  #windowOffset = 0;

  constructor(source: Source, machine: number, damage: DamageList) {
    this.#source = source;
    this.#machine = machine;
    this.#damage = damage;
  }

  /** One for each vCPU that any note speaks of; without root where none says it. */
  get vcpus(): readonly Vcpu[] {
    const silent = Math.max(0, this.#prstatusCount - this.#qemuVcpus.length);
    return [...this.#qemuVcpus, ...Array.from({ length: silent }, () => ({}))];
  }

  get vmcoreinfo(): ReadonlyMap<string, string> | undefined {
    return this.#vmcoreinfo;
  }

  /** Reads the notes of one PT_NOTE. Never throws for what it or they say: that is damage. */
  read(segment: NoteSegment): void {
    const { headerOffset, offset, fileSize: size } = segment;
    if (!this.#takeOne(headerOffset)) return;
    const { size: sourceSize } = this.#source;
    const cutOff = offset + size > sourceSize;
    if (cutOff) {
      const missingOffset = Math.max(offset, sourceSize);
      const expected = `${segment.exactly("filesz")} bytes of notes from offset ${segment.exactly("offset")} on`;
      this.#damage.add(
        Number.isSafeInteger(missingOffset) ? missingOffset : headerOffset,
        expected,
        `the end of the file at ${hex(sourceSize)}`,
      );
    }
    const end = Math.min(offset + size, sourceSize);
    for (let at = offset; at < end; ) {
      const head = this.#bytes(at, Math.min(NOTE_HEADER_SIZE, end - at));
      // Zeros are what the space behind the last note is filled with.
      if (head.every((byte) => byte === 0)) return;
      const view = viewOf(head);
      const nameSize = head.length < NOTE_HEADER_SIZE ? Number.POSITIVE_INFINITY : view.getUint32(0, true);
      const descSize = head.length < NOTE_HEADER_SIZE ? 0 : view.getUint32(4, true);
      const nameOffset = at + NOTE_HEADER_SIZE;
      const descOffset = nameOffset + aligned(nameSize);
      if (descOffset + descSize > end) {
        if (!cutOff) this.#damage.add(at, `a note that ends before ${hex(end)}, with its segment`, "one that goes on");
        return;
      }
      if (!this.#takeOne(at)) return;
      if (nameSize <= LONGEST_KNOWN_NAME) this.#take(this.#text(nameOffset, nameSize), view.getUint32(8, true), descOffset, descSize);
      at = descOffset + aligned(descSize);
    }
  }

  /** False once there have been too many: said once, then no more are read. */
  #takeOne(offset: number): boolean {
    if (this.#notesLeft > 0) {
      this.#notesLeft--;
      if (this.#notesLeft === 0) this.#damage.add(offset, `at most ${MAXIMUM_NOTES} notes`, "more, which are left out");
    }
    return this.#notesLeft > 0;
  }

  #take(name: string, type: number, descOffset: number, descSize: number): void {
    if (name === "CORE" && type === NT_PRSTATUS) this.#prstatusCount++;
    else if (name === "QEMU" && type === QEMU_TYPE && (this.#machine === EM_X86_64 || this.#machine === EM_386)) {
      this.#takeQemuVcpu(descOffset, descSize);
    } else if (name === "VMCOREINFO" && type === VMCOREINFO_TYPE && this.#vmcoreinfo === undefined) {
      this.#takeVmcoreinfo(descOffset, descSize);
    }
  }

  #takeQemuVcpu(offset: number, size: number): void {
    const desc = viewOf(this.#bytes(offset, Math.min(size, QEMU_SMALLEST)));
    if (desc.byteLength < QEMU_SMALLEST) {
      this.#damage.add(offset, `a QEMU note of at least ${QEMU_SMALLEST} bytes`, `${desc.byteLength}`);
      this.#qemuVcpus.push({});
      return;
    }
    const version = desc.getUint32(0, true);
    if (version !== QEMU_VERSION) {
      this.#damage.add(offset, `a QEMU note of version ${QEMU_VERSION}`, `version ${version}`);
      this.#qemuVcpus.push({});
      return;
    }
    this.#qemuVcpus.push(this.#vcpu(desc));
  }

  #vcpu(desc: DataView): Vcpu {
    const cr3 = desc.getBigUint64(QEMU_CR3, true);
    const cr4 = desc.getBigUint64(QEMU_CR4, true);
    if ((desc.getBigUint64(QEMU_CR0, true) & CR0_PG) === 0n) return {};
    if ((cr4 & CR4_PAE) === 0n) return { root: cr3 & CR3_IA32 };
    const longMode = this.#machine === EM_X86_64 || (desc.getUint32(QEMU_CS_FLAGS, true) & CS_L) !== 0;
    if (!longMode) return { root: cr3 & CR3_PAE };
    return { root: cr3 & CR3_LONG_MODE, arch: this.#mode((cr4 & CR4_LA57) === 0n ? 4 : 5) };
  }

  /** One object for all vCPUs of a mode. */
  #mode(levels: 4 | 5): Architecture {
    const arch = this.#modes.get(levels) ?? amd64({ levels });
    this.#modes.set(levels, arch);
    return arch;
  }

  #takeVmcoreinfo(offset: number, size: number): void {
    if (size > LONGEST_VMCOREINFO) {
      this.#damage.add(offset, `VMCOREINFO of at most ${LONGEST_VMCOREINFO} bytes`, `${size}`);
      return;
    }
    const entries = new Map<string, string>();
    for (const line of textOf(readBytes(this.#source, offset, size)).split("\n")) {
      const equals = line.indexOf("=");
      // Of a key said twice the first counts, as for every reader that stops at it.
      if (equals > 0 && !entries.has(line.slice(0, equals))) entries.set(line.slice(0, equals), line.slice(equals + 1));
    }
    this.#vmcoreinfo = entries;
  }

  #text(offset: number, size: number): string {
    return textOf(this.#bytes(offset, size));
  }

  /** Up to WINDOW_SIZE bytes, fewer where the file ends. Nobody writes to them. */
  #bytes(offset: number, size: number): Uint8Array {
    const start = offset - this.#windowOffset;
    if (start >= 0 && start + size <= this.#window.length) return this.#window.subarray(start, start + size);
    this.#window = readBytes(this.#source, offset, WINDOW_SIZE);
    this.#windowOffset = offset;
    return this.#window.subarray(0, size);
  }
}

function aligned(size: number): number {
  return Math.ceil(size / NOTE_ALIGNMENT) * NOTE_ALIGNMENT;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** To the first zero byte. */
function textOf(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
