import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import { ContentAssembler } from "../../lib/amqp/wire/content.ts";
import {
  type Frame,
  FrameDecoder,
  FrameType,
  writeBodyFrames,
  writeHeaderFrame,
  writeMethodFrame,
} from "../../lib/amqp/wire/frame.ts";
import { ByteWriter } from "../../lib/amqp/wire/byte_writer.ts";
import { readMethod } from "../../lib/amqp/wire/method_codec.ts";
import type { Method } from "../../lib/amqp/wire/methods.ts";
import { readContentHeader } from "../../lib/amqp/wire/properties.ts";
import { concatBytes } from "../../lib/base/bytes.ts";
import { PyDateTime } from "../../lib/base/pyvalue.ts";

/** One frame of a capture between Python Celery and RabbitMQ. */
export interface CapturedFrame {
  readonly bytes: Buffer;
  readonly channel: number;
  readonly conn: number;
  readonly dir: "c2s" | "s2c";
  readonly frame: "protocol-header" | "method" | "header" | "body" | "heartbeat";
  readonly method?: string;
  readonly args?: unknown;
  readonly properties?: Record<string, unknown>;
  readonly bodySize?: number;
}

const CAPTURES = [
  "amqp-publish-rpc-5.2",
  "amqp-publish-rpc-5.6",
  "amqp-worker-5.2",
  "amqp-worker-5.6",
  "amqp-worker-published-5.6",
  "amqp-quorum-delayed-5.6",
] as const;

export function readFixture(name: string): Record<string, unknown> {
  return JSON.parse(readFileSync(new URL(`../fixtures/celery/${name}.json`, import.meta.url), "utf8"));
}

/** All frames of one capture, by the name of their case or phase, in order of arrival. */
export function capturedCases(name: string): Map<string, CapturedFrame[]> {
  const fixture = readFixture(name);
  const cases = Object.entries((fixture.cases ?? fixture.phases) as Record<string, unknown>);
  return new Map(cases.map(([title, found]) => [title, collect(found)]));
}

/** Every captured frame with raw bytes, from all captures. */
export function capturedFrames(): CapturedFrame[] {
  return CAPTURES.flatMap((name) => [...capturedCases(name).values()].flat());
}

interface RawFrame extends Omit<CapturedFrame, "bytes" | "bodySize"> {
  readonly b64?: string;
  readonly body_size?: number;
}

function collect(found: unknown): CapturedFrame[] {
  if (Array.isArray(found)) return found.flatMap(collect);
  const raw = found as RawFrame & { frames?: unknown };
  if (raw.frames !== undefined) return collect(raw.frames);
  if (raw.b64 === undefined) return [];
  const { b64, body_size: bodySize, ...rest } = raw;
  return [{ ...rest, bytes: Buffer.from(b64, "base64"), ...(bodySize === undefined ? {} : { bodySize }) }];
}

/** Names that py-amqp has for what the specification calls otherwise. */
const RENAMED: Readonly<Record<string, string>> = {
  nowait: "noWait",
  code: "replyCode",
  text: "replyText",
  class: "classId",
  method: "methodId",
  application_headers: "headers",
};
const LEFT_OUT = new Set(["ticket", "reserved1", "reserved2"]);
/** Fields of the methods whose captured arguments have no names. */
const POSITIONAL: Readonly<Record<string, readonly string[]>> = {
  "basic.consume-ok": ["consumer_tag"],
  "basic.cancel-ok": ["consumer_tag"],
};

/** Captured arguments under our names. */
export function named(kind: string, args: unknown): Record<string, unknown> {
  const pairs: [string, unknown][] = Array.isArray(args)
    ? (POSITIONAL[kind] ?? []).map((name, index) => [name, args[index]])
    : Object.entries(args as Record<string, unknown>);
  const shown = pairs.filter(([name]) => !LEFT_OUT.has(name)).map(([name, value]) => [
    RENAMED[name] ?? name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    name === "response" ? Buffer.from(String(value)) : value,
  ]);
  return Object.fromEntries(shown);
}

/** Decoded values as the capture shows them: times in Python's `str`. */
export function asCaptured(value: unknown): unknown {
  if (value instanceof PyDateTime) return value.toString().replace("T", " ").replace("+00:00", "");
  if (Array.isArray(value)) return value.map(asCaptured);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, asCaptured(item)]));
}

/** All frames that a decoder gives for these chunks. */
export function decodeFrames(chunks: Iterable<Uint8Array>, decoder = new FrameDecoder()): Frame[] {
  const frames: Frame[] = [];
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let frame; (frame = decoder.next()) !== undefined;) frames.push(frame);
  }
  decoder.end();
  return frames;
}

export function methodFrame(channel: number, method: Method): Buffer {
  const writer = new ByteWriter();
  writeMethodFrame(writer, channel, method);
  return Buffer.from(concatBytes(writer.take()));
}

/** Decodes one frame and encodes again what was understood of it. */
export function reencode(bytes: Uint8Array): Buffer {
  const [frame] = decodeFrames([bytes]);
  if (frame === undefined) throw new Error("no frame");
  const { type, channel, payload } = frame;
  const writer = new ByteWriter();
  switch (type) {
    case FrameType.method:
      writeMethodFrame(writer, channel, readMethod(payload));
      break;
    case FrameType.header: {
      const { bodySize, properties } = readContentHeader(payload);
      writeHeaderFrame(writer, channel, bodySize, properties);
      break;
    }
    default:
      writeBodyFrames(writer, channel, payload, payload.length + 8);
  }
  return Buffer.from(concatBytes(writer.take()));
}

/** Feeds frames to one assembler per channel and collects what comes out. */
export function assemble(frames: Iterable<Frame>, options: { maxBodyBytes?: number } = {}) {
  const assemblers = new Map<number, ContentAssembler>();
  return [...frames].flatMap((frame) => {
    const assembler = assemblers.get(frame.channel) ?? new ContentAssembler(options);
    assemblers.set(frame.channel, assembler);
    const event = assembler.push(frame);
    return event === undefined ? [] : [event];
  });
}
