/**
 * The pieces of Python literals: numbers, strings with their escapes, names.
 *
 * Every function reads at an offset of the text and says where it stopped; none looks at a character twice.
 *
 * Spec: Python 3.11 language reference, "Lexical analysis". Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { intOf } from "../../../base/pyvalue.ts";
import { BadPayloadError } from "../errors.ts";

/** CPython's limit on the decimal digits of an int. */
const MAX_INT_DIGITS = 4300;

const DIGITS = String.raw`\d+(?:_\d+)*`;
const NUMBER = new RegExp(
  [
    String.raw`(0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+)`,
    String.raw`((?:${DIGITS}\.(?:${DIGITS})?|\.${DIGITS}|${DIGITS})(?:[eE][+-]?${DIGITS})?)([jJ])?`,
  ].join("|"),
  "y",
);

/** A number as it stands in the text, without a sign. */
export interface NumberToken {
  readonly kind: "int" | "float" | "imaginary";
  readonly value: number | bigint;
  /** Offset behind it. */
  readonly end: number;
}

/** Reads any number at `at`; plain short ints are read faster by the parser itself. */
export function readNumber(text: string, at: number): NumberToken {
  NUMBER.lastIndex = at;
  const match = NUMBER.exec(text);
  const end = NUMBER.lastIndex;
  if (match === null || /\w/.test(text[end] ?? "")) throw syntax("invalid decimal literal", at);
  const [, radix, decimal = "", suffix] = match;
  if (radix !== undefined) return { kind: "int", value: intOf(BigInt(radix.replaceAll("_", ""))), end };
  const digits = decimal.replaceAll("_", "");
  if (suffix !== undefined) return { kind: "imaginary", value: Number(digits), end };
  if (!/^\d+$/.test(digits)) return { kind: "float", value: Number(digits), end };
  if (/^0+[1-9]/.test(digits)) throw syntax("leading zeros in decimal integer literals are not permitted", at);
  if (digits.length > MAX_INT_DIGITS) {
    throw syntax(`an int of ${digits.length} digits, the limit is ${MAX_INT_DIGITS}`, at);
  }
  return { kind: "int", value: intOf(BigInt(digits)), end };
}

const OCTAL = /\\[0-7]{1,3}/y;
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([["x", 2], ["u", 4], ["U", 8]]);
const BYTE_ESCAPE = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{2})|([\s\S]))/g;
/** By the letter behind the backslash; nothing is left of a hidden line end. */
export const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["\n", ""],
  ["\\", "\\"],
  ["'", "'"],
  ['"', '"'],
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

/** Resolves the escapes of a string's inside; an unknown one stays, backslash and all, as in Python. */
export function unescapeString(raw: string, at: number): string {
  let out = "";
  let from = 0;
  for (let next = raw.indexOf("\\"); next !== -1; next = raw.indexOf("\\", from)) {
    out += raw.slice(from, next);
    const short = SHORT_ESCAPES.get(raw.charAt(next + 1));
    if (short !== undefined) {
      out += short;
      from = next + 2;
    } else {
      const { text, end } = longEscape(raw, next, at);
      out += text;
      from = end;
    }
  }
  return out + raw.slice(from);
}

/** The escape at `start`, which is none of the short ones. */
export function longEscape(raw: string, start: number, at: number): { readonly text: string; readonly end: number } {
  OCTAL.lastIndex = start;
  const octal = OCTAL.exec(raw);
  if (octal !== null) return { text: String.fromCharCode(parseInt(octal[0].slice(1), 8)), end: OCTAL.lastIndex };
  const letter = raw.charAt(start + 1);
  const digits = HEX_DIGITS.get(letter);
  if (letter === "N") throw syntax("a \\N{name} escape; character names are not known here", at);
  if (digits === undefined) return { text: `\\${letter}`, end: start + 2 };
  const end = start + 2 + digits;
  const hex = raw.slice(start + 2, end);
  if (hex.length < digits || /[^0-9a-fA-F]/.test(hex)) throw syntax(`truncated \\${letter} escape`, at);
  const code = parseInt(hex, 16);
  if (code > 0x10ffff) throw syntax("illegal Unicode character", at);
  return { text: String.fromCodePoint(code), end };
}

/** Resolves the escapes of a bytes literal's inside. */
export function unescapeBytes(raw: string, at: number): Uint8Array {
  const text = raw.replace(BYTE_ESCAPE, (whole, octal, hex, other) => {
    if (octal !== undefined) return String.fromCharCode(parseInt(octal, 8) & 0xff);
    if (hex !== undefined) return String.fromCharCode(parseInt(hex, 16));
    if (other === "x") throw syntax("invalid \\x escape", at);
    return SHORT_ESCAPES.get(other) ?? whole;
  });
  return Buffer.from(text, "latin1");
}

const FLOAT_TEXT = /^\s*[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d+)?\s*$/;

/** Python's `float(text)`. @throws {BadPayloadError} where it raises ValueError */
export function parseFloatText(text: string): number {
  if (FLOAT_TEXT.test(text)) return Number(text.replaceAll("_", ""));
  const match = /^\s*([+-]?)(?:(nan)|inf(?:inity)?)\s*$/i.exec(text);
  if (match === null) {
    throw new BadPayloadError(`could not convert string to float: ${JSON.stringify(text.slice(0, 64))}`, {
      pythonType: "ValueError",
    });
  }
  if (match[2] !== undefined) return NaN;
  return match[1] === "-" ? -Infinity : Infinity;
}

/** The error for text that Python's grammar refuses. */
export function syntax(words: string, offset: number): BadPayloadError {
  return new BadPayloadError(`Cannot read serpent: ${words}: char ${offset}`, { offset });
}

/** The error for Python that is no literal: names, calls, operators. */
export function malformed(words: string, offset: number): BadPayloadError {
  return new BadPayloadError(`Cannot read serpent: malformed node or string: ${words}: char ${offset}`, {
    pythonType: "ValueError",
    offset,
  });
}
