/**
 * Reads msgpack; what dicts, floats and extensions become is the caller's to say.
 *
 * Spec: msgpack specification, "Formats". Pure: no sockets, no clocks, no promises.
 * @module
 */
import { type Buffer, isUtf8 } from "node:buffer";
import { copyOf } from "../bytes.ts";
import type { ByteSource } from "../byte_source.ts";
import { intOf } from "../pyvalue.ts";

export interface MsgpackReading {
  /** Containers inside containers. */
  readonly maxDepth: number;
  readonly float: (value: number) => unknown;
  /** Of equal keys the last one counts. */
  readonly dict: (entries: readonly (readonly [key: unknown, value: unknown])[]) => unknown;
  /** @param type -128 to 127 @param data a view into the source */
  readonly extension: (type: number, data: Buffer) => unknown;
}

/** @throws what the source's refusal makes, unless its bytes are one msgpack value */
export function readMsgpack(source: ByteSource, reading: MsgpackReading): unknown {
  return new MsgpackReader(source, reading).document();
}

class MsgpackReader {
  readonly #source: ByteSource;
  readonly #reading: MsgpackReading;
  #depth = 0;

  constructor(source: ByteSource, reading: MsgpackReading) {
    this.#source = source;
    this.#reading = reading;
  }

  document(): unknown {
    const value = this.#value();
    if (!this.#source.isAtEnd) throw this.#source.bad("unpack(b) received extra data");
    return value;
  }

  #value(): unknown {
    const source = this.#source;
    const type = source.u8();
    if (type < 0x80) return type;
    if (type >= 0xe0) return type - 0x100;
    if (type < 0x90) return this.#map(type & 0x0f);
    if (type < 0xa0) return this.#array(type & 0x0f);
    if (type < 0xc0) return this.#text(type & 0x1f);
    switch (type) {
      case 0xc0:
        return null;
      case 0xc2:
      case 0xc3:
        return type === 0xc3;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return copyOf(source.view(source.uintBe(1 << (type - 0xc4))));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(source.uintBe(1 << (type - 0xc7)));
      case 0xca:
        return this.#reading.float(source.f32be());
      case 0xcb:
        return this.#reading.float(source.f64be());
      case 0xcc:
      case 0xcd:
      case 0xce:
        return source.uintBe(1 << (type - 0xcc));
      case 0xcf:
        return intOf(BigInt.asUintN(64, source.i64be()));
      case 0xd0:
        return source.u8() << 24 >> 24;
      case 0xd1:
        return source.uintBe(2) << 16 >> 16;
      case 0xd2:
        return source.uintBe(4) | 0;
      case 0xd3:
        return intOf(source.i64be());
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (type - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(source.uintBe(1 << (type - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(source.uintBe(2 << (type - 0xdc)));
      case 0xde:
      case 0xdf:
        return this.#map(source.uintBe(2 << (type - 0xde)));
      default:
        throw source.bad(`type 0x${type.toString(16)} does not exist`);
    }
  }

  #text(size: number): string {
    const bytes = this.#source.view(size);
    if (!isUtf8(bytes)) throw this.#source.bad("a text is not UTF-8");
    return bytes.toString("utf8");
  }

  #array(count: number): unknown[] {
    const items: unknown[] = [];
    this.#enter();
    for (let left = this.#source.checkCount(count); left > 0; left--) items.push(this.#value());
    this.#depth--;
    return items;
  }

  #map(count: number): unknown {
    const entries: [unknown, unknown][] = [];
    this.#enter();
    for (let left = this.#source.checkCount(count); left > 0; left--) entries.push([this.#value(), this.#value()]);
    this.#depth--;
    return this.#reading.dict(entries);
  }

  #extension(size: number): unknown {
    const type = this.#source.u8() << 24 >> 24;
    return this.#reading.extension(type, this.#source.view(size));
  }

  #enter(): void {
    const { maxDepth } = this.#reading;
    if (++this.#depth > maxDepth) throw this.#source.bad(`nested deeper than ${maxDepth} levels`);
  }
}
