/**
 * Values as serpent text: one Python literal, UTF-8, after a header line.
 *
 *     # serpent utf-8 python3.2
 *     {'name':'Ada','rows':[1,2.5,None],'raw':{'data': 'AAE=', 'encoding': 'base64'}}
 *
 * Byte for byte what Python's serpent writes the way Pyro4 calls it. What Python would write but nobody could read back
 * (bytes or NaN as a key, a complex number with -0.0 or NaN) is refused here.
 *
 * Spec: serpent 1.41 `Serializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { viewOf } from "../../../base/bytes.ts";
import { UsageError } from "../../../base/errors.ts";
import {
  Complex,
  floatRepr,
  isPlainObject,
  isPythonInt,
  PyFloat,
  PyTime,
  TimeDelta,
  Tuple,
} from "../../../base/pyvalue.ts";
import { describeClass, WritePath } from "../../../base/write_path.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { isNumberArray, MAX_DEPTH, numbersOf, textOf } from "../values.ts";
import { Utf8Sink } from "../utf8_sink.ts";
import { SERPENT_HEADER } from "./header.ts";
import { writeLongText } from "./long_text.ts";
import { stringRepr } from "./string_repr.ts";

/** Writes a document of one value. @throws {UsageError} that names the path of what serpent cannot carry */
export function writeSerpent(value: unknown, classes: ClassRegistry): Uint8Array {
  const sink = new Utf8Sink();
  sink.write(SERPENT_HEADER);
  new SerpentWriter(sink, classes, "value", 0).write(value);
  return sink.finish();
}

/** Writes a document of a call: object id, method, arguments, keyword arguments. */
export function writeSerpentCall(
  objectId: string,
  method: string,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>> | null,
  classes: ClassRegistry,
): Uint8Array {
  const sink = new Utf8Sink();
  sink.write(`${SERPENT_HEADER}(${stringRepr(objectId)},${stringRepr(method)},`);
  new SerpentWriter(sink, classes, "args", 1).write(args);
  sink.write(",");
  new SerpentWriter(sink, classes, "kwargs", 1).write(kwargs);
  sink.write(")");
  return sink.finish();
}

/** Texts from here on are written in blocks instead of being joined with their quotes. */
const LONG_TEXT_CHARS = 8192;

/** Bytes are encoded by the block, so that no text of their whole size is made; a multiple of 3 needs no padding inside. */
const BASE64_BLOCK_BYTES = 24 * 1024;

class SerpentWriter {
  readonly #sink: Utf8Sink;
  readonly #classes: ClassRegistry;
  readonly #path: WritePath;
  readonly #maxDepth: number;

  /** @param outerDepth brackets that are open around the value already */
  constructor(sink: Utf8Sink, classes: ClassRegistry, root: string, outerDepth: number) {
    this.#sink = sink;
    this.#classes = classes;
    this.#path = new WritePath(root);
    this.#maxDepth = MAX_DEPTH - outerDepth;
  }

