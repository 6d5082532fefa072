import { giveSpareBuffer } from "../base/spare_buffer.ts";
import type { Connection } from "../net/mod.ts";
import { encodeHead, encodeMessage, type EncodeOptions, type Message } from "./wire/message.ts";

/** Payloads from this size on are written by themselves instead of being copied behind their head. */
const COPY_BYTES = 4096;

/**
 * Queues one message.
 *
 * @returns false where the connection wants to be drained before more is written
 * @throws what `encodeHead` throws, with nothing written; {ConnectionError} if the connection has ended
 */
export function writeMessage(connection: Connection, message: Message, options: EncodeOptions): boolean {
  if (message.payload.length < COPY_BYTES) return connection.write(encodeMessage(message, options));
  const { payload } = message;
  connection.write(encodeHead(message, options));
  return connection.write(payload, () => giveSpareBuffer(payload)); // serializers write large values into one
}
