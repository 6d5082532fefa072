import { asError } from "../../base/errors.ts";
import { utf8ToString } from "../../base/bytes.ts";
import { decompress } from "../compression.ts";
import { STRM } from "../wire/annotations.ts";
import { ProtocolError, PyroError, SerializeError } from "../wire/errors.ts";
import { Flag, type Message } from "../wire/message.ts";
import type { Serializer } from "../wire/serializer.ts";

/** What an answer says. */
export type Outcome =
  | { readonly kind: "value"; readonly value: unknown }
  | { readonly kind: "stream"; readonly id: string }
  /** The far method has thrown. */
  | { readonly kind: "exception"; readonly error: Error }
  /** The answer itself is no good, and so is the connection it came on. */
  | { readonly kind: "unreadable"; readonly error: Error };

/**
 * Reads a RESULT message.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy._pyroInvoke`
 */
export function readReply(message: Message, serializer: Serializer, maxMessageBytes: number): Outcome {
  const { flags, serializerId, annotations } = message;
  if (serializerId !== serializer.id) {
    return { kind: "unreadable", error: new SerializeError(`invalid serializer in response: ${serializerId}`) };
  }
  let value: unknown;
  try {
    const { payload } = message;
    value = serializer.loads((flags & Flag.compressed) === 0 ? payload : decompress(payload, maxMessageBytes));
  } catch (error) {
    return { kind: "unreadable", error: asError(error) };
  }
  if ((flags & Flag.itemStreamResult) !== 0) {
    const id = annotations.get(STRM);
    if (id !== undefined && id.length > 0) return { kind: "stream", id: utf8ToString(id) };
    const words = "result of call is an iterator, but the server is not configured to allow streaming";
    return { kind: "unreadable", error: new ProtocolError(words) };
  }
  if ((flags & Flag.exception) === 0) return { kind: "value", value };
  return { kind: "exception", error: value instanceof Error ? value : new PyroError(`remote error: ${String(value)}`) };
}
