import { describe, expect, it } from "vitest";
import { openDump } from "../../src/dump/open.js";
import { EM_386, EM_AARCH64, EM_X86_64, note, prstatusNote, qemuNote, vmcoreinfoNote, writeElfCore } from "../support/dump-writer.js";
import { frame, readFrame, SAMPLE, sampleElf } from "./support.js";

const PAGING_OFF = 0x11n;
const PAE = 0x20n;
const LA57 = 0x1000n;
const CODE_32_BIT = 0x00cf_9b00;

async function open(notes: readonly Uint8Array[], machine = EM_X86_64) {
  return openDump(writeElfCore({ machine, notes, segments: [{ paddr: 0n, bytes: frame(1) }] }));
}

async function vcpusOf(notes: readonly Uint8Array[], machine?: number) {
  const dump = await open(notes, machine);
  expect(dump.damage).toEqual([]);
  return dump.vcpus.map(({ root, arch }) => [root, arch?.name]);
}

describe("vCPUs from QEMU's notes", () => {
  it("have a root cleared of all that is no address, and the mode that CR4 says", async () => {
    const cr3 = 0x8fff_ffff_ffff_ffffn;
    expect(await vcpusOf([qemuNote({ cr3 }), qemuNote({ cr3: 0x1234_5018n, cr4: PAE | LA57 })])).toEqual([
      [0x000f_ffff_ffff_f000n, "amd64"],
      [0x1234_5000n, "amd64-la57"],
    ]);
  });

  it("share one architecture object where they share a mode", async () => {
    const { vcpus } = await open([qemuNote({ cr3: 0x1000n }), qemuNote({ cr3: 0x2000n })]);
    expect(vcpus[0].arch).toBe(vcpus[1].arch);
  });

  it("have neither root nor mode where paging is off", async () => {
    expect(await vcpusOf([qemuNote({ cr3: 0x1000n, cr0: PAGING_OFF })])).toEqual([[undefined, undefined]]);
  });

  it("have a root and no mode where they page in 32 bits", async () => {
    const cr3 = 0xffff_ffff_1234_5678n;
    expect(await vcpusOf([qemuNote({ cr3, cr4: 0n, csFlags: CODE_32_BIT })], EM_386)).toEqual([[0x1234_5000n, undefined]]);
    expect(await vcpusOf([qemuNote({ cr3, cr4: PAE, csFlags: CODE_32_BIT })], EM_386)).toEqual([[0x1234_5660n, undefined]]);
    expect(await vcpusOf([qemuNote({ cr3, cr4: 0n })], EM_X86_64)).toEqual([[0x1234_5000n, undefined]]);
  });

  it("are in long mode with a 64-bit code segment whatever the file's machine, and in a file of x86-64 with a 32-bit one", async () => {
    expect(await vcpusOf([qemuNote({ cr3: 0x1000n })], EM_386)).toEqual([[0x1000n, "amd64"]]);
    expect(await vcpusOf([qemuNote({ cr3: 0x1000n, csFlags: CODE_32_BIT })], EM_X86_64)).toEqual([[0x1000n, "amd64"]]);
  });

  it("are known to be there where only NT_PRSTATUS speaks of them", async () => {
    expect(await vcpusOf([prstatusNote(), prstatusNote()], EM_AARCH64)).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(await vcpusOf([prstatusNote(), prstatusNote(), qemuNote({ cr3: 0x3000n })])).toEqual([
      [0x3000n, "amd64"],
      [undefined, undefined],
    ]);
  });

  it("are not looked for in a file of another machine", async () => {
    expect(await vcpusOf([qemuNote({ cr3: 0x1000n })], EM_AARCH64)).toEqual([]);
  });

  it("are found in an ELF32 file", async () => {
    const file = writeElfCore({ bits: 32, notes: [prstatusNote(), qemuNote({ cr3: 0x7000n })], segments: [] });
    expect((await openDump(file)).vcpus.map(({ root }) => root)).toEqual([0x7000n]);
  });

  it("of the sample are one, with the root that QEMU's monitor showed", async () => {
    const dump = await openDump(`${SAMPLE}step-00.elf.gz`);
    expect(dump.vcpus.map(({ root, arch }) => [root, arch?.name])).toEqual([[0x677_2000n, "amd64"]]);
    expect(dump.damage).toEqual([]);
  });
});

