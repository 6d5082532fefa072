/** Where a command writes, and how. */
export interface Terminal {
  /** Data that was asked for: a line on standard output. */
  out(text: string): void;
  /** The same without the end of its line, which comes later. */
  write(text: string): void;
  /** Everything else: a line on standard error. */
  err(text: string): void;
  /** Colours on standard output. */
  readonly color: boolean;
  /** Asks a question; undefined where nobody can answer. */
  ask(question: string): Promise<string | undefined>;
}

const CODES = { bold: 1, red: 31, green: 32, yellow: 33, blue: 34, magenta: 35, cyan: 36, white: 37 } as const;

/** The text in colours where the terminal has them. */
export function paint(terminal: Terminal, text: string, ...styles: (keyof typeof CODES)[]): string {
  if (!terminal.color) return text;
  return `\x1b[${styles.map((style) => CODES[style]).join(";")}m${text}\x1b[0m`;
}

export interface ColorChoice {
  /** `-C` was given. */
  readonly noColor: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly isTTY: boolean;
}

/** Precedence: flag, NO_COLOR, FORCE_COLOR and CLICOLOR_FORCE, and only then whether somebody is looking. */
export function wantsColor({ noColor, environment, isTTY }: ColorChoice): boolean {
  const isSet = (name: string) => (environment[name] ?? "") !== "";
  if (noColor || isSet("NO_COLOR")) return false;
  if (isSet("FORCE_COLOR") && environment.FORCE_COLOR !== "0") return true;
  if (isSet("CLICOLOR_FORCE") && environment.CLICOLOR_FORCE !== "0") return true;
  return isTTY && environment.TERM !== "dumb";
}
