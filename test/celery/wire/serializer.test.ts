import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { LimitError } from "../../../lib/base/errors.ts";
import {
  ContentDisallowed,
  DecodeError,
  EncodeError,
  SerializerNotInstalled,
} from "../../../lib/celery/wire/errors.ts";
import { type Serializer, SerializerRegistry } from "../../../lib/celery/wire/serializer.ts";

const content = (contentType: string, body: string | Uint8Array, contentEncoding = "utf-8") => ({
  contentType,
  contentEncoding,
  body: Buffer.from(body as string),
});
const JSON_ONLY = new Set(["application/json"]);

describe("SerializerRegistry", () => {
  test("writes JSON by default, texts and bytes as they are", () => {
    const registry = new SerializerRegistry();

    expect(registry.encode([1, "a"])).toEqual(content("application/json", '[1, "a"]'));
    expect(registry.encode("text")).toEqual(content("text/plain", "text"));
    expect(registry.encode("text", "json")).toEqual(content("application/json", '"text"'));
    expect(registry.encode(Buffer.from("raw"))).toEqual(content("application/data", "raw", "binary"));
    expect(registry.encode("raw", "raw")).toEqual(content("application/data", "raw"));
    expect(() => registry.encode(5, "raw")).toThrow(EncodeError);
  });

  test.each(["pickle", "nosuch", "__proto__"])(
    "says that %s is not installed, in kombu's words",
    (name) => {
      const registry = new SerializerRegistry();

      expect(() => registry.encode(1, name)).toThrow(new SerializerNotInstalled(`No encoder installed for ${name}`));
      expect(() => registry.acceptedTypes([name])).toThrow(SerializerNotInstalled);
    },
  );

  test.each([
    ["application/x-python-serialize", "pickle (application/x-python-serialize)"],
    ["application/x-yaml", "yaml (application/x-yaml)"],
    ["application/x-msgpack", "msgpack (application/x-msgpack)"],
    ["application/foo", "application/foo (application/foo)"],
  ])("refuses %s unseen, in kombu's words", (type, shown) => {
    const registry = new SerializerRegistry();

    expect(() => registry.decode(content(type, "not looked at"), JSON_ONLY)).toThrow(
      new ContentDisallowed(`Refusing to deserialize untrusted content of type ${shown}`),
    );
  });

  test("decodes what is accepted, and raw content always", () => {
    const registry = new SerializerRegistry();

    expect(registry.decode(content("application/json", "[1]"), JSON_ONLY)).toEqual([1]);
    expect(registry.decode(content("application/data", "h\u00e9"), JSON_ONLY)).toBe("h\u00e9");
    expect(registry.decode(content("application/data", "x", "binary"), JSON_ONLY)).toEqual(Buffer.from("x"));
    expect(registry.decode(content("text/plain", "x"), new Set(["text/plain"]))).toBe("x");
    expect(registry.decode(content("application/json", ""), JSON_ONLY)).toBe("");
    for (const name of ["msgpack", "yaml"]) {
      expect(registry.decode(registry.encode([1], name), registry.acceptedTypes([name]))).toEqual([1]);
    }
  });

  test("says that bytes are not what they claim to be", () => {
    const registry = new SerializerRegistry();

    expect(() => registry.decode(content("application/json", Uint8Array.of(0xff)), JSON_ONLY)).toThrow(DecodeError);
    expect(() => registry.decode(content("application/json", "{"), JSON_ONLY)).toThrow(DecodeError);
    expect(() => registry.decode(content("application/json", "[".repeat(5000)), JSON_ONLY)).toThrow(LimitError);
    expect(() => registry.decode(content("application/data", "x", "no-such-charset"), JSON_ONLY)).toThrow(DecodeError);
  });

  test("takes serializers of the user's own", () => {
    const registry = new SerializerRegistry();
    const shout: Serializer = {
      name: "shout",
      contentType: "application/x-shout",
      contentEncoding: "utf-8",
      encode: (value) => Buffer.from(String(value).toUpperCase()),
      encodeList: (items) => Buffer.from(items.map(([, value]) => String(value)).join()),
      decode: (bytes) => Buffer.from(bytes).toString().toLowerCase(),
    };
    registry.register(shout);

    const encoded = registry.encode("hello", "shout");

    expect(encoded).toEqual(content("application/x-shout", "HELLO"));
    expect(registry.decode(encoded, registry.acceptedTypes(["shout"]))).toBe("hello");
    expect(() => registry.decode(encoded, JSON_ONLY)).toThrow(ContentDisallowed);
  });
});
