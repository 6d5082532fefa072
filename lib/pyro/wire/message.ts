/**
 * Pyro's messages: what stands in them, and how they are written.
 *
 *     0      4         6      8       10    12               16             18                   20         22         24
 *     +------+---------+------+-------+-----+----------------+--------------+--------------------+----------+----------+
 *     | PYRO | version | type | flags | seq | payload length | serializerId | annotations length | reserved | checksum |
 *     +------+---------+------+-------+-----+----------------+--------------+--------------------+----------+----------+
 *     | annotations (annotations.ts)  | payload
 *
 * All numbers are big-endian and unsigned, but the payload length (signed, never negative). The checksum is the sum of
 * the other fields and a constant. With a key, a digest of the payload and of the annotations' values travels as the last
 * annotation, `HMAC`; the header itself is not authenticated.
 *
 * Spec: Pyro4 4.82 `Pyro4/message.py`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { type Annotations, annotationsSize, HMAC, writeAnnotations } from "./annotations.ts";
import { MessageTooLargeError } from "./errors.ts";

export const PROTOCOL_VERSION = 48;
export const HEADER_BYTES = 24;
/** The longest payload that a signed length can announce. */
export const MAX_PAYLOAD_BYTES = 0x7fff_ffff;
const CHECKSUM_MAGIC = 0x34e9;

export const MessageType = {
  connect: 1,
  connectOk: 2,
  connectFail: 3,
  invoke: 4,
  result: 5,
  ping: 6,
} as const;
export type MessageType = (typeof MessageType)[keyof typeof MessageType];

/** Bits of `flags`; receivers ignore the ones they do not know. */
export const Flag = {
  exception: 1,
  compressed: 2,
  oneway: 4,
  batch: 8,
  metaOnConnect: 16,
  itemStreamResult: 32,
  keepSerialized: 64,
} as const;

/** The serializer id of a PING, which carries no serialized value. */
export const PING_SERIALIZER_ID = 42;

export interface Message {
  readonly type: MessageType;
  /** Bits of `Flag`. */
  readonly flags: number;
  /** 0 to 65535; a reply repeats the request's. */
  readonly seq: number;
  /** How the payload is written, see `serializer.ts`. */
  readonly serializerId: number;
  readonly annotations: Annotations;
  /** Compressed where the flag says so. */
  readonly payload: Uint8Array;
}

/** Digests by a shared key. Handed in from outside, because `wire/` computes no hashes. */
export interface MessageAuthenticator {
  /** HMAC-SHA1 over the parts, one after the other. */
  digest(parts: readonly Uint8Array[]): Uint8Array;
  /** Compares in a time that tells nothing. */
  isEqual(a: Uint8Array, b: Uint8Array): boolean;
}

export interface EncodeOptions {
  readonly authenticator?: MessageAuthenticator | undefined;
  /** Longest payload and annotations together, in bytes; default 2 GiB - 1. */
  readonly maxMessageBytes?: number;
}

/** Returns one whole message as fresh bytes. @throws what `encodeHead` throws */
export function encodeMessage(message: Message, options: EncodeOptions = {}): Buffer {
  const { payload } = message;
  const out = encodeHead(message, options, payload.length);
  out.set(payload, out.length - payload.length);
  return out;
}

/**
 * Returns header and annotations as fresh bytes, with `roomBytes` more at the end: a large payload follows in a write of
 * its own, so that it need not be copied.
 *
 * @throws {MessageTooLargeError} if the message crosses the limit; {ProtocolError} for an annotation that cannot be sent.
 */
export function encodeHead(message: Message, options: EncodeOptions = {}, roomBytes = 0): Buffer {
  const { authenticator, maxMessageBytes = MAX_PAYLOAD_BYTES } = options;
  const { type, flags, seq, serializerId, payload } = message;
  const annotations = authenticator === undefined
    ? message.annotations
    : withDigest(message.annotations, payload, authenticator);
  const annotationsBytes = annotations.size === 0 ? 0 : annotationsSize(annotations);
  if (payload.length + annotationsBytes > maxMessageBytes || payload.length > MAX_PAYLOAD_BYTES) {
    throw tooLarge(payload.length + annotationsBytes, maxMessageBytes);
  }
  const out = Buffer.allocUnsafe(HEADER_BYTES + annotationsBytes + roomBytes);
  out.writeUInt32BE(0x5059_524f, 0); // "PYRO"
  out.writeUInt16BE(PROTOCOL_VERSION, 4);
  out.writeUInt16BE(type, 6);
  out.writeUInt16BE(flags, 8);
  out.writeUInt16BE(seq, 10);
  out.writeInt32BE(payload.length, 12);
  out.writeUInt16BE(serializerId, 16);
  out.writeUInt16BE(annotationsBytes, 18);
  out.writeUInt16BE(0, 20);
  out.writeUInt16BE(checksum(type, flags, seq, payload.length, serializerId, annotationsBytes), 22);
  if (annotationsBytes > 0) writeAnnotations(out, HEADER_BYTES, annotations);
  return out;
}

/** The header's checksum, of a message in this protocol version. */
export function checksum(
  type: number,
  flags: number,
  seq: number,
  payloadBytes: number,
  serializerId: number,
  annotationsBytes: number,
): number {
  return (type + PROTOCOL_VERSION + payloadBytes + annotationsBytes + serializerId + flags + seq + CHECKSUM_MAGIC) &
    0xffff;
}

/** The parts that a digest covers: the payload as it is on the wire, then the values of all other annotations by id. */
export function digestedParts(annotations: Annotations, payload: Uint8Array): Uint8Array[] {
  const others = [...annotations].filter(([id]) => id !== HMAC).sort(([a], [b]) => a < b ? -1 : 1);
  return [payload, ...others.map(([, value]) => value)];
}

export function tooLarge(bytes: number, maxBytes: number): MessageTooLargeError {
  return new MessageTooLargeError(`max message size exceeded (${bytes} where max=${maxBytes})`);
}

function withDigest(annotations: Annotations, payload: Uint8Array, authenticator: MessageAuthenticator): Annotations {
  const all = new Map(annotations);
  all.delete(HMAC); // written last, wherever the caller had one
  return all.set(HMAC, authenticator.digest(digestedParts(annotations, payload)));
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [MessageType.connect, "CONNECT"],
  [MessageType.connectOk, "CONNECTOK"],
  [MessageType.connectFail, "CONNECTFAIL"],
  [MessageType.invoke, "INVOKE"],
  [MessageType.result, "RESULT"],
  [MessageType.ping, "PING"],
]);

/** One line about a message, for logs and errors. */
export function describeMessage({ type, flags, seq, serializerId, annotations, payload }: Message): string {
  const ids = [...annotations.keys()].join(",") || "none";
  return `${NAMES.get(type) ?? type} flags=0x${
    flags.toString(16)
  } ser=${serializerId} seq=${seq} annotations=${ids} payload=${payload.length}`;
}
