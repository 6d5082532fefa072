/**
 * Python's regular expressions for names, in a time that nobody can make long: a client sends the pattern, and neither
 * Python's matcher nor JavaScript's can be kept from trying for hours.
 *
 * Everything is there but what needs a memory of what groups have matched: references to groups, conditions, atomic groups
 * and possessive repeats are refused by name.
 *
 * Spec: Python 3.11 library reference, `re` "Regular Expression Syntax"
 * @module
 */
import { NamingError } from "../wire/errors.ts";
import { parseRegex } from "./regex/parse_regex.ts";
import { compileProgram } from "./regex/program.ts";
import { ProgramRunner } from "./regex/program_runner.ts";

/** Longer patterns are refused: none that is meant for names is. */
const MAX_PATTERN_CHARS = 1000;
/** Steps from state to state, over all texts together: a second or two. A plain pattern takes some three a character. */
const MAX_STEPS = 100_000_000;

/** One pattern, for one listing of names. */
export class PythonRegex {
  readonly #runner: ProgramRunner;

  /** @throws {NamingError} `invalid regex: …` */
  constructor(pattern: string) {
    if (pattern.length > MAX_PATTERN_CHARS) {
      throw new NamingError(`invalid regex: longer than ${MAX_PATTERN_CHARS} characters`);
    }
    const program = compileProgram(parseRegex(pattern));
    const exhausted = () => {
      const shown = JSON.stringify(pattern.slice(0, 64));
      throw new NamingError(
        `invalid regex: ${shown} takes more than ${MAX_STEPS} steps for these names; use a shorter one, or a prefix`,
      );
    };
    this.#runner = new ProgramRunner(program, { steps: MAX_STEPS, exhausted });
  }

  /**
   * Python's `re.match`: true if the pattern matches from the start of `text` on, not necessarily up to its end.
   * @throws {NamingError} if all texts together have become too much work for this pattern
   */
  matches(text: string): boolean {
    return this.#runner.matchesStart(text);
  }
}
