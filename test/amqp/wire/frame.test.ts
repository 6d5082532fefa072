import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError } from "../../../lib/base/errors.ts";
import { concatBytes } from "../../../lib/base/bytes.ts";
import { ByteWriter } from "../../../lib/amqp/wire/byte_writer.ts";
import { FrameDecoder, writeBodyFrames, writeHeartbeatFrame, writeMethodFrame } from "../../../lib/amqp/wire/frame.ts";
import { readMethod } from "../../../lib/amqp/wire/method_codec.ts";
import { readContentHeader } from "../../../lib/amqp/wire/properties.ts";
import { asCaptured, capturedFrames, decodeFrames, named, reencode } from "../../support/amqp_frames.ts";
import { anySplit, everyPrefix } from "../../support/any_split.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const HEARTBEAT = "08 0000 00000000 ce";
const frames = capturedFrames().filter((frame) => frame.frame !== "protocol-header");

describe("FrameDecoder", () => {
  test("reads every captured frame of Python and RabbitMQ as it was understood there", () => {
    for (const captured of frames) {
      const [frame] = decodeFrames([captured.bytes]);

      expect(frame?.channel).toBe(captured.channel);
      if (captured.frame === "method" && frame !== undefined) {
        const kind = captured.method ?? "";
        expect(readMethod(frame.payload)).toEqual({ kind, ...named(kind, captured.args) });
      } else if (captured.frame === "header" && frame !== undefined) {
        const { bodySize, properties } = readContentHeader(frame.payload);
        expect(bodySize).toBe(captured.bodySize);
        expect(asCaptured(properties)).toEqual(named("header", captured.properties));
      }
    }
  });

  test("gives the same frames however the network splits the bytes", () => {
    const kinds = new Map(frames.map((frame) => [`${frame.dir} ${frame.method ?? frame.frame}`, frame.bytes]));
    const pairs = [...kinds.values()].map((bytes) => Buffer.concat([bytes, hex(HEARTBEAT)]));

    for (const bytes of pairs) {
      const whole = decodeFrames([bytes]);
      expect(whole).toHaveLength(2);
      for (const chunks of anySplit(bytes)) {
        const split = decodeFrames(chunks);
        expect(split.map((frame) => frame.payload.equals(whole[split.indexOf(frame)]?.payload ?? hex("")))).toEqual([
          true,
          true,
        ]);
      }
    }
  });

  test("says at the end of the stream that a frame is not whole", () => {
    for (const prefix of everyPrefix(hex("01 0001 00000004 003c 0050 ce"))) {
      if (prefix.length === 0) continue;
      expect(() => decodeFrames([prefix])).toThrow(ProtocolError);
    }
  });

  test("refuses a frame over the agreed limit from its header alone", () => {
    const decoder = new FrameDecoder({ maxFrameBytes: 4096 });
    decoder.feed(hex("03 0001 00000ff9"));

    expect(catchError(() => decoder.next())).toMatchObject({
      name: "LimitError",
      message: "Cannot accept AMQP frame: 4097 bytes announced, 4096 were agreed on",
      replyCode: 501,
    });
  });

  test("accepts a frame of exactly the agreed size", () => {
    const decoder = new FrameDecoder({ maxFrameBytes: 4096 });

    const [frame] = decodeFrames([hex("03 0001 00000ff8"), Buffer.alloc(4088), hex("ce")], decoder);

    expect(frame?.payload).toHaveLength(4088);
  });

  test("refuses sizes of 2^31 and 2^32 - 1 without asking for memory", () => {
    for (const size of ["80000000", "ffffffff"]) {
      const decoder = new FrameDecoder();
      decoder.feed(hex(`03 0001 ${size}`));
      expect(() => decoder.next()).toThrow(LimitError);
    }
  });

  test("stays failed after the first error, with the code to answer and the place in the stream", () => {
    const decoder = new FrameDecoder();
    decoder.feed(hex(`${HEARTBEAT} 01 0001 00000000 cd ${HEARTBEAT}`));
    decoder.next();

    const first = catchError(() => decoder.next());
    const second = catchError(() => decoder.next());

    expect(first.message).toBe("Cannot read AMQP frame: a frame of 0 bytes ends with 0xcd, expected 0xce");
    expect(first).toMatchObject({ replyCode: 501, offset: 8 });
    expect(second).toBe(first);
  });

  test.each([
    ["HTTP/1.1 400 Bad Request", "an HTTP server answers there: is it the management port, 15672?"],
    ["AMQP\x00\x01\x00\x00", "the server speaks AMQP 1-0 and something newer, not 0-9-1"],
    ["\x15\x03\x03\x00\x02\x02\x46", "TLS answers there: use amqps://"],
  ])("recognises a stranger that says %j", (greeting, hint) => {
    const decoder = new FrameDecoder();
    decoder.feed(Buffer.from(greeting, "latin1"));

    expect(catchError(() => decoder.next()).message).toContain(hint);
  });

  test("refuses a heartbeat with a channel or a payload", () => {
    for (const bytes of ["08 0001 00000000 ce", "08 0000 00000001 00 ce"]) {
      expect(() => decodeFrames([hex(bytes)])).toThrow(ProtocolError);
    }
  });
});

describe("frame writers", () => {
  test("write the bytes that Python wrote, for every frame it sent", () => {
    for (const { dir, bytes } of frames) {
      if (dir === "c2s") expect(reencode(bytes)).toEqual(bytes);
    }
  });

  test("write a heartbeat", () => {
    const writer = new ByteWriter();

    writeHeartbeatFrame(writer);

    expect(concatBytes(writer.take())).toEqual(hex(HEARTBEAT));
  });

  test("cut a body so that each whole frame keeps within the limit", () => {
    const writer = new ByteWriter();
    const body = Buffer.alloc(10_000, "x");

    writeBodyFrames(writer, 1, body, 4096);

    const cut = decodeFrames(writer.take(), new FrameDecoder({ maxFrameBytes: 4096 }));
    expect(cut.map((frame) => frame.payload.length)).toEqual([4088, 4088, 1824]);
  });

  test("write no body frame for an empty body", () => {
    const writer = new ByteWriter();

    writeBodyFrames(writer, 1, new Uint8Array(0), 4096);

    expect(writer.length).toBe(0);
  });

  test("leave nothing behind of a frame that cannot be written", () => {
    const writer = new ByteWriter();
    writeHeartbeatFrame(writer);

    expect(() => writeMethodFrame(writer, 1, { kind: "basic.cancel", consumerTag: "x".repeat(256), noWait: false }))
      .toThrow("it has 256 bytes or more, the limit is 255");
    expect(concatBytes(writer.take())).toEqual(hex(HEARTBEAT));
  });
});

function catchError(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("nothing was thrown");
}
