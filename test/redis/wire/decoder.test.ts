import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError } from "../../../lib/base/errors.ts";
import { RedisError, RespDecoder, RespPush, type RespValue, RespVerbatim } from "../../../lib/redis/wire/mod.ts";
import { anySplit, everyPrefix } from "../../support/any_split.ts";
import { replyTo, wireCases } from "../../support/redis_fixtures.ts";
import { Seeded } from "../../support/seeded.ts";

const text = (value: string): Buffer => Buffer.from(value);

function decodeAll(chunks: Iterable<Uint8Array>, decoder = new RespDecoder()): RespValue[] {
  const values: RespValue[] = [];
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let value = decoder.next(); value !== undefined; value = decoder.next()) values.push(value);
  }
  decoder.end();
  return values;
}

const decode = (bytes: Uint8Array | string) => decodeAll([typeof bytes === "string" ? text(bytes) : bytes]);

describe("RespDecoder", () => {
  test.each<[string, Uint8Array, RespValue[]]>([
    ["a simple string", replyTo(2, "PING"), ["PONG"]],
    ["a bulk string as bytes", replyTo(2, "PING", "hello"), [text("hello")]],
    ["a null bulk string", replyTo(2, "GET", "missing"), [null]],
    ["a null array", replyTo(2, "BRPOP", "empty", 0.01), [null]],
    ["RESP3's null", replyTo(3, "GET", "missing"), [null]],
    ["an integer", replyTo(2, "INCRBY", "negative", -42), [-42]],
    ["an array", replyTo(2, "LRANGE", "list", 0, -1), [[text("c"), text("b"), text("a")]]],
    ["an empty array", replyTo(2, "LRANGE", "empty", 0, -1), [[]]],
    ["a map", replyTo(3, "HGETALL", "hash"), [new Map([[text("f"), text("1")], [text("g"), text("")]])]],
    ["a set", replyTo(3, "SMEMBERS", "set"), [new Set([text("one")])]],
    ["a double", replyTo(3, "ZSCORE", "zset", "m"), [1.5]],
    ["booleans", replyTo(3, "DEBUG", "PROTOCOL", "true"), [true]],
    ["a big number", replyTo(3, "DEBUG", "PROTOCOL", "bignum"), [1234567999999999999999999999999999999n]],
    ["a verbatim string", replyTo(3, "DEBUG", "PROTOCOL", "verbatim"), [
      new RespVerbatim("txt", "This is a verbatim\nstring"),
    ]],
    ["a push before a reply", replyTo(3, "DEBUG", "PROTOCOL", "push"), [
      new RespPush([text("server-cpu-usage"), 42]),
      text("Some real reply following the push reply"),
    ]],
    ["a reply without its attribute", replyTo(3, "DEBUG", "PROTOCOL", "attrib"), [
      text("Some real reply following the attribute"),
    ]],
  ])("reads %s", (_, bytes, expected) => {
    expect(decode(bytes)).toEqual(expected);
  });

  test("reads integers as numbers while they are safe and as bigints beyond", () => {
    expect(decode(":9007199254740991\r\n:9007199254740992\r\n:-9223372036854775808\r\n:+7\r\n:-0\r\n")).toEqual([
      9007199254740991,
      9007199254740992n,
      -9223372036854775808n,
      7,
      0,
    ]);
  });

  test("reads infinities and NaN", () => {
    expect(decode(",inf\r\n,-inf\r\n,nan\r\n,1e-05\r\n")).toEqual([Infinity, -Infinity, NaN, 1e-5]);
  });

  test("reads an error as a value that knows its prefix", () => {
    const [error] = decode(replyTo(2, "LPUSH", "k", "wrong type"));

    expect(error).toBeInstanceOf(RedisError);
    expect(error).toMatchObject({
      prefix: "WRONGTYPE",
      reply: "WRONGTYPE Operation against a key holding the wrong kind of value",
    });
  });

  test("reads an error inside an array as that element only", () => {
    const [replies] = decode(replyTo(2, "EXEC"));

    expect(replies).toEqual([expect.any(RedisError), -41]);
  });

  test("reads bulk errors", () => {
    expect(decode("!21\r\nSYNTAX invalid syntax\r\n")).toEqual([new RedisError("SYNTAX invalid syntax")]);
  });

  test("reads bulk strings as text where it was asked to", () => {
    const decoder = new RespDecoder({ bulk: "text" });

    expect(decodeAll([replyTo(2, "GET", "café")], decoder)).toEqual(["ü€😀"]);
  });

  test("hands bulk strings inside one chunk over as views", () => {
    const chunk = text("$5\r\nhello\r\n");

    const [value] = decode(chunk);

    expect((value as Buffer).buffer).toBe(chunk.buffer);
  });

  test("reads the same values however the network splits the bytes", () => {
    for (const { reply } of wireCases()) {
      const whole = decode(reply);
      for (const chunks of anySplit(reply)) expect(decodeAll(chunks)).toEqual(whole);
    }
  });

  test("waits at every truncation, and calls it one at the end", () => {
    for (const { reply } of wireCases()) {
      const whole = decode(reply).length;
      for (const prefix of everyPrefix(reply)) {
        const decoder = new RespDecoder();
        decoder.feed(prefix);
        let values = 0;
        while (decoder.next() !== undefined) values++;
        expect(values).toBeLessThan(whole);
        if (prefix.length === 0 || (values > 0 && isBoundary(reply, prefix.length))) decoder.end();
        else expect(() => decoder.end()).toThrow(ProtocolError);
      }
    }
  });

  test("lets only ProtocolErrors out, whatever the bytes", () => {
    const seeded = new Seeded();
    const replies = wireCases().map((one) => one.reply);
    for (let i = 0; i < Number(process.env.FUZZ ?? 3000); i++) {
      const bytes = seeded.mutate(seeded.pick(replies));
      try {
        decode(bytes);
      } catch (error) {
        expect(error, `seed ${seeded.seed}, ${Buffer.from(bytes).toString("base64")}`).toBeInstanceOf(ProtocolError);
      }
    }
  });

  test.each([
    ["$536870913\r\n", "536870913 bytes announced, the limit is 536870912"],
    ["$99999999999999999999\r\n", "99999999999999999999 bytes announced"],
    ["*2147483647\r\n", "2147483647 elements announced, the limit is 1048576"],
    ["*1048576\r\n*1\r\n", "1048577 elements announced"],
    ["%600000\r\n", "1200000 elements announced"],
    ["*1\r\n".repeat(33), "nests deeper than the limit of 32"],
    [`+${"x".repeat(70_000)}`, "the limit is 65536"],
  ])("refuses %j from its head alone", (bytes, why) => {
    expect(() => decode(bytes)).toThrow(LimitError);
    expect(() => decode(bytes)).toThrow(why);
  });

  test.each([
    ["$-2\r\n", "a bulk string of -2 bytes"],
    ["*-5\r\n", "an aggregate of -5 elements"],
    [":12x\r\n", 'integer: got "12x"'],
    ["$3\r\nabcde\r\n", 'expected CR LF after 3 bytes, got "de"'],
    ["+OK\n", "expected CR before LF"],
    ["#x\r\n", "expected the boolean t or f"],
    [",1.5.5\r\n", "expected a double"],
    ["(12a\r\n", "expected a big number"],
    ["_x\r\n", "a null with the text"],
    ["=3\r\nabc\r\n", "expected a verbatim string"],
    ["*1\r\n>0\r\n", "a push stands inside another value"],
    ["$?\r\n", 'integer: got "?"'],
    ["HTTP/1.1 400 Bad Request\r\n", "this is HTTP, not Redis"],
    ["\x15\x03\x01\x00\x02\x02\x46", "these are TLS records"],
    ["AMQP\x00\x00\x09\x01", "this is an AMQP broker"],
    ["hello", 'expected a RESP type byte, got "hello"'],
  ])("refuses %j and says why", (bytes, why) => {
    expect(() => decode(bytes)).toThrow(why);
  });

  test("stays failed", () => {
    const decoder = new RespDecoder();
    decoder.feed(text("?"));
    expect(() => decoder.next()).toThrow(ProtocolError);

    decoder.feed(text("+OK\r\n"));

    expect(() => decoder.next()).toThrow(ProtocolError);
    expect(() => decoder.end()).toThrow(ProtocolError);
  });

  test("reads a large bulk string from small chunks in linear time", () => {
    const size = 8 * 1024 * 1024;
    const bytes = Buffer.concat([text(`$${size}\r\n`), Buffer.alloc(size, "x"), text("\r\n")]);
    const chunks = Array.from(
      { length: Math.ceil(bytes.length / 1000) },
      (_, i) => bytes.subarray(i * 1000, i * 1000 + 1000),
    );

    const [value] = decodeAll(chunks);

    expect((value as Buffer).length).toBe(size);
  });

  test("keeps hostile keys as keys", () => {
    const [map] = decode("%1\r\n$9\r\n__proto__\r\n+x\r\n");

    expect([...(map as Map<RespValue, RespValue>)]).toEqual([[text("__proto__"), "x"]]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });
});

/** True if the first `length` bytes end between two top-level values. */
function isBoundary(bytes: Uint8Array, length: number): boolean {
  const decoder = new RespDecoder();
  let values = 0;
  for (let at = 0; at < bytes.length; at++) {
    decoder.feed(bytes.subarray(at, at + 1));
    while (decoder.next() !== undefined) values++;
    if (at + 1 === length) {
      try {
        decoder.end();
        return values > 0;
      } catch {
        return false; // it stands inside a value
      }
    }
  }
  return true;
}
