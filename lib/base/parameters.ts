/**
 * Names of a function's parameters, read from its own text, and arguments bound to them as Python binds them.
 *
 * JavaScript has no keyword arguments; Python callers use them all the time. What a call binds wrongly is refused in
 * CPython's words, because Python's side shows them to people.
 *
 * Spec: ECMA-262 §15.1 FormalParameters · CPython Python/ceval.c `initialize_locals`, `missing_arguments`, `too_many_positional`
 * @module
 */
import { UsageError } from "./errors.ts";

export interface Parameter {
  /** Undefined where the parameter takes its argument apart, so that it has no name. */
  readonly name: string | undefined;
  readonly hasDefault: boolean;
}

export interface ParameterList {
  readonly positional: readonly Parameter[];
  /** True if a rest parameter takes what is left over. */
  readonly hasRest: boolean;
  /** True if keyword arguments without a parameter are accepted, and left to the caller. Default false. */
  readonly takesAnyKeyword?: boolean;
}

export type AnyFunction = (...args: never[]) => unknown;

/**
 * Reads the parameters of `fn`. Do it once, at registration: it parses text.
 *
 * @param names instead of those in the text: for functions that take arguments apart, or were minified; `"y?"` has a default
 * @throws {UsageError} if the text cannot be understood and no names are given
 */
export function parametersOf(fn: AnyFunction, names?: readonly string[]): ParameterList {
  if (names === undefined) return new ParameterReader(fn).read();
  const positional = names.map((name) => ({ name: name.replace(/\?$/, ""), hasDefault: name.endsWith("?") }));
  return { positional, hasRest: false };
}

/** The list without its first parameter: `self` of a bound task. */
export function withoutFirst(list: ParameterList): ParameterList {
  return { ...list, positional: list.positional.slice(1) };
}

