/**
 * Equality of dict keys and set members as Python has it: `1`, `1.0` and `True` are one key, tuples compare by content.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { Complex, emptyDict, PyFloat, Tuple } from "../../base/pyvalue.ts";
import { BadPayloadError } from "./errors.ts";

/** Returns a text that is equal for equal keys. @throws {BadPayloadError} for what cannot be hashed */
export function keyIdentity(key: unknown): string {
  switch (typeof key) {
    case "string":
      return `s${key}`;
    case "number":
      return `n${key + 0}`; // -0 is 0
    case "boolean":
      return key ? "n1" : "n0";
    case "bigint":
      return BigInt(Number(key)) === key ? `n${Number(key)}` : `n${key}`;
    case "symbol":
      return "...";
    case "object":
      if (key === null) return "None";
      if (key instanceof PyFloat) return `n${key.value + 0}`;
      if (key instanceof Complex) return key.imag === 0 ? `n${key.real + 0}` : `c${key.real + 0} ${key.imag}`;
      if (key instanceof Uint8Array) return `b${Buffer.from(key).toString("latin1")}`;
      if (key instanceof Tuple) return `(${Array.from(key, (item) => quoted(keyIdentity(item))).join(",")})`;
  }
  throw unhashable(Array.isArray(key) ? "list" : key instanceof Set ? "set" : "dict");
}

/** Length first, so that no text inside can pass for structure. */
function quoted(text: string): string {
  return `${text.length}:${text}`;
}

export function unhashable(type: string): BadPayloadError {
  return new BadPayloadError(`Cannot read a dict or set: unhashable type: '${type}'`, { pythonType: "TypeError" });
}

/** Builds a dict: an object where all keys are texts, else a `Map`. Of equal keys the first stays, with the last value. */
export function dictOf(entries: readonly (readonly [key: unknown, value: unknown])[]): object {
  if (entries.every(([key]) => typeof key === "string")) {
    const dict = emptyDict();
    for (const [key, value] of entries) dict[key as string] = value;
    return dict;
  }
  const known = new Map<string, unknown>();
  const map = new Map<unknown, unknown>();
  for (const [key, value] of entries) {
    const identity = keyIdentity(key);
    if (!known.has(identity)) known.set(identity, key);
    map.set(known.get(identity), value);
  }
  return map;
}

/** Builds a set; of equal members the first stays. */
export function setOf(members: Iterable<unknown>): Set<unknown> {
  const known = new Map<string, unknown>();
  for (const member of members) {
    const identity = keyIdentity(member);
    if (!known.has(identity)) known.set(identity, member);
  }
  return new Set(known.values());
}
