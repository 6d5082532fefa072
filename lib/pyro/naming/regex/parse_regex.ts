/**
 * Python's regular expressions as trees.
 *
 *     choice   = sequence ("|" sequence)*
 *     sequence = (item ("*" | "+" | "?" | "{m,n}") "?"?)*
 *     item     = character | "." | "[" set "]" | "^" | "$" | "\" escape | "(" … ")"
 *
 * Mistakes are told in Python's words, at Python's positions. What no automaton can do (to refer back to what a group has
 * matched, to depend on it, or to keep from trying again) is refused, and so are characters by their names.
 *
 * Spec: CPython 3.11 `Lib/re/_parser.py`
 * @module
 */
import { pythonRepr } from "../../wire/python_text.ts";
import { anyTest, literalTest } from "./characters.ts";
import { categoryOf, escapedCode, octalCode, readSet } from "./escapes.ts";
import { isFlag, NO_FLAGS, readFlags } from "./flags.ts";
import { type Place, type RegexNode, widthOf } from "./nodes.ts";
import { charsOf, Tokenizer } from "./tokenizer.ts";

/** @throws {NamingError} `invalid regex: …` */
export function parseRegex(pattern: string): RegexNode {
  return new Parser(pattern).parse();
}

const DIGIT = /[0-9]/;
const REPEATS = new Set("*+?{");

/** An item of a sequence, with what the repeat signs behind it want to know. */
interface Item {
  readonly node: RegexNode;
  readonly isRepeat: boolean;
}

class Parser {
  readonly #source: Tokenizer;
  #flags = NO_FLAGS;
  #groups = 0;
  readonly #names = new Map<string, number>();

  constructor(pattern: string) {
    this.#source = new Tokenizer(pattern);
  }

