/**
 * Python's `repr` of a string.
 *
 * Single quotes, unless the text holds a `'` and no `"`. Escapes: backslash, the quote, `\n` `\r` `\t`, and `\xNN`,
 * `\uNNNN`, `\UNNNNNNNN` for whatever does not print; lone surrogates are written as `\udNNN`.
 *
 * Spec: CPython 3.11 `Objects/unicodeobject.c` `unicode_repr`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { ESCAPED } from "./printable.ts";

/** Anything but printable Latin-1 without a backslash: the one look that most texts get. */
// deno-lint-ignore no-control-regex
const NEEDS_A_CLOSER_LOOK = /[\\\x00-\x1f\x7f-\xa0\xad\u0100-\uffff]/;

const SHORT: ReadonlyMap<string, string> = new Map([["\\", "\\\\"], ["\n", "\\n"], ["\r", "\\r"], ["\t", "\\t"]]);

export function stringRepr(text: string): string {
  const body = NEEDS_A_CLOSER_LOOK.test(text) ? text.replace(ESCAPED, escapeCharacter) : text;
  if (!text.includes("'")) return `'${body}'`;
  return text.includes('"') ? `'${body.replaceAll("'", "\\'")}'` : `"${body}"`;
}

function escapeCharacter(character: string): string {
  const short = SHORT.get(character);
  if (short !== undefined) return short;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
