/**
 * Payloads whose errors are Pyro's.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ByteSource } from "../../base/byte_source.ts";
import { BadPayloadError } from "./errors.ts";

/** @param name of the serializer, for messages */
export function payloadSource(bytes: Uint8Array, name: string): ByteSource {
  return new ByteSource(bytes, (words, offset, pythonType) => {
    return new BadPayloadError(`Cannot read ${name}: ${words}: byte ${offset}`, { pythonType, offset });
  });
}
