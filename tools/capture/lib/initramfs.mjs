/**
 * The guest's first file system: a newc cpio archive, made without mknod and without root.
 * Layout: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

const DIRECTORY = 0o040755;
const EXECUTABLE = 0o100755;
const CHARACTER_DEVICE = 0o020600;
const CONSOLE_DEVICE = [5, 1];

/** What prepare.sh takes out of the kernel's package, in the order in which they load. */
export const MODULES = ["zsmalloc", "zram", "qemu_fw_cfg"];

// zram stands in for a swap disk; qemu_fw_cfg lets the kernel hand its VMCOREINFO to QEMU, which puts it into the dumps.
// khugepaged is put to sleep: it would merge pages behind our back.
const INIT = `#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
for module in ${MODULES.join(" ")}; do insmod /modules/$module.ko; done
echo 16M > /sys/block/zram0/disksize && mkswap /dev/zram0 > /dev/null && swapon /dev/zram0
echo madvise > /sys/kernel/mm/transparent_hugepage/enabled
echo always > /sys/kernel/mm/transparent_hugepage/defrag
echo 4000000 > /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs
echo 1 > /proc/sys/vm/overcommit_memory
echo 1 > /proc/sys/kernel/printk
exec /workload "$@"
`;

/**
 * The archive's bytes.
 * @param {string} guestFolder as prepare.sh leaves it
 * @param {string} workload path of the static program that the guest runs
 */
export function encodeInitramfs(guestFolder, workload) {
  const executable = (name, path) => ({ name, content: readFileSync(path), mode: EXECUTABLE });
  return encodeCpio([
    ...["bin", "dev", "proc", "sys", "modules"].map((name) => ({ name, mode: DIRECTORY })),
    { name: "dev/console", mode: CHARACTER_DEVICE, device: CONSOLE_DEVICE },
    { name: "init", content: Buffer.from(INIT), mode: EXECUTABLE },
    executable("bin/busybox", join(guestFolder, "busybox")),
    executable("workload", workload),
    ...MODULES.map((module) => executable(`modules/${module}.ko`, join(guestFolder, `${module}.ko`))),
  ]);
}

/** @param {readonly { name: string, mode: number, content?: Buffer, device?: number[] }[]} entries folders before what is in them */
function encodeCpio(entries) {
  const trailer = { name: "TRAILER!!!", mode: 0 };
  return Buffer.concat([...entries, trailer].flatMap(encodeEntry));
}

function encodeEntry({ name, mode, content = Buffer.alloc(0), device = [0, 0] }, index) {
  const owner = [0, 0];
  const links = 1;
  const time = 0;
  const ownDevice = [0, 0];
  const checksum = 0;
  const fields = [index + 1, mode, ...owner, links, time, content.length, ...ownDevice, ...device, name.length + 1, checksum];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
  return [padded(Buffer.from(header)), padded(content)];
}

function padded(bytes) {
  return Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
}
