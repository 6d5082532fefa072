/**
 * JSON as Python's `json.loads` reads it: ints of any size, `1.0` apart from `1`, `NaN` and `Infinity`, the last of equal
 * keys. `JSON.parse` cannot tell ints from floats, nor keep large ones.
 *
 * Spec: CPython 3.11 `json/decoder.py`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { emptyDict, intOf, PyFloat } from "../../../base/pyvalue.ts";
import { BadPayloadError } from "../errors.ts";
import { MAX_DEPTH } from "../values.ts";

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /(-?(?:0|[1-9]\d*))(\.\d+)?([eE][-+]?\d+)?/y;
/** A string's inside up to the first backslash, quote or control character. */
// deno-lint-ignore no-control-regex
const PLAIN = /[^"\\\x00-\x1f]*/y;
const ESCAPE = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/y;
const NAMES: readonly (readonly [string, unknown])[] = [
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
];
const SHORT: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);

/** CPython's limit on the digits of an int. */
const MAX_INT_DIGITS = 4300;

export interface JsonParseOptions {
  /** Floats read as `PyFloat`, so that `1.0` stays one. Default false. */
  readonly keepFloats?: boolean;
}

/** @throws {BadPayloadError} where Python raises JSONDecodeError */
export function parseJson(text: string, options: JsonParseOptions = {}): unknown {
  return new JsonParser(text, options.keepFloats ?? false).document();
}

class JsonParser {
  readonly #text: string;
  readonly #keepFloats: boolean;
  #at = 0;
  #depth = 0;

  constructor(text: string, keepFloats: boolean) {
    this.#text = text;
    this.#keepFloats = keepFloats;
  }

  document(): unknown {
    const value = this.#value();
    if (this.#peek() !== "") throw this.#bad("Extra data");
    return value;
  }

  #value(): unknown {
    switch (this.#peek()) {
      case '"':
        return this.#string();
      case "[":
        return this.#array();
      case "{":
        return this.#dict();
    }
    for (const [name, value] of NAMES) {
      if (this.#text.startsWith(name, this.#at)) {
        this.#at += name.length;
        return value;
      }
    }
    return this.#number();
  }

  #number(): unknown {
    const match = this.#match(NUMBER);
    if (match === null) throw this.#bad("Expecting value");
    const [text, whole = "", fraction, exponent] = match;
    if (fraction !== undefined || exponent !== undefined) {
      return this.#keepFloats ? new PyFloat(Number(text)) : Number(text);
    }
    if (whole.length <= 15) return Number(whole) + 0; // -0 is the int 0
    if (whole.length > MAX_INT_DIGITS) {
      throw this.#bad(`Exceeds the limit (${MAX_INT_DIGITS} digits) for integer string conversion`);
    }
    return intOf(BigInt(whole));
  }

  #array(): unknown[] {
    const items: unknown[] = [];
    this.#open();
    if (this.#peek() === "]") return this.#close(items);
    while (true) {
      items.push(this.#value());
      const next = this.#peek();
      if (next === "]") return this.#close(items);
      if (next !== ",") throw this.#bad("Expecting ',' delimiter");
      this.#at++;
    }
  }

  #dict(): Record<string, unknown> {
    const dict = emptyDict();
    this.#open();
    if (this.#peek() === "}") return this.#close(dict);
    while (true) {
      if (this.#peek() !== '"') throw this.#bad("Expecting property name enclosed in double quotes");
      const key = this.#string();
      if (this.#peek() !== ":") throw this.#bad("Expecting ':' delimiter");
      this.#at++;
      dict[key] = this.#value();
      const next = this.#peek();
      if (next === "}") return this.#close(dict);
      if (next !== ",") throw this.#bad("Expecting ',' delimiter");
      this.#at++;
    }
  }

  #string(): string {
    this.#at++;
    let out = this.#match(PLAIN)?.[0] ?? "";
    while (this.#text[this.#at] === "\\") {
      const escape = this.#match(ESCAPE);
      if (escape === null) throw this.#bad("Invalid \\escape");
      const [, hex, short = ""] = escape;
      out += hex === undefined ? SHORT.get(short) ?? "" : String.fromCharCode(parseInt(hex, 16));
      out += this.#match(PLAIN)?.[0] ?? "";
    }
    if (this.#at >= this.#text.length) throw this.#bad("Unterminated string");
    if (this.#text[this.#at] !== '"') throw this.#bad("Invalid control character");
    this.#at++;
    return out;
  }

  #open(): void {
    this.#at++;
    if (++this.#depth > MAX_DEPTH) {
      throw new BadPayloadError(`Cannot read json: nested deeper than ${MAX_DEPTH} levels`, {
        pythonType: "RecursionError",
        offset: this.#at,
      });
    }
  }

  #close<T>(container: T): T {
    this.#at++;
    this.#depth--;
    return container;
  }

  /** Skips white space and returns the next character, or "" at the end. */
  #peek(): string {
    this.#match(SPACE);
    return this.#text[this.#at] ?? "";
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match !== null) this.#at = pattern.lastIndex;
    return match;
  }

  #bad(words: string): BadPayloadError {
    return new BadPayloadError(`Cannot read json: ${words}: char ${this.#at}`, {
      pythonType: "ValueError",
      offset: this.#at,
    });
  }
}
