/**
 * Writes ELF core files for tests, the way QEMU lays them out and in every way that the format also allows.
 *
 * `writeElfCore` is the full form, `coreOfFrames` the short one: frames by number, and what the vCPUs' CR3 say.
 *
 *   | part             | where                                            |
 *   | ELF header       | 0                                                |
 *   | section 0        | next, only with `extendedNumbering`              |
 *   | program headers  | next, or at the end with `headersLast`           |
 *   | notes            | next, one PT_NOTE                                |
 *   | segments' bytes  | next, in their order, after `gapBytes` each      |
 *
 * Values are written as given, also where they make no sense: that is what most tests are about.
 */

const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
const PN_XNUM = 0xffff;
const FRAME_SIZE = 4096;
const QEMU_DESC_SIZE = 440;
const PRSTATUS_SIZE = 336;
/** Long-mode code segment, as QEMU stores a descriptor's high word: P, S, type and L (bit 21). */
const CS_LONG_FLAGS = 0x00af_fb00;
const CR0_PE_PG = 0x8005_0033n;
export const CR4_PAE = 0x20n;

export const EM_386 = 3;
export const EM_X86_64 = 62;
export const EM_AARCH64 = 183;

export interface CoreSegment {
  readonly paddr: bigint;
  readonly bytes: Uint8Array;
  /** What the header says where it should say something else than what is there. */
  readonly fileOffset?: bigint;
  readonly fileSize?: bigint;
  readonly memorySize?: bigint;
  /** p_type; PT_LOAD where not given. */
  readonly type?: number;
}

export interface CoreSpec {
  readonly segments: readonly CoreSegment[];
  /** Made by `note`, `qemuNote`, `vmcoreinfoNote`. */
  readonly notes?: readonly Uint8Array[];
  /** 64 where not given. */
  readonly bits?: 32 | 64;
  /** EM_X86_64 where not given, with 32 bits EM_386. */
  readonly machine?: number;
  readonly type?: number;
  readonly version?: number;
  /** True: e_phnum 0xffff, the count in section 0. More than 65,534 headers are always written so. */
  readonly extendedNumbering?: boolean;
  readonly headersLast?: boolean;
  /** Bytes between the parts, to move data off every alignment. */
  readonly gapBytes?: number;
}

export interface QemuCpu {
  readonly cr3: bigint;
  /** Paging on where not given. */
  readonly cr0?: bigint;
  /** PAE where not given; bit 12 is LA57. */
  readonly cr4?: bigint;
  /** Flags of CS; a 64-bit code segment where not given. */
  readonly csFlags?: number;
}

export function writeElfCore(spec: CoreSpec): Uint8Array {
  const bits = spec.bits ?? 64;
  const wide = bits === 64;
  const headerSize = wide ? 64 : 52;
  const entrySize = wide ? 56 : 32;
  const sectionSize = wide ? 64 : 40;
  const gap = spec.gapBytes ?? 0;
  const notes = concat(spec.notes ?? []);
  const count = spec.segments.length + (notes.length > 0 ? 1 : 0);
  const extended = spec.extendedNumbering === true || count >= PN_XNUM;

  let end = headerSize + (extended ? sectionSize : 0);
  const take = (size: number): number => {
    const offset = end + gap;
    end = offset + size;
    return offset;
  };
  const earlyHeaders = spec.headersLast === true ? undefined : take(count * entrySize);
  const notesOffset = take(notes.length);
  const offsets = spec.segments.map((segment) => take(segment.bytes.length));
  const headersOffset = earlyHeaders ?? take(count * entrySize);

  const file = new Uint8Array(end);
  const view = new DataView(file.buffer);
  const word = (offset: number, value: bigint): void => {
    if (wide) view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    else view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  };
  file.set([0x7f, 0x45, 0x4c, 0x46, wide ? 2 : 1, 1, 1]);
  view.setUint16(16, spec.type ?? ET_CORE, true);
  view.setUint16(18, spec.machine ?? (wide ? EM_X86_64 : EM_386), true);
  view.setUint32(20, spec.version ?? 1, true);
  word(wide ? 32 : 28, BigInt(headersOffset));
  word(wide ? 40 : 32, extended ? BigInt(headerSize) : 0n);
  const tail = wide ? 52 : 40;
  view.setUint16(tail, headerSize, true);
  view.setUint16(tail + 2, entrySize, true);
  view.setUint16(tail + 4, extended ? PN_XNUM : count, true);
  view.setUint16(tail + 6, extended ? sectionSize : 0, true);
  view.setUint16(tail + 8, extended ? 1 : 0, true);
  if (extended) view.setUint32(headerSize + (wide ? 44 : 28), count, true);

  let at = headersOffset;
  const header = (type: number, offset: bigint, paddr: bigint, fileSize: bigint, memorySize: bigint): void => {
    view.setUint32(at, type, true);
    if (wide) for (const [i, value] of [offset, 0n, paddr, fileSize, memorySize].entries()) word(at + 8 + 8 * i, value);
    else for (const [i, value] of [offset, 0n, paddr, fileSize, memorySize].entries()) word(at + 4 + 4 * i, value);
    at += entrySize;
  };
  if (notes.length > 0) {
    header(PT_NOTE, BigInt(notesOffset), 0n, BigInt(notes.length), 0n);
    file.set(notes, notesOffset);
  }
  for (const [i, segment] of spec.segments.entries()) {
    const offset = offsets[i] ?? 0;
    file.set(segment.bytes, offset);
    const fileSize = segment.fileSize ?? BigInt(segment.bytes.length);
    header(segment.type ?? PT_LOAD, segment.fileOffset ?? BigInt(offset), segment.paddr, fileSize, segment.memorySize ?? fileSize);
  }
  return file;
}

