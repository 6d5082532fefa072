import type { Celery } from "../app.ts";
import type { OptionTable } from "./options.ts";
import type { Terminal } from "./terminal.ts";

/** What a command runs with. */
export interface CommandContext {
  readonly app: Celery;
  /** `file:` URL of the module that the app is exported from; pool children import it. */
  readonly moduleUrl: string;
  /** Name of the program in messages: `addTask.ts`. */
  readonly program: string;
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The options before the command, as they were written. */
  readonly globals: readonly string[];
  /** `-q`: only what was asked for. */
  readonly quiet: boolean;
  /** Aborted by Ctrl-C, for commands that wait. */
  readonly signal: AbortSignal;
}

/** A command in the list of commands; the rest of it is loaded when it is chosen, because not all need a worker's code. */
export interface CommandEntry {
  readonly name: string;
  /** One line. */
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

export interface Command {
  readonly name: string;
  /** One line for its help. */
  readonly summary: string;
  /** Arguments after the name, for the usage line. */
  readonly usage: string;
  /** Command lines without the program, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  readonly options: OptionTable;
  /** Its options are not read from the environment. */
  readonly ignoresEnvironment?: true;
  /** Further text at the end of the help. */
  readonly notes?: string;
  /** @returns the exit code @throws {CommandError} */
  run(context: CommandContext, argv: readonly string[]): Promise<number>;
}
