/** What one key press is called: the character it types, or a name. */
export type Key = string;

const CONTROLS: ReadonlyMap<string, Key> = new Map([
  ["\r", "enter"],
  ["\n", "enter"],
  ["\x03", "ctrl-c"],
  ["\x1a", "ctrl-z"],
  ["\x0c", "ctrl-l"],
  ["\x7f", "backspace"],
  ["\b", "backspace"],
]);

const FINALS: ReadonlyMap<string, Key> = new Map([["A", "up"], ["B", "down"], ["M", "enter"]]);

/** Longer sequences are no keys. */
const MAX_SEQUENCE = 32;

/**
 * Key presses out of what a terminal sends for them, however it is cut into pieces.
 *
 * Spec: ECMA-48 5.4 control sequences; xterm's `ESC O A` for arrows in application mode
 *
 * Pure: no sockets, no clocks, no promises.
 */
export class KeyReader {
  #pending = "";

  /** An ESC has come, and nothing says yet whether more belongs to it. */
  get isPending(): boolean {
    return this.#pending !== "";
  }

  feed(text: string): Key[] {
    const keys: Key[] = [];
    let rest = this.#pending + text;
    this.#pending = "";
    while (rest !== "") {
      if (!rest.startsWith("\x1b")) {
        const [character = ""] = rest;
        keys.push(CONTROLS.get(character) ?? (character < " " ? "unknown" : character));
        rest = rest.slice(character.length);
        continue;
      }
      // deno-lint-ignore no-control-regex -- sequences start with one
      const sequence = /^\x1b(?:\[[0-?]*[ -/]*([@-~])|O([@-~])|[^[O])/s.exec(rest);
      if (sequence === null) {
        if (rest.length <= MAX_SEQUENCE) this.#pending = rest;
        break;
      }
      const [whole, final, short] = sequence;
      keys.push(FINALS.get(final ?? short ?? "") ?? "unknown");
      rest = rest.slice(whole.length);
    }
    return keys;
  }

  /** Nothing more comes: what waits was the key Escape. */
  flush(): Key[] {
    if (this.#pending === "") return [];
    this.#pending = "";
    return ["escape"];
  }
}