/** A core that holds these frames (4096 bytes each, by number), adjacent ones in one segment, with a note for each vCPU. */
export function coreOfFrames(
  frames: ReadonlyMap<number, Uint8Array>,
  vcpus: readonly QemuCpu[] = [],
  notes: readonly Uint8Array[] = [],
): Uint8Array {
  const runs: { gfn: number; pages: Uint8Array[] }[] = [];
  for (const [gfn, bytes] of [...frames].sort(([a], [b]) => a - b)) {
    if (bytes.length !== FRAME_SIZE) throw new Error(`frame ${gfn} has ${bytes.length} bytes, not ${FRAME_SIZE}`);
    const last = runs.at(-1);
    if (last !== undefined && last.gfn + last.pages.length === gfn) last.pages.push(bytes);
    else runs.push({ gfn, pages: [bytes] });
  }
  return writeElfCore({
    segments: runs.map(({ gfn, pages }) => ({ paddr: BigInt(gfn) << 12n, bytes: concat(pages) })),
    notes: [...vcpus.map(() => prstatusNote()), ...vcpus.map(qemuNote), ...notes],
  });
}

/** An ELF note: name and description padded to four bytes each. */
export function note(name: string, type: number, desc: Uint8Array): Uint8Array {
  const nameBytes = new TextEncoder().encode(`${name}\0`);
  const descAt = 12 + padded(nameBytes.length);
  const bytes = new Uint8Array(descAt + padded(desc.length));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, nameBytes.length, true);
  view.setUint32(4, desc.length, true);
  view.setUint32(8, type, true);
  bytes.set(nameBytes, 12);
  bytes.set(desc, descAt);
  return bytes;
}

/** QEMU's note of a vCPU, version 1: CS at 152, CR0 to CR4 at 392. */
export function qemuNote(cpu: QemuCpu): Uint8Array {
  const desc = new Uint8Array(QEMU_DESC_SIZE);
  const view = new DataView(desc.buffer);
  view.setUint32(0, 1, true);
  view.setUint32(4, QEMU_DESC_SIZE, true);
  view.setUint32(152 + 8, cpu.csFlags ?? CS_LONG_FLAGS, true);
  view.setBigUint64(392, cpu.cr0 ?? CR0_PE_PG, true);
  view.setBigUint64(416, cpu.cr3, true);
  view.setBigUint64(424, cpu.cr4 ?? CR4_PAE, true);
  return note("QEMU", 0, desc);
}

export function prstatusNote(): Uint8Array {
  return note("CORE", 1, new Uint8Array(PRSTATUS_SIZE));
}

export function vmcoreinfoNote(text: string): Uint8Array {
  return note("VMCOREINFO", 0, new TextEncoder().encode(text));
}

function padded(size: number): number {
  return Math.ceil(size / 4) * 4;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
