/**
 * Other protocols on a RESP port, so that the error can name the mistake.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { quoteBytes, utf8ToString } from "../../base/bytes.ts";

/**
 * Says what the first bytes of a stream are instead of RESP.
 * @returns a half sentence for an error message, such as "this is HTTP, not Redis: "HTTP/1.1 400"".
 */
export function describeForeign(start: Uint8Array): string {
  if (isTls(start)) {
    return "these are TLS records: the port wants TLS on one side only, check rediss:// against redis://";
  }
  const text = utf8ToString(start.subarray(0, 64));
  if (/^HTTP\/\d/.test(text) || isHttpRequestLine(text)) return `this is HTTP, not Redis: ${quoteBytes(start, 32)}`;
  if (text.startsWith("AMQP")) return "this is an AMQP broker (RabbitMQ), not Redis: use amqp://";
  if (text.startsWith("SSH-")) return "this is an SSH server, not Redis";
  return `expected a RESP type byte, got ${quoteBytes(start, 16)}`;
}

/** True for the head line of an HTTP request; `GET key` alone is a Redis command and is none. */
export function isHttpRequestLine(line: string): boolean {
  return /^(?:GET|POST|PUT|HEAD|OPTIONS|DELETE|PATCH|CONNECT|TRACE) \S+ HTTP\/\d/.test(line) || /^Host:/i.test(line);
}

function isTls(start: Uint8Array): boolean {
  const type = start[0] ?? 0;
  return type >= 0x14 && type <= 0x17 && start[1] === 3; // change cipher, alert, handshake, data; version 3.x
}

/** Text for a server's own error reply, which is one line. */
export function foreignReply(start: Uint8Array): string {
  return `ERR Protocol error: ${describeForeign(Buffer.from(start)).replace(/[\r\n]+/g, " ")}`;
}
