import { describe, expect, test } from "vitest";
import { Tuple } from "../../../lib/base/pyvalue.ts";
import { NameServer } from "../../../lib/pyro/naming/name_server.ts";
import { MemoryStore } from "../../../lib/pyro/naming/name_store.ts";
import { NamingError, PyroError } from "../../../lib/pyro/wire/errors.ts";
import { Uri } from "../../../lib/pyro/wire/uri.ts";

const URI = "PYRO:obj@h:1";

function filled(): NameServer {
  const server = new NameServer();
  server.register("test.one", URI);
  server.register("test.two", Uri.parse(URI), false, ["blue", "colour"]);
  server.register("other", URI, false, new Set(["blue"]));
  server.register("Pyro.NameServer", URI);
  return server;
}

const names = (list: ReadonlyMap<string, unknown>) => [...list.keys()];

describe("NameServer.register", () => {
  test("keeps the name's place, and replaces its uri and tags", () => {
    const server = filled();
    server.register("test.one", "PYRO:other@h:2");

    expect(names(server.list())).toEqual(["test.one", "test.two", "other", "Pyro.NameServer"]);
    expect(server.lookup("test.one", true)).toEqual(Tuple.of<unknown>(Uri.parse("PYRO:other@h:2"), []));
  });

  test.each<[string, unknown[], Error]>([
    [
      "a known name if it has to be safe",
      ["test.one", URI, true],
      new NamingError("name already registered: test.one"),
    ],
    ["a bad uri", ["x", "nonsense"], new PyroError("invalid uri")],
    ["a uri of another type", ["x", 5], new TypeError("only URIs or strings can be registered")],
    ["a name of another type", [5, URI], new TypeError("name must be a str")],
    [
      "a text for metadata",
      ["x", URI, false, "tag"],
      new TypeError("metadata should not be a str, but another iterable (set, list, etc)"),
    ],
    ["metadata that are no texts", ["x", URI, false, [1]], new TypeError("metadata must hold str only")],
  ])("refuses %s", (_, [name, uri, safe, metadata], error) => {
    expect(() => filled().register(name, uri, safe, metadata)).toThrow(error);
  });

  test("refuses more names than the store holds", () => {
    const server = new NameServer(new MemoryStore(1));
    server.register("a", URI);
    server.register("a", URI);

    expect(() => server.register("b", URI)).toThrow("too many names registered, the limit is 1");
  });
});

describe("NameServer.list", () => {
  test.each<[string, unknown[], string[]]>([
    ["everything", [], ["test.one", "test.two", "other", "Pyro.NameServer"]],
    ["everything for an empty filter", [""], ["test.one", "test.two", "other", "Pyro.NameServer"]],
    ["names with a prefix", ["test."], ["test.one", "test.two"]],
    ["names that match from their start on", [null, "test"], ["test.one", "test.two"]],
    ["nothing that matches only further in", [null, "one"], []],
    ["names with all the tags", [null, null, ["blue", "colour"]], ["test.two"]],
    ["names with any of the tags", [null, null, null, new Set(["blue", "nope"])], ["test.two", "other"]],
  ])("gives %s", (_, [prefix, regex, all, any], expected) => {
    expect(names(filled().list(prefix, regex, all, any))).toEqual(expected);
  });

  test("gives uris as texts, with their tags if asked", () => {
    expect(filled().list("other")).toEqual(new Map([["other", URI]]));
    expect(filled().list("other", null, null, null, true)).toEqual(
      new Map([["other", Tuple.of<unknown>(URI, ["blue"])]]),
    );
  });

  test.each<[unknown[], string]>([
    [["a", "b"], "you can only filter on one thing at a time"],
    [[null, "("], "invalid regex: missing ), unterminated subpattern at position 0"],
    [[null, null, "blue"], "metadata_all should not be a str, but another iterable (set, list, etc)"],
    [[null, null, null, "blue"], "metadata_any should not be a str, but another iterable (set, list, etc)"],
    [[5], "prefix must be a str"],
  ])("refuses the filters %j", ([prefix, regex, all, any], message) => {
    expect(() => filled().list(prefix, regex, all, any)).toThrow(message);
  });
});

describe("NameServer.remove", () => {
  test.each<[string, unknown[], number, string[]]>([
    ["a name", ["test.one"], 1, ["test.two", "other", "Pyro.NameServer"]],
    ["a name before a prefix", ["other", "test."], 1, ["test.one", "test.two", "Pyro.NameServer"]],
    ["a prefix where the name is unknown", ["nope", "test."], 2, ["other", "Pyro.NameServer"]],
    ["all that match", [null, null, ".*"], 3, ["Pyro.NameServer"]],
    ["nothing where nothing is asked", [], 0, ["test.one", "test.two", "other", "Pyro.NameServer"]],
    ["never its own name", ["Pyro.NameServer"], 0, ["test.one", "test.two", "other", "Pyro.NameServer"]],
  ])("removes %s", (_, [name, prefix, regex], count, left) => {
    const server = filled();

    expect(server.remove(name, prefix, regex)).toBe(count);
    expect(names(server.list())).toEqual(left);
  });
});

describe("NameServer.set_metadata", () => {
  test("replaces the tags, or takes them away", () => {
    const server = filled();
    server.set_metadata("test.two", ["new"]);
    expect(server.lookup("test.two", true)).toEqual(Tuple.of<unknown>(Uri.parse(URI), ["new"]));
    server.set_metadata("test.two", null);
    expect(server.lookup("test.two", true)).toEqual(Tuple.of<unknown>(Uri.parse(URI), []));
  });

  test("knows no names that are not registered", () => {
    expect(() => filled().set_metadata("nope", [])).toThrow(new NamingError("unknown name: nope"));
    expect(() => filled().lookup("nope")).toThrow(new NamingError("unknown name: nope"));
  });
});
