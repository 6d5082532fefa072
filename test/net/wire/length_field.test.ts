import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError, UsageError } from "../../../lib/base/errors.ts";
import { encodeLengthField, LengthFieldDecoder, type LengthFieldOptions, lengthFields } from "../../../lib/net/mod.ts";
import {
  decodeAll,
  expectAtEverySplit,
  expectCleanTruncation,
  expectToSurviveGarbage,
} from "../../support/decoding.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
const HELLO = "48454c4c4f2c20574f524c44"; // "HELLO, WORLD", 12 bytes, the example of Netty's documentation

describe("LengthFieldDecoder", () => {
  // The worked examples of Netty's LengthFieldBasedFrameDecoder, in its order: bytes, options, decoded frame.
  const examples: readonly [what: string, bytes: string, options: LengthFieldOptions, frame: string][] = [
    ["2 bytes at 0, header kept", `000c ${HELLO}`, { lengthBytes: 2, strip: 0 }, `000c${HELLO}`],
    ["2 bytes at 0, header stripped", `000c ${HELLO}`, { lengthBytes: 2, strip: 2 }, HELLO],
    ["the length of the whole message", `000e ${HELLO}`, { lengthBytes: 2, adjustment: -2, strip: 0 }, `000e${HELLO}`],
    [
      "3 bytes behind a 2-byte header",
      `cafe 00000c ${HELLO}`,
      { offset: 2, lengthBytes: 3, strip: 0 },
      `cafe00000c${HELLO}`,
    ],
    [
      "3 bytes before a 2-byte header",
      `00000c cafe ${HELLO}`,
      { lengthBytes: 3, adjustment: 2, strip: 0 },
      `00000ccafe${HELLO}`,
    ],
    ["2 bytes inside a header, first part stripped", `ca 000c fe ${HELLO}`, {
      offset: 1,
      lengthBytes: 2,
      adjustment: 1,
      strip: 3,
    }, `fe${HELLO}`],
    ["the same, length of the whole message", `ca 0010 fe ${HELLO}`, {
      offset: 1,
      lengthBytes: 2,
      adjustment: -3,
      strip: 3,
    }, `fe${HELLO}`],
  ];
  test.each(examples)("reads %s as Netty does, at every split", (_, bytes, options, frame) => {
    const twice = Buffer.concat([hex(bytes), hex(bytes)]);

    expectAtEverySplit(
      () => new LengthFieldDecoder(options),
      twice,
      [frame, frame],
      (message) => message.toString("hex"),
    );
    expectCleanTruncation(() => new LengthFieldDecoder(options), twice);
    expectToSurviveGarbage(() => new LengthFieldDecoder({ ...options, maxFrameBytes: 64 }), twice);
  });

  // Python: struct.pack(fmt + "5s", 5, b"hello")
  test.each(
    [
      ["B", "05", { lengthBytes: 1 }],
      [">H", "0005", { lengthBytes: 2 }],
      ["<H", "0500", { lengthBytes: 2, littleEndian: true }],
      [">I", "00000005", { lengthBytes: 4 }],
      ["<I", "05000000", { lengthBytes: 4, littleEndian: true }],
      [">Q", "0000000000000005", { lengthBytes: 8 }],
      ["<Q", "0500000000000000", { lengthBytes: 8, littleEndian: true }],
    ] as const,
  )("speaks Python's struct format %s both ways", (_, length, options) => {
    const bytes = hex(`${length}68656c6c6f`);

    expectAtEverySplit(() => new LengthFieldDecoder(options), bytes, ["hello"]);
    expect(Buffer.from(encodeLengthField(Buffer.from("hello"), options)).equals(bytes)).toBe(true);
  });

  test("counts the limit over the whole frame, header included", () => {
    const limited = (maxFrameBytes: number) => () =>
      decodeAll(new LengthFieldDecoder({ lengthBytes: 2, maxFrameBytes }), [hex(`000c${HELLO}`)]);

    expect(limited(14)().length).toBe(1);
    expect(limited(13)).toThrow(new LimitError("Cannot accept frame: 14 bytes announced, limit is 13 (maxFrameBytes)"));
  });

  test("refuses 2^63 announced bytes, exactly named", () => {
    expect(() => decodeAll(new LengthFieldDecoder({ lengthBytes: 8 }), [hex("8000000000000000")])).toThrow(
      "9223372036854775816 bytes announced",
    );
  });

  test("refuses a length that is smaller than its own header", () => {
    expect(() => decodeAll(new LengthFieldDecoder({ lengthBytes: 2, adjustment: -2 }), [hex("0001")])).toThrow(
      new ProtocolError("Cannot accept frame: its length 1 makes 1 bytes, at least 2 are needed"),
    );
  });

  test("names a browser at the port", () => {
    expect(() => decodeAll(new LengthFieldDecoder({ lengthBytes: 8 }), [Buffer.from("GET / HTTP/1.1\r\n")])).toThrow(
      "looks like an HTTP request",
    );
  });
});

describe("encodeLengthField", () => {
  test("leaves the header before the length where the decoder expects it", () => {
    const options = { offset: 1, lengthBytes: 2, adjustment: 1, strip: 0 } as const;

    const frame = Buffer.from(encodeLengthField(hex(`ca fe ${HELLO}`), options));

    expect(frame.toString("hex")).toBe(`ca000cfe${HELLO}`);
  });

  test("refuses what does not fit into the field", () => {
    expect(() => encodeLengthField(new Uint8Array(256), { lengthBytes: 1 })).toThrow(
      new UsageError("Cannot encode a message of 256 bytes: its length 256 does not fit into 1 bytes"),
    );
  });
});

describe("lengthFields", () => {
  test("refuses impossible options before the first message", () => {
    expect(() => lengthFields({ offset: -1 })).toThrow("Cannot use offset");
    expect(() => lengthFields({ lengthBytes: 5 as 4 })).toThrow("expected 1, 2, 3, 4 or 8, got 5");
  });
});
