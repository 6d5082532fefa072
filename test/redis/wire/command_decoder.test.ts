import { describe, expect, test } from "vitest";
import { LimitError, ProtocolError } from "../../../lib/base/errors.ts";
import { CommandDecoder, encodeCommand } from "../../../lib/redis/wire/mod.ts";
import { anySplit, everyPrefix } from "../../support/any_split.ts";
import { wireCases } from "../../support/redis_fixtures.ts";
import { Seeded } from "../../support/seeded.ts";

function decodeAll(chunks: Iterable<Uint8Array | string>): string[][] {
  const decoder = new CommandDecoder();
  const commands: string[][] = [];
  for (const chunk of chunks) {
    decoder.feed(Buffer.from(chunk));
    for (let words = decoder.next(); words !== undefined; words = decoder.next()) {
      commands.push(words.map((word) => word.toString("latin1")));
    }
  }
  decoder.end();
  return commands;
}

const latin = (part: string | number | Uint8Array) =>
  Buffer.from(typeof part === "number" ? String(part) : part).toString("latin1");

describe("CommandDecoder", () => {
  test("reads what redis-py sends, however the network splits it", () => {
    for (const { command, sent } of wireCases()) {
      for (const chunks of anySplit(sent)) expect(decodeAll(chunks)).toEqual([command.map(latin)]);
    }
  });

  test("waits at every truncation, and calls it one at the end", () => {
    for (const prefix of everyPrefix(encodeCommand(["SET", "key", "value"]))) {
      if (prefix.length > 0) expect(() => decodeAll([prefix])).toThrow(ProtocolError);
    }
  });

  test("reads many commands of one chunk in order", () => {
    expect(decodeAll(["*1\r\n$4\r\nPING\r\n*2\r\n$4\r\nECHO\r\n$1\r\na\r\nPING\r\n"])).toEqual([
      ["PING"],
      ["ECHO", "a"],
      ["PING"],
    ]);
  });

  test.each([
    ["PING\n", [["PING"]]],
    ["  SET  key   value \r\n", [["SET", "key", "value"]]],
    ['SET k "a \\"b\\" \\x41\\n"\r\n', [["SET", "k", 'a "b" A\n']]],
    ["SET k 'it\\'s \\n'\r\n", [["SET", "k", "it's \\n"]]],
    ['SET k ""\r\n', [["SET", "k", ""]]],
    ["GET /index.html\r\n", [["GET", "/index.html"]]],
    ["\r\n\nPING\r\n", [["PING"]]],
    ["*0\r\n*-1\r\nPING\r\n", [["PING"]]],
  ])("reads %j, as people type it", (line, expected) => {
    expect(decodeAll([line])).toEqual(expected);
  });

  test.each([
    ["*1\r\n:1\r\n", "Protocol error: expected '$', got ':'"],
    ["*1\r\n$-1\r\n", "Protocol error: invalid bulk length"],
    ['SET k "open\r\n', "Protocol error: unbalanced quotes in request"],
    ['SET k "a"b\r\n', "Protocol error: unbalanced quotes in request"],
    ["POST / HTTP/1.1\r\n", "this is HTTP"],
    ["GET / HTTP/1.1\r\n", "this is HTTP"],
    ["Host: localhost\r\n", "this is HTTP"],
    ["\x16\x03\x01\x02\x00", "these are TLS records"],
  ])("refuses %j and says why", (line, why) => {
    expect(() => decodeAll([line])).toThrow(why);
    expect(() => decodeAll([line])).toThrow(ProtocolError);
  });

  test.each([["*1048577\r\n"], ["*1\r\n$536870913\r\n"], ["x".repeat(70_000)]])(
    "refuses %j from its head alone",
    (line) => {
      expect(() => decodeAll([line])).toThrow(LimitError);
    },
  );

  test("lets only ProtocolErrors out, whatever the bytes", () => {
    const seeded = new Seeded();
    const commands = wireCases().map((one) => one.sent);
    for (let i = 0; i < Number(process.env.FUZZ ?? 3000); i++) {
      const bytes = seeded.mutate(seeded.pick(commands));
      try {
        decodeAll([bytes]);
      } catch (error) {
        expect(error, `seed ${seeded.seed}, ${Buffer.from(bytes).toString("base64")}`).toBeInstanceOf(ProtocolError);
      }
    }
  });
});
