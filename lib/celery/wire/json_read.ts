/**
 * JSON as Python's `json.loads` reads it: `NaN`, `Infinity`, whole numbers of any size; and kombu's special types.
 *
 * Nearly all texts hold nothing that `JSON.parse` would bend, which one regular expression finds out; only the others meet the
 * parser below. Dicts become plain objects (`__proto__` is a key like any other in them), so look keys up with `Object.hasOwn`.
 *
 * Spec: RFC 8259 · CPython Lib/json/decoder.py, scanner.py · kombu 5.6 kombu/utils/json.py `object_hook`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { LimitError } from "../../base/errors.ts";
import { PyFloat } from "../../base/pyvalue.ts";
import { DecodeError } from "./errors.ts";
import { DEFAULT_MAX_JSON_DEPTH } from "./json_write.ts";
import { decodeSpecial, isTypeWrapper } from "./special_types.ts";

export interface JsonReadOptions {
  /** `exact` reads 1.0 as a `PyFloat`, so that it can be written as 1.0 again; `number` reads it as 1. Default `number`. */
  readonly floats?: "number" | "exact";
  /** Containers inside containers. Default {@link DEFAULT_MAX_JSON_DEPTH}. */
  readonly maxDepth?: number;
}

/** A type wrapper (perhaps with escapes in its key), a whole number past 2^53, or -0: what `JSON.parse` reads otherwise than Python. */
const BENT_BY_NATIVE = /"__type__"|\\u00[5-7]|(?:^|[^.\d])\d{16}|(?:^|[\s:,[])-0(?:$|[\s,\]}])/;
/** A float without a fraction, unless it stands inside a text. */
const INTEGRAL_FLOAT = /\.0+(?![\d])|\d[eE][+-]?\d+\s*(?:[,\]}]|$)/;

/**
 * @throws {DecodeError} with the offset, if `text` is not JSON as Python reads it; {LimitError} beyond `maxDepth`.
 */
export function parseJson(text: string, options: JsonReadOptions = {}): unknown {
  const { floats = "number", maxDepth = DEFAULT_MAX_JSON_DEPTH } = options;
  if (!BENT_BY_NATIVE.test(text) && (floats === "number" || !INTEGRAL_FLOAT.test(text))) {
    checkDepth(text, maxDepth);
    try {
      return JSON.parse(text);
    } catch {
      // NaN, Infinity, or not JSON at all: the parser below knows which, and where
    }
  }
  return new Parser(text, floats === "exact", maxDepth).parse();
}

/** Finds nesting without building it; a text of 2n characters cannot be nested deeper than n. */
function checkDepth(text: string, maxDepth: number): void {
  if (text.length <= 2 * maxDepth) return;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) {
      at = endOfString(text, at);
    } else if (code === 0x5b || code === 0x7b) {
      if (++depth > maxDepth) throw tooDeep(maxDepth, at);
    } else if (code === 0x5d || code === 0x7d) depth--;
  }
}

/** Index of the quote that ends the string which begins at `start`; the end of the text if there is none. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1);
  while (at !== -1) {
    let backslashes = 0;
    while (text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    if (backslashes % 2 === 0) return at;
    at = text.indexOf('"', at + 1);
  }
  return text.length;
}

const tooDeep = (maxDepth: number, offset: number) =>
  new LimitError(`Cannot read JSON: nested deeper than ${maxDepth} levels`, { offset });

const NUMBER = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const SPACE = /[ \t\n\r]*/y;
/** Python refuses to read longer ones too (`sys.int_info.default_max_str_digits`). */
const MAX_INTEGER_DIGITS = 4300;
const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["null", null],
  ["true", true],
  ["false", false],
  ["NaN", NaN],
  ["Infinity", Infinity],
  ["-Infinity", -Infinity],
]);

/** Reads one text, once. */
class Parser {
  readonly #text: string;
  readonly #exactFloats: boolean;
  readonly #maxDepth: number;
  #at = 0;
  #depth = 0;

  constructor(text: string, exactFloats: boolean, maxDepth: number) {
    this.#text = text;
    this.#exactFloats = exactFloats;
    this.#maxDepth = maxDepth;
  }

  parse(): unknown {
    const value = this.#value();
    this.#skipSpace();
    if (this.#at < this.#text.length) this.#fail("more text follows");
    return value;
  }

  #value(): unknown {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#dict();
      case "[":
        return this.#list();
      case '"':
        return this.#string();
    }
    for (const [word, value] of WORDS) {
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    }
    return this.#number();
  }

  #dict(): unknown {
    const dict: Record<string, unknown> = {};
    this.#open();
    while (!this.#closes("}", Object.keys(dict).length > 0)) {
      if (this.#text[this.#at] !== '"') this.#fail("expected a key in double quotes");
      const key = this.#string();
      this.#skipSpace();
      if (this.#text[this.#at++] !== ":") this.#fail("expected a colon after the key", this.#at - 1);
      const value = this.#value();
      if (key === "__proto__") Object.defineProperty(dict, key, { value, ...OWN });
      else dict[key] = value;
    }
    return isTypeWrapper(dict) ? decodeSpecial(dict) : dict;
  }

  #list(): unknown[] {
    const list: unknown[] = [];
    this.#open();
    while (!this.#closes("]", list.length > 0)) list.push(this.#value());
    return list;
  }

  #open(): void {
    if (++this.#depth > this.#maxDepth) throw tooDeep(this.#maxDepth, this.#at);
    this.#at++;
  }

  /** Takes the bracket that closes a container, or else the comma before its next item. */
  #closes(bracket: "]" | "}", hasItems: boolean): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] === bracket) {
      this.#at++;
      this.#depth--;
      return true;
    }
    if (hasItems) {
      if (this.#text[this.#at++] !== ",") this.#fail(`expected a comma or ${bracket}`, this.#at - 1);
      this.#skipSpace();
      if (this.#text[this.#at] === bracket) this.#fail("a comma with nothing after it");
    }
    return false;
  }

  #string(): string {
    const start = this.#at;
    const end = endOfString(this.#text, start);
    if (end === this.#text.length) this.#fail("a string without an end", start);
    this.#at = end + 1;
    try {
      return JSON.parse(this.#text.slice(start, this.#at)) as string;
    } catch {
      return this.#fail("a string with a bad escape or a control character", start);
    }
  }

  #number(): number | bigint | PyFloat {
    NUMBER.lastIndex = this.#at;
    const match = NUMBER.exec(this.#text);
    if (match === null) return this.#fail("expected a value");
    const digits = match[0];
    const start = this.#at;
    this.#at += digits.length;
    const value = Number(digits);
    if (match[1] !== undefined || match[2] !== undefined) {
      return this.#exactFloats && Number.isInteger(value) ? new PyFloat(value) : value;
    }
    if (Number.isSafeInteger(value)) return value === 0 ? 0 : value;
    if (digits.length > MAX_INTEGER_DIGITS) this.#fail(`a whole number of ${digits.length} digits`, start);
    return BigInt(digits);
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at;
    SPACE.test(this.#text);
    this.#at = SPACE.lastIndex;
  }

  #fail(why: string, at = this.#at): never {
    const rest = this.#text.slice(at, at + 32);
    const got = rest === "" ? "the end" : JSON.stringify(rest);
    throw new DecodeError(`Cannot read JSON: ${why} at offset ${at}, got ${got}`, { offset: at });
  }
}

const OWN = { enumerable: true, configurable: true, writable: true };
