/** Types of elf-core.mjs, for the tests. */

export class ElfCore {
  constructor(path: string);
  readonly file: Buffer;
  /** Bytes [pa, pa + length), or undefined where no one segment has them all. */
  bytes(pa: number, length: number): Buffer | undefined;
  /** The 64-bit entry at `pa`, or undefined where the dump does not hold it. */
  entry(pa: number): bigint | undefined;
  cpus(): readonly { readonly rip: bigint; readonly controlRegisters: readonly bigint[] }[];
}
