/**
 * JSON and text as messages, over any framing of bytes.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { quoteBytes, strictUtf8ToString, utf8 } from "../../base/bytes.ts";
import { ProtocolError, UsageError } from "../../base/errors.ts";
import { type Codec, mapCodec } from "./codec.ts";

/** Strings over `raw`; a peer's malformed UTF-8 is an error, not a replacement character. */
export function texts(raw: Codec<Uint8Array, Uint8Array>): Codec<string, string> {
  return mapCodec(raw, { decode: decodeText, encode: utf8 });
}

/**
 * Values over `raw`, written as JSON.
 *
 * @param parse what makes an `In` of what JSON gives; it throws, best a ProtocolError, where the peer sent something else
 */
export function jsons<In, Out>(raw: Codec<Uint8Array, Uint8Array>, parse: (value: unknown) => In): Codec<In, Out> {
  return mapCodec(raw, {
    decode: (bytes) => parse(decodeJson(bytes)),
    encode: (message: Out) => {
      const text: string | undefined = JSON.stringify(message);
      if (text === undefined) throw new UsageError(`Cannot send message: JSON has no word for a ${typeof message}`);
      return utf8(text);
    },
  });
}

function decodeText(bytes: Uint8Array): string {
  try {
    return strictUtf8ToString(bytes);
  } catch (cause) {
    throw new ProtocolError(`Cannot read text: ${quoteBytes(bytes)} is no UTF-8`, { cause });
  }
}

function decodeJson(bytes: Uint8Array): unknown {
  const text = decodeText(bytes);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ProtocolError(`Cannot read message: ${quoteBytes(bytes)} is no JSON`, { cause });
  }
}
