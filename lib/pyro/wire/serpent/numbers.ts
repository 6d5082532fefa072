/**
 * Numbers of a serpent document: with their signs, and complex ones in two parts.
 *
 *     number = ["+" | "-"] token | ["+" | "-"] token ("+" | "-") imaginary
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Complex, PyFloat } from "../../../base/pyvalue.ts";
import { CLOSE_BRACE, CLOSE_BRACKET, CLOSE_PAREN, COLON, COMMA, DOT, MINUS, NINE, PLUS, ZERO } from "./characters.ts";
import type { SerpentSource } from "./source.ts";
import { malformed, type NumberToken, readNumber } from "./tokens.ts";

/** As many digits fit into a number exactly. */
const SAFE_DIGITS = 15;

/** What a number reads as. */
export type SerpentNumber = number | bigint | PyFloat | Complex;

/** True for what ends a number or string in nearly every document. */
export function isDelimiter(code: number): boolean {
  return code === COMMA || code === COLON || code === CLOSE_PAREN || code === CLOSE_BRACKET || code === CLOSE_BRACE;
}

/**
 * Reads the number that is next. Short ints and floats in plain decimal notation are read right here, all others as Python
 * sees them.
 *
 * @param keepFloats floats read as `PyFloat`
 */
export function parseNumber(source: SerpentSource, keepFloats: boolean): SerpentNumber {
  const { text } = source;
  const first = text.charCodeAt(source.at);
  const isSigned = first === MINUS || first === PLUS;
  const start = isSigned ? source.at + 1 : source.at;
  let at = start;
  let whole = 0;
  let code = text.charCodeAt(at);
  while (code >= ZERO && code <= NINE) {
    whole = whole * 10 + (code - ZERO);
    code = text.charCodeAt(++at);
  }
  const digits = at - start;
  const isCanonical = digits > 0 && digits <= SAFE_DIGITS && (digits === 1 || text.charCodeAt(start) !== ZERO);
  if (isCanonical && (isDelimiter(code) || at === text.length)) {
    source.at = at;
    return first === MINUS ? 0 - whole : whole;
  }
  if (isCanonical && code === DOT) {
    do code = text.charCodeAt(++at); while (code >= ZERO && code <= NINE);
    if (isDelimiter(code)) {
      source.at = at;
      const float = Number(text.slice(start, at));
      return floatOf(first === MINUS ? -float : float, keepFloats);
    }
  }
  if (isSigned) source.at = start;
  return parseAnyNumber(source, !isSigned ? "" : first === MINUS ? "-" : "+", keepFloats);
}

function parseAnyNumber(source: SerpentSource, sign: "" | "+" | "-", keepFloats: boolean): SerpentNumber {
  const left = tokenBehind(source, sign);
  const code = source.peek();
  if (code !== PLUS && code !== MINUS) return signed(left, sign === "-", keepFloats);
  source.at++;
  const right = tokenBehind(source, "sum");
  if (left.kind === "imaginary" || right.kind !== "imaginary") {
    throw malformed("a sum of other than a number and an imaginary one", source.at);
  }
  const real = sign === "-" ? -Number(left.value) : Number(left.value);
  const imag = Number(right.value);
  return code === MINUS ? new Complex(real - 0, 0 - imag) : new Complex(real + 0, imag);
}

function tokenBehind(source: SerpentSource, what: string): NumberToken {
  const code = source.peek();
  if (!(code >= ZERO && code <= NINE) && code !== DOT) throw malformed(`no number follows the ${what}`, source.at);
  const token = readNumber(source.text, source.at);
  source.at = token.end;
  return token;
}

function signed({ kind, value }: NumberToken, isNegative: boolean, keepFloats: boolean): SerpentNumber {
  if (kind === "int") return !isNegative ? value : typeof value === "bigint" ? -value : 0 - value;
  const float = isNegative ? -Number(value) : Number(value);
  return kind === "imaginary" ? new Complex(isNegative ? -0 : 0, float) : floatOf(float, keepFloats);
}

function floatOf(value: number, keepFloats: boolean): number | PyFloat {
  return keepFloats ? new PyFloat(value) : value;
}
