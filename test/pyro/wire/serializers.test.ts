import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { PyFloat, Tuple } from "../../../lib/base/pyvalue.ts";
import { ClassRegistry } from "../../../lib/pyro/wire/class_registry.ts";
import { BadPayloadError, PyroError, SerializeError } from "../../../lib/pyro/wire/errors.ts";
import type { Serializer } from "../../../lib/pyro/wire/serializer.ts";
import { createSerializers } from "../../../lib/pyro/wire/serializers.ts";
import { pyroFixture } from "../../support/pyro_fixtures.ts";
import {
  comparable,
  fromNeutral,
  type Neutral,
  NoCounterpart,
  standInProxies,
  toNeutral,
} from "../../support/pyro_values.ts";
import { Seeded } from "../../support/seeded.ts";

/** What Python's json and marshal serializers wrote, or were given to read. */
interface Case {
  readonly serializer: string;
  readonly py?: string;
  readonly call?: string;
  readonly desc?: string;
  readonly text?: string;
  readonly value?: Neutral;
  readonly bytes_b64?: string;
  readonly loads?: Neutral;
  readonly loadsCall?: readonly [Neutral, Neutral, Neutral, Neutral];
  readonly loads_error?: { readonly class: string; readonly text: string };
  readonly dumps_error?: { readonly class: string; readonly text: string };
}

const corpus = pyroFixture<{ write: Case[]; read: Case[] }>("serializers");
const classes = new ClassRegistry({ proxies: standInProxies });
const exact = createSerializers({ classes, keepFloats: true });
const nameOf = (each: Case) => each.py ?? each.call ?? each.desc ?? each.text ?? "";

function casesOf(serializer: string): Case[] {
  return [...corpus.write, ...corpus.read].filter((each) => each.serializer === serializer);
}

/** Neutral form of what a json or marshal reader has to return: their dicts are only dicts. */
function expected(each: Case): Neutral {
  return comparable(each.loads as Neutral);
}

function readAll(serializer: Serializer, skip: ReadonlySet<string>): number {
  let count = 0;
  for (const each of casesOf(serializer.name)) {
    if (each.loads === undefined || each.bytes_b64 === undefined || skip.has(nameOf(each))) continue;
    const value = serializer.loads(Buffer.from(each.bytes_b64, "base64"));

    expect(toNeutral(value), nameOf(each)).toEqual(expected(each));
    count++;
  }
  return count;
}

function refuseAll(serializer: Serializer): number {
  let count = 0;
  for (const each of casesOf(serializer.name)) {
    if (each.loads_error === undefined) continue;
    const kind = each.loads_error.class === "SerializeError" ? SerializeError : BadPayloadError;

    expect(() => serializer.loads(Buffer.from(each.bytes_b64 ?? "", "base64")), nameOf(each)).toThrow(kind);
    count++;
  }
  return count;
}

/** Values of the corpus that have a counterpart here, with the case they come from. */
function writable(serializer: string): { each: Case; value: unknown }[] {
  return corpus.write.filter((each) => each.serializer === serializer && each.value !== undefined).flatMap((each) => {
    try {
      return [{ each, value: fromNeutral(each.value as Neutral) }];
    } catch (error) {
      if (error instanceof NoCounterpart) return [];
      throw error;
    }
  });
}

function survivesDamage(serializer: Serializer): void {
  const random = new Seeded();
  const rounds = Number(process.env.FUZZ_ROUNDS ?? 2000);
  const good = casesOf(serializer.name).flatMap((each) =>
    each.bytes_b64 ? [Buffer.from(each.bytes_b64, "base64")] : []
  );
  for (let round = 0; round < rounds; round++) {
    const bytes = random.mutate(random.pick(good));
    try {
      serializer.loads(bytes);
    } catch (error) {
      if (error instanceof PyroError) continue;
      throw new Error(`seed ${random.seed}, round ${round}: ${Buffer.from(bytes).toString("hex")}`, { cause: error });
    }
  }
}

