import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { utf8, utf8ToString } from "../../../lib/base/bytes.ts";
import {
  decodeEnvelope,
  decodeUnacked,
  encodeEnvelope,
  encodeUnacked,
  markRedelivered,
} from "../../../lib/celery/wire/envelope.ts";
import { DecodeError } from "../../../lib/celery/wire/errors.ts";
import { parseJson } from "../../../lib/celery/wire/json_read.ts";
import { Seeded } from "../../support/seeded.ts";
import { textMessage } from "../../support/redis_transport.ts";

const FILES = ["redis-publish-5.2", "redis-publish-5.6", "redis-pidbox-5.2", "redis-pidbox-5.6"];
const WORKER_FILES = ["redis-worker-published-5.2", "redis-worker-published-5.6"];

/** Every envelope that Python wrote, wherever it stands in a fixture. */
function envelopesOf(...files: string[]): string[] {
  const found: string[] = [];
  const walk = (value: unknown): void => {
    if (typeof value === "string") {
      if (value.startsWith('{"body": ') && value.includes('"delivery_tag"')) found.push(value);
    } else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  for (const file of files) {
    walk(parseJson(readFileSync(new URL(`../../fixtures/celery/${file}.json`, import.meta.url), "utf8")));
  }
  expect(found.length).toBeGreaterThan(10);
  return found;
}

const read = (text: string) => decodeEnvelope(utf8(text));

describe("encodeEnvelope", () => {
  test("writes every envelope that Python published again, byte for byte", () => {
    for (const text of envelopesOf(...FILES)) {
      const envelope = read(text);
      expect(encodeEnvelope(envelope.message, envelope)).toBe(text);
    }
  });

  test("keeps whole numbers of any size, and floats", () => {
    const message = textMessage("x", { headers: { big: 2n ** 80n, float: 0.1, small: 1e-5, text: "ü\u2028" } });

    const text = encodeEnvelope(message, { exchange: "", routingKey: "q", deliveryTag: "t" });

    expect(text).toContain(
      '"headers": {"big": 1208925819614629174706176, "float": 0.1, "small": 1e-05, "text": "\\u00fc\\u2028"}',
    );
    expect(read(text).message.headers).toEqual(message.headers);
  });
});

describe("decodeEnvelope", () => {
  test("reads every envelope of Python workers too, which carry further properties", () => {
    for (const text of envelopesOf(...WORKER_FILES)) {
      const { message, deliveryTag, exchange, routingKey } = read(text);
      const raw = JSON.parse(text) as { body: string; headers: unknown; properties: Record<string, unknown> };

      expect(message.headers).toEqual(raw.headers);
      expect(utf8ToString(message.body)).toBe(Buffer.from(raw.body, "base64").toString());
      expect(message.properties.correlationId).toBe(raw.properties.correlation_id);
      expect(deliveryTag).toBe(raw.properties.delivery_tag);
      expect({ exchange, routing_key: routingKey }).toEqual(raw.properties.delivery_info);
    }
  });

  test("reads members in any order, and bodies that are plain text", () => {
    const text = '{"properties": {"delivery_tag": "t", "delivery_info": {}, "priority": "7"}, "body": "pl\\u00e4in"}';

    const { message, exchange, routingKey } = read(text);

    expect(utf8ToString(message.body)).toBe("pläin");
    expect(message.properties).toEqual({ priority: 7 });
    expect({ exchange, routingKey }).toEqual({ exchange: "", routingKey: "" });
  });

  test("takes hostile keys for headers like any other", () => {
    const text = '{"body": "", "headers": {"__proto__": {"x": 1}, "constructor": 2}, ' +
      '"properties": {"delivery_tag": "t", "delivery_info": {"__proto__": {"exchange": "evil"}}}}';

    const { message, exchange } = read(text);

    expect(Object.keys(message.headers)).toEqual(["__proto__", "constructor"]);
    expect(exchange).toBe("");
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  test.each([
    ["", "JSON"],
    ["[]", "it is no object"],
    ["{}", "it has no properties"],
    ['{"body": "", "properties": {}}', "it has no delivery_tag"],
    ['{"body": "", "properties": {"delivery_tag": 5, "delivery_info": {}}}', "it has no delivery_tag"],
    ['{"body": "", "properties": {"delivery_tag": "t"}}', "it has no delivery_info"],
    ['{"properties": {"delivery_tag": "t", "delivery_info": {}}}', "it has no body"],
  ])("refuses %j: %s", (text, why) => {
    expect(() => read(text)).toThrow(why);
    expect(() => read(text)).toThrow(DecodeError);
  });

  test("lets only errors of ours out, whatever the bytes", () => {
    const seeded = new Seeded();
    const envelopes = envelopesOf("redis-publish-5.6").map((text) => utf8(text));
    for (let i = 0; i < Number(process.env.FUZZ ?? 2000); i++) {
      const bytes = seeded.mutate(seeded.pick(envelopes));
      try {
        decodeEnvelope(bytes);
      } catch (error) {
        expect(error, `seed ${seeded.seed}: ${utf8ToString(bytes)}`).toMatchObject({
          code: expect.stringMatching(/^ERR_/),
        });
      }
    }
  });
});

describe("markRedelivered", () => {
  test.each([["5.2"], ["5.6"]])("marks an envelope as kombu %s does", (version) => {
    const path = new URL(`../../fixtures/celery/redis-kombu-traces-${version}.json`, import.meta.url);
    const { traces } = JSON.parse(readFileSync(path, "utf8")) as { traces: Record<string, [string, string[]][]> };
    const commands = (traces.unacked_restored_on_close ?? []).map(([, words]) => words);
    const published = commands.find(([name]) => name === "LPUSH")?.[2] ?? "";
    const restored = commands.find(([name]) => name === "RPUSH")?.[2] ?? "";
    const record = commands.find(([name]) => name === "HSET")?.[3] ?? "";

    expect(utf8ToString(markRedelivered(utf8(published)))).toBe(restored);
    expect(encodeUnacked(utf8(published), read(published))).toBe(record);
    expect(utf8ToString(decodeUnacked(utf8(record)).envelope)).toBe(restored);
    expect(decodeUnacked(utf8(record))).toMatchObject({ exchange: "tasks", routingKey: "tasks", priority: 3 });
  });

  test("bends nothing else: floats stay floats, long numbers stay long", () => {
    const text = '{"body": "", "headers": {"a": 1.0, "b": 123456789012345678901234567890, "c": []}, ' +
      '"properties": {"delivery_tag": "t", "delivery_info": {"exchange": ""}}}';

    expect(utf8ToString(markRedelivered(utf8(text)))).toBe(
      '{"body": "", "headers": {"a": 1.0, "b": 123456789012345678901234567890, "c": [], "redelivered": true}, ' +
        '"properties": {"delivery_tag": "t", "delivery_info": {"exchange": "", "redelivered": true}}}',
    );
  });

  test("leaves alone what it cannot read", () => {
    expect(utf8ToString(markRedelivered(utf8("no JSON")))).toBe("no JSON");
  });
});

describe("decodeUnacked", () => {
  test.each([["{}"], ["[]"], ["[1, 2, 3]"], ["garbage"]])("refuses %j", (text) => {
    expect(() => decodeUnacked(utf8(text))).toThrow(DecodeError);
  });
});
