/**
 * Lines of the AMQP shell: their words, and what they mean as arguments of a command, with click's complaints.
 * @module
 */

export interface AmqpParameter {
  readonly name: string;
  readonly kind: "text" | "flag" | "number";
  /** Flags that may be left out are false. */
  readonly isOptional: boolean;
}

export type AmqpValues = Readonly<Record<string, string | boolean | number>>;

/** Completes "Error: …". */
export class WordsError extends Error {
  override readonly name = "WordsError";
}

/**
 * The words of a line, as a POSIX shell splits it: quotes hold words together, a backslash makes the next letter plain.
 *
 * @throws {WordsError} for a quote or a backslash that nothing ends, in the words of Python's `shlex`
 */
export function splitWords(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? "";
    const mayEscape = quote === "" || (quote === '"' && /^(?:["\\]|$)/.test(line[at + 1] ?? ""));
    if (char === "\\" && mayEscape) {
      if (at + 1 === line.length) throw new WordsError("No escaped character");
      word = (word ?? "") + line[++at];
    } else if (char === quote) {
      quote = "";
    } else if (quote !== "") {
      word = (word ?? "") + char;
    } else if (char === "'" || char === '"') {
      quote = char;
      word ??= "";
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? "") + char;
    }
  }
  if (quote !== "") throw new WordsError("No closing quotation");
  return word === undefined ? words : [...words, word];
}

/** @throws {WordsError} for what is missing, too much, or not of its kind */
export function readArguments(parameters: readonly AmqpParameter[], words: readonly string[]): AmqpValues {
  const given = withoutOptions(words);
  const values = parameters.map((parameter, i) => [parameter.name, readArgument(parameter, given[i])] as const);
  const extra = given.slice(parameters.length);
  if (extra.length > 0) {
    throw new WordsError(`Got unexpected extra argument${extra.length === 1 ? "" : "s"} (${extra.join(" ")})`);
  }
  return Object.fromEntries(values);
}

/** `QUEUE [PASSIVE] [DURABLE]`. */
export function usageOf(parameters: readonly AmqpParameter[]): string {
  return parameters.map(shownName).join(" ");
}

/** There are no options; `--` makes what follows plain. */
function withoutOptions(words: readonly string[]): readonly string[] {
  const end = words.indexOf("--");
  const option = words.slice(0, end === -1 ? undefined : end).find((word) => /^-./.test(word));
  if (option !== undefined) throw new WordsError(`No such option: ${option}`);
  return end === -1 ? words : words.toSpliced(end, 1);
}

function readArgument(parameter: AmqpParameter, word: string | undefined): string | boolean | number {
  if (word === undefined) {
    if (parameter.isOptional) return false;
    throw new WordsError(`Missing argument '${shownName(parameter)}'.`);
  }
  const refuse = (what: string) =>
    new WordsError(`Invalid value for '${shownName(parameter)}': '${word}' is not a valid ${what}.`);
  switch (parameter.kind) {
    case "text":
      return word;
    case "number":
      if (!/^\s*[+-]?\d+\s*$/.test(word)) throw refuse("integer");
      return Number(word);
    case "flag":
      if (/^\s*(1|true|t|yes|y|on)\s*$/i.test(word)) return true;
      if (/^\s*(0|false|f|no|n|off)\s*$/i.test(word)) return false;
      throw refuse("boolean");
  }
}

function shownName({ name, isOptional }: AmqpParameter): string {
  const shown = name.toUpperCase();
  return isOptional ? `[${shown}]` : shown;
}
