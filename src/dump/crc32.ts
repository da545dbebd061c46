/** CRC-32 as gzip has it (RFC 1952 8), four bytes at a time: table k is what a byte adds k bytes later. */

const POLYNOMIAL = 0xedb8_8320;
const LANES = 4;
const TABLE_SIZE = 256;

const TABLES = makeTables();

/** Goes on from `crc`, the answer for what came before; 0 for nothing. An unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array, crc = 0): number {
  const tables = TABLES;
  let rest = ~crc;
  let i = 0;
  for (const end = bytes.length - (bytes.length % LANES); i < end; i += LANES) {
    const word = rest ^ (bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24));
    rest =
      tables[3 * TABLE_SIZE + (word & 0xff)] ^
      tables[2 * TABLE_SIZE + ((word >>> 8) & 0xff)] ^
      tables[TABLE_SIZE + ((word >>> 16) & 0xff)] ^
      tables[word >>> 24];
  }
  for (; i < bytes.length; i++) rest = (rest >>> 8) ^ tables[(rest ^ bytes[i]) & 0xff];
  return ~rest >>> 0;
}

function makeTables(): Int32Array {
  const tables = new Int32Array(LANES * TABLE_SIZE);
  for (let byte = 0; byte < TABLE_SIZE; byte++) {
    let value = byte;
    for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? POLYNOMIAL : 0);
    tables[byte] = value;
  }
  for (let i = TABLE_SIZE; i < tables.length; i++) {
    const before = tables[i - TABLE_SIZE];
    tables[i] = (before >>> 8) ^ tables[before & 0xff];
  }
  return tables;
}
