import {
  type CaseOptions,
  type Category,
  categoryTest,
  type CharacterTest,
  type SetItem,
  setTest,
} from "./characters.ts";
import { charsOf, type Tokenizer } from "./tokenizer.ts";

/** The one characters that letters behind a backslash stand for. */
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["a", 0x07],
  ["b", 0x08],
  ["f", 0x0c],
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["v", 0x0b],
]);
const HEX_DIGITS: ReadonlyMap<string, number> = new Map([["x", 2], ["u", 4], ["U", 8]]);
const HEX = /[0-9a-fA-F]/;
const OCTAL = /[0-7]/;
const DIGIT = /[0-9]/;
const LAST_CODE = 0x10ffff;
const LAST_OCTAL = 0o377;
const MINUS = 0x2d;

/** `\d` and its like; undefined for any other escape. */
export function categoryOf(escape: string, options: CaseOptions): CharacterTest | undefined {
  return /^\\[dswDSW]$/.test(escape) ? categoryTest(escape.slice(1) as Category, options) : undefined;
}

/** The character that an escape stands for, which is no category and begins with no digit. */
export function escapedCode(source: Tokenizer, escape: string): number {
  const letter = escape.slice(1);
  const control = CONTROLS.get(letter);
  if (control !== undefined) return control;
  const count = HEX_DIGITS.get(letter);
  if (count !== undefined) {
    const digits = source.getWhile(count, HEX);
    const whole = escape + digits;
    if (digits.length < count) throw source.error(`incomplete escape ${whole}`, whole.length);
    const code = parseInt(digits, 16);
    if (code > LAST_CODE) throw source.error(`bad escape ${whole}`, whole.length);
    return code;
  }
  if (letter === "N") throw source.error("characters by their names are not known here: \\N", 2);
  if (/^[A-Za-z]$/.test(letter)) throw source.error(`bad escape ${escape}`, charsOf(escape));
  return letter.codePointAt(0) ?? 0;
}

/** The character of an escape of digits outside of brackets. @param groups how many there are so far */
export function octalCode(source: Tokenizer, escape: string, groups: number): number {
  const first = escape.slice(1);
  if (first === "0") return parseInt(first + source.getWhile(2, OCTAL), 8);
  let digits = first + source.getWhile(1, DIGIT);
  if (/^[0-7]{2}$/.test(digits) && OCTAL.test(source.next ?? "")) {
    digits += source.get() ?? "";
    return checkOctal(source, digits);
  }
  const number = Number(digits);
  if (number > groups) throw source.error(`invalid group reference ${number}`, digits.length);
  throw source.error(`references to groups are not known here: \\${digits}`, digits.length + 1);
}

/** Reads a set, up to the closing bracket. */
export function readSet(source: Tokenizer, options: CaseOptions): CharacterTest {
  const here = source.tell() - 1;
  const isNegated = source.match("^");
  const items: SetItem[] = [];
  const take = () => {
    const char = source.get();
    if (char === undefined) throw source.error("unterminated character set", source.tell() - here);
    return char;
  };
  for (let char = take(); char !== "]" || items.length === 0; char = take()) {
    const low = memberOf(source, char, options);
    if (!source.match("-")) {
      items.push(low);
      continue;
    }
    const end = take();
    if (end === "]") {
      items.push(low, only(MINUS));
      break;
    }
    const high = memberOf(source, end, options);
    if (low.kind !== "range" || high.kind !== "range" || high.from < low.from) {
      throw source.error(`bad character range ${char}-${end}`, charsOf(char) + 1 + charsOf(end));
    }
    items.push({ kind: "range", from: low.from, to: high.from });
  }
  return setTest(items, isNegated, options);
}

function memberOf(source: Tokenizer, char: string, options: CaseOptions): SetItem {
  if (!char.startsWith("\\")) return only(char.codePointAt(0) ?? 0);
  const test = categoryOf(char, options);
  if (test !== undefined) return { kind: "category", test };
  const letter = char.slice(1);
  if (!DIGIT.test(letter)) return only(escapedCode(source, char));
  if (!OCTAL.test(letter)) throw source.error(`bad escape ${char}`, charsOf(char));
  return only(checkOctal(source, letter + source.getWhile(2, OCTAL)));
}

function checkOctal(source: Tokenizer, digits: string): number {
  const code = parseInt(digits, 8);
  if (code <= LAST_OCTAL) return code;
  throw source.error(`octal escape value \\${digits} outside of range 0-0o377`, digits.length + 1);
}

function only(code: number): SetItem {
  return { kind: "range", from: code, to: code };
}
