/**
 * Recognises what strays to a binary port: browsers, TLS clients, people with telnet.
 *
 * A length that makes no sense is nearly always text read as a number: 1195725856 is "GET ". Saying so saves an afternoon.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { quoteBytes } from "../../base/bytes.ts";

const BEGINNINGS: readonly { readonly pattern: RegExp; readonly name: string }[] = [
  { pattern: /^(GET|POST|PUT|HEAD|DELETE|OPTIONS|PATCH|CONNECT|TRACE) /, name: "an HTTP request" },
  { pattern: /^PRI \* HTTP\/2/, name: "an HTTP/2 request" },
  { pattern: /^HTTP\/\d/, name: "an HTTP response" },
  { pattern: /^\xff[\xf0-\xfe]/, name: "telnet negotiation" },
  { pattern: /^SSH-/, name: "SSH" },
  { pattern: /^PYRO/, name: "the Pyro protocol" },
  { pattern: /^AMQP/, name: "the AMQP protocol" },
  { pattern: /^\*\d+\r\n\$/, name: "the Redis protocol" },
];
const ENOUGH_BYTES = 24;
const SOME_TEXT = /^[\t\r\n\x20-\x7e]{4,}$/;

/** Names the protocol that a stream begins with, or returns `undefined`. @param bytes what came first; 24 are looked at */
export function recogniseForeign(bytes: Uint8Array): string | undefined {
  let head = "";
  for (const byte of bytes.subarray(0, ENOUGH_BYTES)) head += String.fromCharCode(byte);
  if (isTlsRecord(bytes)) return "TLS";
  for (const { pattern, name } of BEGINNINGS) if (pattern.test(head)) return name;
  return SOME_TEXT.test(head) ? "plain text" : undefined;
}

/** A record of type 20 to 23 in version 3.0 to 3.4, whatever is in it (RFC 8446 §5.1). */
function isTlsRecord([type = 0, major, minor = 255]: Uint8Array): boolean {
  return type >= 20 && type <= 23 && major === 3 && minor <= 4;
}

/** The end of an error message, e.g. `; "GET / HT" looks like an HTTP request`; empty where nothing is recognised. */
export function foreignHint(bytes: Uint8Array): string {
  const name = recogniseForeign(bytes);
  return name === undefined ? "" : `; ${quoteBytes(bytes.subarray(0, ENOUGH_BYTES))} looks like ${name}`;
}
