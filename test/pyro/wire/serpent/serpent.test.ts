import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { Complex, PyFloat, TimeDelta, Tuple } from "../../../../lib/base/pyvalue.ts";
import { ClassRegistry } from "../../../../lib/pyro/wire/class_registry.ts";
import { BadPayloadError, PyroError, SecurityError, SerializeError } from "../../../../lib/pyro/wire/errors.ts";
import { SerpentSerializer } from "../../../../lib/pyro/wire/serpent/mod.ts";
import { pyroFixture } from "../../../support/pyro_fixtures.ts";
import {
  comparable,
  fromNeutral,
  type Neutral,
  NoCounterpart,
  standInProxies,
  toNeutral,
} from "../../../support/pyro_values.ts";
import { Seeded } from "../../../support/seeded.ts";

interface PythonError {
  readonly class: string;
  readonly text?: string;
}

/** A value that Python wrote, or a text that it was given to read. */
interface Case {
  readonly id: number | string;
  readonly group?: string;
  readonly py?: string;
  readonly value?: Neutral | null;
  readonly bytes_b64?: string;
  readonly loads?: Neutral;
  readonly pyro_loads?: Neutral;
  readonly loads_error?: PythonError;
  readonly pyro_loads_error?: PythonError;
  readonly dumps_error?: PythonError;
  readonly options?: Record<string, unknown>;
}

const corpus = pyroFixture<{ write: Case[]; read: Case[] }>("serpent");
const readable = [...corpus.write, ...corpus.read].filter((each) => each.bytes_b64 !== undefined);
const exact = new SerpentSerializer(new ClassRegistry({ proxies: standInProxies }), { keepFloats: true });
const plain = new SerpentSerializer(new ClassRegistry());

const HEADER = "# serpent utf-8 python3.2\n";
const bytesOf = (each: Case) => Buffer.from(each.bytes_b64 ?? "", "base64");
const write = (value: unknown) => Buffer.from(plain.dumps(value)).toString().slice(HEADER.length);
const read = (text: string) => plain.loads(Buffer.from(text));
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("SerpentSerializer.loads", () => {
  /** Python cannot build these two from their dicts; here an exception needs no constructor that agrees. */
  const BUILT_ALL_THE_SAME = new Set<unknown>([331, 351]);
  /** Names of characters are the one thing in the grammar that is not read; serpent never writes them. */
  const NAMED_CHARACTER = "r76";

  test("reads every document of the corpus to the value that Python reads, type by type", () => {
    let count = 0;
    for (const each of readable) {
      const expected = each.pyro_loads ?? each.loads;
      if ((each.loads_error ?? each.pyro_loads_error ?? expected) !== expected || each.id === NAMED_CHARACTER) continue;

      expect(toNeutral(exact.loads(bytesOf(each))), `#${each.id}`).toEqual(comparable(expected as Neutral));
      count++;
    }
    expect(count).toBeGreaterThan(450);
  });

  test("refuses every document that Python refuses, with an error of its own kind", () => {
    let count = 0;
    for (const each of readable) {
      const error = each.loads_error ?? each.pyro_loads_error;
      if (error === undefined || BUILT_ALL_THE_SAME.has(each.id)) continue;
      const kind = each.loads_error ? BadPayloadError : error.class === "SecurityError" ? SecurityError : PyroError;

      expect(() => exact.loads(bytesOf(each)), `#${each.id}`).toThrow(kind);
      if (error.class === "SerializeError") expect(() => exact.loads(bytesOf(each))).toThrow(error.text);
      count++;
    }
    expect(count).toBeGreaterThan(70);
  });

  test("tells Python's class of the error, so that a daemon can answer with it", () => {
    const pythonType = (text: string) => {
      try {
        read(text);
      } catch (error) {
        return (error as BadPayloadError).pythonType;
      }
    };

    expect(["'a", "foo()", "{[1]:2}", "'a\0b'"].map(pythonType)).toEqual([
      "SyntaxError",
      "ValueError",
      "TypeError",
      "ValueError",
    ]);
  });

  test("reads floats as numbers unless it is told to keep them", () => {
    expect(read("[1.0,1]")).toEqual([1, 1]);
    expect(exact.loads(Buffer.from("[1.0,1]"))).toEqual([new PyFloat(1), 1]);
  });

  test("reads ints as numbers while they are exact", () => {
    expect(read("[9007199254740991,9007199254740992,-9007199254740993]")).toEqual([
      9007199254740991,
      9007199254740992n,
      -9007199254740993n,
    ]);
  });

  test("reads a dict with text keys as an object that inherits nothing, so that __proto__ is a key", () => {
    const dict = read("{'__proto__':1,'constructor':2}") as Record<string, unknown>;

    expect(Object.getPrototypeOf(dict)).toBeNull();
    expect(Object.entries(dict)).toEqual([["__proto__", 1], ["constructor", 2]]);
  });

  test("reads any other dict as a Map in which equal keys of Python are one", () => {
    expect(read("{'a':0,1:1,True:2,1.0:3,(1,'b'):4,(1,'b'):5}")).toEqual(
      new Map<unknown, unknown>([["a", 0], [1, 3], [Tuple.of<unknown>(1, "b"), 5]]),
    );
  });

  test("reads serpent's form of bytes as bytes, and leaves what only looks like it", () => {
    expect(read("{'data': 'YWJj', 'encoding': 'base64'}")).toEqual(Buffer.from("abc"));
    for (const text of ["{'data':'YWJ','encoding':'base64'}", "{'data':'YWJj','encoding':'base64','more':1}"]) {
      expect(read(text), text).toHaveProperty("encoding", "base64");
    }
  });

  test("stops at 200 open brackets, as Python does", () => {
    expect(() => read(nested(200))).not.toThrow();
    expect(() => read(nested(201))).toThrow("the limit is 200");
    expect(() => read("(".repeat(100_000))).toThrow("the limit is 200");
  });

  test.each([
    ["escaped quotes", `'${"\\'".repeat(200_000)}'`],
    ["backslashes", `'${"\\\\".repeat(200_000)}'`],
    ["quotes of the other kind", `'${'"'.repeat(400_000)}'`],
    ["short strings before an escaped one", `[${"'a',".repeat(100_000)}'\\n']`],
    ["strings side by side", "'a'".repeat(100_000)],
    ["prefixed strings", `[${"r'a',".repeat(100_000)}]`],
    ["an int of too many digits", "1".repeat(1_000_000)],
    ["comments", `[${"#\n".repeat(200_000)}]`],
    ["an unterminated string", `'${"\\n".repeat(200_000)}`],
  ])("takes time in proportion to the text: %s", (_, text) => {
    const start = performance.now();

    try {
      read(text);
    } catch (error) {
      expect(error).toBeInstanceOf(BadPayloadError);
    }
    expect(performance.now() - start).toBeLessThan(2000); // quadratic time would be minutes
  });

  test("survives damaged documents; FUZZ_ROUNDS of them (default 3000)", () => {
    const random = new Seeded();
    const rounds = Number(process.env.FUZZ_ROUNDS ?? 3000);
    for (let round = 0; round < rounds; round++) {
      const bytes = random.mutate(bytesOf(random.pick(readable)));
      try {
        exact.loads(bytes);
      } catch (error) {
        if (error instanceof PyroError) continue;
        throw new Error(`seed ${random.seed}, round ${round}: ${Buffer.from(bytes)}`, { cause: error });
      }
    }
  });
});

