/** Numbers and sizes as the page writes them. */

import type { Access } from "page-table-monitor";

/** `0x`, lower case, no padding: what the command writes and reads. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}

const COUNT = new Intl.NumberFormat("en-US");

/** 12,345 */
export function count(value: number | bigint): string {
  return COUNT.format(value);
}

export function counted(value: number | bigint, one: string, many = `${one}s`): string {
  return `${count(value)} ${Number(value) === 1 ? one : many}`;
}

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] as const;

/** 4 KiB, 1.5 MiB */
export function bytes(value: number | bigint): string {
  let size = Number(value);
  let unit = 0;
  while (size >= 1024 && unit < UNITS.length - 1) {
    size /= 1024;
    unit++;
  }
  const digits = size >= 100 || Number.isInteger(size) ? size.toFixed(0) : size.toFixed(1);
  return `${digits} ${UNITS[unit]}`;
}

const MINUTE = 60;
const HOUR = 3600;

/** 12 s, 3 min, 2 h: of what is still to come, so rounded up. */
export function duration(seconds: number): string {
  if (seconds < 2 * MINUTE) return `${Math.ceil(seconds)} s`;
  return seconds < 2 * HOUR ? `${Math.ceil(seconds / MINUTE)} min` : `${count(Math.ceil(seconds / HOUR))} h`;
}

/** `rwxu`, a dash for what is not granted: read, write, execute, user mode. */
export function accessText({ read, write, execute, user }: Access): string {
  return `${read ? "r" : "-"}${write ? "w" : "-"}${execute ? "x" : "-"}${user ? "u" : "k"}`;
}

/** 4K, 2M, 1G */
export function pageSizeText(pageSize: number): string {
  return bytes(pageSize).replace(/ (.)iB$/, "$1");
}
