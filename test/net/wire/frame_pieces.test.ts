import { describe, expect, test } from "vitest";
import { encodeFrame, FramePieceDecoder } from "../../../lib/net/mod.ts";
import { anySplit } from "../../support/any_split.ts";
import { decodeAll, expectCleanTruncation, expectToSurviveGarbage } from "../../support/decoding.ts";

const BODIES = ["hello", "", "x", "0123456789"];
const STREAM = Buffer.concat(BODIES.map((text) => encodeFrame(Buffer.from(text))));

describe("FramePieceDecoder", () => {
  test("hands out every body completely and in order, at every split", () => {
    for (const chunks of anySplit(STREAM)) {
      const bodies: string[] = [];
      let open = "";
      for (const { bytes, isFirst, isLast, frameBytes } of decodeAll(new FramePieceDecoder(), chunks)) {
        open = isFirst ? String(bytes) : open + String(bytes);
        if (isLast) bodies.push(open);
        if (isLast) expect(open.length).toBe(frameBytes);
      }

      expect(bodies).toEqual(BODIES);
    }
  });

  test("holds nothing of a body back: each piece is a view into what was received", () => {
    const decoder = new FramePieceDecoder();
    const chunk = Buffer.concat([Buffer.from("ffffffff", "hex"), Buffer.from("abc")]);
    decoder.feed(chunk);

    const piece = decoder.next();
    chunk.fill("z", 4);

    expect([String(piece?.bytes), piece?.frameBytes, piece?.isFirst, piece?.isLast]).toEqual([
      "zzz",
      2 ** 32 - 1,
      true,
      false,
    ]);
    expect([decoder.next(), decoder.pending]).toEqual([undefined, "body"]);
  });

  test("says how much is missing when the stream stops inside a body", () => {
    expect(() => decodeAll(new FramePieceDecoder(), [STREAM.subarray(0, 6)])).toThrow(
      "Cannot finish stream: it ended inside a frame, 3 of 5 bytes early",
    );
  });

  test("refuses a frame over the limit, and names a browser", () => {
    expect(() => decodeAll(new FramePieceDecoder({ maxFrameBytes: 4 }), [STREAM])).toThrow(
      "5 bytes announced, limit is 4",
    );
    expect(() => decodeAll(new FramePieceDecoder({ maxFrameBytes: 2 ** 30 }), [Buffer.from("POST / HTTP/1.1")]))
      .toThrow(
        "looks like an HTTP request",
      );
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    expectCleanTruncation(() => new FramePieceDecoder(), STREAM);
    expectToSurviveGarbage(() => new FramePieceDecoder({ maxFrameBytes: 1000 }), STREAM);
  });
});