describe("SerpentSerializer.dumps", () => {
  /** Options of serpent that Pyro4 does not use. */
  const isPyros = (each: Case) =>
    each.options?.["indent"] !== true && each.group !== "module_off" &&
    each.group !== "bytes_repr";
  /** The traceback is written last, whatever the order in which Python code set it; and a proxy of which the corpus has not all. */
  const NOT_COMPARABLE = new Set<unknown>([352, 363]);

  function valueOf(each: Case): { readonly value: unknown } | undefined {
    try {
      return { value: fromNeutral(each.value as Neutral) };
    } catch (error) {
      if (error instanceof NoCounterpart) return undefined;
      throw error;
    }
  }

  test("writes every value of the corpus as Python wrote it, byte for byte", () => {
    let count = 0;
    for (const each of corpus.write.filter(isPyros)) {
      if (each.bytes_b64 === undefined || each.loads_error !== undefined || NOT_COMPARABLE.has(each.id)) continue;
      const given = valueOf(each);
      if (given === undefined) continue;
      const bytes = exact.dumps(given.value);

      if (/\{.+,.+\}/.test(each.py ?? "") && each.value?.t === "set") {
        expect(toNeutral(exact.loads(bytes)), `#${each.id}`).toEqual(comparable(each.loads as Neutral)); // order of hashes
      } else expect(Buffer.from(bytes).toString(), `#${each.id}`).toBe(bytesOf(each).toString());
      count++;
    }
    expect(count).toBeGreaterThan(300);
  });

  test("refuses what Python refuses, and what Python would write but could not read", () => {
    let count = 0;
    for (const each of corpus.write.filter(isPyros)) {
      if ((each.dumps_error ?? each.loads_error) === undefined || !each.value) continue;
      const given = valueOf(each);
      if (given === undefined) continue;

      expect(() => exact.dumps(given.value), `#${each.id} ${each.py}`).toThrow("Cannot write");
      count++;
    }
    expect(count).toBeGreaterThanOrEqual(8);
  });

  test.each<[unknown, string]>([
    [1, "1"],
    [-0, "-0.0"],
    [1.5, "1.5"],
    [1e16, "1e+16"],
    [new PyFloat(1), "1.0"],
    [2n ** 70n, "1180591620717411303424"],
    [Infinity, "1e30000"],
    [NaN, "{'__class__':'float','value':'nan'}"],
    [undefined, "None"],
    [{ a: undefined }, "{'a':None}"],
    [Tuple.of(1), "(1,)"],
    [new Set(), "()"],
    [new Map([[1, 2]]), "{1:2}"],
    [new Map(), "{}"],
    [new Uint8Array([0, 1]), "{'data': 'AAE=', 'encoding': 'base64'}"],
    [new Uint8Array([1]).buffer, "{'data': 'AQ==', 'encoding': 'base64'}"],
    [new Float64Array([1, 2.5]), "[1.0,2.5]"],
    [new Int16Array([1, -2]), "[1,-2]"],
    [new Date(0), "'1970-01-01T00:00:00+00:00'"],
    [TimeDelta.fromSeconds(90), "90.0"],
    [new Complex(1, -2), "(1.0-2.0j)"],
  ])("writes %o as %s", (value, text) => {
    expect(write(value)).toBe(text);
  });

  test.each<[string, unknown, string]>([
    [
      "a function",
      { rows: [1, { run: () => 1 }] },
      "value.rows[1].run with serpent: don't know how to serialize function run",
    ],
    [
      "a class without a converter",
      [new URL("http://x")],
      "value[0] with serpent: don't know how to serialize class URL",
    ],
    [
      "None as a key",
      new Map([[null, 1]]),
      "value[key] with serpent: one of the keys in a dict or set is not of a primitive hashable type: None",
    ],
    ["bytes as a key", new Map([[new Uint8Array(1), 1]]), "primitive hashable type: class Uint8Array"],
    ["a list in a set", new Set([[1]]), "primitive hashable type: class Array"],
    ["nan in a set", new Set([NaN]), "primitive hashable type: nan"],
    ["a list in a tuple that is a key", new Map([[Tuple.of([1]), 1]]), "primitive hashable type: class Array"],
  ])("refuses %s and says where it stands", (_, value, message) => {
    expect(() => plain.dumps(value)).toThrow(message);
  });

  test("names arguments by their position and keyword arguments by their name", () => {
    expect(() => plain.dumpsCall("o", "m", Tuple.of<unknown>(1, { a: [Symbol("x")] }), {})).toThrow("args[1].a[0]");
    expect(() => plain.dumpsCall("o", "m", [], { when: () => 1 })).toThrow("kwargs.when");
  });

  test("refuses a value that contains itself", () => {
    const value: unknown[] = [];
    value.push(value);

    expect(() => plain.dumps(value)).toThrow("Circular reference detected (list)");
  });

  test("writes as many levels as a reader takes, two fewer inside a call", () => {
    const deep = (levels: number) => {
      let value: unknown[] = [];
      for (let i = 1; i < levels; i++) value = [value];
      return value;
    };

    expect(plain.loads(plain.dumps(deep(200)))).toBeDefined();
    expect(() => plain.dumps(deep(201))).toThrow("nesting too deep, the limit is 200 levels");
    expect(plain.loadsCall(plain.dumpsCall("o", "m", [deep(198)], {}))).toBeDefined();
    expect(() => plain.dumpsCall("o", "m", [deep(199)], {})).toThrow("nesting too deep");
  });

  test("writes documents of any size in one piece", () => {
    const value = { text: "käse €😀'\n".repeat(50_000), rows: Array.from({ length: 20_000 }, (_, i) => `row ${i}`) };

    expect(plain.loads(plain.dumps(value))).toEqual(value);
  });
});