  write(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#string(value);
      case "number":
        return this.#sink.write(isPythonInt(value) ? String(value) : this.#float(value));
      case "boolean":
        return this.#sink.write(value ? "True" : "False");
      case "bigint":
        return this.#sink.write(String(value));
      case "undefined":
        return this.#sink.write("None");
      case "object":
        return value === null ? this.#sink.write("None") : this.#object(value);
      default:
        throw this.#refuse(value);
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) return value instanceof Tuple ? this.#tuple(value) : this.#list(value, value);
    const dict = this.#classes.toDict(value);
    if (dict !== undefined) return this.#dict(value, dict);
    if (isPlainObject(value)) return this.#dict(value, value);
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof PyFloat) return this.#sink.write(this.#float(value.value));
    if (value instanceof Complex) return this.#complex(value);
    if (value instanceof PyTime) return this.#string(value.toString());
    if (value instanceof TimeDelta) return this.#sink.write(this.#float(value.totalSeconds()));
    if (isNumberArray(value)) return this.#list(value, numbersOf(value));
    if (value instanceof ArrayBuffer) return this.#bytes(new Uint8Array(value));
    const text = textOf(value);
    if (text === undefined) throw this.#refuse(value);
    this.#string(text);
  }

  #string(text: string): void {
    if (text.length < LONG_TEXT_CHARS) this.#sink.write(stringRepr(text));
    else writeLongText(this.#sink, text);
  }

  /** A nan has no literal, an infinity is one that overflows. */
  #float(value: number): string {
    if (Number.isFinite(value)) return floatRepr(value);
    if (!Number.isNaN(value)) return value > 0 ? "1e30000" : "-1e30000";
    this.#checkBracket();
    return "{'__class__':'float','value':'nan'}";
  }

  #complex(value: Complex): void {
    const { real, imag } = value;
    if (Number.isNaN(real) || Number.isNaN(imag) || Object.is(imag, -0)) {
      throw new UsageError(`Cannot write ${this.#path} with serpent: ${value} has no literal that reads back`);
    }
    this.#checkBracket();
    this.#sink.write(`(${this.#float(real)}${imag >= 0 ? "+" : ""}${this.#float(imag)}j)`);
  }

  /** The spaces are serpent's: this one dict is written by `repr`. */
  #bytes(value: Uint8Array): void {
    this.#checkBracket();
    this.#sink.write("{'data': '");
    const bytes = viewOf(value);
    if (bytes.length > BASE64_BLOCK_BYTES) this.#sink.reserve(Math.ceil(bytes.length / 3) * 4);
    for (let at = 0; at < bytes.length; at += BASE64_BLOCK_BYTES) {
      this.#sink.writeAscii(bytes.toString("base64", at, at + BASE64_BLOCK_BYTES));
    }
    this.#sink.write("', 'encoding': 'base64'}");
  }

  #list(container: object, items: ArrayLike<unknown>): void {
    this.#sink.write("[");
    this.#items(container, items);
    this.#sink.write("]");
  }

  #tuple(value: Tuple): void {
    this.#sink.write("(");
    this.#items(value, value);
    this.#sink.write(value.length === 1 ? ",)" : ")");
  }

  #items(container: object, items: ArrayLike<unknown>): void {
    this.#enter(container);
    for (let i = 0; i < items.length; i++) {
      if (i > 0) this.#sink.write(",");
      this.#path.at(i);
      this.write(items[i]);
    }
    this.#path.leave();
  }

  #dict(container: object, dict: Readonly<Record<string, unknown>>): void {
    this.#enter(container);
    let separator = "{";
    for (const key of Object.keys(dict)) {
      this.#path.at(key);
      this.#sink.write(`${separator}${stringRepr(key)}:`);
      this.write(dict[key]);
      separator = ",";
    }
    this.#sink.write(separator === "{" ? "{}" : "}");
    this.#path.leave();
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.#enter(map);
    let separator = "{";
    for (const [key, value] of map) {
      this.#path.at(key);
      this.#sink.write(separator);
      this.#key(key);
      this.#sink.write(":");
      this.write(value);
      separator = ",";
    }
    this.#sink.write(separator === "{" ? "{}" : "}");
    this.#path.leave();
  }

  /** Python has no literal for the empty set; serpent writes an empty tuple. */
  #set(set: ReadonlySet<unknown>): void {
    if (set.size === 0) return this.#sink.write("()");
    this.#enter(set);
    let separator = "{";
    for (const item of set) {
      this.#path.at(item);
      this.#sink.write(separator);
      this.#key(item);
      separator = ",";
    }
    this.#sink.write("}");
    this.#path.leave();
  }

  /** Writes a dict's key or a set's member. */
  #key(key: unknown): void {
    const culprit = unhashablePart(key, false);
    if (culprit === undefined) return this.write(key);
    throw new UsageError(
      `Cannot write ${this.#path} with serpent: one of the keys in a dict or set is not of a primitive hashable type: ${culprit}. Use simple types as keys or use a list or tuple as container.`,
    );
  }

  #enter(container: object): void {
    this.#checkBracket();
    this.#path.enter(container);
  }

  /** Makes sure that one more bracket may open. */
  #checkBracket(): void {
    if (this.#path.depth < this.#maxDepth) return;
    throw new UsageError(
      this.#path.isCircular
        ? `Cannot write a value that contains itself with serpent: Circular reference detected (${this.#path.innermost})`
        : `Cannot write ${this.#path} with serpent: Object graph nesting too deep, the limit is ${this.#maxDepth} levels`,
    );
  }

  #refuse(value: unknown): UsageError {
    return new UsageError(
      `Cannot write ${this.#path} with serpent: don't know how to serialize ${
        describeClass(value)
      }. Register a converter for it`,
    );
  }
}

/** What keeps a value from being a key that reads back; undefined if nothing does. None is no key, but may be part of one. */
function unhashablePart(key: unknown, isPart: boolean): string | undefined {
  if (key === null || key === undefined) return isPart ? undefined : "None";
  if (typeof key === "function" || typeof key === "symbol") return describeClass(key);
  const value = key instanceof PyFloat ? key.value : key;
  if (Number.isNaN(value)) return "nan";
  if (typeof value !== "object" || value instanceof Complex || textOf(value) !== undefined) return undefined;
  if (!(value instanceof Tuple)) return describeClass(value);
  for (const item of value) {
    const culprit = unhashablePart(item, true);
    if (culprit !== undefined) return culprit;
  }
  return undefined;
}
