/**
 * Exit codes, as Celery and `sysexits.h` have them.
 *
 * Source: celery 5.6 celery/platforms.py
 */
export const ExitCode = {
  ok: 0,
  failure: 1,
  /** A command line that cannot be understood, or an app that cannot be loaded. */
  usage: 2,
  /** No node replied. */
  unavailable: 69,
  /** The pidfile is there already. */
  cannotCreate: 73,
} as const;

/** Ends a command with a sentence on standard error. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;
  /** For mistakes of usage: the command whose help would help. */
  readonly command: string | undefined;

  constructor(message: string, options: ErrorOptions & { exitCode?: number; command?: string } = {}) {
    super(message, options);
    this.exitCode = options.exitCode ?? ExitCode.failure;
    this.command = options.command;
  }
}

/** The command line cannot be understood. */
export function usageError(message: string, command?: string): CommandError {
  return new CommandError(message, { exitCode: ExitCode.usage, ...(command === undefined ? {} : { command }) });
}
