/**
 * Values as nodes of YAML, as `yaml.safe_dump` represents them: dicts by their keys in order, what stands twice behind an anchor.
 *
 * Spec: PyYAML 6.0 yaml/representer.py `SafeRepresenter`, yaml/serializer.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import {
  Decimal,
  floatRepr,
  isPlainObject,
  isPythonInt,
  PyDate,
  PyDateTime,
  PyFloat,
  PyTime,
  Uuid,
} from "../../../base/pyvalue.ts";
import { describeClass, WritePath } from "../../../base/write_path.ts";
import { EncodeError } from "../errors.ts";

export type WrittenNode = WrittenScalar | WrittenSequence | WrittenMapping;

interface Anchored {
  /** `id001`, once it is known that the node stands twice. */
  anchor?: string;
}

export interface WrittenScalar extends Anchored {
  readonly kind: "scalar";
  readonly tag: "null" | "bool" | "int" | "float" | "str" | "binary" | "timestamp";
  readonly text: string;
}

export interface WrittenSequence extends Anchored {
  readonly kind: "sequence";
  readonly items: WrittenNode[];
}

export interface WrittenMapping extends Anchored {
  readonly kind: "mapping";
  readonly tag: "map" | "set";
  readonly entries: [key: WrittenNode, value: WrittenNode][];
}

/** Python's own writer gives up at its recursion limit, a little beyond it. */
const MAX_WRITE_DEPTH = 300;

const NULL: WrittenScalar = { kind: "scalar", tag: "null", text: "null" };

/** Represents values one after the other; those that stand twice, in whichever of them, are one node. */
export class Representer {
  readonly #known = new Map<object, WrittenNode>();
  /** Collections whose items are being represented. */
  readonly #open = new Set<object>();
  #lastAnchor = 0;
  #path = new WritePath("value");

  /** @param root what the value is called in errors @throws {EncodeError} */
  represent(value: unknown, root: string): WrittenNode {
    this.#path = new WritePath(root);
    return this.#node(value);
  }

  #node(value: unknown): WrittenNode {
    switch (typeof value) {
      case "undefined":
        return NULL;
      case "string":
        if (/\p{Surrogate}/u.test(value)) throw this.#refuse("the text holds half of a surrogate pair");
        return scalar("str", value);
      case "number":
        return isPythonInt(value) ? scalar("int", String(value)) : float(value);
      case "bigint":
        return scalar("int", String(value));
      case "boolean":
        return scalar("bool", String(value));
      case "object":
        return value === null ? NULL : this.#object(value);
      default:
        throw this.#refuse(`it is a ${describeClass(value)}`);
    }
  }

  #object(value: object): WrittenNode {
    if (value instanceof PyFloat) return float(value.value);
    if (value instanceof Uint8Array) return scalar("binary", base64Lines(value));
    const known = this.#known.get(value);
    if (known !== undefined) {
      if (this.#open.has(value)) throw this.#refuse("it contains itself");
      known.anchor ??= `id${String(++this.#lastAnchor).padStart(3, "0")}`;
      return known;
    }
    if (value instanceof Date) return this.#date(value);
    if (value instanceof PyDate || value instanceof PyDateTime) return this.#remember(value, timestamp(value));
    return this.#collection(value);
  }

  #date(value: Date): WrittenNode {
    if (Number.isNaN(value.getTime())) throw this.#refuse("it is an invalid Date");
    return this.#remember(value, timestamp(PyDateTime.fromDate(value)));
  }

  #collection(value: object): WrittenNode {
    if (Array.isArray(value)) return this.#sequence(value);
    if (isPlainObject(value)) return this.#mapping("map", value, Object.entries(value));
    if (value instanceof Map) return this.#mapping("map", value, [...value]);
    if (value instanceof Set) return this.#mapping("set", value, [...value].map((member) => [member, null]));
    const isTyped = value instanceof PyTime || value instanceof Decimal || value instanceof Uuid;
    if (!isTyped && "toJSON" in value && typeof value.toJSON === "function") return this.#node(value.toJSON());
    throw this.#refuse(
      `it is a ${describeClass(value)}${isTyped ? ", for which YAML has no type; its text can be sent" : ""}`,
    );
  }

  #sequence(items: readonly unknown[]): WrittenNode {
    const node: WrittenSequence = { kind: "sequence", items: [] };
    this.#enter(items, node, items.length);
    items.forEach((item, at) => {
      this.#path.at(at);
      node.items.push(this.#node(item));
    });
    this.#leave(items);
    return node;
  }

  #mapping(tag: "map" | "set", value: object, entries: [unknown, unknown][]): WrittenNode {
    const node: WrittenMapping = { kind: "mapping", tag, entries: [] };
    this.#enter(value, node, entries.length);
    for (const [key, item] of sorted(entries)) {
      this.#path.at(key);
      node.entries.push([this.#node(key), this.#node(item)]);
    }
    this.#leave(value);
    return node;
  }

  /** What is empty is written out as often as it stands there. */
  #enter(value: object, node: WrittenNode, size: number): void {
    if (size > 0) this.#remember(value, node);
    this.#open.add(value);
    this.#path.enter(value);
    if (this.#path.depth > MAX_WRITE_DEPTH) throw this.#refuse(`it is nested deeper than ${MAX_WRITE_DEPTH} levels`);
  }

  #leave(value: object): void {
    this.#open.delete(value);
    this.#path.leave();
  }

  #remember(value: object, node: WrittenNode): WrittenNode {
    this.#known.set(value, node);
    return node;
  }

  #refuse(why: string): EncodeError {
    return new EncodeError(`Cannot write ${this.#path} as YAML: ${why}`);
  }
}

function scalar(tag: WrittenScalar["tag"], text: string): WrittenScalar {
  return { kind: "scalar", tag, text };
}

function float(value: number): WrittenScalar {
  const text = floatRepr(value);
  if (!Number.isFinite(value)) return scalar("float", text.replace(/(?=inf|nan)/, "."));
  return scalar("float", text.includes(".") ? text : text.replace("e", ".0e"));
}

function timestamp(value: PyDate | PyDateTime): WrittenScalar {
  return scalar("timestamp", value.toString().replace("T", " "));
}

/** Lines of 76 characters, as Python's `base64.encodebytes` writes them. */
function base64Lines(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll(/.{1,76}/g, "$&\n");
}

/** By their keys, as far as Python can compare them. */
function sorted(entries: [unknown, unknown][]): [unknown, unknown][] {
  const compare = entries.every(([key]) => typeof key === "string")
    ? byCodePoint
    : entries.every(([key]) => typeof key === "number" || typeof key === "bigint" || typeof key === "boolean")
    ? byNumber
    : undefined;
  return compare === undefined ? entries : entries.sort(([one], [other]) => compare(one as never, other as never));
}

function byCodePoint(one: string, other: string): number {
  let at = 0;
  while (at < one.length && one.charCodeAt(at) === other.charCodeAt(at)) at++;
  if (at > 0 && /[\udc00-\udfff]/.test(one.charAt(at))) at--;
  return (one.codePointAt(at) ?? -1) - (other.codePointAt(at) ?? -1);
}

function byNumber(one: number, other: number): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
