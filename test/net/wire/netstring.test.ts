import { describe, expect, test } from "vitest";
import { encodeNetstring, NetstringDecoder, netstrings } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

// Bernstein's own examples
const STREAM = Buffer.from("12:hello world!,0:,3:a,b,");

describe("encodeNetstring", () => {
  test("writes Bernstein's examples", () => {
    expect(String(encodeNetstring(Buffer.from("hello world!")))).toBe("12:hello world!,");
    expect(String(encodeNetstring(Buffer.from("")))).toBe("0:,");
  });
});

describe("NetstringDecoder", () => {
  test("decodes the same strings however the network splits the bytes", () => {
    expectAtEverySplit(() => new NetstringDecoder(), STREAM, ["hello world!", "", "a,b"]);
  });

  test.each([
    ["01:a,", 'a length has no leading zeros, got "01"'],
    [":a,", 'expected digits and ":", got ":"'],
    ["-1:a,", 'expected digits and ":", got "-"'],
    ["1 :a,", 'expected digits and ":", got "1 "'],
    ["1:ab", 'expected "," after 1 bytes, got "b"'],
    ["GET / HTTP/1.1\r\n", "looks like an HTTP request"],
  ])("refuses %j: %s", (text, why) => {
    expect(() => decodeAll(new NetstringDecoder(), [Buffer.from(text)])).toThrow(why);
  });

  test("refuses a length over the limit before its colon has come, and digits without end", () => {
    expect(() => decodeAll(new NetstringDecoder({ maxFrameBytes: 99 }), [Buffer.from("100")])).toThrow(
      "Cannot accept netstring: at least 100 bytes announced, limit is 99",
    );
    expect(() => decodeAll(new NetstringDecoder(), [Buffer.alloc(1000, "9")])).toThrow("limit is 16777216");
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    expectCleanTruncation(() => new NetstringDecoder(), STREAM);
    expectToSurviveGarbage(() => new NetstringDecoder({ maxFrameBytes: 100 }), STREAM);
  });
});

describe("netstrings", () => {
  test("is the codec of both", () => {
    const codec = netstrings();

    expect(decodeAll(codec.decoder(), [codec.encode(Buffer.from("a"))].flat()).map(String)).toEqual(["a"]);
  });
});