describe("JsonSerializer", () => {
  const json = exact.byName("json");

  test("reads what Python wrote, type by type", () => {
    // A dict that looks like serpent's bytes is a dict in json; the comparison takes it for bytes.
    expect(readAll(json, new Set(['{"data":"YWJj","encoding":"base64"}']))).toBeGreaterThan(90);
    expect(json.loads(Buffer.from('{"data":"YWJj","encoding":"base64"}'))).toEqual({
      data: "YWJj",
      encoding: "base64",
    });
  });

  test("refuses what Python refuses", () => {
    expect(refuseAll(json)).toBeGreaterThan(10);
  });

  test("writes what Python wrote, byte for byte", () => {
    let count = 0;
    for (const { each, value } of writable("json")) {
      if (each.value?.t === "deque") continue; // a list here, and lists are written
      if (each.dumps_error !== undefined) expect(() => json.dumps(value), nameOf(each)).toThrow("Cannot write");
      else expect(Buffer.from(json.dumps(value)).toString(), nameOf(each)).toBe(each.text);
      count++;
    }
    expect(count).toBeGreaterThan(80);
  });

  test("writes and reads calls as Python does", () => {
    const bytes = json.dumpsCall("obj", "m", Tuple.of<unknown>(1, "a"), { k: 2 });

    expect(Buffer.from(bytes).toString()).toBe(
      '{"object": "obj", "method": "m", "params": [1, "a"], "kwargs": {"k": 2}}',
    );
    expect(json.loadsCall(bytes)).toEqual({ objectId: "obj", method: "m", args: [1, "a"], kwargs: { k: 2 } });
    expect(Buffer.from(json.dumpsCall("o", "m", [], null)).toString()).toContain('"kwargs": null');
    expect(json.loadsCall(json.dumpsCall("o", "m", [], null)).kwargs).toEqual({});
    expect(() => json.loadsCall(Buffer.from("[1]"))).toThrow(BadPayloadError);
  });

  test("names the path of what it cannot carry", () => {
    expect(() => json.dumps({ a: [new Uint8Array(1)] })).toThrow(
      "Cannot write value.a[0] with json: don't know how to serialize class Uint8Array",
    );
    expect(() => json.dumps(["\ud800"])).toThrow(
      "Cannot write value[0] with json: UTF-8 cannot carry a lone surrogate",
    );
  });

  test("limits depth both ways", () => {
    const loop: unknown[] = [];
    loop.push(loop);

    expect(() => json.dumps(loop)).toThrow("Circular reference detected");
    expect(() => json.loads(Buffer.from("[".repeat(100_000)))).toThrow("nested deeper than 200 levels");
  });

  test("survives damaged documents", () => survivesDamage(json));
});

describe("MarshalSerializer", () => {
  const marshal = exact.byName("marshal");

  test("reads what Python wrote, type by type, references included", () => {
    expect(readAll(marshal, new Set(["stopiter S"]))).toBeGreaterThan(90);
  });

  test("refuses what Python refuses", () => {
    expect(refuseAll(marshal)).toBeGreaterThan(6);
  });

  test("writes values that read back as Python's do", () => {
    let count = 0;
    for (const { each, value } of writable("marshal")) {
      if (each.bytes_b64 === undefined || each.loads === undefined) continue;

      expect(toNeutral(marshal.loads(marshal.dumps(value))), nameOf(each)).toEqual(expected(each));
      count++;
    }
    expect(count).toBeGreaterThan(60);
  });

  test("reads Python's calls", () => {
    for (const each of casesOf("marshal")) {
      if (each.loadsCall === undefined) continue;
      const [objectId, method, args, kwargs] = each.loadsCall;
      const call = marshal.loadsCall(Buffer.from(each.bytes_b64 ?? "", "base64"));

      expect([call.objectId, call.method]).toEqual([objectId.v, method.v]);
      expect([toNeutral(call.args), toNeutral(call.kwargs)]).toEqual([comparable(args), comparable(kwargs)]);
    }
  });

  test("keeps lone surrogates, ints of any size and sets", () => {
    const value = ["a\ud800€\udfff", 2n ** 5000n, -(2n ** 31n), new Set([1]), Tuple.of(1), new PyFloat(1), null, true];

    expect(marshal.loads(marshal.dumps(value))).toEqual([
      ...value.slice(0, 2),
      -2147483648,
      ...value.slice(3),
    ]);
  });

  test("limits what references come to", () => {
    // [[…],[…]] with each list a reference to the one before it: 2^60 items in a few hundred bytes.
    const levels = [Buffer.from([0xdb, 0, 0, 0, 0])];
    for (let i = 0; i < 60; i++) {
      const reference = Buffer.from([0x72, i, 0, 0, 0]);
      levels.push(Buffer.concat([Buffer.from([0xdb, 2, 0, 0, 0]), reference, reference]));
    }
    const table = Buffer.concat([Buffer.from([0x5b, levels.length, 0, 0, 0]), ...levels]);

    expect(() => marshal.loads(table)).toThrow("its references come to more than 16777216 bytes");
  });

  test("refuses a list inside itself", () => {
    expect(() => marshal.loads(Buffer.from([0xdb, 1, 0, 0, 0, 0x72, 0, 0, 0, 0]))).toThrow("invalid reference");
  });

  test("survives damaged documents", () => survivesDamage(marshal));
});

describe("createSerializers", () => {
  test("finds serializers by the name and number of Pyro4", () => {
    const found = ["serpent", "json", "marshal", "msgpack"].map((name) => exact.byName(name).id);

    expect(found).toEqual([1, 2, 3, 6]);
    expect(found.map((id) => exact.byId(id).name)).toEqual(["serpent", "json", "marshal", "msgpack"]);
  });

  test("refuses the ones that run code, and says why", () => {
    expect(() => exact.byId(4)).toThrow(
      "no serializer available for id 4: pickle lets the peer run any code, it is never accepted here",
    );
    expect(() => exact.byName("cloudpickle")).toThrow(
      "serializer 'cloudpickle' is unknown or not available: cloudpickle",
    );
    expect(() => exact.byId(99)).toThrow(/^no serializer available for id 99$/);
  });
});
