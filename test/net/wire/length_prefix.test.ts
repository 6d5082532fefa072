import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError } from "../../../lib/base/errors.ts";
import { encodeFrame, FrameDecoder, frames } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

// Python: b"".join(struct.pack(">I", len(p)) + p for p in (b"hello", b"", b"x" * 300)), the last cut to its head here
const HELLO_AND_EMPTY = Buffer.from("0000000568656c6c6f00000000", "hex");
const STREAM = Buffer.concat([HELLO_AND_EMPTY, Buffer.from("0000012c", "hex"), Buffer.alloc(300, "x")]);

describe("encodeFrame", () => {
  test("writes the bytes that Python's struct writes", () => {
    expect(Buffer.concat([encodeFrame(Buffer.from("hello")), encodeFrame()]).equals(HELLO_AND_EMPTY)).toBe(true);
  });

  test("puts the parts of a payload one after the other", () => {
    expect(Buffer.from(encodeFrame(Buffer.from("he"), Buffer.from(""), Buffer.from("llo"))).toString("hex")).toBe(
      "0000000568656c6c6f",
    );
  });
});

describe("FrameDecoder", () => {
  test("decodes the same frames however the network splits the bytes", () => {
    expectAtEverySplit(() => new FrameDecoder(), STREAM, ["hello", "", "x".repeat(300)]);
  });

  test("decodes from a pooled buffer whose memory begins elsewhere", () => {
    const pooled = Buffer.concat([Buffer.from("xxx"), STREAM, Buffer.from("yy")]).subarray(3, 3 + STREAM.length);

    expect(decodeAll(new FrameDecoder(), [pooled]).map(String)).toEqual(["hello", "", "x".repeat(300)]);
  });

  test("refuses a frame over the limit from its header alone", () => {
    const decoder = new FrameDecoder({ maxFrameBytes: 4 });
    decoder.feed(HELLO_AND_EMPTY.subarray(0, 4));

    expect(() => decoder.next()).toThrow(
      new LimitError("Cannot accept frame: 5 bytes announced, limit is 4 (maxFrameBytes)"),
    );
  });

  test.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1])("refuses %s announced bytes without reserving them", (size) => {
    const header = Buffer.alloc(4);
    header.writeUInt32BE(size);
    const before = process.memoryUsage().arrayBuffers;

    expect(() => decodeAll(new FrameDecoder(), [header])).toThrow(`${size} bytes announced`);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1024 * 1024);
  });

  test("takes a frame of exactly the limit", () => {
    expect(decodeAll(new FrameDecoder({ maxFrameBytes: 5 }), [HELLO_AND_EMPTY]).map(String)).toEqual(["hello", ""]);
  });

  test.each([
    ["GET / HTTP/1.1\r\n", "an HTTP request"],
    ["HTTP/1.1 400 Bad Request\r\n", "an HTTP response"],
    ["\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "TLS"],
    ["\xff\xfb\x1f\xff\xfb\x20", "telnet negotiation"],
    ["SSH-2.0-OpenSSH_9.6\r\n", "SSH"],
    ["*1\r\n$4\r\nPING\r\n", "the Redis protocol"],
    ["hello there\r\n", "plain text"],
  ])("names %j pushed at it: %s", (text, name) => {
    expect(() => decodeAll(new FrameDecoder(), [Buffer.from(text, "latin1")])).toThrow(`looks like ${name}`);
  });

  test("says how much of what was announced came when the stream stops inside a frame", () => {
    expect(() => decodeAll(new FrameDecoder(), [STREAM.subarray(0, 6)])).toThrow(
      new ProtocolError("Cannot finish stream: it ended inside a frame with 2 bytes of the 5 announced buffered"),
    );
    expect(() => decodeAll(new FrameDecoder(), [STREAM.subarray(0, 2)])).toThrow("with 2 bytes buffered");
  });

  test("ends every truncation cleanly and stays failed", () => {
    expectCleanTruncation(() => new FrameDecoder(), STREAM.subarray(0, 40));
  });

  test("survives garbage", () => {
    expectToSurviveGarbage(() => new FrameDecoder({ maxFrameBytes: 100 }), STREAM);
  });

  test("tells what the bytes it holds are part of", () => {
    const decoder = new FrameDecoder();
    const seen = [decoder.pending];
    for (const bytes of [[0, 0], [0, 1], [9]]) {
      decoder.feed(Uint8Array.from(bytes));
      decoder.next();
      seen.push(decoder.pending);
    }

    expect(seen).toEqual(["nothing", "header", "body", "nothing"]);
  });
});

describe("frames", () => {
  test("is the codec of both", () => {
    const codec = frames({ maxFrameBytes: 1 });

    expect(decodeAll(codec.decoder(), [codec.encode(Buffer.from("a"))].flat()).map(String)).toEqual(["a"]);
    expect(() => decodeAll(codec.decoder(), [HELLO_AND_EMPTY])).toThrow(LimitError);
  });
});
