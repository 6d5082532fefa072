/**
 * Python's `repr` of a string.
 *
 * Single quotes, unless the text holds a `'` and no `"`. Escapes: backslash, the quote, `\n` `\r` `\t`, and `\xNN`,
 * `\uNNNN`, `\UNNNNNNNN` for whatever does not print; lone surrogates are written as `\udNNN`.
 *
 * Spec: CPython 3.11 `Objects/unicodeobject.c` `unicode_repr`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { isPrintable } from "./printable.ts";

/** Anything but printable Latin-1 without a backslash: the one look that most texts get. */
// deno-lint-ignore no-control-regex
const NEEDS_A_CLOSER_LOOK = /[\\\x00-\x1f\x7f-\xa0\xad\u0100-\uffff]/;

const BACKSLASH = 0x5c;
const QUOTE = 0x27;
const LAST_ASCII = 0x7e;
const FIRST_ASCII = 0x20;

/** The quote that `repr` puts around a text, and whether a `'` inside of it is escaped. */
export interface QuoteStyle {
  readonly quote: "'" | '"';
  readonly isQuoteEscaped: boolean;
}

export function stringRepr(text: string): string {
  const { quote, isQuoteEscaped } = quoteOf(text);
  const isPlain = !isQuoteEscaped && !NEEDS_A_CLOSER_LOOK.test(text);
  return quote + (isPlain ? text : escapeText(text, isQuoteEscaped)) + quote;
}

const PLAIN: QuoteStyle = { quote: "'", isQuoteEscaped: false };
const DOUBLE: QuoteStyle = { quote: '"', isQuoteEscaped: false };
const ESCAPED: QuoteStyle = { quote: "'", isQuoteEscaped: true };

export function quoteOf(text: string): QuoteStyle {
  if (!text.includes("'")) return PLAIN;
  return text.includes('"') ? ESCAPED : DOUBLE;
}

/** What stands between the quotes. Copies runs that need no escape as slices. */
export function escapeText(text: string, withQuote: boolean): string {
  let out = "";
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit <= LAST_ASCII && unit >= FIRST_ASCII) {
      if (unit !== BACKSLASH && (unit !== QUOTE || !withQuote)) continue;
    } else if (isPrintable(unit)) continue;
    const code = text.codePointAt(at) ?? 0;
    const end = code > 0xffff ? at + 2 : at + 1;
    if (code <= 0xffff || !isPrintable(code)) {
      out += text.slice(from, at) + escapeOf(code);
      from = end;
    }
    at = end - 1;
  }
  return from === 0 ? text : out + text.slice(from);
}

function escapeOf(code: number): string {
  switch (code) {
    case QUOTE:
      return "\\'";
    case BACKSLASH:
      return "\\\\";
    case 0x0a:
      return "\\n";
    case 0x0d:
      return "\\r";
    case 0x09:
      return "\\t";
  }
  const hex = code.toString(16);
  if (code <= 0xff) return `\\x${hex.padStart(2, "0")}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}
