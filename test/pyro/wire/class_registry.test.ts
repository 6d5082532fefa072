import { describe, expect, test } from "vitest";
import { Tuple } from "../../../lib/base/pyvalue.ts";
import { ClassRegistry } from "../../../lib/pyro/wire/class_registry.ts";
import { SecurityError, SerializeError } from "../../../lib/pyro/wire/errors.ts";
import { ExceptionWrapper } from "../../../lib/pyro/wire/exceptions.ts";
import { Uri } from "../../../lib/pyro/wire/uri.ts";
import { ProxyStandIn, standInProxies } from "../../support/pyro_values.ts";

class Point {
  readonly x: number;
  constructor(x: number) {
    this.x = x;
  }
}
class Point3 extends Point {}

describe("ClassRegistry", () => {
  test("writes instances of a registered class, and of its subclasses, by their converter", () => {
    const classes = new ClassRegistry();
    classes.registerClassToDict(Point, ({ x }) => ({ __class__: "geo.Point", x }));

    expect(classes.toDict(new Point(1))).toEqual({ __class__: "geo.Point", x: 1 });
    expect(classes.toDict(new Point3(2))).toEqual({ __class__: "geo.Point", x: 2 });
    classes.unregisterClassToDict(Point);
    expect(classes.toDict(new Point(1))).toBeUndefined();
  });

  test("reads dicts of a registered name by their converter, even names with underscores", () => {
    const classes = new ClassRegistry();
    classes.registerDictToClass("__main__.Point", (dict) => new Point(Number(dict["x"])));

    expect(classes.recreate([{ __class__: "__main__.Point", x: 1 }])).toEqual([new Point(1)]);
    classes.unregisterDictToClass("__main__.Point");
    expect(() => classes.recreate({ __class__: "__main__.Point" })).toThrow(SecurityError);
  });

  test("two registries do not know of each other", () => {
    const one = new ClassRegistry();
    one.registerDictToClass("a.B", () => 1);

    expect(() => new ClassRegistry().fromDict({ __class__: "a.B" })).toThrow(SerializeError);
  });

  test.each<[unknown, string]>([
    ["unknown.Klass", "unsupported serialized class: unknown.Klass"],
    ["constructor", "unsupported serialized class: constructor"],
    ["a__b", "refused to deserialize types with double underscores in their name: a__b"],
    [7, "unsupported serialized class"],
  ])("refuses the class %s", (name, message) => {
    expect(() => new ClassRegistry().fromDict({ __class__: name, __exception__: true })).toThrow(message);
  });

  test("converts inside lists, tuples, sets, dicts and Maps, and nothing inside what it converted", () => {
    const classes = new ClassRegistry();
    classes.registerDictToClass("a.B", (dict) => dict["inner"]);
    const b = { __class__: "a.B", inner: { __class__: "a.B", inner: 1 } };
    const raw = { __class__: "a.B", inner: 1 };

    expect(classes.recreate([b])).toEqual([raw]);
    expect(classes.recreate(Tuple.of(b))).toEqual(Tuple.of(raw));
    expect(classes.recreate({ k: b })).toEqual({ k: raw });
    expect(classes.recreate(new Map([[1, b]]))).toEqual(new Map([[1, raw]]));
    expect(classes.recreate(new Map<unknown, unknown>([[1, 2], ["__class__", "a.B"], ["inner", 3]]))).toBe(3);
  });

  test("reads proxies with the codec it was given, without one as URIs", () => {
    const state = ["PYRO:o@h:1", [], ["m"], [], 0, null, "hello", 0, null];
    const proxy = new ClassRegistry({ proxies: standInProxies }).fromDict({ __class__: "Pyro4.core.Proxy", state });

    expect(proxy).toBeInstanceOf(ProxyStandIn);
    expect((proxy as ProxyStandIn).state).toMatchObject({ methods: ["m"], oneway: [], serializer: undefined });
    expect(new ClassRegistry().fromDict({ __class__: "Pyro4.core.Proxy", state })).toEqual(Uri.parse("PYRO:o@h:1"));
  });

  test.each([
    [[["PYRO:o@h:1"], [], [], [], 0, null, "hello"]],
    [["PYRO:o@h:1", 1, [], [], 0, null, "hello"]],
    [["PYRO:o@h:1", [], [1], [], 0, null, "hello"]],
    [["PYRO:o@h:1", [], []]],
    [{}],
  ])("refuses the proxy state %j", (state) => {
    expect(() => new ClassRegistry().fromDict({ __class__: "Pyro4.core.Proxy", state })).toThrow("Cannot read a proxy");
  });

  test("replaces whatever the codec knows, plain objects included", () => {
    const registered = { hello() {} };
    const classes = new ClassRegistry({
      proxies: {
        stateOf: (value) =>
          value === registered
            ? {
              uri: Uri.parse("PYRO:o@h:1"),
              oneway: [],
              methods: ["hello"],
              attrs: [],
              hmacKey: undefined,
              handshake: "hello",
              serializer: undefined,
            }
            : undefined,
        fromState: (state) => state,
      },
    });

    expect(classes.toDict(registered)).toMatchObject({ __class__: "Pyro4.core.Proxy" });
    expect(classes.toDict({})).toBeUndefined();
  });

  test("carries the exception of a batch", () => {
    const classes = new ClassRegistry();
    const wrapper = classes.fromDict(classes.toDict(new ExceptionWrapper(new RangeError("x"))) ?? {});

    expect(wrapper).toBeInstanceOf(ExceptionWrapper);
    expect((wrapper as ExceptionWrapper).exception).toMatchObject({ remoteType: "builtins.ValueError", message: "x" });
  });
});
