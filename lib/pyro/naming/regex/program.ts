import { NamingError } from "../../wire/errors.ts";
import type { CharacterTest } from "./characters.ts";
import type { Place, RegexNode } from "./nodes.ts";

/** One state of an automaton; numbers are those of other states. */
export type State =
  | { readonly kind: "character"; readonly test: CharacterTest; readonly next: number }
  | { readonly kind: "fork"; readonly ways: readonly number[] }
  | { readonly kind: "place"; readonly place: Place; readonly next: number }
  /** Goes on where the look-around of this number holds, or does not hold. */
  | { readonly kind: "look"; readonly look: number; readonly isNegated: boolean; readonly next: number }
  | { readonly kind: "accept" };

export interface Automaton {
  readonly states: readonly State[];
  readonly start: number;
}

/** A look-around as an automaton of its own, which runs over the whole text once: against the reading direction if it looks ahead. */
export interface Look extends Automaton {
  readonly isAhead: boolean;
}

/** A pattern, ready to run. Each look-around depends on those before it alone. */
export interface Program {
  readonly main: Automaton;
  readonly looks: readonly Look[];
}

/** Counted repeats are written out, and nested ones multiply. */
const MAX_STATES = 10_000;

/** @throws {NamingError} if there are too many states */
export function compileProgram(node: RegexNode): Program {
  const shared: Shared = { looks: [], numbers: new Map(), states: 0 };
  return { main: new Builder(shared, false).build(node), looks: shared.looks };
}

/** What the automata of one program share. */
interface Shared {
  readonly looks: Look[];
  /** Of the look-arounds that were written already: repeats would write them again. */
  readonly numbers: Map<RegexNode, number>;
  /** How many there are in all. */
  states: number;
}

/** Writes states from the last to the first, so that each knows where to go on. */
class Builder {
  readonly #shared: Shared;
  readonly #isBackwards: boolean;
  readonly #states: State[] = [];

  constructor(shared: Shared, isBackwards: boolean) {
    this.#shared = shared;
    this.#isBackwards = isBackwards;
  }

  build(node: RegexNode): Automaton {
    const start = this.#add(node, this.#state({ kind: "accept" }));
    return { states: this.#states, start };
  }

  /** @returns the state to begin with for `node` and then `next` */
  #add(node: RegexNode, next: number): number {
    switch (node.kind) {
      case "character":
        return this.#state({ kind: "character", test: node.test, next });
      case "place":
        return this.#state({ kind: "place", place: node.place, next });
      case "sequence":
        return this.#isBackwards
          ? node.items.reduce((then, item) => this.#add(item, then), next)
          : node.items.reduceRight((then, item) => this.#add(item, then), next);
      case "choice":
        return node.items.length === 1
          ? this.#add(first(node.items), next)
          : this.#state({ kind: "fork", ways: node.items.map((item) => this.#add(item, next)) });
      case "repeat":
        return this.#repeat(node, next);
      case "look":
        return this.#state({ kind: "look", look: this.#look(node), isNegated: node.isNegated, next });
    }
  }

  #repeat({ least, most, item }: RegexNode & { kind: "repeat" }, next: number): number {
    let at = next;
    if (most === Infinity) {
      const ways = [next];
      at = this.#state({ kind: "fork", ways });
      ways.push(this.#add(item, at));
    } else {
      for (let i = least; i < most; i++) at = this.#state({ kind: "fork", ways: [next, this.#add(item, at)] });
    }
    for (let i = 0; i < least; i++) {
      this.#count(); // also where the item has no states: the work grows all the same
      at = this.#add(item, at);
    }
    return at;
  }

  #look({ isAhead, item }: RegexNode & { kind: "look" }): number {
    const { looks, numbers } = this.#shared;
    const known = numbers.get(item);
    if (known !== undefined) return known;
    const number = looks.push({ ...new Builder(this.#shared, isAhead).build(item), isAhead }) - 1;
    numbers.set(item, number);
    return number;
  }

  #state(state: State): number {
    this.#count();
    return this.#states.push(state) - 1;
  }

  #count(): void {
    if (++this.#shared.states > MAX_STATES) {
      throw new NamingError(`invalid regex: its repeats come to more than ${MAX_STATES} states, make them smaller`);
    }
  }
}

function first(items: readonly RegexNode[]): RegexNode {
  return items[0] ?? { kind: "sequence", items: [] };
}
