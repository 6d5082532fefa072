/**
 * Reads CPython's marshal format, versions 0 to 4, but for code objects.
 *
 *     type byte: bit 0x80 puts the object into the table of references, the rest is the type
 *     r index    an object of that table again
 *
 * References let a few bytes stand for very much; what a value would come to without them is counted and limited.
 *
 * Spec: CPython 3.11 `Python/marshal.c` `r_object`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Buffer } from "node:buffer";
import type { ByteSource } from "../../../base/byte_source.ts";
import { copyOf } from "../../../base/bytes.ts";
import { Complex, intOf, PyFloat, Tuple } from "../../../base/pyvalue.ts";
import { BadPayloadError } from "../errors.ts";
import { dictOf, setOf } from "../keys.ts";
import { payloadSource } from "../payload_source.ts";
import { parseFloatText } from "../serpent/tokens.ts";
import { ELLIPSIS, MAX_DEPTH } from "../values.ts";
import { decodeWithSurrogates } from "./surrogates.ts";

export interface MarshalReadOptions {
  /** Floats read as `PyFloat`, so that `1.0` stays one. Default false. */
  readonly keepFloats?: boolean;
}

/** @throws {BadPayloadError} where Python raises ValueError, EOFError or TypeError */
export function readMarshal(bytes: Uint8Array, options: MarshalReadOptions = {}): unknown {
  return new MarshalReader(bytes, options.keepFloats ?? false).document();
}

const REF_FLAG = 0x80;
const DICT_END = 0x30;
/** What a message may come to with its references written out, unless it is longer itself. */
const MAX_EXPANDED_BYTES = 16 * 1024 * 1024;

/** A place in the table of references: open while its container is being read. */
interface Reference {
  value: unknown;
  isOpen: boolean;
  expandedBytes: number;
}

class MarshalReader {
  readonly #source: ByteSource;
  readonly #keepFloats: boolean;
  readonly #maxExpandedBytes: number;
  readonly #references: Reference[] = [];
  #referencedBytes = 0;
  #depth = 0;

  constructor(bytes: Uint8Array, keepFloats: boolean) {
    this.#source = payloadSource(bytes, "marshal");
    this.#keepFloats = keepFloats;
    this.#maxExpandedBytes = Math.max(MAX_EXPANDED_BYTES, 4 * bytes.length);
  }

  document(): unknown {
    if (this.#source.isAtEnd) throw this.#source.bad("EOF read where object expected", "EOFError");
    return this.#object();
  }

  #object(): unknown {
    const source = this.#source;
    const before = this.#expandedBytes;
    const byte = source.u8();
    const type = byte & ~REF_FLAG;
    if ((byte & REF_FLAG) === 0) return this.#ofType(type);
    const reference = { value: undefined as unknown, isOpen: true, expandedBytes: 0 };
    this.#references.push(reference);
    reference.value = this.#ofType(type);
    reference.expandedBytes = this.#expandedBytes - before;
    reference.isOpen = false;
    return reference.value;
  }

  get #expandedBytes(): number {
    return this.#source.at + this.#referencedBytes;
  }

  #ofType(type: number): unknown {
    const source = this.#source;
    switch (String.fromCharCode(type)) {
      case "N":
        return null;
      case "T":
        return true;
      case "F":
        return false;
      case ".":
        return ELLIPSIS;
      case "i":
        return source.i32le();
      case "I":
        return intOf(source.i64le());
      case "l":
        return this.#long();
      case "f":
        return this.#float(this.#floatText());
      case "g":
        return this.#float(source.f64le());
      case "x":
        return new Complex(this.#floatText(), this.#floatText());
      case "y":
        return new Complex(source.f64le(), source.f64le());
      case "s":
        return copyOf(source.view(source.i32le()));
      case "a":
      case "A":
        return source.view(source.i32le()).toString("latin1");
      case "z":
      case "Z":
        return source.view(source.u8()).toString("latin1");
      case "u":
      case "t":
        return this.#text();
      case ")":
        return this.#nested(() => Tuple.fromItems(this.#items(source.u8())));
      case "(":
        return this.#nested(() => Tuple.fromItems(this.#items(source.i32le())));
      case "[":
        return this.#nested(() => this.#items(source.i32le()));
      case "<":
      case ">":
        return this.#nested(() => setOf(this.#items(source.i32le())));
      case "{":
        return this.#nested(() => this.#dict());
      case "r":
        return this.#reference();
      case "0":
        throw source.bad("NULL object in marshal data for object", "TypeError");
      default:
        throw source.bad("bad marshal data (unknown type code)");
    }
  }

  #float(value: number): number | PyFloat {
    return this.#keepFloats ? new PyFloat(value) : value;
  }

  #floatText(): number {
    return parseFloatText(this.#source.view(this.#source.u8()).toString("latin1"));
  }

  #long(): number | bigint {
    const count = this.#source.i32le();
    const digits = Math.abs(count);
    const bytes = this.#source.view(2 * digits);
    const value = digitsToBigInt(bytes, 0, digits);
    if (value === undefined) throw this.#source.bad("bad marshal data (digit out of range in long)");
    return intOf(count < 0 ? -value : value);
  }

  #text(): string {
    const text = decodeWithSurrogates(this.#source.view(this.#source.i32le()));
    if (text === undefined) throw this.#source.bad("a text is not UTF-8");
    return text;
  }

  #items(count: number): unknown[] {
    const items: unknown[] = [];
    for (let left = this.#source.checkCount(count); left > 0; left--) items.push(this.#object());
    return items;
  }

  #dict(): object {
    const entries: [unknown, unknown][] = [];
    while (this.#source.peek() !== DICT_END) entries.push([this.#object(), this.#object()]);
    this.#source.u8();
    return dictOf(entries);
  }

  #nested<T>(read: () => T): T {
    if (++this.#depth > MAX_DEPTH) {
      throw new BadPayloadError(`Cannot read marshal: nested deeper than ${MAX_DEPTH} levels`, {
        pythonType: "ValueError",
        offset: this.#source.at,
      });
    }
    const value = read();
    this.#depth--;
    return value;
  }

  #reference(): unknown {
    const reference = this.#references[this.#source.i32le()];
    if (reference === undefined || reference.isOpen) throw this.#source.bad("bad marshal data (invalid reference)");
    this.#referencedBytes += reference.expandedBytes;
    if (this.#expandedBytes > this.#maxExpandedBytes) {
      throw this.#source.bad(`its references come to more than ${this.#maxExpandedBytes} bytes`);
    }
    return reference.value;
  }
}

const DIGIT_BITS = 15;
const MAX_DIGIT = 0x7fff;

/** Puts 15-bit digits together, half and half: adding them one by one would take quadratic time. */
function digitsToBigInt(bytes: Buffer, from: number, to: number): bigint | undefined {
  if (to - from > 1) {
    const middle = (from + to) >> 1;
    const low = digitsToBigInt(bytes, from, middle);
    const high = digitsToBigInt(bytes, middle, to);
    return low === undefined || high === undefined ? undefined : high << BigInt(DIGIT_BITS * (middle - from)) | low;
  }
  const digit = to > from ? bytes.readUInt16LE(2 * from) : 0;
  return digit > MAX_DIGIT ? undefined : BigInt(digit);
}
