/**
 * A place in a YAML text, with its line and column.
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { DecodeError } from "../errors.ts";

/** What `peek` says behind the end; no YAML text has one. */
export const END = "\0";
export const LINE_ENDS = "\r\n\x85\u2028\u2029";
/** What may stand behind an indicator. */
export const BLANKS = `${END} \t${LINE_ENDS}`;

const NOT_PRINTABLE = /[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

export class Cursor {
  readonly #text: string;
  index = 0;
  /** From 0. */
  line = 0;
  /** From 0. */
  column = 0;

  /** @throws {DecodeError} for characters that YAML does not allow */
  constructor(text: string) {
    this.#text = text;
    const bad = NOT_PRINTABLE.exec(text);
    if (bad === null) return;
    const code = (bad[0].codePointAt(0) ?? 0).toString(16).padStart(4, "0");
    throw new DecodeError(`Cannot read YAML: special characters are not allowed, offset ${bad.index} has U+${code}`);
  }

  peek(ahead = 0): string {
    const at = this.index + ahead;
    return at < this.#text.length ? this.#text.charAt(at) : END;
  }

  /** True if the character `ahead` is one of `set`. */
  isAt(set: string, ahead = 0): boolean {
    return set.includes(this.peek(ahead));
  }

  /** The text from `from` up to here. */
  since(from: number): string {
    return this.#text.slice(from, this.index);
  }

  /** What a sticky expression finds here, which is passed over; it holds no line ends. */
  match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.index;
    const found = pattern.exec(this.#text);
    if (found !== null) {
      this.index += found[0].length;
      this.column += found[0].length;
    }
    return found;
  }

  forward(count = 1): void {
    for (; count > 0; count--) {
      const char = this.#text.charAt(this.index++);
      if (char === "\r" ? this.peek() !== "\n" : LINE_ENDS.includes(char) && char !== "") {
        this.line++;
        this.column = 0;
      } else if (char !== "\ufeff") this.column++;
    }
  }

  /** Passes over one of `chars` as often as it stands here. */
  skip(chars: string): void {
    while (this.index < this.#text.length && chars.includes(this.peek())) this.forward();
  }

  /** Passes over the rest of the line, without its end. */
  skipLine(): void {
    while (!this.isAt(END + LINE_ENDS)) this.forward();
  }

  /** Passes over a line end. @returns what it is folded to; "" where there is none */
  lineBreak(): string {
    const char = this.peek();
    if (char === END || !LINE_ENDS.includes(char)) return "";
    this.forward(char === "\r" && this.peek(1) === "\n" ? 2 : 1);
    return char === "\u2028" || char === "\u2029" ? char : "\n";
  }

  /** True where a document begins or ends: `---` or `...` at the start of a line. */
  isAtDocumentMark(mark?: "---" | "..."): boolean {
    if (this.column !== 0) return false;
    const three = this.#text.slice(this.index, this.index + 3);
    return (mark === undefined ? three === "---" || three === "..." : three === mark) && this.isAt(BLANKS, 3);
  }

  fail(why: string): never {
    const rest = this.#text.slice(this.index, this.index + 32);
    const got = rest === "" ? "the end" : JSON.stringify(rest);
    throw new DecodeError(
      `Cannot read YAML: ${why} at line ${this.line + 1}, column ${this.column + 1}, got ${got}`,
      { offset: this.index },
    );
  }
}
