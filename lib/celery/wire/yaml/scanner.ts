/**
 * YAML as tokens: indentation becomes starts and ends of blocks, and what a colon follows becomes a key.
 *
 *     a:            BlockMap Key Scalar(a) Value
 *     - x             BlockEntry Scalar(x)
 *                   BlockEnd
 *
 * Whether a text is a key is seen only at the colon behind it: until then its place in the row of tokens is kept.
 *
 * Spec: YAML 1.1 §4 to §7 · PyYAML 6.0 yaml/scanner.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import { BLANKS, Cursor, END, LINE_ENDS } from "./cursor.ts";
import type { Token, TokenKind } from "./token.ts";
import { blockText, plainText, quotedText, skipToLineEnd } from "./scalars.ts";

/** A token that is a key if a colon follows. */
interface PossibleKey {
  readonly number: number;
  /** Nothing but a key can stand there. */
  readonly isRequired: boolean;
  readonly index: number;
  readonly line: number;
  readonly column: number;
}

/** A key that is not announced by `? ` is one line, and no longer. */
const MAX_KEY = 1024;
const NAME = /[&*]([0-9A-Za-z_-]+)/y;
const VERBATIM_TAG = /!<([-;/?:@&=+$,_.!~*'()[\]0-9A-Za-z]+)>/y;
const TAG = /!([0-9A-Za-z_-]*!)?([-;/?:@&=+$,_.!~*'()[\]0-9A-Za-z]*)/y;
const YAML_DIRECTIVE = /%YAML +1\.\d+(?=[ \r\n\x85\u2028\u2029]|$)/y;
const YAML_TAGS = "tag:yaml.org,2002:";

export class Scanner {
  readonly cursor: Cursor;
  readonly #tokens: Token[] = [];
  #taken = 0;
  #isDone = false;
  #flowLevel = 0;
  #indent = -1;
  readonly #indents: number[] = [];
  #mayBeKey = true;
  /** By flow level. */
  readonly #possibleKeys = new Map<number, PossibleKey>();

  constructor(text: string) {
    this.cursor = new Cursor(text);
  }

  /** The next token, which stays. */
  peek(): Token {
    while (this.#needsMore()) this.#fetch();
    return this.#tokens[0] ?? this.#token("end of the text");
  }

  take(): Token {
    const next = this.peek();
    this.#tokens.shift();
    this.#taken++;
    return next;
  }

  #needsMore(): boolean {
    if (this.#isDone) return false;
    if (this.#tokens.length === 0) return true;
    this.#dropStaleKeys();
    for (const { number } of this.#possibleKeys.values()) if (number === this.#taken) return true;
    return false;
  }

  #fetch(): void {
    const { cursor } = this;
    this.#skipToToken();
    this.#dropStaleKeys();
    this.#unwind(cursor.column);
    const char = cursor.peek();
    const isIndicator = cursor.isAt(BLANKS, 1);
    if (char === END) return this.#endText();
    if (char === "%" && cursor.column === 0) return this.#directive();
    if (cursor.isAtDocumentMark("---")) return this.#documentMark("---");
    if (cursor.isAtDocumentMark("...")) return this.#documentMark("...");
    if (char === "[" || char === "{") return this.#flowStart(char);
    if (char === "]" || char === "}") return this.#flowEnd(char);
    if (char === ",") return this.#flowEntry();
    if (char === "-" && isIndicator) return this.#blockEntry();
    if (char === "?" && (this.#flowLevel > 0 || isIndicator)) return this.#key();
    if (char === ":" && (this.#flowLevel > 0 || isIndicator)) return this.#value();
    if (char === "*" || char === "&") return this.#name(char === "*" ? "alias" : "anchor");
    if (char === "!") return this.#tag();
    if ((char === "|" || char === ">") && this.#flowLevel === 0) return this.#block();
    if (char === "'" || char === '"') {
      this.#saveKey();
      this.#mayBeKey = false;
      return this.#add("scalar", quotedText(cursor, char));
    }
    if (this.#isPlain(char)) return this.#plain();
    cursor.fail("a character that nothing begins with");
  }

  #isPlain(char: string): boolean {
    if (!`${BLANKS}-?:,[]{}#&*!|>'"%@\``.includes(char)) return true;
    return !this.cursor.isAt(BLANKS, 1) && (char === "-" || (this.#flowLevel === 0 && (char === "?" || char === ":")));
  }

  #token(kind: TokenKind, text = "", isPlain = false): Token {
    return { kind, text, isPlain, line: this.cursor.line };
  }

  #add(kind: TokenKind, text = "", isPlain = false): void {
    this.#tokens.push(this.#token(kind, text, isPlain));
  }

  #skipToToken(): void {
    const { cursor } = this;
    if (cursor.index === 0 && cursor.peek() === "\ufeff") cursor.forward();
    for (;;) {
      cursor.skip(" ");
      if (cursor.peek() === "#") cursor.skipLine();
      if (cursor.lineBreak() === "") return;
      if (this.#flowLevel === 0) this.#mayBeKey = true;
    }
  }

  #dropStaleKeys(): void {
    const { line, index } = this.cursor;
    for (const [level, key] of this.#possibleKeys) {
      if (key.line !== line || index - key.index > MAX_KEY) this.#dropKey(level);
    }
  }

  #dropKey(level = this.#flowLevel): void {
    if (this.#possibleKeys.get(level)?.isRequired === true) this.cursor.fail("a key without its colon");
    this.#possibleKeys.delete(level);
  }

  #saveKey(): void {
    if (!this.#mayBeKey) return;
    const { index, line, column } = this.cursor;
    this.#dropKey();
    const isRequired = this.#flowLevel === 0 && this.#indent === column;
    const number = this.#taken + this.#tokens.length;
    this.#possibleKeys.set(this.#flowLevel, { number, isRequired, index, line, column });
  }

  #unwind(column: number): void {
    if (this.#flowLevel > 0) return;
    while (this.#indent > column) {
      this.#indent = this.#indents.pop() ?? -1;
      this.#add("block end");
    }
  }

  /** True if a collection begins at this column. */
  #indentTo(column: number): boolean {
    if (this.#indent >= column) return false;
    this.#indents.push(this.#indent);
    this.#indent = column;
    return true;
  }

  #endText(): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#possibleKeys.clear();
    this.#mayBeKey = false;
    this.#isDone = true;
    this.#add("end of the text");
  }

  /** `%YAML 1.1` alone. */
  #directive(): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#mayBeKey = false;
    if (this.cursor.match(YAML_DIRECTIVE) === null) this.cursor.fail("a directive that is not understood");
    skipToLineEnd(this.cursor);
    this.#skipToToken();
    if (!this.cursor.isAtDocumentMark("---")) this.cursor.fail("expected --- behind the directive");
  }

  #documentMark(kind: "---" | "..."): void {
    this.#unwind(-1);
    this.#dropKey();
    this.#mayBeKey = false;
    this.cursor.forward(3);
    this.#add(kind);
  }

  #flowStart(kind: "[" | "{"): void {
    this.#saveKey();
    this.#flowLevel++;
    this.#mayBeKey = true;
    this.#indicator(kind);
  }

  #flowEnd(kind: "]" | "}"): void {
    this.#dropKey();
    this.#flowLevel = Math.max(this.#flowLevel - 1, 0);
    this.#mayBeKey = false;
    this.#indicator(kind);
  }

  #flowEntry(): void {
    this.#mayBeKey = true;
    this.#dropKey();
    this.#indicator(",");
  }

  #indicator(kind: TokenKind): void {
    this.cursor.forward();
    this.#add(kind);
  }

  #blockEntry(): void {
    if (this.#flowLevel === 0) {
      if (!this.#mayBeKey) this.cursor.fail("an entry of a sequence is not allowed here");
      if (this.#indentTo(this.cursor.column)) this.#add("block sequence");
    }
    this.#mayBeKey = true;
    this.#dropKey();
    this.#indicator("- ");
  }

  #key(): void {
    if (this.#flowLevel === 0) {
      if (!this.#mayBeKey) this.cursor.fail("a key is not allowed here");
      if (this.#indentTo(this.cursor.column)) this.#add("block mapping");
    }
    this.#mayBeKey = this.#flowLevel === 0;
    this.#dropKey();
    this.#indicator("? ");
  }

  #value(): void {
    const key = this.#possibleKeys.get(this.#flowLevel);
    if (key !== undefined) {
      this.#possibleKeys.delete(this.#flowLevel);
      const at = key.number - this.#taken;
      const begins = this.#flowLevel === 0 && this.#indentTo(key.column);
      this.#tokens.splice(at, 0, ...(begins ? [this.#token("block mapping")] : []), this.#token("? "));
      this.#mayBeKey = false;
    } else {
      if (this.#flowLevel === 0) {
        if (!this.#mayBeKey) this.cursor.fail("a value is not allowed here");
        if (this.#indentTo(this.cursor.column)) this.#add("block mapping");
      }
      this.#mayBeKey = this.#flowLevel === 0;
      this.#dropKey();
    }
    this.#indicator(": ");
  }

  #name(kind: "alias" | "anchor"): void {
    this.#saveKey();
    this.#mayBeKey = false;
    const name = this.cursor.match(NAME)?.[1];
    if (name === undefined || !this.cursor.isAt(`${BLANKS}?:,]}%@\``)) this.cursor.fail(`the name of an ${kind}`);
    this.#add(kind, name);
  }

  #tag(): void {
    this.#saveKey();
    this.#mayBeKey = false;
    const verbatim = this.cursor.match(VERBATIM_TAG)?.[1];
    const [, handle, suffix = ""] = verbatim === undefined ? this.cursor.match(TAG) ?? [] : [];
    if (!this.cursor.isAt(`${END} ${LINE_ENDS}`)) this.cursor.fail("a tag that is not understood");
    if (handle === undefined && !suffix.includes("!")) {
      return this.#add("tag", verbatim === undefined ? `!${suffix}` : shortTag(verbatim));
    }
    if (handle !== "!" || suffix === "") this.cursor.fail("a tag whose handle is not known");
    this.#add("tag", shortTag(YAML_TAGS + suffix));
  }

  #block(): void {
    this.#mayBeKey = true;
    this.#dropKey();
    this.#add("scalar", blockText(this.cursor, this.#indent));
  }

  #plain(): void {
    this.#saveKey();
    const { text, endsLine } = plainText(this.cursor, this.#indent, this.#flowLevel > 0);
    this.#mayBeKey = endsLine;
    this.#add("scalar", text, true);
  }
}

/** `int` for `tag:yaml.org,2002:int`; other tags as they are, of which `!` alone says nothing. */
function shortTag(tag: string): string {
  return /^tag:yaml\.org,2002:\w+$/.test(tag) ? tag.slice(YAML_TAGS.length) : tag;
}
