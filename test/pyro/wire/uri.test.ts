import { describe, expect, test } from "vitest";
import { Tuple } from "../../../lib/base/pyvalue.ts";
import { PyroError } from "../../../lib/pyro/wire/errors.ts";
import { Uri } from "../../../lib/pyro/wire/uri.ts";
import { pyroFixture } from "../../support/pyro_fixtures.ts";

interface Case {
  readonly text: string;
  readonly string?: string;
  readonly uri?: {
    readonly protocol: string;
    readonly object: string | string[];
    readonly sockname: string | null;
    readonly host: string | null;
    readonly port: number | null;
  };
  readonly error?: { readonly text: string };
}

const { uris } = pyroFixture<{ uris: Case[] }>("uris");

describe("Uri.parse", () => {
  test.each(uris.filter((each) => each.uri !== undefined))(
    "takes $text apart as Python does",
    ({ text, uri, string }) => {
      const parsed = Uri.parse(text);
      const [protocol, object, sockname, host, port] = parsed.state;

      expect({ protocol, sockname, host, port, object: object instanceof Set ? [...object] : object }).toEqual(uri);
      if (string !== undefined) expect(parsed.toString()).toBe(string);
    },
  );

  test.each(uris.filter((each) => each.error !== undefined))("refuses $text in Python's words", ({ text, error }) => {
    expect(() => Uri.parse(text)).toThrow(new PyroError(error?.text));
  });

  test("takes the name server's port from its caller", () => {
    expect(Uri.parse("PYRONAME:x@h", 1234).port).toBe(1234);
    expect(Uri.parse("PYRONAME:x@h:", 1234).port).toBe(1234);
  });
});

describe("Uri", () => {
  test("prints what it can parse", () => {
    for (const text of ["PYRO:a@[::1]:5", "PYRO:a@./u:/tmp/s", "PYROMETA:a,b@h:9090"]) {
      expect(String(Uri.parse(text))).toBe(text);
    }
  });

  test("compares all parts, tags in any order", () => {
    expect(Uri.parse("PYROMETA:a,b").equals(Uri.parse("PYROMETA:b,a"))).toBe(true);
    expect(Uri.parse("PYRO:a@h:1").equals(Uri.parse("PYRO:a@h:2"))).toBe(false);
    expect(Uri.parse("PYRONAME:a").equals(Uri.parse("PYROMETA:a"))).toBe(false);
  });

  test("travels as a state of five", () => {
    for (const text of ["PYRO:a@h:1", "PYRO:a@./u:s", "PYRONAME:a", "PYROMETA:a,b"]) {
      expect(Uri.fromState(Uri.parse(text).state).toString()).toBe(text);
    }
    expect(Uri.fromState(["PYROMETA", ["a", "b"], null, null, null]).tags).toEqual(["a", "b"]); // json has no sets
  });

  test.each([[[]], [["PYRO", 1, null, null, null]], [["HTTP", "a", null, "h", 1]], [["PYRO", "a", null, "h", "1"]], [
    null,
  ]])(
    "refuses the state %j",
    (state) => {
      expect(() => Uri.fromState(state)).toThrow(PyroError);
    },
  );

  test("knows the URI of an object at a location", () => {
    expect(Uri.ofObject("a b", "localhost:1").state).toEqual(Tuple.of<unknown>("PYRO", "a b", null, "localhost", 1));
    expect(Uri.ofObject("a", "./u:s").location).toBe("./u:s");
  });
});
