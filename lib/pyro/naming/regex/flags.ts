import type { CaseOptions } from "./characters.ts";
import { charsOf, type Tokenizer } from "./tokenizer.ts";

/** What `(?aimsux)` switches. */
export interface Flags extends CaseOptions {
  readonly multiline: boolean;
  readonly dotAll: boolean;
  readonly verbose: boolean;
}

export const NO_FLAGS: Flags = { ignoreCase: false, ascii: false, multiline: false, dotAll: false, verbose: false };

const LETTERS = new Set("iLmsxau");
const TYPE_LETTERS = new Set("aLu");

export function isFlag(char: string): boolean {
  return LETTERS.has(char);
}

/** Flags between parentheses, read. */
export interface FlagGroup {
  readonly flags: Flags;
  /** `(?i)`, for all that follows; else `(?i:…)`, up to the closing parenthesis, which is still to come. */
  readonly isGlobal: boolean;
}

/**
 * Reads on behind `(?` and the first letter or sign.
 * @throws {NamingError} in Python's words
 */
export function readFlags(source: Tokenizer, first: string, before: Flags): FlagGroup {
  const on = new Set<string>();
  let char = first;
  while (isFlag(char)) {
    if (char === "L") throw source.error("bad inline flags: cannot use 'L' flag with a str pattern");
    on.add(char);
    if (on.has("a") && on.has("u")) throw source.error("bad inline flags: flags 'a', 'u' and 'L' are incompatible");
    char = nextOf(source, "missing -, : or )", ")-:");
  }
  const flags = withFlags(before, on, true);
  if (char === ")") return { flags, isGlobal: true };
  const off = char === "-" ? readFlagsOff(source) : new Set<string>();
  if ([...on].some((flag) => off.has(flag))) throw source.error("bad inline flags: flag turned on and off", 1);
  return { flags: withFlags(flags, off, false), isGlobal: false };
}

function readFlagsOff(source: Tokenizer): Set<string> {
  const off = new Set<string>();
  for (let char = nextOf(source, "missing flag", ""); char !== ":"; char = nextOf(source, "missing :", ":")) {
    if (TYPE_LETTERS.has(char)) throw source.error("bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
    off.add(char);
  }
  return off;
}

/** The next flag, or one of `ends`. */
function nextOf(source: Tokenizer, missing: string, ends: string): string {
  const char = source.get();
  if (char === undefined) throw source.error(missing);
  if (isFlag(char) || ends.includes(char)) return char;
  throw source.error(/^\p{L}+$/u.test(char) ? "unknown flag" : missing, charsOf(char));
}

function withFlags(flags: Flags, letters: ReadonlySet<string>, value: boolean): Flags {
  return {
    ignoreCase: letters.has("i") ? value : flags.ignoreCase,
    multiline: letters.has("m") ? value : flags.multiline,
    dotAll: letters.has("s") ? value : flags.dotAll,
    verbose: letters.has("x") ? value : flags.verbose,
    ascii: letters.has("a") ? value : letters.has("u") ? !value : flags.ascii,
  };
}
