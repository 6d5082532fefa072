/**
 * Values in msgpack, as `msgpack.packb(value, use_bin_type=True)` with Pyro's `default` writes them: each in its
 * shortest form, floats as float64. Tuples and sets become arrays.
 *
 * Spec: msgpack specification, "Formats"; Pyro4 4.82 `MsgpackSerializer`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { utf8 } from "../../../base/bytes.ts";
import { UsageError } from "../../../base/errors.ts";
import { Complex, isPlainObject, PyDate, PyDateTime, PyFloat } from "../../../base/pyvalue.ts";
import { ByteSink } from "../byte_sink.ts";
import type { ClassRegistry } from "../class_registry.ts";
import { SerializeError } from "../errors.ts";
import { isNumberArray, isPythonInt, MAX_DEPTH, numbersOf, textOf } from "../values.ts";
import { describeClass, WritePath } from "../write_path.ts";
import { BIG_INT, COMPLEX, DATE, DATETIME, encodeComplex, encodeDate, encodeDateTime } from "./extensions.ts";

/** How the sizes of a type are announced: short ones in the type byte itself, longer ones in 1, 2 or 4 bytes behind it. */
interface SizeForm {
  readonly fix: number;
  readonly fixMax: number;
  /** Type bytes for sizes of 1, 2 and 4 bytes; 0 where there is none. */
  readonly types: readonly [number, number, number];
}

const TEXT: SizeForm = { fix: 0xa0, fixMax: 31, types: [0xd9, 0xda, 0xdb] };
const BYTES: SizeForm = { fix: 0, fixMax: -1, types: [0xc4, 0xc5, 0xc6] };
const ARRAY: SizeForm = { fix: 0x90, fixMax: 15, types: [0, 0xdc, 0xdd] };
const MAP: SizeForm = { fix: 0x80, fixMax: 15, types: [0, 0xde, 0xdf] };
const EXTENSION: SizeForm = { fix: 0, fixMax: -1, types: [0xc7, 0xc8, 0xc9] };
/** Extensions of 1, 2, 4, 8 and 16 bytes have types of their own. */
const FIXED_EXTENSIONS: ReadonlyMap<number, number> = new Map([[1, 0xd4], [2, 0xd5], [4, 0xd6], [8, 0xd7], [16, 0xd8]]);

export class MsgpackWriter {
  readonly #sink = new ByteSink();
  readonly #classes: ClassRegistry;
  #path = new WritePath("value");

  constructor(classes: ClassRegistry) {
    this.#classes = classes;
  }

  finish(): Uint8Array {
    return this.#sink.finish();
  }

