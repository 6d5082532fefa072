import { Buffer } from "node:buffer";
import { randomFillSync } from "node:crypto";
import { Uuid } from "../base/pyvalue.ts";
import { PyroRemoteError } from "./wire/errors.ts";

const UUID_BYTES = 16;
/** Random bytes are fetched for this many ids at once: one call of the system each would cost more than the id. */
const POOL = Buffer.alloc(UUID_BYTES * 1024);
let used = POOL.length;

/** The bytes of a fresh random UUID (version 4); they belong to the caller. */
export function newUuidBytes(): Uint8Array {
  if (used === POOL.length) {
    randomFillSync(POOL);
    used = 0;
  }
  const bytes = new Uint8Array(UUID_BYTES);
  bytes.set(POOL.subarray(used, used += UUID_BYTES));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes;
}

/** @throws {PyroRemoteError} Python's ValueError, unless there are 16 bytes */
export function checkUuidBytes(bytes: Uint8Array): Uint8Array {
  if (bytes.length !== UUID_BYTES) {
    throw new PyroRemoteError("bytes is not a 16-char string", { remoteType: "builtins.ValueError" });
  }
  return bytes;
}

export function uuidFromBytes(bytes: Uint8Array): Uuid {
  return new Uuid(Buffer.from(bytes).toString("hex"));
}

export function uuidToBytes(uuid: Uuid): Uint8Array {
  return Buffer.from(uuid.hex, "hex");
}
