/**
 * Python's regular expressions in JavaScript's: enough for patterns of names.
 *
 * Groups `(?P<n>…)`, `(?P=n)`, comments, global flags `(?ims)`, `\A`, `\Z`, `{,n}`, and Unicode `\w` `\d` are translated;
 * conditions and the verbose flag are refused. Error texts are Python's where the mistake is a common one.
 *
 * Spec: Python 3.11 library reference, `re` "Regular Expression Syntax"
 * @module
 */
import { NamingError } from "../wire/errors.ts";

/** Longer patterns are refused: none that is meant for names is. */
const MAX_PATTERN_CHARS = 1000;

/** Escapes of a letter, outside and inside of a class. */
const CLASSES: ReadonlyMap<string, readonly [outside: string, inside: string]> = new Map([
  ["d", ["\\p{Nd}", "\\p{Nd}"]],
  ["D", ["\\P{Nd}", "\\P{Nd}"]],
  ["w", ["[\\p{L}\\p{N}_]", "\\p{L}\\p{N}_"]],
  ["W", ["[^\\p{L}\\p{N}_]", ""]],
  ["s", ["\\s", "\\s"]],
  ["S", ["\\S", "\\S"]],
  ["b", ["\\b", "\\x08"]],
  ["B", ["\\B", ""]],
  ["A", ["(?<![\\s\\S])", ""]],
  ["Z", ["(?![\\s\\S])", ""]],
  ["a", ["\\x07", "\\x07"]],
]);
/** Escapes that are the same in both. */
const SAME_ESCAPES = /[fnrtv]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}/y;
const SYNTAX_CHARACTERS = /[$^\\.*+?()[\]{}|/]/;
const QUANTIFIER = /\{(\d*)(,?)(\d*)\}/y;
const GROUP = /\?(?:P<([^>)]*)>|P=([^)]*)\)|#[^)]*\)|([aiLmsux]+)\)|(:|=|!|<=|<!))/y;

/**
 * Compiles a pattern for `re.match`: it has to match from the start of a name on, not up to its end.
 * @throws {NamingError} `invalid regex: …`
 */
export function compilePythonRegex(pattern: string): RegExp {
  if (pattern.length > MAX_PATTERN_CHARS) throw invalid(`longer than ${MAX_PATTERN_CHARS} characters`);
  const { source, flags } = new Translator(pattern).translate();
  try {
    return new RegExp(`^(?:${source})`, flags);
  } catch (error) {
    throw invalid(error instanceof Error ? error.message.replace(/^.*: /s, "") : String(error), undefined, error);
  }
}

class Translator {
  readonly #pattern: string;
  #at = 0;
  #out = "";
  #flags = "u";
  readonly #openGroups: number[] = [];

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  translate(): { readonly source: string; readonly flags: string } {
    while (this.#at < this.#pattern.length) this.#step();
    const open = this.#openGroups.pop();
    if (open !== undefined) throw invalid("missing ), unterminated subpattern", open);
    return { source: this.#out, flags: this.#flags };
  }

  #step(): void {
    const char = this.#pattern[this.#at] ?? "";
    switch (char) {
      case "\\":
        return this.#escape(false);
      case "[":
        return this.#characterClass();
      case "(":
        return this.#group();
      case ")":
        if (this.#openGroups.pop() === undefined) throw invalid("unbalanced parenthesis", this.#at);
        return this.#take(1, ")");
      case "{":
        return this.#brace();
      case "}":
      case "]":
        return this.#take(1, `\\${char}`);
      case "*":
      case "+":
      case "?":
        if (this.#out === "") throw invalid("nothing to repeat", this.#at);
        return this.#take(1, char);
      default:
        return this.#take(1, char);
    }
  }

  #take(count: number, out: string): void {
    this.#at += count;
    this.#out += out;
  }

  #escape(isInside: boolean): void {
    const start = this.#at;
    const char = this.#pattern[start + 1];
    if (char === undefined) throw invalid("bad escape (end of pattern)", start);
    const translated = CLASSES.get(char)?.[isInside ? 1 : 0];
    if (translated) return this.#take(2, translated);
    SAME_ESCAPES.lastIndex = start + 1;
    const same = SAME_ESCAPES.exec(this.#pattern)?.[0];
    if (same !== undefined) return this.#take(1 + same.length, `\\${same}`);
    if (/\d/.test(char) && !isInside) return this.#take(2, char === "0" ? "\\0" : `\\${char}`);
    if (/[A-Za-z\d]/.test(char)) throw invalid(`bad escape \\${char}`, start);
    const isSyntax = SYNTAX_CHARACTERS.test(char) || (isInside && char === "-");
    this.#take(2, isSyntax ? `\\${char}` : char);
  }

  #characterClass(): void {
    const start = this.#at;
    this.#take(1, "[");
    if (this.#pattern[this.#at] === "^") this.#take(1, "^");
    for (let first = true; this.#pattern[this.#at] !== "]" || first; first = false) {
      const char = this.#pattern[this.#at];
      if (char === undefined) throw invalid("unterminated character set", start);
      if (char === "\\") this.#escape(true);
      else this.#take(1, /[[\]]/.test(char) ? `\\${char}` : char);
    }
    this.#take(1, "]");
  }

  #group(): void {
    const start = this.#at;
    GROUP.lastIndex = start + 1;
    const match = GROUP.exec(this.#pattern);
    if (match === null) {
      if (this.#pattern[start + 1] === "?") throw invalid("unknown extension", start + 1);
      this.#openGroups.push(start);
      return this.#take(1, "(");
    }
    const [text, name, reference, flags, kind] = match;
    this.#at = start + 1 + text.length;
    if (flags !== undefined) return this.#globalFlags(flags, start);
    if (reference !== undefined) this.#out += `\\k<${reference}>`;
    else if (name !== undefined || kind !== undefined) {
      this.#openGroups.push(start);
      this.#out += name === undefined ? `(?${kind}` : `(?<${name}>`;
    }
  }

  #globalFlags(flags: string, start: number): void {
    if (start !== 0) throw invalid("global flags not at the start of the expression", start);
    if (/[Lx]/.test(flags)) throw invalid(`the flags ${flags} are not known here`, start);
    for (const flag of new Set(flags.replace(/[au]/g, ""))) this.#flags += flag;
  }

  #brace(): void {
    QUANTIFIER.lastIndex = this.#at;
    const match = QUANTIFIER.exec(this.#pattern);
    const [text = "", least = "", comma = "", most = ""] = match ?? [];
    if (match === null || least + most === "") return this.#take(1, "\\{"); // no quantifier in Python either
    this.#take(text.length, `{${least || 0}${comma}${most}}`);
  }
}

function invalid(words: string, position?: number, cause?: unknown): NamingError {
  const where = position === undefined ? "" : ` at position ${position}`;
  return new NamingError(`invalid regex: ${words}${where}`, { cause });
}
