/**
 * Page-table walkers written to be plainly right, one BigInt at a time. They share no code with the library.
 *
 * A mode lists the shift of each level's index from the root down, and says how an entry reads.
 * SDM 3A 4.4 and 4.5 for x86; ARM ARM D8.3 for AArch64 with 4 KiB granule and 48 bits.
 */

const X86_ADDRESS = 0x000f_ffff_ffff_f000n;
const ARM_ADDRESS = 0x0000_ffff_ffff_f000n;
/** A PAE root table lies on a 32-byte boundary. */
const PAE_ROOT = 0xffff_ffe0n;

const PRESENT = 1n;
const X86_PAGE_SIZE = 1n << 7n;
const X86_ACCESSED_DIRTY = 0x60n;
const ARM_TABLE = 2n;
const ARM_ACCESS_FLAG = 0x400n;

const TABLE_SIZE = 4096;
const TABLE_ENTRIES = 512;
const PAE_ROOT_ENTRIES = 4;
const INDEX_MASK = 511n;
/** Leaves map 1 GiB at most. */
const LARGEST_LEAF_SHIFT = 30;

const x86 = {
  addressMask: X86_ADDRESS,
  saysLeaf: (entry) => (entry & X86_PAGE_SIZE) !== 0n,
  accessedDirty: X86_ACCESSED_DIRTY,
  rootEntries: TABLE_ENTRIES,
};
const arm = {
  addressMask: ARM_ADDRESS,
  saysLeaf: (entry) => (entry & ARM_TABLE) === 0n,
  accessedDirty: ARM_ACCESS_FLAG, // the Cortex-A57 keeps no dirty state
  rootEntries: TABLE_ENTRIES,
};

/** By the name that meta.json gives. */
export const MODES = {
  "x86-4level": { ...x86, shifts: [39, 30, 21, 12], rootMask: X86_ADDRESS },
  "x86-5level": { ...x86, shifts: [48, 39, 30, 21, 12], rootMask: X86_ADDRESS },
  "x86-pae": { ...x86, shifts: [30, 21, 12], rootMask: PAE_ROOT, rootEntries: PAE_ROOT_ENTRIES },
  "aarch64-4k-48": { ...arm, shifts: [39, 30, 21, 12], rootMask: ARM_ADDRESS },
};

/** True where a present entry of that depth (0 = root) maps a page. A root holds none. */
export function isLeaf(mode, depth, entry) {
  const shift = mode.shifts[depth];
  if (depth === mode.shifts.length - 1) return true;
  return depth > 0 && shift <= LARGEST_LEAF_SHIFT && mode.saysLeaf(entry);
}

export function isPresent(entry) {
  return (entry & PRESENT) !== 0n;
}

/** PA that an entry points to, of a table or of a page; for a large page without the bits below its base. */
export function targetOf(mode, depth, entry) {
  const pa = entry & mode.addressMask;
  return isLeaf(mode, depth, entry) ? pa & ~((1n << BigInt(mode.shifts[depth])) - 1n) : pa;
}

/**
 * The walk of (root, va): where it ended, and why. `entryPas` are the entries it read, top first.
 * A table that memory does not hold ends it with `entry` undefined.
 */
export function walk(memory, mode, root, va) {
  const entryPas = [];
  let table = root & mode.rootMask;
  for (let depth = 0; ; depth++) {
    const shift = BigInt(mode.shifts[depth]);
    const entryPa = Number(table + 8n * ((va >> shift) & INDEX_MASK));
    const entry = memory.entry(entryPa);
    if (entry === undefined) return { present: false, entry, entryPas };
    entryPas.push(entryPa);
    if (!isPresent(entry)) return { present: false, entry, entryPas };
    if (isLeaf(mode, depth, entry)) {
      const size = 1n << shift;
      return { present: true, pa: targetOf(mode, depth, entry) | (va & (size - 1n)), size, entry, entryPas };
    }
    table = targetOf(mode, depth, entry);
  }
}

/**
 * All table pages that can be reached from `root`: calls `visit(pa of the page, depth)` once per page and depth, over all
 * calls that share one `seen`.
 */
export function visitTables(memory, mode, root, visit, seen = new Set()) {
  descend(root & mode.rootMask, 0);

  function descend(table, depth) {
    const key = `${table}:${depth}`; // of the table, not of its page: two PAE roots may share one
    if (seen.has(key)) return;
    const page = Number(table & ~BigInt(TABLE_SIZE - 1));
    if (memory.bytes(page, TABLE_SIZE) === undefined) return;
    seen.add(key);
    visit(page, depth);
    if (depth === mode.shifts.length - 1) return;
    for (const entry of entriesOf(memory, mode, table, depth)) {
      if (isPresent(entry) && !isLeaf(mode, depth, entry)) descend(targetOf(mode, depth, entry), depth + 1);
    }
  }
}

/** The entries of a table that memory holds, in order. */
export function entriesOf(memory, mode, table, depth) {
  const count = depth === 0 ? mode.rootEntries : TABLE_ENTRIES;
  const bytes = memory.bytes(Number(table), 8 * count);
  return Array.from({ length: count }, (_, i) => bytes.readBigUInt64LE(8 * i));
}
