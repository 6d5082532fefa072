import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ProtocolError, UsageError } from "../../../lib/base/errors.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { ByteWriter } from "../../../lib/amqp/wire/byte_writer.ts";
import { ContentAssembler, writePublish } from "../../../lib/amqp/wire/content.ts";
import { type Frame, FrameDecoder, FrameType } from "../../../lib/amqp/wire/frame.ts";
import { type BasicProperties } from "../../../lib/amqp/wire/properties.ts";
import { assemble, capturedCases, decodeFrames } from "../../support/amqp_frames.ts";
import { anySplit } from "../../support/any_split.ts";

const PUBLISH = {
  kind: "basic.publish",
  exchange: "",
  routingKey: "celery",
  mandatory: false,
  immediate: false,
} as const;

function publish(body: Uint8Array, properties: BasicProperties = {}, frameMaxBytes = 4096): Buffer {
  const writer = new ByteWriter();
  writePublish(writer, 1, PUBLISH, { properties, body }, frameMaxBytes);
  return Buffer.from(concatBytes(writer.take()));
}

const frame = (type: FrameType, payload: string): Frame => ({ type, channel: 1, payload: Buffer.from(payload, "hex") });
const headerOf = (bodySize: string, properties = "0000") => frame(FrameType.header, `003c0000${bodySize}${properties}`);
const publishFrame = frame(FrameType.method, "003c00280000000663656c65727900");

describe("ContentAssembler", () => {
  test("gives the captured publishes of Python whole, however the network splits them", () => {
    const cases = capturedCases("amqp-publish-rpc-5.6");
    for (const name of ["plain", "eta", "priority_7", "chain_3", "compression_gzip"]) {
      const sent = (cases.get(name) ?? []).filter(({ dir, frame }) => dir === "c2s" && frame !== "protocol-header");
      const bytes = Buffer.concat(sent.map((captured) => captured.bytes).slice(-3));
      const [whole] = assemble(decodeFrames([bytes]));

      expect(whole).toMatchObject({ kind: "content", method: { kind: "basic.publish", routingKey: "celery" } });
      for (const chunks of anySplit(bytes)) expect(assemble(decodeFrames(chunks))).toEqual([whole]);
    }
  });

  test("writes back the captured publishes byte for byte", () => {
    for (const captured of capturedCases("amqp-publish-rpc-5.2").values()) {
      const bytes = Buffer.concat(
        captured.filter(({ dir, channel }) => dir === "c2s" && channel === 1).map((f) => f.bytes),
      );
      for (const event of assemble(decodeFrames([bytes]))) {
        if (event.kind !== "content" || event.method.kind !== "basic.publish") continue;
        const writer = new ByteWriter();
        writePublish(writer, 1, event.method, event.content, 131_072);
        expect(bytes.includes(Buffer.from(concatBytes(writer.take())))).toBe(true);
      }
    }
  });

  test("puts a body of many frames together, with frames of another channel in between", () => {
    const body = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    const frames = decodeFrames([publish(body)]);
    const mixed = frames.flatMap((own) => [own, ...decodeFrames([publish(Buffer.from("x"))]).map(onChannel(2))]);

    const large = assemble(mixed).filter((event) => event.kind === "content" && event.content.body.length > 1);

    expect(large).toEqual([{ kind: "content", method: PUBLISH, content: { properties: {}, body } }]);
  });

  test("gives an empty body at its header", () => {
    expect(assemble([publishFrame, headerOf("0000000000000000")])).toEqual([
      { kind: "content", method: PUBLISH, content: { properties: {}, body: Buffer.alloc(0) } },
    ]);
  });

  test("keeps a small body apart from the received chunk", () => {
    const chunk = Buffer.alloc(64 * 1024);
    const bytes = publish(Buffer.from("small"));
    bytes.copy(chunk);

    const [event] = assemble(decodeFrames([chunk.subarray(0, bytes.length)]));

    expect(event?.kind === "content" && event.content.body.buffer).not.toBe(chunk.buffer);
  });

  test("refuses a body over the limit from its header, drops it, and goes on behind it", () => {
    const bytes = Buffer.concat([publish(Buffer.alloc(5000)), publish(Buffer.from("next"))]);

    const events = assemble(decodeFrames([bytes]), { maxBodyBytes: 4999 });

    expect(events).toMatchObject([
      { kind: "refused", reason: { message: "Cannot accept message: 5000 bytes announced, limit is 4999" } },
      { kind: "content", content: { body: Buffer.from("next") } },
    ]);
  });

  test("refuses a message with malformed headers, which RabbitMQ passes on unread, and goes on behind it", () => {
    const events = assemble([
      publishFrame,
      headerOf("0000000000000001", "200000000003 017821"),
      frame(FrameType.body, "78"),
      publishFrame,
      headerOf("0000000000000000"),
    ]);

    expect(events).toMatchObject([{ kind: "refused" }, { kind: "content" }]);
  });

  test("does not reserve memory for a body that is only announced", () => {
    const assembler = new ContentAssembler({ maxBodyBytes: Number.MAX_SAFE_INTEGER });
    assembler.push(publishFrame);

    assembler.push(headerOf("0000010000000000"));
    assembler.push(frame(FrameType.body, "78"));

    expect(process.memoryUsage().arrayBuffers).toBeLessThan(256 * 1024 * 1024);
  });

  test.each<[string, Frame[], number]>([
    ["a header without a method", [headerOf("0000000000000000")], 505],
    ["a body without a header", [publishFrame, frame(FrameType.body, "78")], 505],
    ["a method instead of a header", [publishFrame, publishFrame], 505],
    ["more body than announced", [publishFrame, headerOf("0000000000000001"), frame(FrameType.body, "7878")], 501],
    ["a content of another class", [publishFrame, frame(FrameType.header, "000a00000000000000000000 0000")], 502],
    ["a size beyond 2^53", [publishFrame, headerOf("ffffffffffffffff")], 502],
  ])("refuses %s", (_, frames, replyCode) => {
    expect(() => assemble(frames)).toThrow(expect.objectContaining({ replyCode }));
    expect(() => assemble(frames)).toThrow(ProtocolError);
  });
});

describe("writePublish", () => {
  test("keeps every frame within the agreed size", () => {
    const bytes = publish(Buffer.alloc(50_000), {}, 4096);

    expect(decodeFrames([bytes], new FrameDecoder({ maxFrameBytes: 4096 }))).toHaveLength(2 + 13);
  });

  test("carries every property, zero and empty included", () => {
    const properties: BasicProperties = {
      contentType: "",
      contentEncoding: "utf-8",
      headers: {},
      deliveryMode: 0,
      priority: 0,
      correlationId: "c",
      replyTo: "r",
      expiration: "0",
      messageId: "m",
      timestamp: 0,
      type: "t",
      userId: "u",
      appId: "a",
      clusterId: "i",
    };

    const [event] = assemble(decodeFrames([publish(Buffer.from("x"), properties)]));

    expect(event?.kind === "content" && event.content.properties).toEqual(properties);
  });

  test("leaves nothing behind of a message that cannot be written", () => {
    const writer = new ByteWriter();
    const content = { properties: { headers: { bad: new Map() as never } }, body: Buffer.from("x") };

    expect(() => writePublish(writer, 1, PUBLISH, content, 4096)).toThrow(UsageError);
    expect(writer.length).toBe(0);
  });
});

const onChannel = (channel: number) => (from: Frame): Frame => ({ ...from, channel });
