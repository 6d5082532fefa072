import { Tuple } from "../../base/pyvalue.ts";
import { compress } from "../compression.ts";
import { currentContext } from "../context.ts";
import { uuidToBytes } from "../correlation.ts";
import { SerializedBlob } from "../serialized_blob.ts";
import { type Annotations, BLBI, CORR, NO_ANNOTATIONS } from "../wire/annotations.ts";
import { SerializeError } from "../wire/errors.ts";
import { Flag } from "../wire/message.ts";
import type { Serializer, Serializers } from "../wire/serializer.ts";
import type { CallOptions, Request } from "./call_options.ts";

/** What a request consists of, but for its number. */
export interface RequestParts {
  readonly serializer: Serializer;
  readonly flags: number;
  readonly annotations: Annotations;
  readonly payload: Uint8Array;
}

/**
 * Writes a request to the object `objectId`.
 *
 * Spec: Pyro4 4.82 `Pyro4/core.py` `Proxy._pyroInvoke`, `__serializeBlobArgs`
 *
 * @throws what the serializer throws, naming the path of what it cannot write
 */
export function requestParts(
  objectId: string,
  request: Request,
  serializer: Serializer,
  serializers: Serializers,
  options: CallOptions,
  isCompressing: boolean,
): RequestParts {
  const { method, args, kwargs, flags } = request;
  const annotations = requestAnnotations(options);
  if (args[0] instanceof SerializedBlob) {
    return blobParts(objectId, request, args[0], serializer, serializers, annotations);
  }
  const payload = serializer.dumpsCall(objectId, method, args, kwargs);
  const compressed = isCompressing ? compress(payload) : undefined;
  return compressed === undefined
    ? { serializer, flags, annotations, payload }
    : { serializer, flags: flags | Flag.compressed, annotations, payload: compressed };
}

/** What is sent along with a request, and with the greeting that it causes. */
export function requestAnnotations(options: CallOptions): Annotations {
  const correlation = options.correlationId === undefined
    ? currentContext()?.correlationBytes
    : uuidToBytes(options.correlationId);
  if (correlation === undefined) return options.annotations ?? NO_ANNOTATIONS;
  return new Map<string, Uint8Array>([...options.annotations ?? [], [CORR, correlation]]);
}

/** The arguments stay as they came, or are written without the blob around them. */
function blobParts(
  objectId: string,
  request: Request,
  blob: SerializedBlob,
  serializer: Serializer,
  serializers: Serializers,
  annotations: Annotations,
): RequestParts {
  const { method, args, kwargs, flags } = request;
  if (args.length > 1 || Object.keys(kwargs ?? {}).length > 0) {
    throw new SerializeError("if SerializedBlob is used, it must be the only argument");
  }
  const about = serializers.byName("marshal").dumps(Tuple.of(blob.info, objectId, method));
  const { raw } = blob;
  return {
    serializer: raw === undefined ? serializer : serializers.byId(raw.serializer.id),
    flags: flags | Flag.keepSerialized | (raw?.isCompressed === true ? Flag.compressed : 0),
    annotations: new Map([...annotations, [BLBI, about]]),
    payload: raw?.payload ?? serializer.dumpsCall(objectId, method, blob.deserialized(), kwargs),
  };
}
