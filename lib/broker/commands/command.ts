/**
 * What a command is: a function over the store and its arguments, with what the server has to know about it beforehand.
 * @module
 */
import type { Client } from "../client.ts";
import { CommandError, notAnInteger } from "../command_error.ts";
import type { Reply } from "../reply.ts";
import type { Services } from "../services.ts";
import type { Database } from "../store/database.ts";
import type { CommandWords, Store } from "../store/store.ts";
import type { WaitPlan } from "../waiters.ts";

/**
 * - `write` changes data: refused while the journal cannot be written, and recorded in it
 * - `denyoom` needs memory: refused over the memory limit
 * - `readonly` reads data
 * - `blocking` may answer later
 * - `noauth` is served before AUTH
 * - `loading` is served while the journal is being read
 * - `notransaction` is carried out at once inside MULTI, instead of being queued
 * - `unqueueable` is refused inside MULTI: it answers otherwise than with one reply
 * - `pubsub` is allowed to a RESP2 client that has subscriptions
 */
export type CommandFlag =
  | "write"
  | "denyoom"
  | "readonly"
  | "blocking"
  | "noauth"
  | "loading"
  | "notransaction"
  | "unqueueable"
  | "pubsub"
  | "fast"
  | "admin";

/** Where the keys stand: first, last (negative: from the end), and the step from one to the next. All 0: nowhere. */
export type KeyPlaces = readonly [first: number, last: number, step: number];

export const NO_KEYS: KeyPlaces = [0, 0, 0];
export const ONE_KEY: KeyPlaces = [1, 1, 1];
export const TWO_KEYS: KeyPlaces = [1, 2, 1];
export const ALL_KEYS: KeyPlaces = [1, -1, 1];

/** `args[0]` is the command's name as it was sent; everything is a binary string, one character a byte. */
export type Arguments = CommandWords;

export interface Command {
  /** In upper case. */
  readonly name: string;
  /** Words with the name; negative: at least so many. Checked before `run` is called. */
  readonly arity: number;
  readonly flags: readonly CommandFlag[];
  readonly keys: KeyPlaces;
  /** For COMMAND DOCS; the commands of our own have one. */
  readonly summary?: string;
  /**
   * @returns the reply; `undefined` if it comes later or was sent already
   * @throws {CommandError} with the error reply, before anything was changed
   */
  readonly run: (context: CommandContext, args: Arguments) => Reply | undefined;
}

/** What a command may use while it runs. It is reused for the next command: keep no reference to it. */
export interface CommandContext {
  readonly store: Store;
  readonly services: Services;
  readonly client: Client;
  /** The client's database. */
  readonly db: Database;
  /** Has these commands repeated at the next start instead of the one received: where that one depends on time or chance. */
  readonly recordAs: (...commands: CommandWords[]) => void;
  /** Answers now if `plan.attempt` can, else when it can; inside a transaction with `plan.whenOver`. */
  readonly wait: (plan: WaitPlan) => Reply | undefined;
  /** Runs another command as a part of this one; what it throws becomes an error reply. */
  readonly carryOut: (command: Command, args: Arguments) => Reply;
}

/** The argument at `index`, which the arity promises. */
export function arg(args: Arguments, index: number): string {
  const value = args[index];
  if (value === undefined) {
    throw new CommandError(`ERR wrong number of arguments for '${args[0]?.toLowerCase()}' command`);
  }
  return value;
}

const INTEGER = /^(?:0|-?[1-9]\d{0,18})$/;
const MAX_INT64 = 2n ** 63n - 1n;
export const MIN_INT64 = -(2n ** 63n);

/** A whole number of 64 bits; beyond 2^53 it is rounded, which no use of it here minds. @throws {CommandError} */
export function integer(text: string): number {
  if (!INTEGER.test(text)) throw notAnInteger();
  return text.length > 18 ? Number(int64(text)) : Number(text);
}

/** A whole number of 64 bits, exactly. @throws {CommandError} */
export function int64(text: string): bigint {
  return checkInt64(INTEGER.test(text) ? BigInt(text) : undefined);
}

/** @throws {CommandError} if the number does not fit, or is none. */
export function checkInt64(value: bigint | undefined): bigint {
  if (value === undefined || value > MAX_INT64 || value < MIN_INT64) throw notAnInteger();
  return value;
}

/** A whole number from `min`, 0 unless told. @throws {CommandError} with `message`, for what is no number too */
export function positive(text: string, message = "ERR value is out of range, must be positive", min = 0): number {
  const value = INTEGER.test(text) ? Number(text) : -1;
  if (value < min) throw new CommandError(message);
  return value;
}

const FLOAT = /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)$/i;

/** @throws {CommandError} */
export function float(text: string, message = "ERR value is not a valid float"): number {
  if (!FLOAT.test(text)) throw new CommandError(message);
  if (/inf/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

const LONGEST_WAIT_SECONDS = 2 ** 53 / 1000;

/** Milliseconds of a timeout in seconds, Infinity for 0. @throws {CommandError} */
export function waitingTime(text: string): number {
  const seconds = float(text, "ERR timeout is not a float or out of range");
  if (seconds < 0) throw new CommandError("ERR timeout is negative");
  if (seconds > LONGEST_WAIT_SECONDS) throw new CommandError("ERR timeout is out of range");
  return seconds === 0 ? Infinity : Math.ceil(seconds * 1000);
}

/**
 * Keys announced by a count: `2 key key …`.
 * @param at where the count stands
 * @returns the keys, and where the arguments go on
 */
export function countedKeys(args: Arguments, at: number): { keys: readonly string[]; next: number } {
  const text = arg(args, at);
  const count = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (count === 0) throw new CommandError("ERR numkeys should be greater than 0");
  const next = at + 1 + count;
  if (next > args.length) throw new CommandError("ERR syntax error");
  return { keys: args.slice(at + 1, next), next };
}

/** Option words are recognised in any case. */
export function option(args: Arguments, index: number): string {
  return args[index]?.toUpperCase() ?? "";
}

/** Resolves an index that may count from the end, for ranges: -1 is the last. */
export function fromEnd(index: number, size: number): number {
  return index < 0 ? Math.max(0, index + size) : index;
}
