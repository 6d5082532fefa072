/**
 * Values in msgpack, as Python's `msgpack.packb(value, use_bin_type=True)` writes them: each in its shortest form, floats as
 * float64. What is written for the objects that msgpack does not know is the caller's to say.
 *
 * Spec: msgpack specification, "Formats". Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ByteSink } from "../byte_sink.ts";
import { utf8 } from "../bytes.ts";
import { isPlainObject, isPythonInt, PyFloat } from "../pyvalue.ts";
import { WritePath } from "../write_path.ts";
import { MsgpackExtension } from "./extension.ts";

export interface MsgpackWriting {
  /** Containers inside containers. */
  readonly maxDepth: number;
  /** Whether a dict may have such a key. */
  readonly isKey: (key: unknown) => boolean;
  /** What is written for an object that is no array: itself, or another value. Asked once: a stand-in has none. */
  readonly standIn: (value: object) => unknown;
  /** What is written for an int beyond 64 bits, if anything. */
  readonly bigInt: (value: bigint) => MsgpackExtension | undefined;
  readonly refuse: (path: WritePath, problem: MsgpackProblem) => Error;
}

/** Why a value cannot be written; `value` where nothing is known to be written for it, `key` where it is one and may not. */
export type MsgpackProblem =
  | { readonly kind: "value" | "key"; readonly value: unknown }
  | { readonly kind: "surrogate" | "depth" };

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
  readonly #writing: MsgpackWriting;
  #path = new WritePath("value");

  constructor(writing: MsgpackWriting) {
    this.#writing = writing;
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
    if (typeof value !== "object" || value === null) this.#scalar(value);
    else if (Array.isArray(value)) this.#array(value);
    else this.#object(value, this.#writing.standIn(value));
  }

  #scalar(value: unknown): void {
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
      case "object":
        return this.#sink.u8(0xc0);
      default:
        throw this.#writing.refuse(this.#path, { kind: "value", value });
    }
  }

  #object(value: object, written: unknown): void {
    if (typeof written !== "object" || written === null) return this.#scalar(written);
    if (Array.isArray(written)) return this.#array(written);
    if (isPlainObject(written)) return this.#map(written, Object.entries(written));
    if (written instanceof Map) return this.#map(written, [...written]);
    if (written instanceof Uint8Array) {
      this.#size(BYTES, written.length);
      return this.#sink.raw(written);
    }
    if (written instanceof PyFloat) return this.#float(written.value);
    if (written instanceof MsgpackExtension) return this.#extension(written);
    throw this.#writing.refuse(this.#path, { kind: "value", value });
  }

  #array(items: readonly unknown[]): void {
    this.#enter(items);
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
      if (!this.#writing.isKey(key)) throw this.#writing.refuse(this.#path, { kind: "key", value: key });
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
    if (!isUnsigned && value !== BigInt.asIntN(64, value)) {
      const extension = this.#writing.bigInt(value);
      if (extension === undefined) throw this.#writing.refuse(this.#path, { kind: "value", value });
      return this.#extension(extension);
    }
    this.#sink.u8(isUnsigned ? 0xcf : 0xd3);
    this.#sink.i64be(value);
  }

  #float(value: number): void {
    this.#sink.u8(0xcb);
    this.#sink.f64be(value);
  }

  #text(text: string): void {
    if (/[\ud800-\udfff]/u.test(text)) throw this.#writing.refuse(this.#path, { kind: "surrogate" });
    const bytes = utf8(text);
    this.#size(TEXT, bytes.length);
    this.#sink.raw(bytes);
  }

  #extension({ type, data }: MsgpackExtension): void {
    const fixed = FIXED_EXTENSIONS.get(data.length);
    if (fixed === undefined) this.#size(EXTENSION, data.length);
    else this.#sink.u8(fixed);
    this.#sink.u8(type & 0xff);
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
    if (this.#path.depth > this.#writing.maxDepth) throw this.#writing.refuse(this.#path, { kind: "depth" });
  }
}

function unsignedBits(value: number): number {
  return value <= 0xff ? 8 : value <= 0xffff ? 16 : value <= 0xffff_ffff ? 32 : 64;
}

function signedBits(value: number): number {
  return value >= -0x80 ? 8 : value >= -0x8000 ? 16 : value >= -0x8000_0000 ? 32 : 64;
}
