/**
 * The client's side of plain connections: to servers that know no more than `recv` and `sendall`.
 * @module
 */
import { Buffer } from "node:buffer";
import type { FileHandle } from "node:fs/promises";
import { LimitError } from "../base/errors.ts";
import { utf8, utf8ToString } from "../base/bytes.ts";
import { withDeadline } from "../base/time.ts";
import { type Address, connect, type Connection, type ConnectOptions } from "../net/mod.ts";
import { sendBare } from "./raw_file.ts";
import type { TransferOptions } from "./transfer.ts";

/** Longest answer to a string that is held. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export interface RawClientOptions extends ConnectOptions, TransferOptions {
  /** How long the server may take for everything it says. Default 60000. */
  readonly answerTimeoutMs?: number;
}

/** Connects, says `text` (nothing if undefined), ends its side, and resolves with everything the server said until EOF. */
export async function askRaw(address: Address, text?: string, options: RawClientOptions = {}): Promise<string> {
  return await withConnection(address, options, async (connection) => {
    if (text !== undefined) { // a time server is only listened to: it might take our EOF for a farewell
      connection.write(utf8(text));
      connection.end();
    }
    const chunks: Buffer[] = [];
    let size = 0;
    await connection.read((chunk) => {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) {
        throw new LimitError(`Cannot hold the answer: more than ${MAX_ANSWER_BYTES} bytes came`);
      }
      chunks.push(chunk);
    });
    return utf8ToString(Buffer.concat(chunks));
  });
}

/** Sends a file as bare bytes, ends its side, and waits until the server has closed. @returns the bytes sent */
export async function sendRaw(address: Address, handle: FileHandle, options: RawClientOptions = {}): Promise<number> {
  return await withConnection(address, { answerTimeoutMs: 0, ...options }, async (connection) => {
    const sent = await sendBare(connection, handle, options);
    connection.end();
    await connection.read(() => {}); // some servers say thanks
    return sent;
  });
}

/**
 * Asks for a file by name and hands on its bytes until EOF; a classic server sends its one file whatever it is asked.
 * @returns the bytes received
 */
export async function getRaw(
  address: Address,
  name: string,
  write: (bytes: Buffer) => void | Promise<void>,
  options: RawClientOptions = {},
): Promise<number> {
  const { limit, events, signal } = options;
  return await withConnection(address, { answerTimeoutMs: 0, ...options }, async (connection) => {
    connection.write(utf8(`${name}\n`));
    let size = 0;
    const take = async (chunk: Buffer) => {
      await write(chunk);
      await limit?.take(chunk.length, signal);
    };
    await connection.read((chunk) => {
      size += chunk.length;
      events?.onBytes?.(chunk.length);
      return limit === undefined ? write(chunk) : take(chunk);
    });
    return size;
  });
}

async function withConnection<T>(
  address: Address,
  options: RawClientOptions,
  talk: (connection: Connection) => Promise<T>,
): Promise<T> {
  const { answerTimeoutMs = 60_000, signal } = options;
  const connection = await connect(address, options);
  try {
    const what = `hear all of ${connection.peer}`;
    const timeoutMs = answerTimeoutMs === 0 ? undefined : answerTimeoutMs;
    const result = await withDeadline(talk(connection), { timeoutMs, signal, what });
    await connection.close();
    return result;
  } finally {
    connection.abort();
  }
}
