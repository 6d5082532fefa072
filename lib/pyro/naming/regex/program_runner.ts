/**
 * Runs a pattern over a text: all ways at a time, one character after the other, so that the work is the length of the text
 * times the number of states, whatever the pattern.
 *
 * Where the pattern looks around, each look-around runs over the text first, and leaves where it holds: looking behind, at
 * the ends of its own matches; looking ahead, backwards, at their beginnings.
 *
 * Source: Ken Thompson, "Regular Expression Search Algorithm", 1968
 * @module
 */
import { categoryTest } from "./characters.ts";
import type { Place } from "./nodes.ts";
import type { Automaton, Program, State } from "./program.ts";

const NEWLINE = 0x0a;
const isWord = categoryTest("w", { ascii: false });
const isAsciiWord = categoryTest("w", { ascii: true });

/** How much more may be done; taken from, step by step. */
export interface Budget {
  steps: number;
  /** Called once there are none left; throws. */
  readonly exhausted: () => never;
}

/** One pattern that is run over many texts; what it needs for that is made once. */
export class ProgramRunner {
  readonly #main: AutomatonRunner;
  readonly #looks: readonly { readonly runner: AutomatonRunner; readonly isAhead: boolean }[];
  readonly #budget: Budget;

  constructor({ main, looks }: Program, budget: Budget) {
    this.#main = new AutomatonRunner(main, budget);
    this.#looks = looks.map((look) => ({ runner: new AutomatonRunner(look, budget), isAhead: look.isAhead }));
    this.#budget = budget;
  }

  /** True if the pattern matches from the start of the text on, as `re.match`. */
  matchesStart(text: string): boolean {
    const codes = codesOf(text);
    const tables: Uint8Array[] = [];
    for (const { runner, isAhead } of this.#looks) {
      spend(this.#budget, codes.length);
      tables.push(runner.everywhere(codes, tables, isAhead));
    }
    return this.#main.atStart(codes, tables);
  }
}

/** One automaton, and the states that it is in. */
class AutomatonRunner {
  readonly #states: readonly State[];
  readonly #start: number;
  readonly #budget: Budget;
  readonly #seen: Float64Array; // the step at which a state was reached last
  readonly #stack: number[] = [];
  #step = 0;
  #waiting: (State & { kind: "character" })[] = []; // states that go on with a character
  #before: (State & { kind: "character" })[] = [];
  #isAccepted = false;

  constructor({ states, start }: Automaton, budget: Budget) {
    this.#states = states;
    this.#start = start;
    this.#budget = budget;
    this.#seen = new Float64Array(states.length);
  }

  /** True if a match begins at the start of the text. */
  atStart(text: readonly number[], tables: readonly Uint8Array[]): boolean {
    this.#begin();
    this.#reach(this.#start, text, 0, tables);
    for (let at = 0; !this.#isAccepted; at++) {
      if (at === text.length || this.#waiting.length === 0) return false;
      this.#advance(text[at] ?? 0, text, at + 1, tables);
    }
    return true;
  }

  /** Marks where matches end that begin anywhere; read backwards, where they begin. */
  everywhere(text: readonly number[], tables: readonly Uint8Array[], isBackwards: boolean): Uint8Array {
    const table = new Uint8Array(text.length + 1);
    this.#begin();
    for (let done = 0; done <= text.length; done++) {
      const at = isBackwards ? text.length - done : done;
      if (done > 0) this.#advance(text[isBackwards ? at : at - 1] ?? 0, text, at, tables);
      this.#reach(this.#start, text, at, tables);
      if (this.#isAccepted) table[at] = 1;
    }
    return table;
  }

  #begin(): void {
    this.#step++;
    this.#waiting.length = 0;
    this.#isAccepted = false;
  }

  /** Takes one character; `at` is where that leads to. */
  #advance(code: number, text: readonly number[], at: number, tables: readonly Uint8Array[]): void {
    const before = this.#waiting;
    this.#waiting = this.#before;
    this.#before = before;
    this.#begin();
    for (const { test, next } of before) if (test(code)) this.#reach(next, text, at, tables);
    spend(this.#budget, before.length);
  }

  /** Adds a state, and all that can be reached from it without a character. */
  #reach(first: number, text: readonly number[], at: number, tables: readonly Uint8Array[]): void {
    const stack = this.#stack;
    const seen = this.#seen;
    let steps = 0;
    for (let number: number | undefined = first; number !== undefined; number = stack.pop()) {
      steps++;
      if (seen[number] === this.#step) continue;
      seen[number] = this.#step;
      const state = this.#states[number];
      switch (state?.kind) {
        case "character":
          this.#waiting.push(state);
          break;
        case "fork":
          for (const way of state.ways) stack.push(way);
          break;
        case "place":
          if (isAt(state.place, text, at)) stack.push(state.next);
          break;
        case "look":
          if ((tables[state.look]?.[at] === 1) !== state.isNegated) stack.push(state.next);
          break;
        case "accept":
          this.#isAccepted = true;
      }
    }
    spend(this.#budget, steps);
  }
}

function spend(budget: Budget, steps: number): void {
  budget.steps -= steps;
  if (budget.steps < 0) budget.exhausted();
}

/** Code points: what Python's strings consist of. */
function codesOf(text: string): number[] {
  const codes: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const code = text.codePointAt(at) ?? 0;
    if (code > 0xffff) at++;
    codes.push(code);
  }
  return codes;
}

function isAt(place: Place, text: readonly number[], at: number): boolean {
  switch (place) {
    case "start":
      return at === 0;
    case "end":
      return at === text.length;
    case "line start":
      return at === 0 || text[at - 1] === NEWLINE;
    case "line end":
      return at === text.length || text[at] === NEWLINE;
    case "last line end":
      return at === text.length || (at === text.length - 1 && text[at] === NEWLINE);
    case "boundary":
      return isBoundary(isWord, text, at);
    case "ASCII boundary":
      return isBoundary(isAsciiWord, text, at);
    case "no boundary": // in Python, an empty text has neither
      return text.length > 0 && !isBoundary(isWord, text, at);
    case "no ASCII boundary":
      return text.length > 0 && !isBoundary(isAsciiWord, text, at);
  }
}

function isBoundary(isWordCharacter: (code: number) => boolean, text: readonly number[], at: number): boolean {
  const isInWord = (code: number | undefined) => code !== undefined && isWordCharacter(code);
  return isInWord(text[at - 1]) !== isInWord(text[at]);
}
