import { decompress } from "../compression.ts";
import { SerializedBlob } from "../serialized_blob.ts";
import { BLBI } from "../wire/annotations.ts";
import { BadPayloadError, SerializeError } from "../wire/errors.ts";
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
  if ((message.flags & Flag.keepSerialized) !== 0) return { serializer, call: blobCall(host, message, serializer) };
  const payload = (message.flags & Flag.compressed) === 0
    ? message.payload
    : decompress(message.payload, host.settings.maxMessageBytes);
  return { serializer, call: serializer.loadsCall(payload) };
}

/** A call whose arguments stay as they are; whom it is for stands in an annotation, in marshal. */
function blobCall(host: Host, message: Message, serializer: Serializer): Call {
  const annotation = message.annotations.get(BLBI);
  if (annotation === undefined) throw new SerializeError("Cannot read a blob: its annotation BLBI is missing");
  const about = host.serializers.byName("marshal").loads(annotation);
  const [info, objectId, method] = Array.isArray(about) ? about as unknown[] : [];
  if (typeof objectId !== "string" || typeof method !== "string") {
    throw new BadPayloadError("Cannot read a blob: its annotation does not name object and method", {
      pythonType: "ValueError",
    });
  }
  const blob = SerializedBlob.received(info, message, serializer, host.settings.maxMessageBytes);
  return { objectId, method, args: [blob], kwargs: {} };
}
