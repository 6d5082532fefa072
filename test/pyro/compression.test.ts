import { Buffer } from "node:buffer";
import { deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { compress, decompress } from "../../lib/pyro/compression.ts";
import { MessageTooLargeError, PyroRemoteError } from "../../lib/pyro/wire/errors.ts";
import { Flag, MessageType } from "../../lib/pyro/wire/message.ts";
import { MessageDecoder } from "../../lib/pyro/wire/message_decoder.ts";
import { capturedMessages } from "../support/pyro_fixtures.ts";

describe("compress", () => {
  test("leaves payloads under 200 bytes alone, as Python does", () => {
    expect(compress(Buffer.alloc(199, "x"))).toBeUndefined();
    expect(compress(Buffer.alloc(200, "x"))?.length).toBeLessThan(200);
  });

  test("gives up where the result would not be shorter", () => {
    const dense = deflateSync(Buffer.from(Array.from({ length: 600 }, (_, i) => (i * i * 7919) >> 5)));

    expect(dense.length).toBeGreaterThan(200);
    expect(compress(dense)).toBeUndefined();
  });
});

describe("decompress", () => {
  test("reads every payload that Python compressed", () => {
    let count = 0;
    for (const { where, bytes, scenario } of capturedMessages()) {
      if (!scenario.name.startsWith("compressed-") && scenario.name !== "client-only") continue;
      if (scenario.hmacKey !== undefined || scenario.name.includes("bad")) continue;
      const decoder = new MessageDecoder();
      decoder.feed(bytes);
      const message = decoder.next(Object.values(MessageType));
      if (message === undefined || (message.flags & Flag.compressed) === 0) continue;

      const payload = decompress(message.payload, 1 << 20);

      expect(payload.length, where).toBeGreaterThanOrEqual(200);
      expect(compress(payload)?.length, where).toBeLessThan(payload.length);
      count++;
    }
    expect(count).toBeGreaterThan(5);
  });

  test("stops at the limit, however small the compressed bytes are", () => {
    expect(() => decompress(deflateSync(Buffer.alloc(100_000)), 99_999)).toThrow(MessageTooLargeError);
    expect(decompress(deflateSync(Buffer.alloc(100_000)), 100_000)).toHaveLength(100_000);
  });

  test("calls other bytes what Python calls them", () => {
    const attempt = () => decompress(Buffer.from("not zlib data"), 1000);

    expect(attempt).toThrow(PyroRemoteError);
    expect(attempt).toThrow("Error -3 while decompressing data: incorrect header check");
  });
});
