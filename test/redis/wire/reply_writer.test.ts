import { describe, expect, test } from "vitest";
import { encodeReply, ReplyWriter, RespDecoder, RespPush, type RespValue } from "../../../lib/redis/wire/mod.ts";
import { wireCases } from "../../support/redis_fixtures.ts";

const latin = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");

describe("ReplyWriter", () => {
  test("writes each value as redis-server does, in both versions", () => {
    const kinds: [string, (writer: ReplyWriter) => void][] = [
      ["string", (writer) => writer.bulk("Hello World")],
      ["integer", (writer) => writer.integer(12345)],
      ["double", (writer) => writer.double(3.141)],
      ["null", (writer) => writer.null()],
      ["array", (writer) => (writer.array(3), [0, 1, 2].forEach((n) => writer.integer(n)))],
      ["set", (writer) => (writer.set(3), [0, 1, 2].forEach((n) => writer.integer(n)))],
      ["verbatim", (writer) => writer.verbatim("This is a verbatim\nstring")],
      ["true", (writer) => writer.boolean(true)],
      ["false", (writer) => writer.boolean(false)],
      ["bignum", (writer) => writer.bigNumber(1234567999999999999999999999999999999n)],
      ["map", (writer) => {
        writer.map(3);
        for (const n of [0, 1, 2]) {
          writer.integer(n);
          writer.boolean(n === 1);
        }
      }],
    ];
    for (const { protocol, command, reply } of wireCases().filter((one) => one.command[0] === "DEBUG")) {
      const write = kinds.find(([kind]) => kind === command[2])?.[1];
      if (write === undefined) continue;
      const writer = new ReplyWriter(protocol);

      write(writer);

      expect(latin(Buffer.concat(writer.take()))).toBe(latin(reply));
    }
  });

  test("writes both nulls of RESP2", () => {
    const writer = new ReplyWriter(2);

    writer.null();
    writer.nullArray();

    expect(latin(Buffer.concat(writer.take()))).toBe("$-1\r\n*-1\r\n");
  });

  test("never lets a line break out of a line", () => {
    const writer = new ReplyWriter();

    writer.error("ERR a\r\n+OK\r\nb");
    writer.simple("a\nb");

    expect(latin(Buffer.concat(writer.take()))).toBe("-ERR a +OK b\r\n+a b\r\n");
  });

  test("writes strings that hold one byte a character as those bytes, short and long ones", () => {
    const writer = new ReplyWriter(2, undefined, "latin1");

    writer.bulk("\x00\xff");
    writer.error("ERR \xe9");
    writer.bulk("\xe9".repeat(20_000));

    expect(latin(Buffer.concat(writer.take()))).toBe(
      `$2\r\n\x00\xff\r\n-ERR \xe9\r\n$20000\r\n${"\xe9".repeat(20_000)}\r\n`,
    );
  });

  test("writes negative, large and huge integers", () => {
    expect(latin(encodeReply([-1, 100, 9007199254740991, 2n ** 63n - 1n, 2n ** 70n], 3))).toBe(
      "*5\r\n:-1\r\n:100\r\n:9007199254740991\r\n:9223372036854775807\r\n(1180591620717411303424\r\n",
    );
  });
});

describe("encodeReply", () => {
  test("writes what the decoder reads, for every reply in RESP3", () => {
    for (const { protocol, reply } of wireCases()) {
      if (protocol === 2) continue;
      const values = decodeAll(reply);

      expect(decodeAll(Buffer.concat(values.map((value) => encodeReply(value, 3))))).toEqual(values);
    }
  });

  test("writes pushes as arrays in RESP2", () => {
    expect(latin(encodeReply(new RespPush(["message", "c", "x"]), 2))).toBe(
      "*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n",
    );
  });
});

function decodeAll(bytes: Uint8Array): RespValue[] {
  const decoder = new RespDecoder({ bulk: "text" });
  decoder.feed(bytes);
  const values: RespValue[] = [];
  for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
  return values;
}
