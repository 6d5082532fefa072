/**
 * Serpent text as values: a reader for the Python literals that `ast.literal_eval` accepts.
 *
 *     value  = atom | ("+" | "-") number | number ("+" | "-") imaginary
 *     atom   = None | True | False | ... | set() | number | string+ | "(" items ")" | "[" items "]" | "{" members "}"
 *
 * Two dicts are not left as dicts: serpent's form of bytes (exactly `data` and `encoding`, in canonical base64), and of
 * floats that have no literal (`{'__class__':'float','value':'nan'}`). Both are written again as they came.
 *
 * One pass over a string; texts are slices of it, found with `indexOf`.
 *
 * Spec: CPython 3.11 `ast.literal_eval`; serpent 1.41 `loads`. Pure: no sockets, no clocks, no promises.
 * @module
 */
import { Buffer } from "node:buffer";
import { emptyDict, Tuple } from "../../../base/pyvalue.ts";
import { keyIdentity, setOf, unhashable } from "../keys.ts";
import { ELLIPSIS, MAX_DEPTH } from "../values.ts";
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  CLOSE_PAREN,
  COLON,
  COMMA,
  DOT,
  MINUS,
  NINE,
  OPEN_BRACE,
  OPEN_BRACKET,
  OPEN_PAREN,
  PLUS,
  ZERO,
} from "./characters.ts";
import { isDelimiter, parseNumber } from "./numbers.ts";
import { SerpentSource } from "./source.ts";
import { specialDict } from "./special_dicts.ts";
import { malformed, syntax } from "./tokens.ts";

export interface SerpentParseOptions {
  /** Floats read as `PyFloat`, so that `1.0` stays one. Default false. */
  readonly keepFloats?: boolean;
}

export interface SerpentDocument {
  readonly value: unknown;
  /** There is a dict with a `__class__` in it. */
  readonly hasClasses: boolean;
}

/** @throws {BadPayloadError} where Python raises SyntaxError, ValueError or TypeError */
export function parseSerpent(text: string, options: SerpentParseOptions = {}): SerpentDocument {
  return new SerpentParser(text, options.keepFloats ?? false).document();
}

/** No character: closes the tuple that stands without parentheses. */
const END_OF_TEXT = -1;

const NAME = /[\p{ID_Start}_]\p{ID_Continue}*/uy;
const EMPTY_CALL = /\([ \t\f\n]*\)/y;

class SerpentParser {
  readonly #source: SerpentSource;
  readonly #keepFloats: boolean;
  #hasClasses = false;

  constructor(text: string, keepFloats: boolean) {
    this.#source = new SerpentSource(text);
    this.#keepFloats = keepFloats;
  }

  document(): SerpentDocument {
    let value = this.#value();
    if (this.#source.peek() === COMMA) {
      const items = [value];
      this.#items(items, END_OF_TEXT);
      value = Tuple.fromItems(items);
    }
    this.#source.end();
    return { value, hasClasses: this.#hasClasses };
  }

  #value(): unknown {
    const source = this.#source;
    const code = source.text.charCodeAt(source.at);
    if (code >= ZERO && code <= NINE || code === MINUS || code === PLUS) return parseNumber(source, this.#keepFloats);
    switch (code) {
      case OPEN_BRACE:
        return this.#dictOrSet();
      case OPEN_BRACKET:
        return this.#list();
      case OPEN_PAREN:
        return this.#parenthesis();
    }
    if (source.isStringAhead) return this.#strings();
    return code === DOT ? this.#dot() : this.#name();
  }

  #dot(): unknown {
    const source = this.#source;
    if (!source.text.startsWith("...", source.at)) return parseNumber(source, this.#keepFloats);
    source.at += 3;
    return ELLIPSIS;
  }

  /** One string, or several that stand side by side and are one. */
  #strings(): string | Uint8Array {
    const source = this.#source;
    let out = source.string();
    while (!isDelimiter(source.peek()) && source.isStringAhead) {
      const next = source.string();
      if (typeof out === "string" && typeof next === "string") out += next;
      else if (out instanceof Uint8Array && next instanceof Uint8Array) out = Buffer.concat([out, next]);
      else throw syntax("cannot mix bytes and nonbytes literals", source.at);
    }
    return out;
  }

