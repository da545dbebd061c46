/** What differs between the guests: compiler, machine, where the workload shows its magic number, how CPUs are read. */

import { hex } from "./hex.mjs";
import { parseInfoTlb, parseX86Registers } from "./qmp.mjs";

const CPL_USER = 3n;
/** PSTATE.M is 0 in EL0t. */
const ARM_MODE_MASK = 0xfn;
const ARM_REGISTERS = ["x19", "pc", "cpsr", "SCTLR", "TCR_EL1", "TTBR0_EL1", "TTBR1_EL1", "MAIR_EL1"];
const PAGES_OF_LARGE_PAGE = 512n;
const PAGE = 4096n;

/** By the name that --arch takes. `kernelRoot` makes the PA of swapper_pg_dir out of its VA and the kernel's VMCOREINFO. */
export const ARCHITECTURES = {
  x86_64: {
    compiler: "gcc",
    qemu: "qemu-system-x86_64",
    machine: "pc",
    cpu: "max,la57=off",
    mode: "x86-4level",
    la57: { cpu: "max", mode: "x86-5level" },
    hasPti: true,
    console: "ttyS0",
    needsGdb: false,
    readCpu: x86Cpu("r12"),
    translations: x86Translations,
    kernelRoot: (va, vmcoreinfo) => va - 0xffff_ffff_8000_0000n + BigInt(vmcoreinfo["NUMBER(phys_base)"]),
  },
  i386: {
    compiler: "i686-linux-gnu-gcc",
    qemu: "qemu-system-x86_64",
    machine: "pc",
    cpu: "max,la57=off",
    mode: "x86-pae",
    hasPti: true,
    console: "ttyS0",
    needsGdb: false,
    readCpu: x86Cpu("esi"),
    translations: x86Translations,
    kernelRoot: (va) => va - 0xc000_0000n,
  },
  aarch64: {
    compiler: "aarch64-linux-gnu-gcc",
    qemu: "qemu-system-aarch64",
    machine: "virt",
    cpu: "cortex-a57",
    mode: "aarch64-4k-48",
    hasPti: false,
    console: "ttyAMA0",
    needsGdb: true,
    readCpu: armCpu,
    translations: async () => undefined, // QEMU has no "info tlb" for it
    kernelRoot: (va, vmcoreinfo) => BigInt.asUintN(64, va - BigInt(vmcoreinfo["NUMBER(kimage_voffset)"])),
  },
};

function x86Cpu(magicRegister) {
  return async ({ qmp }, index) => {
    const registers = parseX86Registers(await qmp.runHuman("info registers", index));
    return { registers, inUserMode: registers.cpl === CPL_USER, magic: registers[magicRegister], root: registers.cr3 };
  };
}

async function armCpu({ gdb }, index) {
  const registers = await gdb.registers(index, ARM_REGISTERS);
  return { registers, inUserMode: (registers.cpsr & ARM_MODE_MASK) === 0n, magic: registers.x19, root: registers.ttbr0_el1 };
}

/** QEMU's own idea of all translations within the regions, as runs of [va, pages, pa, flags], and how many there are at all. */
async function x86Translations({ qmp }, cpuIndex, regions) {
  const inRegion = ({ va }) => regions.some(({ start, pages }) => va >= BigInt(start) && va < BigInt(start) + PAGE * BigInt(pages));
  const all = parseInfoTlb(await qmp.runHuman("info tlb", cpuIndex));
  return { tlbEntries: all.length, tlb: joinRuns(all.filter(inRegion)) };
}

/** A 2 MiB page is a run of 512 pages, and joins others of its kind only. */
function joinRuns(translations) {
  const runs = [];
  for (const { va, pa, flags } of translations) {
    const pages = flags.includes("P") ? PAGES_OF_LARGE_PAGE : 1n;
    const last = runs.at(-1);
    const continues = last?.flags === flags && va === last.va + PAGE * last.pages && pa === last.pa + PAGE * last.pages;
    if (continues) last.pages += pages;
    else runs.push({ va, pages, pa, flags });
  }
  return runs.map((run) => [hex(run.va), Number(run.pages), hex(run.pa), run.flags]);
}
