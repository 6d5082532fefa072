import { Buffer } from "node:buffer";
import {
  Complex,
  Decimal,
  floatRepr,
  isPlainObject,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  TimeDelta,
  Tuple,
  Uuid,
} from "../../lib/base/pyvalue.ts";
import { PyroError, PyroRemoteError } from "../../lib/pyro/wire/errors.ts";
import { dictToException, exceptionToDict, ExceptionWrapper } from "../../lib/pyro/wire/exceptions.ts";
import type { ProxyState } from "../../lib/pyro/wire/proxy_state.ts";
import { Uri } from "../../lib/pyro/wire/uri.ts";
import { ELLIPSIS } from "../../lib/pyro/wire/values.ts";

/** The fixtures' own form of a Python value: a type tag `t` and what that type needs. */
export interface Neutral {
  readonly t: string;
  readonly v?: unknown;
  readonly [field: string]: unknown;
}

/** The state of a proxy as a value, for registries that build no real proxies. */
export class ProxyStandIn {
  readonly state: ProxyState;

  constructor(state: ProxyState) {
    this.state = state;
  }
}

/** How the registry of a test reads and writes proxies. */
export const standInProxies = {
  stateOf: (value: object) => value instanceof ProxyStandIn ? value.state : undefined,
  fromState: (state: ProxyState) => new ProxyStandIn(state),
};

/** Thrown by `fromNeutral` for Python objects that have no counterpart in the value model. */
export class NoCounterpart extends Error {}

const list = (value: unknown) => value as Neutral[];
const pairs = (value: unknown) => value as [Neutral, Neutral][];
const text = (value: unknown) => value as string;
const number = (value: unknown) => value as number;

/** Builds the TypeScript value for a Python one. */
export function fromNeutral(neutral: Neutral): unknown {
  const { v } = neutral;
  switch (neutral.t) {
    case "none":
      return null;
    case "bool":
    case "str":
    case "decimal":
    case "uuid":
      return neutral.t === "decimal" ? new Decimal(text(v)) : neutral.t === "uuid" ? new Uuid(text(v)) : v;
    case "int":
      return BigInt(text(v));
    case "float":
      return new PyFloat(floatOf(neutral));
    case "complex":
      return new Complex(floatOf(neutral["re"]), floatOf(neutral["im"]));
    case "bytes":
    case "bytearray":
    case "memoryview":
      return Buffer.from(text(neutral["b64"]), "base64");
    case "list":
    case "deque":
      return list(v).map(fromNeutral);
    case "tuple":
    case "namedtuple":
      return Tuple.fromItems(list(v).map(fromNeutral));
    case "set":
      return new Set(list(v).map(fromNeutral));
    case "dict":
    case "defaultdict":
    case "Counter":
      return new Map(pairs(v).map(([key, item]) => [fromNeutral(key), fromNeutral(item)]));
    case "enum":
      return fromNeutral(neutral["value"] as Neutral);
    case "datetime":
      return PyDateTime.parse(text(neutral["iso"]));
    case "date":
      return PyDate.parse(text(neutral["iso"]));
    case "time":
      return PyTime.parse(text(neutral["iso"]));
    case "timedelta":
      return new TimeDelta(number(neutral["days"]), number(neutral["seconds"]), number(neutral["microseconds"]));
    case "array":
      if (neutral["typecode"] !== "u") return list(v).map(fromNeutral);
      break;
    case "ellipsis":
      return ELLIPSIS;
    case "exception":
      return exceptionFrom(neutral);
    case "pyro-exception-wrapper":
      return new ExceptionWrapper(exceptionFrom(neutral["exception"] as Neutral));
    case "pyro-uri":
      return Uri.parse(text(v));
    case "pyro-proxy":
      return proxyFrom(neutral);
  }
  throw new NoCounterpart(neutral.t);
}

/** The neutral form of what a reader returned, made comparable: see `comparable`. */
export function toNeutral(value: unknown): Neutral {
  return comparable(neutralOf(value));
}

/**
 * Leaves out of a fixture's neutral form what the value model does not tell apart: frozen sets, byte arrays, the order of
 * members; and shows serpent's dicts for bytes, and for floats inside of exceptions, as what they stand for.
 */
