import { pythonRepr } from "../../wire/python_text.ts";
import { NamingError } from "../../wire/errors.ts";

const IDENTIFIER = /^[\p{XID_Start}_]\p{XID_Continue}*$/u;

/**
 * A pattern, character by character; a backslash and what follows it are one. Offsets are in code points, as Python counts.
 *
 * Spec: CPython 3.11 `Lib/re/_parser.py` `Tokenizer`
 */
export class Tokenizer {
  readonly #chars: readonly string[];
  #index = 0;
  #next: string | undefined;

  constructor(pattern: string) {
    this.#chars = [...pattern];
    this.#advance();
  }

  /** What `get` will return; undefined at the end. */
  get next(): string | undefined {
    return this.#next;
  }

  /** Offset of `next`. */
  tell(): number {
    return this.#index - (this.#next === undefined ? 0 : charsOf(this.#next));
  }

  seek(index: number): void {
    this.#index = index;
    this.#advance();
  }

  get(): string | undefined {
    const char = this.#next;
    this.#advance();
    return char;
  }

  /** Takes `char` if it comes next. */
  match(char: string): boolean {
    if (this.#next !== char) return false;
    this.#advance();
    return true;
  }

  /** Takes up to `most` characters that fit. */
  getWhile(most: number, fits: RegExp): string {
    let taken = "";
    while (charsOf(taken) < most && this.#next !== undefined && charsOf(this.#next) === 1 && fits.test(this.#next)) {
      taken += this.#next;
      this.#advance();
    }
    return taken;
  }

  /** Takes a name and the terminator behind it. */
  getUntil(terminator: string, what: string): string {
    let taken = "";
    while (true) {
      const char = this.get();
      if (char === undefined) {
        if (taken === "") throw this.error(`missing ${what}`);
        throw this.error(`missing ${terminator}, unterminated name`, charsOf(taken));
      }
      if (char === terminator) {
        if (taken === "") throw this.error(`missing ${what}`, 1);
        return taken;
      }
      taken += char;
    }
  }

  checkGroupName(name: string): void {
    if (IDENTIFIER.test(name)) return;
    throw this.error(`bad character in group name ${pythonRepr(name)}`, charsOf(name) + 1);
  }

  /** @param back how many characters before `tell()` the mistake begins */
  error(words: string, back = 0): NamingError {
    return regexError(words, this.#chars, this.tell() - back);
  }

  #advance(): void {
    const char = this.#chars[this.#index];
    this.#next = char;
    if (char === undefined) return;
    this.#index++;
    if (char !== "\\") return;
    const escaped = this.#chars[this.#index];
    if (escaped === undefined) throw regexError("bad escape (end of pattern)", this.#chars, this.#chars.length - 1);
    this.#index++;
    this.#next = char + escaped;
  }
}

/** Code points in a text. */
export function charsOf(text: string): number {
  return text.length < 2 ? text.length : [...text].length;
}

/** A mistake in a pattern, in the form of Python's `re.error`. */
function regexError(words: string, chars: readonly string[], position: number): NamingError {
  const before = chars.slice(0, position);
  const line = before.filter((char) => char === "\n").length + 1;
  const column = position - before.lastIndexOf("\n");
  const where = chars.includes("\n") ? ` (line ${line}, column ${column})` : "";
  return new NamingError(`invalid regex: ${words} at position ${position}${where}`);
}
