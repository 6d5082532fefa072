import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "../../../lib/base/errors.ts";
import { methodName, readMethod } from "../../../lib/amqp/wire/method_codec.ts";
import { type Method, METHODS } from "../../../lib/amqp/wire/methods.ts";
import { decodeFrames, methodFrame, named, readFixture } from "../../support/amqp_frames.ts";
import { everyPrefix } from "../../support/any_split.ts";

const fixture = readFixture("amqp-wire").methods as Record<string, { args: unknown; b64: string }>;
const goldens = Object.entries(fixture).map(([kind, { args, b64 }]) => ({
  kind,
  method: { kind, ...named(kind, args) } as Method,
  bytes: Buffer.from(b64, "base64"),
}));
const payloadOf = (bytes: Buffer) => bytes.subarray(7, -1);

describe("readMethod", () => {
  test.each(goldens)("reads $kind of py-amqp", ({ method, bytes }) => {
    const [frame] = decodeFrames([bytes]);

    expect(readMethod(frame?.payload ?? Buffer.alloc(0))).toEqual(method);
  });

  test("refuses every cut-off method", () => {
    for (const { bytes } of goldens) {
      for (const prefix of everyPrefix(payloadOf(bytes))) expect(() => readMethod(prefix)).toThrow(ProtocolError);
    }
  });

  test("refuses bytes behind the last field", () => {
    expect(() => readMethod(Buffer.from("005a001400", "hex"))).toThrow("1 bytes are left over behind tx.commit");
  });

  test("refuses an unknown method, with the code to answer", () => {
    expect(() => readMethod(Buffer.from("00070009", "hex"))).toThrow(
      expect.objectContaining({ message: expect.stringContaining("method 9 of class 7 is unknown"), replyCode: 502 }),
    );
  });

  test("refuses a delivery tag beyond 2^53", () => {
    expect(() => readMethod(Buffer.from("003c0050002000000000000000", "hex"))).toThrow("is beyond 2^53");
  });
});

describe("writeMethod", () => {
  test.each(goldens)("writes $kind as py-amqp does", ({ method, bytes }) => {
    expect(methodFrame(1, method)).toEqual(bytes);
  });

  test("packs bits that follow one another into one octet, the first one lowest", () => {
    const bits = (on: Partial<{ multiple: boolean; requeue: boolean }>) =>
      payloadOf(methodFrame(1, { kind: "basic.nack", deliveryTag: 0, multiple: false, requeue: false, ...on })).at(-1);

    expect([bits({}), bits({ multiple: true }), bits({ requeue: true })]).toEqual([0, 1, 2]);
  });

  test("knows every method of the table by its own numbers", () => {
    const names = Object.values(METHODS).map(({ classId, methodId }) => methodName(classId, methodId));

    expect(names).toEqual(Object.keys(METHODS));
  });
});

describe("methodName", () => {
  test("has no name for 0, 0, and says the numbers of what it does not know", () => {
    expect(methodName(0, 0)).toBeUndefined();
    expect(methodName(60, 99)).toBe("method 99 of class 60");
  });
});
