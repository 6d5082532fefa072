/**
 * Values in CPython's marshal format, version 4, little end first.
 *
 *     N None   T F bool   i int32   l int: count (sign is the number's) of 15-bit digits   g float   y complex
 *     z a u text: short ASCII, ASCII, UTF-8   s bytes   ( ) tuple   [ list   { dict: pairs, then 0   < set
 *
 * No object is written as a reference to an earlier one; CPython reads that as well. Class dicts may stand anywhere,
 * where Python's own writer has them at the top of an argument only.
 *
 * Spec: CPython 3.11 `Python/marshal.c`; Pyro4 4.82 `MarshalSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ByteSink } from "../../../base/byte_sink.ts";
import { UsageError } from "../../../base/errors.ts";
import { Complex, isPlainObject, isPythonInt, PyFloat, Tuple, Uuid } from "../../../base/pyvalue.ts";
import { describeClass, WritePath } from "../../../base/write_path.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { SerializeError } from "../errors.ts";
import { ELLIPSIS, isNumberArray, MAX_DEPTH, numbersOf } from "../values.ts";
import { encodeWithSurrogates } from "./surrogates.ts";

const DIGIT_BITS = 15n;
const DIGIT_MASK = 0x7fffn;
const MAX_SHORT = 0xff;

const code = (letter: string) => letter.charCodeAt(0);
const NONE = code("N");
const TRUE = code("T");
const FALSE = code("F");
const ELLIPSIS_CODE = code(".");
const INT = code("i");
const LONG = code("l");
const FLOAT = code("g");
const COMPLEX = code("y");
const SHORT_ASCII = code("z");
const ASCII = code("a");
const UNICODE = code("u");
const BYTES = code("s");
const SMALL_TUPLE = code(")");
const TUPLE = code("(");
const LIST = code("[");
const DICT = code("{");
const DICT_END = code("0");
const SET = code("<");

export class MarshalWriter {
  readonly #sink = new ByteSink();
  readonly #classes: ClassRegistry;
  #path = new WritePath("value");

  constructor(classes: ClassRegistry) {
    this.#classes = classes;
  }

  /** Everything written so far. */
  finish(): Uint8Array {
    return this.#sink.finish();
  }

  /** Opens a tuple of `count` items, which the caller writes. */
  tupleOf(count: number): void {
    if (count <= MAX_SHORT) {
      this.#sink.u8(SMALL_TUPLE);
      this.#sink.u8(count);
    } else {
      this.#sink.u8(TUPLE);
      this.#sink.i32le(count);
    }
  }

  /** @param root what the value is called in errors */
  write(value: unknown, root: string): void {
    this.#path = new WritePath(root);
    this.#value(value);
  }

  #value(value: unknown): void {
    switch (typeof value) {
      case "string":
        return this.#text(value);
      case "number":
        return isPythonInt(value) ? this.#int(value) : this.#float(value);
      case "boolean":
        return this.#sink.u8(value ? TRUE : FALSE);
      case "bigint":
        return value === BigInt.asIntN(32, value) ? this.#int(Number(value)) : this.#long(value);
      case "undefined":
        return this.#sink.u8(NONE);
      case "symbol":
        if (value === ELLIPSIS) return this.#sink.u8(ELLIPSIS_CODE);
        throw this.#refuse(value);
      case "object":
        return value === null ? this.#sink.u8(NONE) : this.#object(value);
      default:
        throw this.#refuse(value);
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) {
      if (value instanceof Tuple) this.tupleOf(value.length);
      else this.#header(LIST, value.length);
      return this.#items(value, value);
    }
    const dict = this.#classes.toDict(value);
    if (dict !== undefined) return this.#dict(value, Object.entries(dict));
    if (isPlainObject(value)) return this.#dict(value, Object.entries(value));
    if (value instanceof Map) return this.#dict(value, value);
    if (value instanceof Uint8Array) return this.#bytes(value);
    if (value instanceof PyFloat) return this.#float(value.value);
    if (value instanceof Uuid) return this.#text(value.text);
    if (value instanceof Complex) {
      this.#sink.u8(COMPLEX);
      this.#sink.f64le(value.real);
      return this.#sink.f64le(value.imag);
    }
    if (value instanceof Set) {
      this.#header(SET, value.size);
      return this.#items(value, [...value]);
    }
    if (!isNumberArray(value)) throw this.#refuse(value);
    this.#header(LIST, value.length);
    this.#items(value, numbersOf(value));
  }

  #items(container: object, items: ArrayLike<unknown>): void {
    this.#enter(container);
    for (let i = 0; i < items.length; i++) {
      this.#path.at(i);
      this.#value(items[i]);
    }
    this.#path.leave();
  }

  #dict(container: object, entries: Iterable<readonly [unknown, unknown]>): void {
    this.#enter(container);
    this.#sink.u8(DICT);
    for (const [key, value] of entries) {
      this.#path.at(key);
      this.#value(key);
      this.#value(value);
    }
    this.#sink.u8(DICT_END);
    this.#path.leave();
  }

  #int(value: number): void {
    if (value !== (value | 0)) return this.#long(BigInt(value));
    this.#sink.u8(INT);
    this.#sink.i32le(value);
  }

  #long(value: bigint): void {
    const digits: number[] = [];
    for (let rest = value < 0n ? -value : value; rest > 0n; rest >>= DIGIT_BITS) digits.push(Number(rest & DIGIT_MASK));
    this.#header(LONG, value < 0n ? -digits.length : digits.length);
    for (const digit of digits) this.#sink.u16le(digit);
  }

  #float(value: number): void {
    this.#sink.u8(FLOAT);
    this.#sink.f64le(value);
  }

  #text(text: string): void {
    const bytes = encodeWithSurrogates(text);
    const isAscii = bytes.length === text.length;
    if (isAscii && bytes.length <= MAX_SHORT) {
      this.#sink.u8(SHORT_ASCII);
      this.#sink.u8(bytes.length);
    } else this.#header(isAscii ? ASCII : UNICODE, bytes.length);
    this.#sink.raw(bytes);
  }

  #bytes(bytes: Uint8Array): void {
    this.#header(BYTES, bytes.length);
    this.#sink.raw(bytes);
  }

  #header(type: number, count: number): void {
    this.#sink.u8(type);
    this.#sink.i32le(count);
  }

  #enter(container: object): void {
    this.#path.enter(container);
    if (this.#path.depth <= MAX_DEPTH) return;
    throw new UsageError(`Cannot write ${this.#path} with marshal: object too deeply nested to marshal`);
  }

  #refuse(value: unknown): SerializeError {
    return new SerializeError(
      `Cannot write ${this.#path} with marshal: don't know how to serialize ${describeClass(value)}`,
    );
  }
}
