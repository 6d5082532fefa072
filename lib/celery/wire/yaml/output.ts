/**
 * A YAML text that grows, with what the layout depends on: the column, and whether nothing but an indent stands in the line.
 *
 * Spec: PyYAML 6.0 yaml/emitter.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

/** Lines are folded behind it, where they can be. */
const WIDTH = 80;

const DOUBLE_ESCAPES: ReadonlyMap<string, string> = new Map(Object.entries({
  ...{ "\0": "0", "\x07": "a", "\b": "b", "\t": "t", "\n": "n", "\v": "v", "\f": "f", "\r": "r", "\x1b": "e" },
  ...{ '"': '"', "\\": "\\", "\x85": "N", "\xa0": "_", "\u2028": "L", "\u2029": "P" },
}));

export class Output {
  text = "";
  /** Of what comes next. */
  indent = -2;
  #column = 0;
  /** The last character was a space or a line end. */
  #isSpaced = true;
  /** Only an indent and indicators stand in the line. */
  #isIndent = true;

  /** True if the line holds nothing yet that a block could not stand behind. */
  get isIndent(): boolean {
    return this.#isIndent;
  }

  /** @param needsSpace there has to be one before it @param keepsIndent a block may begin behind it */
  indicator(text: string, needsSpace: boolean, keepsIndent = false): void {
    this.#put(this.#isSpaced || !needsSpace ? text : ` ${text}`);
    this.#isSpaced = false;
    this.#isIndent &&= keepsIndent;
  }

  /** Goes on in the indent of a new line, unless it stands there. */
  newLine(): void {
    const indent = Math.max(this.indent, 0);
    if (!this.#isIndent || this.#column > indent || (this.#column === indent && !this.#isSpaced)) this.lineBreak();
    if (this.#column < indent) {
      this.#isSpaced = true;
      this.#put(" ".repeat(indent - this.#column));
    }
  }

  lineBreak(): void {
    this.text += "\n";
    this.#column = 0;
    this.#isSpaced = this.#isIndent = true;
  }

  /** @param folds it may go on in the next line */
  plain(text: string, folds: boolean): void {
    if (text === "") return;
    if (!this.#isSpaced) this.#put(" ");
    for (const part of text.split(/( +)/)) {
      if (part === " " && folds && this.#column > WIDTH) this.newLine();
      else this.#put(part);
      this.#isSpaced = this.#isIndent = false;
    }
  }

  single(text: string, folds: boolean): void {
    this.indicator("'", true);
    const parts = text.split(/( +|\n+)/);
    parts.forEach((part, at) => {
      const isInside = parts[at - 1] !== "" && parts[at + 1] !== "" && at > 0 && at < parts.length - 1;
      if (part === " " && folds && isInside && this.#column > WIDTH) this.newLine();
      else if (part.startsWith("\n")) {
        this.lineBreak();
        for (const _ of part) this.lineBreak();
        this.newLine();
      } else this.#put(part.replaceAll("'", "''"));
    });
    this.indicator("'", false);
  }

  double(text: string, folds: boolean): void {
    this.indicator('"', true);
    const chars = Array.from(text);
    let run = "";
    chars.forEach((char, at) => {
      const isPlain = char >= " " && char <= "~" && char !== '"' && char !== "\\";
      if (!isPlain) {
        this.#put(run + escaped(char));
        run = "";
      }
      // a line ends before a space, and before or behind what is escaped
      const mayFold = folds && at > 0 && at < chars.length - 1 && (char === " " || run === "");
      if (mayFold && this.#column + (isPlain ? run.length : -1) > WIDTH) {
        this.#put(`${run}\\`);
        run = "";
        this.newLine();
        this.#isSpaced = this.#isIndent = false;
        if ((isPlain ? char : chars[at + 1]) === " ") this.#put("\\");
      }
      if (isPlain) run += char;
    });
    this.#put(run);
    this.indicator('"', false);
  }

  /** @param text ends with one line end */
  literal(text: string): void {
    this.indicator("|", true);
    this.lineBreak();
    for (const line of text.slice(0, -1).split("\n")) {
      this.newLine();
      this.#put(line);
      this.lineBreak();
    }
  }

  #put(text: string): void {
    this.text += text;
    this.#column += text.length;
  }
}

function escaped(char: string): string {
  const known = DOUBLE_ESCAPES.get(char);
  if (known !== undefined) return `\\${known}`;
  const code = char.codePointAt(0) ?? 0;
  const [letter, size] = code <= 0xff ? ["x", 2] as const : code <= 0xffff ? ["u", 4] as const : ["U", 8] as const;
  return `\\${letter}${code.toString(16).toUpperCase().padStart(size, "0")}`;
}