export function comparable(neutral: Neutral): Neutral {
  const { t, v } = neutral;
  const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).sort();
  switch (t) {
    case "float":
      return { t, v };
    case "complex":
      return { t, re: comparable(neutral["re"] as Neutral), im: comparable(neutral["im"] as Neutral) };
    case "bytearray":
      return { t: "bytes", b64: neutral["b64"] };
    case "list":
    case "tuple":
      return { t, v: list(v).map(comparable) };
    case "set":
    case "frozenset":
      return { t: "set", v: sorted(list(v).map(comparable)) };
    case "dict": {
      const known = new Map(pairs(v).map(([key, item]) => [key.v, item.v]));
      const data = known.get("data");
      if (known.size === 2 && known.get("encoding") === "base64") return { t: "bytes", b64: data };
      const value = known.get("value");
      if (known.size === 2 && known.get("__class__") === "float") return { t: "float", v: value };
      return { t, v: sorted(pairs(v).map(([key, item]) => [comparable(key), comparable(item)])) };
    }
    case "exception":
      return {
        t,
        class: neutral["class"],
        args: comparable(neutral["args"] as Neutral),
        attributes: comparable(neutral["attributes"] as Neutral),
      };
    case "pyro-exception-wrapper":
      return { t, exception: comparable(neutral["exception"] as Neutral) };
    case "pyro-proxy":
      return { ...neutral, handshake: comparable(neutral["handshake"] as Neutral) };
    case "pyro-daemon":
      return { t: "opaque", class: "Pyro4.core.Daemon" };
    case "object":
      return { t: "opaque", class: neutral["class"] };
    default:
      return neutral;
  }
}

function neutralOf(value: unknown): Neutral {
  if (value === null) return { t: "none" };
  if (value === ELLIPSIS) return { t: "ellipsis" };
  switch (typeof value) {
    case "string":
      return { t: "str", v: value };
    case "boolean":
      return { t: "bool", v: value };
    case "bigint":
      return { t: "int", v: String(value) };
    case "number":
      // Readers that keep floats return a bare number for an int alone, or for a float out of a class dict.
      return Number.isSafeInteger(value) ? { t: "int", v: String(value) } : { t: "float", v: floatRepr(value) };
  }
  if (value instanceof PyFloat) return { t: "float", v: floatRepr(value.value) };
  if (value instanceof Complex) {
    return { t: "complex", re: neutralOf(new PyFloat(value.real)), im: neutralOf(new PyFloat(value.imag)) };
  }
  if (value instanceof Uint8Array) return { t: "bytes", b64: Buffer.from(value).toString("base64") };
  if (value instanceof Tuple) return { t: "tuple", v: Array.from(value, neutralOf) };
  if (Array.isArray(value)) return { t: "list", v: value.map(neutralOf) };
  if (value instanceof Set) return { t: "set", v: Array.from(value, neutralOf) };
  if (value instanceof Map) {
    return { t: "dict", v: Array.from(value, ([key, item]) => [neutralOf(key), neutralOf(item)]) };
  }
  if (value instanceof Uri) return { t: "pyro-uri", v: value.toString() };
  if (value instanceof ExceptionWrapper) return { t: "pyro-exception-wrapper", exception: neutralOf(value.exception) };
  if (value instanceof PyroError || value instanceof PyroRemoteError) {
    const dict = exceptionToDict(value);
    return {
      t: "exception",
      class: dict["__class__"],
      args: { t: "list", v: Array.from(dict["args"] as Tuple, neutralOf) },
      attributes: neutralOf(dict["attributes"]),
    };
  }
  if (value instanceof ProxyStandIn) {
    const { uri, hmacKey, handshake, serializer } = value.state;
    return {
      t: "pyro-proxy",
      uri: uri.toString(),
      hmac_b64: hmacKey === undefined ? null : Buffer.from(hmacKey).toString("base64"),
      handshake: neutralOf(handshake),
      serializer: serializer ?? null,
    };
  }
  if (!isPlainObject(value)) throw new Error(`A reader returned ${String(value)}`);
  const name = value["__class__"];
  if (typeof name === "string" && /^Pyro4\.(?:core\.Daemon|util\.)/.test(name)) return { t: "object", class: name };
  return { t: "dict", v: Object.entries(value).map(([key, item]) => [neutralOf(key), neutralOf(item)]) };
}

function floatOf(neutral: unknown): number {
  return Buffer.from(text((neutral as Neutral)["be64"]), "hex").readDoubleBE();
}

function exceptionFrom(neutral: Neutral): Error {
  const attributes = Object.fromEntries(
    pairs((neutral["attributes"] as Neutral).v).map(([key, item]) => [text(key.v), fromNeutral(item)]),
  );
  const args = list((neutral["args"] as Neutral).v).map(fromNeutral);
  const name = text(neutral["class"]);
  const error = dictToException(name, { __class__: name, __exception__: true, args, attributes });
  if (error === undefined) throw new NoCounterpart(name);
  return error;
}

function proxyFrom(neutral: Neutral): ProxyStandIn {
  return new ProxyStandIn({
    uri: Uri.parse(text(neutral["uri"])),
    oneway: [],
    methods: [],
    attrs: [],
    hmacKey: neutral["hmac_b64"] === null ? undefined : Buffer.from(text(neutral["hmac_b64"]), "base64"),
    handshake: fromNeutral(neutral["handshake"] as Neutral),
    serializer: neutral["serializer"] === null ? undefined : text(neutral["serializer"]),
  });
}