  #name(): unknown {
    const source = this.#source;
    NAME.lastIndex = source.at;
    const name = NAME.exec(source.text)?.[0];
    if (name === undefined) throw syntax("invalid syntax", source.at);
    const start = source.at;
    source.at += name.length;
    switch (name) {
      case "None":
        return null;
      case "True":
        return true;
      case "False":
        return false;
    }
    EMPTY_CALL.lastIndex = source.at;
    if (name !== "set" || !EMPTY_CALL.test(source.text)) throw malformed(`the name ${name.slice(0, 64)}`, start);
    source.at = EMPTY_CALL.lastIndex;
    return new Set();
  }

  #list(): unknown[] {
    this.#open();
    const items: unknown[] = [];
    this.#items(items, CLOSE_BRACKET);
    this.#close();
    return items;
  }

  /** A tuple, or a value in parentheses. */
  #parenthesis(): unknown {
    this.#open();
    const items: unknown[] = [];
    const hasComma = this.#items(items, CLOSE_PAREN);
    this.#close();
    return items.length === 1 && !hasComma ? items[0] : Tuple.fromItems(items);
  }

  /** Reads items up to `closing`, behind those that there are. @returns true if there was a comma */
  #items(items: unknown[], closing: number): boolean {
    const source = this.#source;
    let hasComma = false;
    while (true) {
      let code = source.peek();
      if (items.length > 0) {
        if (code === COMMA) {
          hasComma = true;
          source.at++;
          code = source.peek();
        } else if (!isClosing(code, closing)) {
          throw syntax("invalid syntax, a comma or the end was expected", source.at);
        }
      }
      if (isClosing(code, closing)) return hasComma;
      items.push(this.#value());
    }
  }

  #open(): void {
    const source = this.#source;
    source.at++;
    if (++source.depth > MAX_DEPTH) {
      throw syntax(`too many nested parentheses, the limit is ${MAX_DEPTH}`, source.at);
    }
  }

  #close(): void {
    this.#source.at++;
    this.#source.depth--;
  }

  #dictOrSet(): unknown {
    this.#open();
    if (this.#source.peek() === CLOSE_BRACE) {
      this.#close();
      return emptyDict();
    }
    const first = this.#key();
    return this.#source.peek() === COLON ? this.#dict(first) : this.#set(first);
  }

  /** A dict's key or a set's member. A dict is refused even where it stands for bytes or a float. */
  #key(): unknown {
    const code = this.#source.text.charCodeAt(this.#source.at);
    const key = this.#value();
    if (code === OPEN_BRACE || code === OPEN_BRACKET) throw unhashable(code === OPEN_BRACE ? "dict" : "list");
    return key;
  }

  #set(first: unknown): Set<unknown> {
    const members = [first];
    while (this.#hasNext()) members.push(this.#key());
    return setOf(members);
  }

  #dict(first: unknown): unknown {
    const dict = emptyDict();
    let key = first;
    let size = 0;
    while (typeof key === "string") {
      dict[key] = this.#valueOf(key);
      size++;
      if (!this.#hasNext()) return size === 2 ? specialDict(dict) : dict;
      key = this.#key();
    }
    return this.#map(new Map<unknown, unknown>(Object.entries(dict)), key);
  }

  /** Goes on with a dict in which there is a key that is no text. */
  #map(map: Map<unknown, unknown>, first: unknown): Map<unknown, unknown> {
    const known = new Map<string, unknown>();
    let key = first;
    while (true) {
      if (typeof key !== "string") {
        const identity = keyIdentity(key);
        if (known.has(identity)) key = known.get(identity);
        else known.set(identity, key);
      }
      map.set(key, this.#valueOf(key));
      if (!this.#hasNext()) return map;
      key = this.#key();
    }
  }

  #valueOf(key: unknown): unknown {
    const source = this.#source;
    if (source.peek() !== COLON) throw syntax("':' expected after dictionary key", source.at);
    source.at++;
    source.peek();
    if (key === "__class__") this.#hasClasses = true;
    return this.#value();
  }

  /** Behind a member: true with the next one ahead, false behind the closing brace. */
  #hasNext(): boolean {
    const source = this.#source;
    let code = source.peek();
    if (code === COMMA) {
      source.at++;
      code = source.peek();
      if (code !== CLOSE_BRACE) return true;
    }
    if (code !== CLOSE_BRACE) throw syntax("invalid syntax, a comma or the end was expected", source.at);
    this.#close();
    return false;
  }
}

function isClosing(code: number, closing: number): boolean {
  return closing === END_OF_TEXT ? Number.isNaN(code) : code === closing;
}
