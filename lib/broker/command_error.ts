import { LibError } from "../base/errors.ts";

/**
 * Ends a command with an error reply. The message is the reply itself, prefix first, in Redis' words where Redis has words for it:
 * clients look at them.
 */
export class CommandError extends LibError {
  override readonly name: string = "CommandError";
  readonly code: string = "ERR_COMMAND";
}

export function wrongType(): CommandError {
  return new CommandError("WRONGTYPE Operation against a key holding the wrong kind of value");
}

export function syntaxError(): CommandError {
  return new CommandError("ERR syntax error");
}

export function notAnInteger(): CommandError {
  return new CommandError("ERR value is not an integer or out of range");
}