  /** Opens an array of `count` items, which the caller writes. */
  arrayOf(count: number): void {
    this.#size(ARRAY, count);
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
      case "bigint":
        return this.#bigint(value);
      case "boolean":
        return this.#sink.u8(value ? 0xc3 : 0xc2);
      case "undefined":
        return this.#sink.u8(0xc0);
      case "object":
        return value === null ? this.#sink.u8(0xc0) : this.#object(value);
      default:
        throw this.#refuse(value);
    }
  }

  #object(value: object): void {
    if (Array.isArray(value)) return this.#array(value, value);
    const dict = this.#classes.toDict(value);
    if (dict !== undefined) return this.#map(value, Object.entries(dict));
    if (isPlainObject(value)) return this.#map(value, Object.entries(value));
    if (value instanceof Map) return this.#map(value, [...value]);
    if (value instanceof Set) return this.#array(value, [...value]);
    if (value instanceof Uint8Array) {
      this.#size(BYTES, value.length);
      return this.#sink.raw(value);
    }
    if (value instanceof PyFloat) return this.#float(value.value);
    if (value instanceof Complex) return this.#extension(COMPLEX, encodeComplex(value));
    if (value instanceof PyDate) return this.#extension(DATE, encodeDate(value));
    if (value instanceof Date || (value instanceof PyDateTime && value.isAware)) {
      throw new SerializeError(
        `Cannot write ${this.#path} with msgpack: msgpack cannot serialize datetime with timezone info`,
      );
    }
    if (value instanceof PyDateTime) return this.#extension(DATETIME, encodeDateTime(value));
    if (isNumberArray(value)) return this.#array(value, numbersOf(value));
    const text = textOf(value);
    if (text === undefined) throw this.#refuse(value);
    this.#text(text);
  }

  #array(container: object, items: ArrayLike<unknown>): void {
    this.#enter(container);
    this.#size(ARRAY, items.length);
    for (let i = 0; i < items.length; i++) {
      this.#path.at(i);
      this.#value(items[i]);
    }
    this.#path.leave();
  }

  #map(container: object, entries: readonly (readonly [unknown, unknown])[]): void {
    this.#enter(container);
    this.#size(MAP, entries.length);
    for (const [key, value] of entries) {
      this.#path.at(key);
      this.#value(key);
      this.#value(value);
    }
    this.#path.leave();
  }

  #int(value: number): void {
    if (value >= 0 ? value < 0x80 : value >= -0x20) return this.#sink.u8(value & 0xff);
    const bits = value >= 0 ? unsignedBits(value) : signedBits(value);
    this.#sink.u8((value >= 0 ? 0xcc : 0xd0) + Math.log2(bits / 8));
    if (bits === 64) this.#sink.i64be(BigInt(value));
    else this.#sink.uintBe(value >= 0 ? value : 2 ** bits + value, bits / 8);
  }

  #bigint(value: bigint): void {
    if (value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)) {
      return this.#int(Number(value));
    }
    const isUnsigned = value === BigInt.asUintN(64, value);
    if (!isUnsigned && value !== BigInt.asIntN(64, value)) return this.#extension(BIG_INT, utf8(String(value)));
    this.#sink.u8(isUnsigned ? 0xcf : 0xd3);
    this.#sink.i64be(value);
  }

  #float(value: number): void {
    this.#sink.u8(0xcb);
    this.#sink.f64be(value);
  }

  #text(text: string): void {
    if (/[\ud800-\udfff]/u.test(text)) {
      throw new SerializeError(`Cannot write ${this.#path} with msgpack: UTF-8 cannot carry a lone surrogate`);
    }
    const bytes = utf8(text);
    this.#size(TEXT, bytes.length);
    this.#sink.raw(bytes);
  }

  #extension(type: number, data: Uint8Array): void {
    const fixed = FIXED_EXTENSIONS.get(data.length);
    if (fixed === undefined) this.#size(EXTENSION, data.length);
    else this.#sink.u8(fixed);
    this.#sink.u8(type);
    this.#sink.raw(data);
  }

  #size({ fix, fixMax, types }: SizeForm, size: number): void {
    if (size <= fixMax) return this.#sink.u8(fix | size);
    const [one, two, four] = types;
    if (one !== 0 && size <= 0xff) {
      this.#sink.u8(one);
      return this.#sink.uintBe(size, 1);
    }
    this.#sink.u8(size <= 0xffff ? two : four);
    this.#sink.uintBe(size, size <= 0xffff ? 2 : 4);
  }

  #enter(container: object): void {
    this.#path.enter(container);
    if (this.#path.depth <= MAX_DEPTH) return;
    throw new UsageError(`Cannot write ${this.#path} with msgpack: nested deeper than ${MAX_DEPTH} levels`);
  }

  #refuse(value: unknown): SerializeError {
    return new SerializeError(
      `Cannot write ${this.#path} with msgpack: don't know how to serialize ${describeClass(value)}`,
    );
  }
}

function unsignedBits(value: number): number {
  return value <= 0xff ? 8 : value <= 0xffff ? 16 : value <= 0xffff_ffff ? 32 : 64;
}

function signedBits(value: number): number {
  return value >= -0x80 ? 8 : value >= -0x8000 ? 16 : value >= -0x8000_0000 ? 32 : 64;
}
