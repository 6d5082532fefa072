import { describe, expect, test } from "vitest";
import { encodeVarint, encodeVarintFrame, VarintFrameDecoder } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

const STREAM = Buffer.concat(["hello", "", "y".repeat(300)].map((text) => encodeVarintFrame(Buffer.from(text))));

describe("encodeVarint", () => {
  test.each([
    [0, "00"],
    [1, "01"],
    [127, "7f"],
    [128, "8001"],
    [300, "ac02"], // the example of protobuf's documentation
    [2 ** 32, "8080808010"],
    [2 ** 53 - 1, "ffffffffffffff0f"],
  ])("writes %s as %s", (value, bytes) => {
    expect(Buffer.from(encodeVarint(value)).toString("hex")).toBe(bytes);
  });

  test("refuses what is no length", () => {
    for (const value of [-1, 0.5, 2 ** 53]) expect(() => encodeVarint(value)).toThrow("Cannot use varint");
  });
});

describe("VarintFrameDecoder", () => {
  test("decodes the same frames however the network splits the bytes", () => {
    expectAtEverySplit(() => new VarintFrameDecoder(), STREAM, ["hello", "", "y".repeat(300)]);
  });

  test("reads a padded length, as protobuf does, but no endless one", () => {
    expect(decodeAll(new VarintFrameDecoder(), [Buffer.from("810061", "hex")]).map(String)).toEqual(["a"]);
    expect(() => decodeAll(new VarintFrameDecoder(), [Buffer.alloc(11, 0x80)])).toThrow("more than 10 bytes");
  });

  test("refuses a length over the limit as soon as its bytes say so", () => {
    const decoder = new VarintFrameDecoder({ maxFrameBytes: 100 });
    decoder.feed(Buffer.from("ffff", "hex"));

    expect(() => decoder.next()).toThrow("Cannot accept frame: at least 127 bytes announced, limit is 100");
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    expectCleanTruncation(() => new VarintFrameDecoder(), STREAM.subarray(0, 30));
    expectToSurviveGarbage(() => new VarintFrameDecoder({ maxFrameBytes: 1000 }), STREAM);
  });
});
