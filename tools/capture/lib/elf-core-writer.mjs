/**
 * Writes sparse ELF64 cores: one PT_NOTE, then one PT_LOAD a run of pages. Layout: System V ABI, "Object Files".
 */

import { CaptureError } from "./command.mjs";

const ELF_HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const ET_CORE = 4;
const PT_LOAD = 1;
const PT_NOTE = 4;
const MOST_SEGMENTS = 0xfffe;

/**
 * The file's bytes. Notes are carried over verbatim.
 * @param {number} machine e_machine
 * @param {readonly { name: string, type: number, desc: Buffer }[]} notes
 * @param {readonly { paddr: number, content: Buffer }[]} runs
 */
export function encodeCore(machine, notes, runs) {
  const noteBytes = Buffer.concat(notes.map(encodeNote));
  const segments = [{ type: PT_NOTE, paddr: 0, content: noteBytes }, ...runs.map((run) => ({ type: PT_LOAD, ...run }))];
  if (segments.length > MOST_SEGMENTS) throw new CaptureError(`${segments.length} segments are too many for a plain ELF header`);

  const head = Buffer.alloc(ELF_HEADER_SIZE + PROGRAM_HEADER_SIZE * segments.length);
  head.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]); // magic, ELFCLASS64, little-endian, version 1
  head.writeUInt16LE(ET_CORE, 16);
  head.writeUInt16LE(machine, 18);
  head.writeUInt32LE(1, 20);
  head.writeBigUInt64LE(BigInt(ELF_HEADER_SIZE), 32);
  head.writeUInt16LE(ELF_HEADER_SIZE, 52);
  head.writeUInt16LE(PROGRAM_HEADER_SIZE, 54);
  head.writeUInt16LE(segments.length, 56);

  let offset = head.length;
  for (const [i, { type, paddr, content }] of segments.entries()) {
    const at = ELF_HEADER_SIZE + PROGRAM_HEADER_SIZE * i;
    const vaddr = 0;
    head.writeUInt32LE(type, at);
    for (const [k, value] of [offset, vaddr, paddr, content.length, content.length].entries()) {
      head.writeBigUInt64LE(BigInt(value), at + 8 + 8 * k);
    }
    offset += content.length;
  }
  return Buffer.concat([head, ...segments.map(({ content }) => content)]);
}

function encodeNote({ name, type, desc }) {
  const header = Buffer.alloc(12 + ((name.length + 1 + 3) & ~3)); // the name ends in NUL and is filled up to 4
  header.writeUInt32LE(name.length + 1, 0);
  header.writeUInt32LE(desc.length, 4);
  header.writeUInt32LE(type, 8);
  header.write(name, 12, "latin1");
  return Buffer.concat([header, desc, Buffer.alloc(-desc.length & 3)]);
}
