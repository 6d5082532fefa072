/**
 * One line of a name store's file: what became of one name.
 *
 *     <CRC-32 of the JSON text, 8 hex digits> <space> {"name":…,"uri":…,"tags":[…]} <LF>     registered
 *     <CRC-32 of the JSON text, 8 hex digits> <space> {"name":…} <LF>                        removed
 * @module
 */
import { Buffer } from "node:buffer";
import { utf8 } from "../../base/bytes.ts";
import { crc32 } from "../../base/crc32.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { isStringList } from "../wire/checks.ts";
import type { NameEntry } from "./name_store.ts";

const LINE_FEED = 0x0a;
const CRC_CHARS = 8;

/** What became of a name: its entry, or `undefined` where it was removed. */
export interface StoreRecord {
  readonly name: string;
  readonly entry: NameEntry | undefined;
}

export function encodeRecord({ name, entry }: StoreRecord): Buffer {
  const json = utf8(
    JSON.stringify(entry === undefined ? { name } : { name, uri: entry.uri, tags: [...entry.metadata] }),
  );
  const sum = crc32(json).toString(16).padStart(CRC_CHARS, "0");
  return Buffer.concat([Buffer.from(`${sum} `), json, Buffer.from([LINE_FEED])]);
}

/** The records of a file, in order. */
export interface StoreContent {
  readonly records: readonly StoreRecord[];
  /** Bytes up to the end of the last good record; what is behind was torn by a crash. */
  readonly goodBytes: number;
  /** Lines before that which are not what was written. */
  readonly damagedLines: number;
}

export function decodeRecords(bytes: Buffer): StoreContent {
  const records: StoreRecord[] = [];
  let goodBytes = 0;
  let damagedLines = 0;
  let damagedSince = 0; // lines behind the last good record; if none follows, they are the torn end
  let from = 0;
  for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
    const record = decodeRecord(bytes.subarray(from, end));
    from = end + 1;
    if (record === undefined) {
      damagedSince++;
      continue;
    }
    records.push(record);
    goodBytes = from;
    damagedLines += damagedSince;
    damagedSince = 0;
  }
  return { records, goodBytes, damagedLines };
}

function decodeRecord(line: Buffer): StoreRecord | undefined {
  const json = line.subarray(CRC_CHARS + 1);
  const sum = line.toString("latin1", 0, CRC_CHARS);
  if (sum !== crc32(json).toString(16).padStart(CRC_CHARS, "0")) return undefined;
  const value: unknown = JSON.parse(json.toString("utf8")); // its sum is right, so it is what was written
  if (!isPlainObject(value)) return undefined;
  const { name, uri, tags } = value;
  if (typeof name !== "string") return undefined;
  if (typeof uri !== "string" || !isStringList(tags)) return { name, entry: undefined };
  return { name, entry: { uri, metadata: new Set(tags) } };
}
