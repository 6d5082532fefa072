/**
 * The text that is read, and how far: blanks, comments and strings of Python.
 *
 * Line ends, comments and `\` at the end of a line are blanks between brackets; outside they end the value. Strings are
 * found with `indexOf` and returned as slices; where the next backslash and line end are is remembered, so that a text
 * without any is never searched twice.
 *
 * Spec: Python 3.11 language reference, "Lexical analysis". Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { BadPayloadError } from "../errors.ts";
import { BACKSLASH, DOUBLE_QUOTE, FORM_FEED, HASH, NEWLINE, SINGLE_QUOTE, SPACE, TAB } from "./characters.ts";
import { SERPENT_HEADER } from "./header.ts";
import { closingQuote, unescapeLong } from "./long_string.ts";
import { syntax, unescapeBytes, unescapeString } from "./tokens.ts";

/** Lines without a value, and the blanks before a value that stands on the first line. */
const HEADER = /[ \t]*(?:[ \t\f]*(?:#[^\n]*)?\n)*/y;
/** What may follow the line of the value. */
const TRAILER = /(?:[ \t\f]*(?:#[^\n]*)?\n)*[ \t\f]*(?:#[^\n]*)?/y;
/** Strings with escapes are read in a buffer from this length on. */
const LONG_CHARS = 1024;
/** A line end that no backslash hides. */
const OPEN_LINE_END = /(?<!\\)(?:\\\\)*\n/;
const STRING_AHEAD = /(?:[rR][bB]?|[bB][rR]?|[uU])?['"]/y;

function isQuote(code: number): boolean {
  return code === SINGLE_QUOTE || code === DOUBLE_QUOTE;
}

/** Resolves a string's inside as its prefix says: `r` keeps backslashes, `b` makes bytes, `u` is nothing. */
function prefixedString(prefix: string, raw: string, at: number): string | Uint8Array {
  const isRaw = /r/i.test(prefix);
  if (!/b/i.test(prefix)) return isRaw ? raw : unescapeString(raw, at);
  // deno-lint-ignore no-control-regex
  if (/[^\x01-\x7f]/.test(raw)) throw syntax("bytes can only contain ASCII literal characters", at);
  return isRaw ? Buffer.from(raw, "latin1") : unescapeBytes(raw, at);
}

/** True for what serpent itself writes: its header, and behind it the value. */
function isPlainDocument(text: string): boolean {
  const code = text.charCodeAt(SERPENT_HEADER.length);
  return code > SPACE && code !== HASH && text.startsWith(SERPENT_HEADER);
}

export class SerpentSource {
  readonly text: string;
  /** Offset of the next character. */
  at = 0;
  /** Brackets that are open. */
  depth = 0;
  #backslash = -1; // the next backslash at or behind `at`, as far as it was looked for; likewise the line end
  #lineEnd = -1;

  /** @throws {BadPayloadError} if the text holds a NUL or no value at all */
  constructor(text: string) {
    if (text.includes("\0")) {
      throw new BadPayloadError("Cannot read serpent: it contains 0-bytes. Has it been corrupted?", {
        pythonType: "ValueError",
      });
    }
    this.text = text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
    this.at = isPlainDocument(this.text) ? SERPENT_HEADER.length : this.#match(HEADER);
    const code = this.text.charCodeAt(this.at);
    if (code === SPACE || code === TAB) throw syntax("unexpected indent", this.at);
    if (code === FORM_FEED) this.at++;
    if (this.at >= text.length || code === HASH) throw syntax("there is no value", this.at);
  }

  /** The next character's code behind blanks and comments, which are skipped; NaN at the end. */
  peek(): number {
    const code = this.text.charCodeAt(this.at);
    if (code > SPACE && code !== HASH && code !== BACKSLASH) return code;
    this.#skip();
    return this.text.charCodeAt(this.at);
  }

  /** Skips what may follow the value. @throws {BadPayloadError} if anything else does */
  end(): void {
    this.at = this.#match(TRAILER);
    if (this.at < this.text.length) throw syntax("invalid syntax, something follows the value", this.at);
  }

  /** True if a string is next, with its prefix if it has one. */
  get isStringAhead(): boolean {
    const code = this.text.charCodeAt(this.at);
    if (isQuote(code)) return true;
    STRING_AHEAD.lastIndex = this.at;
    return STRING_AHEAD.test(this.text);
  }

  /** Reads the string that is next: a `str`, or bytes if its prefix says so. */
  string(): string | Uint8Array {
    const { text, at: start } = this;
    let open = start;
    while (!isQuote(text.charCodeAt(open))) open++;
    const quote = text.charAt(open);
    const delimiter = text.startsWith(quote + quote, open + 1) ? quote + quote + quote : quote;
    const inside = open + delimiter.length;
    let end = text.indexOf(delimiter, inside);
    const isEscaped = this.#nextBackslash(inside) < end;
    if (isEscaped) end = this.#endOfEscaped(delimiter, this.#backslash);
    else if (delimiter === quote && this.#nextLineEnd(inside) < end) end = -1;
    const raw = text.slice(inside, end);
    if (end === -1 || (isEscaped && delimiter === quote && raw.includes("\n") && OPEN_LINE_END.test(raw))) {
      throw syntax("unterminated string literal", start);
    }
    this.at = end + delimiter.length;
    if (open !== start) return prefixedString(text.slice(start, open), raw, start);
    if (!isEscaped) return raw;
    return raw.length < LONG_CHARS ? unescapeString(raw, start) : unescapeLong(raw, start);
  }

  /**
   * Offset of the closing delimiter of a string with a backslash at `backslash`, or -1. A backslash hides the character
   * behind it, be it a quote or a line end.
   */
  #endOfEscaped(delimiter: string, backslash: number): number {
    const { text } = this;
    let next = backslash;
    let end = -1;
    do {
      if (delimiter.length === 1 && next - backslash > LONG_CHARS) {
        return closingQuote(text, next, delimiter.charCodeAt(0));
      }
      const from = next + 2;
      if (end < from) end = text.indexOf(delimiter, from);
      next = this.#nextBackslash(from);
    } while (next < end);
    return end;
  }

  #nextBackslash(from: number): number {
    if (this.#backslash < from) {
      const found = this.text.indexOf("\\", from);
      this.#backslash = found === -1 ? Infinity : found;
    }
    return this.#backslash;
  }

  #nextLineEnd(from: number): number {
    if (this.#lineEnd < from) {
      const found = this.text.indexOf("\n", from);
      this.#lineEnd = found === -1 ? Infinity : found;
    }
    return this.#lineEnd;
  }

  #skip(): void {
    const { text } = this;
    while (true) {
      const code = text.charCodeAt(this.at);
      if (code === SPACE || code === TAB || code === FORM_FEED) this.at++;
      else if (code === NEWLINE) {
        if (this.depth === 0) return this.end();
        this.at++;
      } else if (code === HASH) {
        const end = text.indexOf("\n", this.at);
        this.at = end === -1 ? text.length : end;
      } else if (code === BACKSLASH) {
        if (text.charCodeAt(this.at + 1) !== NEWLINE || this.at + 2 >= text.length) {
          throw syntax("unexpected character after line continuation character", this.at);
        }
        this.at += 2;
      } else return;
    }
  }

  #match(pattern: RegExp): number {
    pattern.lastIndex = this.at;
    pattern.exec(this.text);
    return pattern.lastIndex;
  }
}
