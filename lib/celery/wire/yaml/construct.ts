/**
 * Nodes of YAML as values, as `yaml.safe_load` makes them: of the types of YAML 1.1, and of no others.
 *
 *     map  an object; a Map where a key is no text      set  Set       omap, pairs  lists of tuples
 *     timestamp  PyDate, PyDateTime                     binary  Uint8Array
 *
 * Spec: YAML 1.1 types · PyYAML 6.0 yaml/constructor.py `SafeConstructor`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { PyDate, PyDateTime, PyFloat, Tuple } from "../../../base/pyvalue.ts";
import { DecodeError } from "../errors.ts";
import type { MappingNode, YamlEntry, YamlNode } from "./parser.ts";
import { scalarOf } from "./scalar_values.ts";

/** @param keepFloats floats that could be ints read as `PyFloat` */
export function constructYaml(node: YamlNode, keepFloats: boolean): unknown {
  return new Constructor(keepFloats).value(node);
}

class Constructor {
  readonly #keepFloats: boolean;
  /** An alias is the same value, as in Python. */
  readonly #known = new Map<YamlNode, unknown>();

  constructor(keepFloats: boolean) {
    this.#keepFloats = keepFloats;
  }

  value(node: YamlNode): unknown {
    if (this.#known.has(node)) return this.#known.get(node);
    const value = node.kind === "scalar" ? scalarOf(node.tag, node.text, this.#keepFloats) : this.#collection(node);
    if (typeof value === "object" && value !== null) this.#known.set(node, value);
    return value;
  }

  #collection(node: Exclude<YamlNode, { kind: "scalar" }>): unknown {
    if (node.kind === "sequence") {
      if (node.tag === "seq") return node.items.map((item) => this.value(item));
      if (node.tag === "omap" || node.tag === "pairs") return node.items.map((item) => this.#pair(item, node.tag));
    } else if (node.tag === "map") return this.#dict(node);
    else if (node.tag === "set") return new Set(this.#entries(node).keys());
    throw new DecodeError(
      `Cannot read YAML: could not determine a constructor for the tag ${node.tag} of a ${node.kind}`,
    );
  }

  #pair(node: YamlNode, tag: string): Tuple {
    const [entry, ...more] = node.kind === "mapping" ? node.entries : [];
    if (entry === undefined || more.length > 0) {
      throw new DecodeError(`Cannot read YAML: expected a mapping of length 1 in !!${tag}`);
    }
    return Tuple.of(this.value(entry[0]), this.value(entry[1]));
  }

  #dict(node: MappingNode): unknown {
    const entries = this.#entries(node);
    const dict: Record<string, unknown> = {};
    for (const [key, value] of entries) {
      if (typeof key !== "string") return entries;
      if (key === "__proto__") Object.defineProperty(dict, key, { value, ...OWN });
      else dict[key] = value;
    }
    return dict;
  }

  /** Of equal keys, as Python compares them, the first stays, with the last value. */
  #entries(node: MappingNode): Map<unknown, unknown> {
    const known = new Map<string, unknown>();
    const entries = new Map<unknown, unknown>();
    for (const [keyNode, valueNode] of flattened(node)) {
      const key = keyNode.tag === "value" && keyNode.kind === "scalar" ? keyNode.text : this.value(keyNode);
      const identity = identityOf(key);
      if (!known.has(identity)) known.set(identity, key);
      entries.set(known.get(identity), this.value(valueNode));
    }
    return entries;
  }
}

const OWN = { enumerable: true, configurable: true, writable: true };

/** The entries with those that `<<` merges before them. */
function flattened(node: MappingNode): readonly YamlEntry[] {
  if (!node.entries.some(([key]) => key.tag === "merge")) return node.entries;
  const merged = node.entries.filter(([key]) => key.tag === "merge").flatMap(([, value]) => mergedBy(value));
  return [...merged, ...node.entries.filter(([key]) => key.tag !== "merge")];
}

function mergedBy(node: YamlNode): readonly YamlEntry[] {
  if (node.kind === "mapping") return flattened(node);
  if (node.kind === "sequence") {
    return node.items.toReversed().flatMap((item) => item.kind === "mapping" ? flattened(item) : noMerge(item));
  }
  return noMerge(node);
}

function noMerge(node: YamlNode): never {
  throw new DecodeError(
    `Cannot read YAML: expected a mapping or list of mappings for merging, but found a ${node.kind}`,
  );
}

/** Equal for keys that are equal in Python: `1`, `1.0` and `true` are. @throws {DecodeError} for what cannot be hashed */
function identityOf(key: unknown): string {
  if (typeof key === "string") return `s${key}`;
  if (typeof key === "number" || typeof key === "boolean") return `n${Number(key) + 0}`;
  if (typeof key === "bigint") return `n${BigInt(Number(key)) === key ? Number(key) : key}`;
  if (key instanceof PyFloat) return `n${key.value + 0}`;
  if (key === null || key instanceof PyDate || key instanceof PyDateTime) return `d${key}`;
  if (key instanceof Uint8Array) return `b${key.join()}`;
  throw new DecodeError("Cannot read YAML: found an unhashable key");
}
