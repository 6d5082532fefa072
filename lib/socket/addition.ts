/**
 * The addition service over a plain connection: `5 7\n` is answered with `12\n`.
 * @module
 */
import { utf8, utf8ToString } from "../base/bytes.ts";
import { asError, ConnectionError, LimitError } from "../base/errors.ts";
import {
  type Address,
  connect,
  type Connection,
  type ConnectOptions,
  delimited,
  Framed,
  lines,
  listen,
  type Listener,
  type ListenOptions,
} from "../net/mod.ts";
import { AdditionReader, addNumbers, formatNumber, type Numeric, parseNumber } from "./wire/addition.ts";

export const ADDITION_PORT = 9998;

/** What the service calculates. */
export type Addition = (x: Numeric, y: Numeric) => Numeric;

export interface AdditionServerOptions extends ListenOptions {
  /** Default 127.0.0.1:9998. */
  readonly address?: Address;
  /** Default: the sum, as Python calculates it. */
  readonly add?: Addition;
  /** Who says nothing for so long is dropped. Default 600000; 0 = never. */
  readonly idleTimeoutMs?: number;
}

/** Starts the service; the caller closes the listener. */
export function serveAddition(options: AdditionServerOptions = {}): Promise<Listener> {
  const { address = { host: "127.0.0.1", port: ADDITION_PORT }, add = addNumbers, idleTimeoutMs = 600_000 } = options;
  return listen(address, (connection) => serveOne(connection, add, idleTimeoutMs), options);
}

/** As many requests as the client likes; a bad one is answered with an error, and the connection kept. */
async function serveOne(connection: Connection, add: Addition, idleTimeoutMs: number): Promise<void> {
  const codec = delimited({ delimiter: utf8("\n"), lastMayBeOpen: true });
  const session = new Framed(connection, codec, { idleTimeoutMs, leaveBroken: true });
  const reader = new AdditionReader();
  try {
    for await (const line of session) {
      const answer = answerTo(utf8ToString(line), reader, add); // what is no UTF-8 is no number either
      if (answer !== undefined) await session.send(utf8(answer));
    }
  } catch (error) {
    if (!(error instanceof LimitError) || !connection.isOpen) throw error;
    await session.send(utf8(`error: ${error.message}`)); // and no more: where the next line begins, nobody knows
  }
}

function answerTo(line: string, reader: AdditionReader, add: Addition): string | undefined {
  try {
    const pair = reader.read(line);
    return pair === undefined ? undefined : formatNumber(add(pair[0], pair[1]));
  } catch (error) {
    return `error: ${asError(error).message}`;
  }
}

/**
 * Asks a service, ours or a classic Python one, for one sum.
 *
 * @param x as text, so that no digit is lost @returns what the server answered, up to its line ending or EOF
 * @throws {UsageError} if x or y is no number
 */
export async function addOver(address: Address, x: string, y: string, options: ConnectOptions = {}): Promise<string> {
  for (const text of [x, y]) parseNumber(text);
  const session = new Framed(await connect(address, options), lines({ lastMayBeOpen: true }), {
    idleTimeoutMs: options.timeoutMs ?? 10_000,
  });
  try {
    await session.send(`${x} ${y}`);
    const answer = await session.next(options);
    if (answer === undefined) {
      throw new ConnectionError(`Cannot add: ${session.peer} ended the connection without an answer`);
    }
    await session.close(1000);
    return answer;
  } finally {
    session.abort();
  }
}
