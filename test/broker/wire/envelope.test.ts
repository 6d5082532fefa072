import { describe, expect, test } from "vitest";
import {
  listFor,
  markRedelivered,
  readEnvelope,
  readUnacked,
  writeUnacked,
} from "../../../lib/broker/wire/envelope.ts";

const binary = (text: string) => Buffer.from(text, "utf8").toString("latin1");

describe("readEnvelope", () => {
  test("finds tag, exchange and routing key, in UTF-8 and in escapes", () => {
    const text = (key: string) =>
      `{"properties": {"delivery_tag": "t", "delivery_info": {"exchange": "e", "routing_key": "${key}"}}}`;

    expect(readEnvelope(text("celery"))).toEqual({ deliveryTag: "t", exchange: "e", routingKey: "celery" });
    expect(readEnvelope(binary(text("größe")))).toHaveProperty("routingKey", binary("größe"));
    expect(readEnvelope(text("gr\\u00f6\\u00dfe"))).toHaveProperty("routingKey", binary("größe"));
  });

  test("knows what is no envelope", () => {
    for (
      const text of ["", "{", "null", "5", "[]", "{}", '{"properties": null}', '{"properties": {"delivery_tag": 1}}']
    ) {
      expect(readEnvelope(text)).toBeUndefined();
    }
    expect(readEnvelope('{"__proto__": {"properties": {"delivery_tag": "t"}}}')).toBeUndefined();
  });
});

describe("writeUnacked and readUnacked", () => {
  test("keep the envelope byte for byte", () => {
    const envelope = binary('{ "n": 1.0, "big": 12345678901234567890, "ö": "\\u00e9" }');
    const record = writeUnacked(envelope, { deliveryTag: "t", exchange: "", routingKey: binary("größe") });

    expect(record).toBe(`[${envelope}, "", "gr\\u00f6\\u00dfe"]`);
    expect(readUnacked(record)).toEqual({ envelope, exchange: "", routingKey: binary("größe") });
    expect(readUnacked("[1, 2]")).toBeUndefined();
    expect(readUnacked("junk")).toBeUndefined();
  });
});

describe("markRedelivered", () => {
  test("marks headers and delivery_info, as far as they are there", () => {
    expect(markRedelivered('{"headers": {}, "properties": {"delivery_info": {"a": 1}}}')).toBe(
      '{"headers": {"redelivered": true}, "properties": {"delivery_info": {"a": 1, "redelivered": true}}}',
    );
    expect(markRedelivered('{"headers": null}')).toBe('{"headers": null}');
  });
});

describe("listFor", () => {
  test("rounds priorities down to kombu's steps", () => {
    const list = (priority: unknown) => listFor("q", JSON.stringify({ properties: { priority } }));

    expect([0, 2, 3, 5, 6, 8, 9, 200, -1, "x", null].map(list)).toEqual([
      ...["q", "q", "q\x06\x163", "q\x06\x163", "q\x06\x166", "q\x06\x166", "q\x06\x169", "q\x06\x169", "q", "q", "q"],
    ]);
  });
});
