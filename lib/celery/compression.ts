/**
 * Compression of message bodies, under kombu's names.
 *
 * What Celery calls gzip is a zlib stream (RFC 1950), and says `application/x-gzip`.
 *
 * Spec: kombu 5.6 kombu/compression.py
 * @module
 */
import { Buffer } from "node:buffer";
import * as zlib from "node:zlib";
import { LimitError } from "../base/errors.ts";
import { DecodeError, SerializerNotInstalled } from "./wire/errors.ts";

/** Bytes that a body may grow to; the broker bounds only what it had before. */
export const DEFAULT_MAX_INFLATED_BYTES = 128 * 1024 * 1024;

type Inflate = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;

interface Codec {
  readonly contentType: string;
  readonly deflate: (bytes: Uint8Array) => Uint8Array;
  readonly inflate: Inflate;
}

const GZIP: Codec = { contentType: "application/x-gzip", deflate: zlib.deflateSync, inflate: zlib.inflateSync };
const BROTLI: Codec = {
  contentType: "application/x-brotli",
  deflate: zlib.brotliCompressSync,
  inflate: zlib.brotliDecompressSync,
};

/** Node has zstd from 22.15 and 23.8 on, other runtimes perhaps. */
function zstd(): Codec | undefined {
  const deflate: unknown = Reflect.get(zlib, "zstdCompressSync");
  const inflate: unknown = Reflect.get(zlib, "zstdDecompressSync");
  if (typeof deflate !== "function" || typeof inflate !== "function") return undefined;
  return {
    contentType: "application/zstd",
    deflate: (bytes) => withContentSize((deflate as Codec["deflate"])(bytes), bytes.length),
    inflate: inflate as Inflate,
  };
}

/** Bits of a zstd frame's descriptor that say how the size of the content or a dictionary stands in the header. */
const ZSTD_SIZE_OR_DICTIONARY = 0xe3;
const ZSTD_SIZE_IN_4_BYTES = 0x80;

/**
 * A zstd frame that says how long its content is: Python refuses others, and Deno writes them so.
 *
 *     magic: 4 bytes | descriptor | window | size of the content: u32, LE | blocks
 *
 * Spec: RFC 8878 §3.1.1.1
 */
export function withContentSize(frame: Uint8Array, size: number): Uint8Array {
  const descriptor = frame[4];
  if (descriptor === undefined || (descriptor & ZSTD_SIZE_OR_DICTIONARY) !== 0) return frame;
  const out = Buffer.alloc(frame.length + 4);
  out.set(frame.subarray(0, 6));
  out.writeUInt8(descriptor | ZSTD_SIZE_IN_4_BYTES, 4);
  out.writeUInt32LE(size, 6);
  out.set(frame.subarray(6), 10);
  return out;
}

/** Names and content types of what kombu has and we do not. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  ["bzip2", "application/x-bz2"],
  ["bzip", "application/x-bz2"],
  ["lzma", "application/x-lzma"],
  ["xz", "application/x-lzma"],
  ["zstd", "application/zstd"],
  ["zstandard", "application/zstd"],
]);

const CODECS: ReadonlyMap<string, Codec> = new Map([
  ["gzip", GZIP],
  ["zlib", GZIP],
  ["brotli", BROTLI],
  ...[zstd()].filter((codec) => codec !== undefined).flatMap((codec): [string, Codec][] => [
    ["zstd", codec],
    ["zstandard", codec],
  ]),
]);
const BY_CONTENT_TYPE: ReadonlyMap<string, Codec> = new Map(
  [...CODECS.values()].map((codec) => [codec.contentType, codec]),
);

export interface Compressed {
  /** For the header `compression`. */
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** @throws {SerializerNotInstalled} for a method that is not here */
export function compress(body: Uint8Array, method: string): Compressed {
  const codec = CODECS.get(method) ?? BY_CONTENT_TYPE.get(method);
  if (codec === undefined) throw notHere("compress with", method);
  return { contentType: codec.contentType, body: codec.deflate(body) };
}

/**
 * @param contentType what the header `compression` says
 * @throws {DecodeError} if the method is not here or the bytes are not of it; {LimitError} beyond `maxBytes`
 */
export function decompress(body: Uint8Array, contentType: string, maxBytes = DEFAULT_MAX_INFLATED_BYTES): Uint8Array {
  const codec = BY_CONTENT_TYPE.get(contentType) ?? CODECS.get(contentType);
  if (codec === undefined) {
    throw new DecodeError(`Cannot read the body: ${notHere("decompress", contentType).message}`);
  }
  try {
    return codec.inflate(body, { maxOutputLength: maxBytes });
  } catch (cause) {
    if (cause instanceof RangeError) {
      throw new LimitError(`Cannot decompress the body: ${body.length} bytes grow beyond the limit of ${maxBytes}`, {
        cause,
      });
    }
    throw new DecodeError(`Cannot decompress the body: ${body.length} bytes are not ${contentType}`, { cause });
  }
}

function notHere(attempt: string, method: string): SerializerNotInstalled {
  const shown = JSON.stringify(method.slice(0, 64));
  return new SerializerNotInstalled(
    `Cannot ${attempt} ${shown}: ${whyNot(method)}; there are ${[...CODECS.keys()].join(", ")}`,
  );
}

function whyNot(method: string): string {
  const type = NOT_HERE.get(method) ?? method;
  if (type === "application/zstd") return "this runtime has none, Node has it from 22.15 on";
  return [...NOT_HERE.values()].includes(type)
    ? "this runtime has no such compression"
    : "there is no such compression";
}
