import { CommandError } from "../command_error.ts";
import { integer } from "./command.ts";

/** Option words that say when a key ends: from now on or as Unix time, in seconds or milliseconds. */
export const EXPIRY_OPTIONS: ReadonlySet<string> = new Set(["EX", "PX", "EXAT", "PXAT"]);

/** Later times than this (the year 287396) are refused, as 64-bit overflows are in Redis. */
const LATEST_MS = 2 ** 53 - 1;

/**
 * The wall time in milliseconds that an option like `EX 10` means.
 * @param command its name in lower case, for the error
 * @throws {CommandError} for times that are not positive, or too far away
 */
export function expiryTime(unit: string, text: string, now: number, command: string): number {
  const amount = integer(text);
  const at = toUnixMs(unit, amount, now);
  if (amount <= 0 || at > LATEST_MS) throw invalidExpiry(command);
  return at;
}

/** Like `expiryTime` for EXPIRE and its kin, where times in the past mean "now". */
export function anyExpiryTime(unit: string, text: string, now: number, command: string): number {
  const at = toUnixMs(unit, integer(text), now);
  if (Math.abs(at) > LATEST_MS) throw invalidExpiry(command);
  return at;
}

function toUnixMs(unit: string, amount: number, now: number): number {
  const ms = unit.startsWith("EX") ? amount * 1000 : amount;
  return unit.endsWith("AT") ? ms : now + ms;
}

function invalidExpiry(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command}' command`);
}