describe("VMCOREINFO", () => {
  it("is read line by line, the first of two equal keys counting", async () => {
    const { vmcoreinfo, damage } = await open([
      vmcoreinfoNote("OSRELEASE=6.1.0\nSYMBOL(a)=ffff=1\n\nnonsense\n=x\nOSRELEASE=2\nCRASHTIME=7"),
    ]);
    expect([...(vmcoreinfo ?? [])]).toEqual([
      ["OSRELEASE", "6.1.0"],
      ["SYMBOL(a)", "ffff=1"],
      ["CRASHTIME", "7"],
    ]);
    expect(damage).toEqual([]);
  });

  it("of the sample says the kernel's release", async () => {
    const dump = await openDump(sampleElf());
    expect(dump.vmcoreinfo?.get("OSRELEASE")).toBe("6.1.0-56-amd64");
    expect(dump.vmcoreinfo?.get("NUMBER(pgtable_l5_enabled)")).toBe("0");
  });

  it("is undefined where there is none", async () => {
    expect((await open([prstatusNote()])).vmcoreinfo).toBeUndefined();
  });
});

describe("notes that are wrong", () => {
  const good = qemuNote({ cr3: 0x5000n });

  async function damaged(notes: readonly Uint8Array[]) {
    const dump = await open(notes);
    expect(dump.damage.length).toBeGreaterThan(0);
    expect(readFrame(dump, 0)).toEqual(frame(1));
    return dump;
  }

  it("are damage where one goes on past its segment, the ones before it being read", async () => {
    for (const field of [0, 4]) {
      for (const size of [2 ** 32 - 1, 2 ** 31, 5000]) {
        const bad = qemuNote({ cr3: 0x9000n });
        new DataView(bad.buffer).setUint32(field, size, true);
        expect((await damaged([good, bad])).vcpus.map(({ root }) => root)).toEqual([0x5000n]);
      }
    }
  });

  it("are damage where QEMU's is too short or of another version: the vCPU is there, its root is not known", async () => {
    const strange = note(
      "QEMU",
      0,
      Uint8Array.from({ length: 440 }, (_, i) => (i === 0 ? 2 : 0)),
    );
    for (const bad of [note("QEMU", 0, new Uint8Array(431).fill(1)), strange]) {
      expect((await damaged([bad, good])).vcpus.map(({ root }) => root)).toEqual([undefined, 0x5000n]);
    }
  });

  it("are damage where the file ends in them", async () => {
    const file = writeElfCore({ notes: [good, qemuNote({ cr3: 0x6000n })], segments: [], headersLast: false });
    const dump = await openDump(file.subarray(0, file.length - 100));
    expect(dump.vcpus.map(({ root }) => root)).toEqual([0x5000n]);
    expect(dump.damage).toHaveLength(1);
    expect(dump.damage[0].offset).toBe(file.length - 100);
  });

  it("are no damage where zeros fill the space behind the last", async () => {
    for (const padding of [4, 12, 100]) {
      const dump = await open([good, new Uint8Array(padding)]);
      expect(dump.damage).toEqual([]);
      expect(dump.vcpus).toHaveLength(1);
    }
  });

  it("are bounded: VMCOREINFO of a megabyte and more, and notes by the million, are left out", async () => {
    const long = await damaged([vmcoreinfoNote("A=1\n".repeat(2 ** 19))]);
    expect(long.vmcoreinfo).toBeUndefined();

    const empty = note("", 1, new Uint8Array(0));
    const million = new Uint8Array(empty.length * 2 ** 20);
    for (let at = 0; at < million.length; at += empty.length) million.set(empty, at);
    const many = await damaged([million, good]);
    expect(many.vcpus).toEqual([]);
    expect(many.damage).toHaveLength(1);
  });

  it("are skipped where their names are not known", async () => {
    const dump = await open([
      note("LINUX", 0x200, new Uint8Array(9)),
      note("a name longer than any that is known", 0, new Uint8Array(3)),
      good,
    ]);
    expect(dump.damage).toEqual([]);
    expect(dump.vcpus).toHaveLength(1);
  });
});