  parse(): RegexNode {
    const node = this.#choice(true);
    if (this.#source.next !== undefined) throw this.#source.error("unbalanced parenthesis");
    return node;
  }

  #choice(isOutermost = false): RegexNode {
    const items: RegexNode[] = [];
    do items.push(this.#sequence(isOutermost && items.length === 0)); while (this.#source.match("|"));
    return { kind: "choice", items };
  }

  #sequence(isFirst: boolean): RegexNode {
    const source = this.#source;
    const items: Item[] = [];
    for (let char = source.next; char !== undefined && char !== "|" && char !== ")"; char = source.next) {
      source.get();
      if (this.#flags.verbose && this.#isSkipped(char)) continue;
      if (REPEATS.has(char)) this.#repeat(char, items);
      else if (char === "(") {
        const group = this.#group(isFirst && items.length === 0);
        if (group !== undefined) items.push({ node: group, isRepeat: false });
      } else items.push({ node: this.#item(char), isRepeat: false });
    }
    return { kind: "sequence", items: items.map(({ node }) => node) };
  }

  /** White space and comments, where the flag x lets them stand for nothing. */
  #isSkipped(char: string): boolean {
    if (/^[ \t\n\r\v\f]$/.test(char)) return true;
    if (char !== "#") return false;
    for (let skipped = this.#source.get(); skipped !== undefined && skipped !== "\n";) skipped = this.#source.get();
    return true;
  }

  #item(char: string): RegexNode {
    if (char.startsWith("\\")) return this.#escape(char);
    switch (char) {
      case ".":
        return { kind: "character", test: anyTest(this.#flags.dotAll) };
      case "[":
        return { kind: "character", test: readSet(this.#source, this.#flags) };
      case "^":
        return { kind: "place", place: this.#flags.multiline ? "line start" : "start" };
      case "$":
        return { kind: "place", place: this.#flags.multiline ? "line end" : "last line end" };
      default:
        return this.#literal(char.codePointAt(0) ?? 0);
    }
  }

  #literal(code: number): RegexNode {
    return { kind: "character", test: literalTest(code, this.#flags) };
  }

  #repeat(sign: string, items: Item[]): void {
    const source = this.#source;
    const here = source.tell();
    const counts = sign === "{"
      ? this.#counts(here)
      : { least: sign === "+" ? 1 : 0, most: sign === "?" ? 1 : Infinity };
    if (counts === undefined) {
      items.push({ node: this.#literal(0x7b), isRepeat: false });
      return;
    }
    const item = items.pop();
    const back = source.tell() - here + 1;
    if (item === undefined || item.node.kind === "place") throw source.error("nothing to repeat", back);
    if (item.isRepeat) throw source.error("multiple repeat", back);
    if (source.match("+")) throw source.error("possessive repeats are not known here", back + 1);
    source.match("?"); // whether few or many are tried first decides only what groups would hold
    items.push({ node: { kind: "repeat", ...counts, item: item.node }, isRepeat: true });
  }

  /** What follows an opening brace; undefined if it is one like any other character. */
  #counts(here: number): { readonly least: number; readonly most: number } | undefined {
    const source = this.#source;
    if (source.next === "}") return undefined;
    const least = source.getWhile(Infinity, DIGIT);
    const most = source.match(",") ? source.getWhile(Infinity, DIGIT) : least;
    if (!source.match("}")) {
      source.seek(here);
      return undefined;
    }
    const counts = { least: Number(least), most: most === "" ? Infinity : Number(most) };
    if (counts.most >= counts.least) return counts;
    throw source.error("min repeat greater than max repeat", source.tell() - here);
  }

  /** An escape outside of brackets. */
  #escape(escape: string): RegexNode {
    const letter = escape.slice(1);
    const place = this.#placeOf(letter);
    if (place !== undefined) return { kind: "place", place };
    const test = categoryOf(escape, this.#flags);
    if (test !== undefined) return { kind: "character", test };
    const isNumber = DIGIT.test(letter);
    return this.#literal(
      isNumber ? octalCode(this.#source, escape, this.#groups) : escapedCode(this.#source, escape),
    );
  }

  #placeOf(letter: string): Place | undefined {
    const { ascii } = this.#flags;
    switch (letter) {
      case "A":
        return "start";
      case "Z":
        return "end";
      case "b":
        return ascii ? "ASCII boundary" : "boundary";
      case "B":
        return ascii ? "no ASCII boundary" : "no boundary";
    }
    return undefined;
  }

  /** Behind an opening parenthesis. @returns nothing where it matches nothing: comments and global flags */
  #group(isFirst: boolean): RegexNode | undefined {
    const source = this.#source;
    const start = source.tell() - 1;
    if (!source.match("?")) return this.#capture(start, undefined);
    const char = source.get();
    switch (char) {
      case undefined:
        throw source.error("unexpected end of pattern");
      case "P":
        return this.#pythonGroup(start);
      case ":":
        return this.#inside(start);
      case "#":
        return this.#comment(start);
      case "=":
      case "!":
        return { kind: "look", isAhead: true, isNegated: char === "!", item: this.#inside(start) };
      case "<":
        return this.#lookBehind(start);
      case "(":
        throw source.error("conditions are not known here", source.tell() - start);
      case ">":
        throw source.error("atomic groups are not known here", source.tell() - start);
    }
    if (!isFlag(char) && char !== "-") throw source.error(`unknown extension ?${char}`, charsOf(char) + 1);
    const { flags, isGlobal } = readFlags(source, char, this.#flags);
    if (!isGlobal) return this.#inside(start, flags);
    if (!isFirst) throw source.error("global flags not at the start of the expression", source.tell() - start);
    this.#flags = flags;
    return undefined;
  }

  #capture(start: number, name: string | undefined): RegexNode {
    const source = this.#source;
    const number = ++this.#groups;
    if (name !== undefined) {
      const before = this.#names.get(name);
      if (before !== undefined) {
        const words = `redefinition of group name ${pythonRepr(name)} as group ${number}; was group ${before}`;
        throw source.error(words, charsOf(name) + 1);
      }
      this.#names.set(name, number);
    }
    return this.#inside(start);
  }

  /** Up to the closing parenthesis. */
  #inside(start: number, flags = this.#flags): RegexNode {
    const outside = this.#flags;
    this.#flags = flags;
    const node = this.#choice();
    this.#flags = outside;
    if (this.#source.match(")")) return node;
    throw this.#source.error("missing ), unterminated subpattern", this.#source.tell() - start);
  }

  #pythonGroup(start: number): RegexNode {
    const source = this.#source;
    if (source.match("<")) {
      const name = source.getUntil(">", "group name");
      source.checkGroupName(name);
      return this.#capture(start, name);
    }
    if (source.match("=")) {
      const name = source.getUntil(")", "group name");
      source.checkGroupName(name);
      const known = this.#names.has(name);
      if (!known) throw source.error(`unknown group name ${pythonRepr(name)}`, charsOf(name) + 1);
      throw source.error(`references to groups are not known here: ${name}`, charsOf(name) + 1);
    }
    const char = source.get();
    if (char === undefined) throw source.error("unexpected end of pattern");
    throw source.error(`unknown extension ?P${char}`, charsOf(char) + 2);
  }

  #comment(start: number): undefined {
    const source = this.#source;
    for (let char = source.next; char !== undefined; char = source.next) {
      source.get();
      if (char === ")") return;
    }
    throw source.error("missing ), unterminated comment", source.tell() - start);
  }

  #lookBehind(start: number): RegexNode {
    const source = this.#source;
    const char = source.get();
    if (char === undefined) throw source.error("unexpected end of pattern");
    if (char !== "=" && char !== "!") throw source.error(`unknown extension ?<${char}`, charsOf(char) + 2);
    const item = this.#inside(start);
    const [least, most] = widthOf(item);
    if (least !== most) throw source.error("look-behind requires fixed-width pattern", source.tell() - start);
    return { kind: "look", isAhead: false, isNegated: char === "!", item };
  }
}