describe("SerpentSerializer calls", () => {
  test("writes calls as Python's proxies do", () => {
    const call = (args: readonly unknown[], kwargs: Record<string, unknown> | null) =>
      Buffer.from(plain.dumpsCall("obj", "m", args, kwargs)).toString().slice(HEADER.length);

    expect(call(Tuple.of<unknown>(1, "a"), { k: 2 })).toBe("('obj','m',(1,'a'),{'k':2})");
    expect(call(["obj"], {})).toBe("('obj','m',['obj'],{})");
    expect(call(Tuple.of("name"), null)).toBe("('obj','m',('name',),None)");
  });

  test("reads calls that are lists, and None for keyword arguments", () => {
    expect(plain.loadsCall(Buffer.from("['o', 'm', [1], None]"))).toEqual({
      objectId: "o",
      method: "m",
      args: [1],
      kwargs: {},
    });
  });

  test.each(["('o','m',())", "(1,'m',(),{})", "('o','m',{},{})", "('o','m',(),{1:2})", "'om()'", "('o','m',(),[1])"])(
    "refuses %s",
    (text) => {
      expect(() => plain.loadsCall(Buffer.from(text))).toThrow(BadPayloadError);
    },
  );

  test("converts class dicts in arguments, but nothing inside of them", () => {
    const call = plain.loadsCall(
      Buffer.from(
        "('o','m',({'__class__':'builtins.KeyError','__exception__':True,'args':({'__class__':'x.Y'},)},),{})",
      ),
    );

    expect(call.args[0]).toMatchObject({ remoteType: "builtins.KeyError", args: [{ __class__: "x.Y" }] });
    expect(() => plain.loadsCall(Buffer.from("('o','m',(),{'a':{'__class__':'x.Y'}})"))).toThrow(SerializeError);
  });
});
