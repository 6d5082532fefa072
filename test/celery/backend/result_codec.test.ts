import { describe, expect, test } from "vitest";
import { createConfig } from "../../../lib/celery/config.ts";
import { resultCodec } from "../../../lib/celery/connection_options.ts";
import { ContentDisallowed, SerializerNotInstalled } from "../../../lib/celery/wire/errors.ts";
import { SerializerRegistry } from "../../../lib/celery/wire/serializer.ts";

const registry = new SerializerRegistry();
const META = { status: "SUCCESS", result: [1, "a"] };

function codecOf(settings: Readonly<Record<string, unknown>>) {
  const conf = createConfig();
  conf.update(settings);
  return resultCodec(conf, registry);
}

describe("The codec of results", () => {
  test.each([
    ["json", "application/json", "utf-8"],
    ["msgpack", "application/x-msgpack", "binary"],
    ["yaml", "application/x-yaml", "utf-8"],
  ])("writes and reads %s", (resultSerializer, contentType, contentEncoding) => {
    const codec = codecOf({ resultSerializer, resultAcceptContent: [resultSerializer] });

    expect(codec).toMatchObject({ contentType, contentEncoding });
    expect(codec.decode(codec.encode(META))).toEqual(META);
  });

  test.each([
    ["acceptContent, where there is no list for results", { acceptContent: ["json", "msgpack"] }],
    ["resultAcceptContent", { resultAcceptContent: ["msgpack"] }],
    ["resultAcceptContent by content type", { resultAcceptContent: ["application/x-msgpack"] }],
  ])("reads what is in %s", (_, accept) => {
    const codec = codecOf({ resultSerializer: "msgpack", ...accept });

    expect(codec.decode(codec.encode(META))).toEqual(META);
  });

  test.each([
    ["is not in acceptContent", {}],
    ["is only in acceptContent, where there is a list for results", {
      acceptContent: ["json", "msgpack"],
      resultAcceptContent: ["json"],
    }],
    ["is not in an empty list", { acceptContent: ["json", "msgpack"], resultAcceptContent: [] }],
  ])("refuses unseen, in kombu's words, what %s", (_, accept) => {
    const codec = codecOf({ resultSerializer: "msgpack", ...accept });

    expect(() => codec.decode(codec.encode(META))).toThrow(
      new ContentDisallowed("Refusing to deserialize untrusted content of type msgpack (application/x-msgpack)"),
    );
  });

  test("reads a result as what it says that it is, if that is accepted", () => {
    const codec = codecOf({ resultAcceptContent: ["json", "msgpack"] });
    const ofType = (name: string) => registry.encode(META, name);

    for (const name of ["json", "msgpack"]) expect(codec.decode(ofType(name).body, ofType(name))).toEqual(META);
    expect(() => codec.decode(ofType("yaml").body, ofType("yaml"))).toThrow(ContentDisallowed);
  });

  test("refuses names that nobody knows", () => {
    expect(() => codecOf({ resultSerializer: "nosuch" })).toThrow(SerializerNotInstalled);
    expect(() => codecOf({ resultAcceptContent: ["nosuch"] })).toThrow(SerializerNotInstalled);
  });
});
