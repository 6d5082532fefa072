/**
 * Frames and methods as one line of text, for errors and debug logs. Never a password, at most 64 bytes of a payload.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { quoteBytes } from "../../base/bytes.ts";
import type { ChannelEvent } from "./content.ts";
import { type Frame, FrameType } from "./frame.ts";
import type { Method } from "./methods.ts";
import { readMethod } from "./method_codec.ts";

const MAX_TEXT = 64;
/** Fields that hold secrets. */
const HIDDEN: ReadonlySet<string> = new Set(["response", "challenge", "newSecret"]);

/** `basic.ack(deliveryTag=7, multiple=false)`. */
export function describeMethod(method: Method): string {
  const { kind, ...fields } = method;
  const text = Object.entries(fields).map(([name, value]) => `${name}=${describeValue(name, value)}`);
  return `${kind}(${text.join(", ")})`;
}

/** `channel 1 basic.ack(deliveryTag=7, multiple=false)`, `channel 1 body of 77 bytes`, `heartbeat`. */
export function describeFrame(frame: Frame): string {
  switch (frame.type) {
    case FrameType.method:
      return `channel ${frame.channel} ${describeMethod(readMethod(frame.payload))}`;
    case FrameType.header:
      return `channel ${frame.channel} header ${quoteBytes(frame.payload, 16)}`;
    case FrameType.body:
      return `channel ${frame.channel} body of ${frame.payload.length} bytes`;
    case FrameType.heartbeat:
      return "heartbeat";
  }
}

/** As `describeMethod`, with the size of the content. */
export function describeEvent(event: ChannelEvent): string {
  const method = describeMethod(event.method);
  switch (event.kind) {
    case "method":
      return method;
    case "content":
      return `${method} with ${event.content.body.length} bytes`;
    case "refused":
      return `${method}, refused: ${event.reason.message}`;
  }
}

function describeValue(name: string, value: unknown): string {
  if (HIDDEN.has(name)) return "**";
  if (typeof value === "string") {
    return value.length > MAX_TEXT ? `${JSON.stringify(value.slice(0, MAX_TEXT))}…` : JSON.stringify(value);
  }
  if (value instanceof Uint8Array) return quoteBytes(value);
  if (typeof value === "object" && value !== null) return `{${Object.keys(value).slice(0, 16).join(", ")}}`;
  return String(value);
}
