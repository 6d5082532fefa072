import { describe, expect, test } from "vitest";
import { pairsOf, RedisError, RespVerbatim, textOf } from "../../../lib/redis/wire/mod.ts";

describe("RedisError", () => {
  test("names the command, never its arguments", () => {
    const error = new RedisError("OOM command not allowed when used memory > 'maxmemory'.", "LPUSH");

    expect(error.message).toBe("Cannot run LPUSH: OOM command not allowed when used memory > 'maxmemory'.");
    expect(error.prefix).toBe("OOM");
    expect(error.remoteType).toBe("OOM");
  });
});

describe("pairsOf", () => {
  test("reads RESP3's map and RESP2's flat array alike", () => {
    const flat = [Buffer.from("a"), 1, Buffer.from("b"), null];

    expect(pairsOf(flat)).toEqual(new Map<string, unknown>([["a", 1], ["b", null]]));
    expect(pairsOf(new Map([[Buffer.from("a"), 1]]))).toEqual(new Map([["a", 1]]));
    expect(pairsOf(7)).toEqual(new Map());
  });
});

describe("textOf", () => {
  test("reads strings of every kind and nothing else", () => {
    expect(["a", Buffer.from("ü"), new RespVerbatim("txt", "v"), 1, null, undefined].map(textOf)).toEqual([
      "a",
      "ü",
      "v",
      undefined,
      undefined,
      undefined,
    ]);
  });
});
