/**
 * CRC-32 as zlib, gzip and PNG have it, four bytes at a step. (`zlib.crc32` came with Node 22.)
 *
 * Spec: RFC 1952 section 8; polynomial 0xEDB88320, reflected
 *
 * @module
 */

const POLYNOMIAL = 0xedb88320;
/** TABLES[k][b]: what byte `b` does to the sum when `k` more bytes follow it. */
const TABLES = buildTables();

/**
 * @param from first byte, and @param to the one behind the last
 * @param before the sum of the bytes before these, for sums over several pieces
 */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length, before = 0): number {
  const [t0, t1, t2, t3] = TABLES;
  let crc = ~before;
  let i = from;
  for (; i + 4 <= to; i += 4) {
    crc ^= at(bytes, i) | (at(bytes, i + 1) << 8) | (at(bytes, i + 2) << 16) | (at(bytes, i + 3) << 24);
    crc = at(t3, crc & 0xff) ^ at(t2, (crc >>> 8) & 0xff) ^ at(t1, (crc >>> 16) & 0xff) ^ at(t0, crc >>> 24);
  }
  for (; i < to; i++) crc = at(t0, (crc ^ at(bytes, i)) & 0xff) ^ (crc >>> 8);
  return ~crc >>> 0;
}

function at(numbers: Uint8Array | Uint32Array, index: number): number {
  return numbers[index] ?? 0;
}

function buildTables(): [Uint32Array, Uint32Array, Uint32Array, Uint32Array] {
  const t0 = new Uint32Array(256).map((_, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1;
    return crc;
  });
  const following = (table: Uint32Array) => table.map((crc) => (crc >>> 8) ^ at(t0, crc & 0xff));
  const t1 = following(t0);
  const t2 = following(t1);
  return [t0, t1, t2, following(t2)];
}
