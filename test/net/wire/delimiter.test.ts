import { describe, expect, test } from "vitest";
import { delimited, DelimiterDecoder } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

const delimiter = Buffer.from("\r\n.\r\n");
const STREAM = Buffer.from("one\r\n.\r\n\r\n.\r\n\r\n.two\r\n\r\n.\r\n");

describe("DelimiterDecoder", () => {
  test("decodes the same messages however the network splits the bytes, false starts included", () => {
    expectAtEverySplit(() => new DelimiterDecoder({ delimiter }), STREAM, ["one", "", "\r\n.two\r\n"]);
  });

  test("refuses a message that is too long, its end seen or not", () => {
    const decode = (text: string) => () =>
      decodeAll(new DelimiterDecoder({ delimiter: Buffer.from("\n"), maxFrameBytes: 3 }), [Buffer.from(text)]);

    expect(decode("abc\n")()).toHaveLength(1);
    expect(decode("abcd\n")).toThrow('Cannot accept message: no "\\x0a" within 3 bytes (maxFrameBytes)');
    expect(decode("abcd")).toThrow("within 3 bytes");
  });

  test("takes what the stream ends with for a message where it was told to, and for an error where not", () => {
    const open = new DelimiterDecoder({ delimiter: Buffer.from(";"), lastMayBeOpen: true });

    expect(decodeAll(open, [Buffer.from("a;b")]).map(String)).toEqual(["a", "b"]);
    expect(() => decodeAll(new DelimiterDecoder({ delimiter: Buffer.from(";") }), [Buffer.from("a;b")])).toThrow(
      'Cannot finish stream: it ended after 1 bytes without ";"',
    );
  });

  test("ends every truncation cleanly, and survives garbage", () => {
    expectCleanTruncation(() => new DelimiterDecoder({ delimiter }), STREAM);
    expectToSurviveGarbage(() => new DelimiterDecoder({ delimiter, maxFrameBytes: 20 }), STREAM);
  });

  test("needs a delimiter", () => {
    expect(() => new DelimiterDecoder({ delimiter: new Uint8Array() })).toThrow("expected at least one byte");
  });
});

describe("delimited", () => {
  test("refuses to send a message that contains the delimiter", () => {
    const codec = delimited({ delimiter });

    expect(decodeAll(codec.decoder(), [codec.encode(Buffer.from("a"))].flat()).map(String)).toEqual(["a"]);
    expect(() => codec.encode(STREAM)).toThrow('it contains the delimiter "\\x0d\\x0a.\\x0d\\x0a"');
  });
});
