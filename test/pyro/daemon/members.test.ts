import { describe, expect, test } from "vitest";
import { behavior, callback, expose, oneway } from "../../../lib/pyro/expose.ts";
import { membersOf } from "../../../lib/pyro/daemon/members.ts";
import { isPrivateName } from "../../../lib/pyro/daemon/private_names.ts";
import { describeWithPeers, PYTHON } from "../../support/peers.ts";
import { run } from "../../support/program.ts";

class Base {
  static exposed = ["base", "shared"];

  base(): string {
    return "base";
  }

  shared(): string {
    return "shared of Base";
  }

  hidden(): string {
    return "hidden";
  }
}

class Derived extends Base {
  static override exposed = ["own", "value", "__len__"];
  #value = 1;

  own(): string {
    return "own";
  }

  override shared(): string {
    return "shared of Derived";
  }

  get value(): number {
    return this.#value;
  }

  set value(value: number) {
    this.#value = value;
  }

  __len__(): number {
    return 3;
  }
}

describe("membersOf", () => {
  test("lists methods and accessors that were exposed, inherited ones included", () => {
    expect(membersOf(Derived, true).metadata).toEqual({
      methods: ["own", "shared", "__len__", "base"],
      oneway: [],
      attrs: ["value"],
    });
  });

  test("calls a derived class's own definition of a name that its base exposes", () => {
    const { run } = membersOf(Derived, true).method("shared");

    expect(run()).toBe("shared of Derived");
  });

  test("says the same of an instance as of its class", () => {
    expect(membersOf(new Derived(), true).metadata).toEqual(membersOf(Derived, true).metadata);
  });

  test.each([
    ["hidden", "attempt to access unexposed attribute 'hidden'"],
    ["value", "attempt to access unexposed attribute 'value'"],
    ["nosuch", "'Derived' object has no attribute 'nosuch'"],
    ["own.name", "'Derived' object has no attribute 'own.name'"],
    ["constructor", "'Derived' object has no attribute 'constructor'"],
    ["toString", "'Derived' object has no attribute 'toString'"],
    ["hasOwnProperty", "'Derived' object has no attribute 'hasOwnProperty'"],
    ["then", "'Derived' object has no attribute 'then'"],
    ["__proto__", "attempt to access private attribute '__proto__'"],
    ["__init__", "attempt to access private attribute '__init__'"],
    ["__defineGetter__", "'Derived' object has no attribute '__defineGetter__'"],
    ["_secret", "attempt to access private attribute '_secret'"],
    ["", "'Derived' object has no attribute ''"],
  ])("has no method %s, in Python's words", (name, words) => {
    const attempt = () => membersOf(new Derived(), true).method(name);

    expect(attempt).toThrow(words);
    expect(attempt).toThrow(expect.objectContaining({ remoteType: "builtins.AttributeError" }));
  });

  test.each([
    ["own", "attempt to access unexposed or unknown remote attribute 'own'"],
    ["hidden", "attempt to access unexposed or unknown remote attribute 'hidden'"],
    ["nosuch", "type object 'Derived' has no attribute 'nosuch'"],
    ["__proto__", "type object 'Derived' has no attribute '__proto__'"],
  ])("has no attribute %s, in Python's words", (name, words) => {
    expect(() => membersOf(Derived, true).attribute(name)).toThrow(words);
  });

  test("exposes every public member where exposing is not required", () => {
    const { methods } = membersOf(Derived, false).metadata;

    expect(methods).toContain("hidden");
    expect(methods).not.toContain("constructor");
    expect(methods).not.toContain("toString");
  });

  test("reaches nothing of a class that exposes nothing", () => {
    class Plain {
      method(): void {}
    }

    expect(membersOf(Plain, true).metadata).toEqual({ methods: [], oneway: [], attrs: [] });
  });

  test("takes what expose, oneway, callback and behavior have said", () => {
    class Printer {
      print(): void {}
      status(): void {}
    }
    expose(Printer);
    oneway(Printer, ["print"]);
    callback(Printer, ["status"]);
    behavior(Printer, { instanceMode: "single" });

    const members = membersOf(Printer, true);

    expect(members.metadata.oneway).toEqual(["print"]);
    expect(members.method("status").isCallback).toBe(true);
    expect(members.behavior.instanceMode).toBe("single");
  });

  test("takes an object that has its own methods", () => {
    const object = expose({ hello: (name: string) => `Hello, ${name}`, secret: () => 42 }, ["hello"]);

    expect(membersOf(object, true).metadata.methods).toEqual(["hello"]);
    expect(() => membersOf(object, true).method("secret")).toThrow("unexposed attribute 'secret'");
  });

  test.each([
    ["a name that is not there", ["nosuch"], "it does not define such a method or accessor itself"],
    ["a private name", ["_secret"], "exposing private names (starting with _) is not allowed"],
    ["the constructor", ["constructor"], "a constructor is no method"],
    ["a plain value", ["limit"], "plain values are out of reach, give it a getter"],
    ["what only Object has", ["toString"], "it does not define such a method or accessor itself"],
  ])("refuses to expose %s", (_what, names, words) => {
    class Odd {
      _secret(): void {}
    }
    Object.defineProperty(Odd.prototype, "limit", { value: 1 });

    expect(() => membersOf(expose(Odd, names as (keyof Odd)[]), true)).toThrow(words);
  });
});

describe("isPrivateName", () => {
  test.each([["name", false], ["_name", true], ["__name", true], ["__name__", false], ["____", true], [
    "__init__",
    true,
  ]])(
    "%s: %s",
    (name, isPrivate) => {
      expect(isPrivateName(name)).toBe(isPrivate);
    },
  );
});

describeWithPeers(["python-pyro4"], "isPrivateName beside Python", () => {
  test("agrees on every name of Python's list and on others", async () => {
    const { stdout } = await run(PYTHON, [
      "-c",
      "import json; from Pyro4.util import is_private_attribute as p, _private_dunder_methods as d; " +
      "print(json.dumps([[n, p(n)] for n in sorted(d) + ['_', '__', '___', '____', '_____', '__a__', '_a', 'a', 'a__', '__len__']]))",
    ]);

    for (const [name, isPrivate] of JSON.parse(stdout) as [string, boolean][]) {
      expect([name, isPrivateName(name)]).toEqual([name, isPrivate]);
    }
  });
});
