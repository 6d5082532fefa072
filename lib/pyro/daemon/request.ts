import { decompress } from "../compression.ts";
import { Flag, type Message } from "../wire/message.ts";
import type { Call, Serializer } from "../wire/serializer.ts";
import { acceptedSerializer } from "./handshake.ts";
import type { Host } from "./host.ts";

/** An INVOKE message, read. */
export interface Request {
  readonly serializer: Serializer;
  readonly call: Call;
}

/** @throws {SerializeError} for a serializer that is not accepted; what decompressing and reading throw */
export function readRequest(host: Host, message: Message): Request {
  const serializer = acceptedSerializer(host, message.serializerId);
  const payload = (message.flags & Flag.compressed) === 0
    ? message.payload
    : decompress(message.payload, host.settings.maxMessageBytes);
  return { serializer, call: serializer.loadsCall(payload) };
}
