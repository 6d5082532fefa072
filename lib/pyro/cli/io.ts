/** What a command has of the process it runs in. */
export interface CommandIo {
  /** Writes to standard output as it is; line ends are in the text. */
  print(text: string): void;
  /** Writes to standard error. */
  complain(text: string): void;
  /** Prints a question and reads one line; undefined at the end of the input. */
  ask(question: string): Promise<string | undefined>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts when the user, or the system, ends the program. */
  readonly signal: AbortSignal;
}

/** Ends a command: `text` goes to standard error, the number to whoever started it. */
export class CommandExit extends Error {
  readonly code: number;

  constructor(text: string, code = 1) {
    super(text);
    this.code = code;
  }
}
