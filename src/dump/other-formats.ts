/**
 * Files that are something else: known by their first bytes, so that none of them is taken for a raw image because of its size.
 *
 * Only magics of four bytes and more: what a guest may have at physical address 0 must not look like one by chance.
 */

const MAGICS: readonly (readonly [magic: string, what: string])[] = [
  ["EMiL", "a LiME image"],
  ["AVML", "an AVML image"],
  ["KDUMP   ", "a kdump-compressed dump"],
  ["DISKDUMP", "a diskdump"],
  ["makedumpfile", "a flattened dump: rearrange it with makedumpfile -R"],
  ["PAGEDU64", "a Windows crash dump"],
  ["PAGEDUMP", "a 32-bit Windows crash dump"],
  ["HIBR", "a Windows hibernation file"],
  ["hibr", "a Windows hibernation file"],
  ["WAKE", "a Windows hibernation file"],
  ["wake", "a Windows hibernation file"],
  ["\xd0\xbe\xd0\xbe", "a VMware suspended state"],
  ["\xd0\xbe\xd2\xbe", "a VMware suspended state"],
  ["\xd2\xbe\xd2\xbe", "a VMware suspended state"],
  ["\xd3\xbe\xd3\xbe", "a VMware suspended state"],
  ["\xd1\xba\xd1\xba", "a VMware suspended state"],
  ["\xd2\xba\xd2\xba", "a VMware suspended state"],
  ["QEVM", "a QEMU migration stream"],
  ["LibvirtQemudSave", "a saved state of libvirt's"],
  ["QFI\xfb", "a qcow2 disk image"],
  ["MDMP", "a minidump of one process"],
  ["\x28\xb5\x2f\xfd", "compressed with zstd: decompress it first"],
  ["\xfd7zXZ\0", "compressed with xz: decompress it first"],
  ["\x04\x22\x4d\x18", "compressed with lz4: decompress it first"],
  ["BZh91AY&SY", "compressed with bzip2: decompress it first"],
  ["7z\xbc\xaf\x27\x1c", "a 7-Zip archive: unpack it first"],
  ["PK\x03\x04", "a ZIP archive: unpack it first"],
];

/** What the file is, in words, where it is known and cannot be read. */
export function otherFormat(head: Uint8Array): string | undefined {
  return MAGICS.find(([magic]) => startsWith(head, magic))?.[1];
}

function startsWith(head: Uint8Array, magic: string): boolean {
  for (let i = 0; i < magic.length; i++) if (head[i] !== magic.charCodeAt(i)) return false;
  return true;
}