const NAME = /[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const SPACE_OR_COMMENT = /(?:\s|\/\/[^\n]*|\/\*[^]*?\*\/)*/y;
/** What may stand before the parentheses of a function or method. */
const HEAD =
  /(?:async\b|function\b|static\b|get\b|set\b|\*|#?[\p{ID_Start}$_][\p{ID_Continue}$]*|"[^"]*"|'[^']*'|\d+)/uy;

class ParameterReader {
  readonly #text: string;
  readonly #fn: AnyFunction;
  #at = 0;

  constructor(fn: AnyFunction) {
    this.#fn = fn;
    this.#text = Function.prototype.toString.call(fn);
  }

  read(): ParameterList {
    const single = this.#arrowWithoutParentheses();
    if (single !== undefined) return { positional: [{ name: single, hasDefault: false }], hasRest: false };
    this.#skipHead();
    if (this.#text[this.#at] !== "(") this.#fail("no parameter list was found");
    this.#at++;
    const positional: Parameter[] = [];
    while (true) {
      this.#skipSpace();
      if (this.#text[this.#at] === ")") return { positional, hasRest: false };
      if (this.#text.startsWith("...", this.#at)) return { positional, hasRest: true };
      positional.push(this.#parameter());
      if (this.#text[this.#at] === ",") this.#at++;
    }
  }

  /** `x => …`, `async x => …` */
  #arrowWithoutParentheses(): string | undefined {
    return /^(?:async\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=>/u.exec(this.#text)?.[1];
  }

  #skipHead(): void {
    while (true) {
      this.#skipSpace();
      if (this.#text[this.#at] === "[") this.#skipBrackets();
      else if (this.#match(HEAD) === undefined) return;
    }
  }

  #parameter(): Parameter {
    const name = this.#match(NAME);
    if (name === undefined) {
      if (this.#text[this.#at] !== "{" && this.#text[this.#at] !== "[") this.#fail("a parameter is not understood");
      this.#skipBrackets();
    }
    this.#skipSpace();
    const hasDefault = this.#text[this.#at] === "=";
    if (hasDefault) this.#skipDefault();
    if (this.#text[this.#at] !== "," && this.#text[this.#at] !== ")") this.#fail("a parameter is not understood");
    return { name, hasDefault };
  }

  /** Up to the comma or parenthesis that ends the parameter. */
  #skipDefault(): void {
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if (char === "," || char === ")") return;
      if ("([{".includes(char)) this.#skipBrackets();
      else this.#skipToken(char);
    }
    this.#fail("its parameter list does not end");
  }

  /** From an opening bracket to behind the one that closes it. */
  #skipBrackets(): void {
    let depth = 0;
    while (this.#at < this.#text.length) {
      const char = this.#text[this.#at] ?? "";
      if ("([{".includes(char)) depth++;
      if (")]}".includes(char)) depth--;
      this.#skipToken(char);
      if (depth === 0) return;
    }
    this.#fail("a bracket is not closed");
  }

  /** One character, or a whole text, template or comment. */
  #skipToken(char: string): void {
    if (char === '"' || char === "'") this.#skipText(char);
    else if (char === "`") this.#skipTemplate();
    else if (this.#text.startsWith("//", this.#at) || this.#text.startsWith("/*", this.#at)) this.#skipSpace();
    else this.#at++;
  }

  #skipText(quote: string): void {
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== quote) {
      this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    this.#at++;
  }

  #skipTemplate(): void {
    this.#at++;
    while (this.#at < this.#text.length && this.#text[this.#at] !== "`") {
      if (this.#text.startsWith("${", this.#at)) {
        this.#at++;
        this.#skipBrackets();
      } else this.#at += this.#text[this.#at] === "\\" ? 2 : 1;
    }
    this.#at++;
  }

  #skipSpace(): void {
    this.#match(SPACE_OR_COMMENT);
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text)?.[0];
    if (match !== undefined) this.#at += match.length;
    return match;
  }

  #fail(why: string): never {
    const shown = JSON.stringify(this.#text.slice(0, 64));
    const name = this.#fn.name || "the function";
    throw new UsageError(`Cannot read the parameters of ${name}: ${why} in ${shown}; give them as params: ["x", "y"]`);
  }
}

/**
 * Puts keyword arguments in their places.
 *
 * @param name of the function, for the errors
 * @returns the positional arguments to call with; parameters that keep their default are `undefined`, or left away at the end
 * @throws {TypeError} in Python's words: unknown, doubled, missing and superfluous arguments
 */
export function bindArguments(
  name: string,
  list: ParameterList,
  args: readonly unknown[],
  kwargs: Readonly<Record<string, unknown>>,
): unknown[] {
  const { positional, hasRest } = list;
  const bound: unknown[] = args.slice();
  const given = new Set<number>(args.keys());
  for (const [key, value] of Object.entries(kwargs)) {
    const at = positional.findIndex((parameter) => parameter.name === key);
    if (at === -1 && list.takesAnyKeyword === true) continue;
    if (at === -1) throw unexpectedKeyword(name, key, positional);
    if (given.has(at)) throw new TypeError(`${name}() got multiple values for argument '${key}'`);
    given.add(at);
    while (bound.length < at) bound.push(undefined);
    bound[at] = value;
  }
  if (args.length > positional.length && !hasRest) throw tooMany(name, positional, args.length);
  const missing = positional.filter((parameter, at) => !given.has(at) && !parameter.hasDefault);
  if (missing.length > 0) throw missingArguments(name, missing, positional);
  return bound;
}

function unexpectedKeyword(name: string, key: string, positional: readonly Parameter[]): Error {
  const nameless = positional.findIndex((parameter) => parameter.name === undefined);
  if (nameless === -1) return new TypeError(`${name}() got an unexpected keyword argument '${key}'`);
  return new UsageError(
    `Cannot bind the keyword argument '${key}' of ${name}: parameter ${nameless + 1} is taken apart and has no name; ` +
      `register the function with { params: ["x", "y"] }`,
  );
}

function tooMany(name: string, positional: readonly Parameter[], given: number): TypeError {
  const most = positional.length;
  const least = positional.filter((parameter) => !parameter.hasDefault).length;
  const takes = least === most ? `${most}` : `from ${least} to ${most}`;
  const plural = most === 1 && least === most ? "" : "s";
  return new TypeError(
    `${name}() takes ${takes} positional argument${plural} but ${given} ${given === 1 ? "was" : "were"} given`,
  );
}

function missingArguments(name: string, missing: readonly Parameter[], positional: readonly Parameter[]): TypeError {
  const names = missing.map((parameter) => `'${parameter.name ?? positional.indexOf(parameter) + 1}'`);
  const last = names.pop() ?? "";
  const listed = names.length === 0 ? last : `${names.join(", ")}${names.length > 1 ? "," : ""} and ${last}`;
  return new TypeError(
    `${name}() missing ${missing.length} required positional argument${missing.length === 1 ? "" : "s"}: ${listed}`,
  );
}
