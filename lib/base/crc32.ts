/**
 * CRC-32 as zlib, gzip and PNG have it. (`zlib.crc32` came with Node 22.)
 *
 * Spec: RFC 1952 section 8; polynomial 0xEDB88320, reflected
 * @module
 */

const POLYNOMIAL = 0xedb88320;

/** What one byte does to the sum. */
const TABLE = new Uint32Array(256).map((_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
  return crc;
});

export function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  return ~crc >>> 0;
}
