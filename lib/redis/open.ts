import { ConnectionError, ProtocolError, UsageError } from "../base/errors.ts";
import { withDeadline } from "../base/time.ts";
import { type Address, connect, type TlsOptions } from "../net/mod.ts";
import { RedisConnection, type RedisConnectionOptions } from "./connection.ts";
import { type Credentials, login, LoginError, type ServerInfo } from "./login.ts";
import type { ResolvedRedisOptions } from "./options.ts";
import { readTlsFiles } from "./tls_files.ts";
import { RedisError, type RedisUrl, type RespValue, textOf } from "./wire/mod.ts";

/** A connection that is logged in, and what the server said of itself. */
export interface OpenedRedis {
  readonly connection: RedisConnection;
  readonly info: ServerInfo;
}

export interface OpenOptions {
  readonly intercept?: (value: RespValue) => boolean;
  readonly signal: AbortSignal;
}

/** True for errors that another attempt will meet again. */
export function isFatalRedisError(error: Error): boolean {
  return error instanceof LoginError || error instanceof UsageError || error instanceof ProtocolError;
}

/**
 * Connects to the server that `url` names, or that the sentinel behind it names, and logs in.
 * @throws {ConnectionError}, {LoginError}, {RedisError} (LOADING), {TimeoutError}; `signal.reason`.
 */
export async function openRedis(url: RedisUrl, options: ResolvedRedisOptions, open: OpenOptions): Promise<OpenedRedis> {
  await options.beforeConnect(open.signal);
  const tls = options.tls ?? (url.tls === undefined ? undefined : readTlsFiles(url.tls));
  if (url.kind === "server") return await openServer(url.address, tls, url, url.db, options, open);
  if (options.sentinel === undefined) {
    throw new UsageError(`Cannot ask the sentinel ${url.text}: the option master_name is missing`);
  }
  const address = await askSentinels(url, options.sentinel.masterName, tls, options, open.signal);
  const opened = await openServer(address, tls, url, url.db, options, open);
  const [role] = await opened.connection.runAll([["ROLE"]]);
  const [name] = Array.isArray(role) ? role : [];
  if (textOf(name) === "master") return opened;
  const why = new ConnectionError(
    `Cannot use Redis at ${opened.connection.peer}: the sentinel calls it master, it does not`,
  );
  opened.connection.abort(why);
  throw why;
}

async function openServer(
  address: Address,
  tls: TlsOptions | undefined,
  { username, password }: Credentials,
  db: number,
  options: ResolvedRedisOptions,
  { intercept, signal }: OpenOptions,
): Promise<OpenedRedis> {
  const { connectTimeoutMs, clientName, protocol, clock, maxPending, heartbeatMs, silenceMs, limits, background } =
    options;
  const started = clock.monotonic();
  const socket = await connect(address, { timeoutMs: connectTimeoutMs, signal, tls, background });
  const connectionOptions: RedisConnectionOptions = {
    ...{ maxPending, heartbeatMs, silenceMs, limits, clock },
    ...(intercept === undefined ? {} : { intercept }),
  };
  const connection = new RedisConnection(socket, connectionOptions);
  try {
    const info = await withDeadline(login(connection, { username, password, db, clientName, protocol }), {
      timeoutMs: Math.max(1, connectTimeoutMs - (clock.monotonic() - started)),
      signal,
      clock,
      what: `log in to Redis at ${connection.peer}`,
    });
    return { connection, info };
  } catch (error) {
    connection.abort();
    // A peer that speaks another protocol ends the connection: the reason is worth more than "it ended".
    const reason = await connection.closed;
    throw reason instanceof ProtocolError && !(error instanceof RedisError) ? reason : error;
  }
}

/** Asks one sentinel after the other, from this one on: that some of them are away is what they are many for. */
async function askSentinels(
  first: RedisUrl,
  masterName: string,
  tls: TlsOptions | undefined,
  options: ResolvedRedisOptions,
  signal: AbortSignal,
): Promise<Address> {
  const at = options.urls.indexOf(first);
  const inTurn = [...options.urls.slice(at), ...options.urls.slice(0, at)].filter(({ kind }) => kind === "sentinel");
  let reason: unknown;
  for (const sentinel of inTurn) {
    try {
      return await askSentinel(sentinel, masterName, tls, options, signal);
    } catch (error) {
      signal.throwIfAborted();
      reason = error;
    }
  }
  throw reason;
}

async function askSentinel(
  sentinel: RedisUrl,
  masterName: string,
  tls: TlsOptions | undefined,
  options: ResolvedRedisOptions,
  signal: AbortSignal,
): Promise<Address> {
  const { connection } = await openServer(sentinel.address, tls, options.sentinel ?? {}, 0, options, { signal });
  try {
    const reply = await connection.run(["SENTINEL", "get-master-addr-by-name", masterName]);
    const [host, port] = Array.isArray(reply) ? reply.map(textOf) : [];
    if (host === undefined || port === undefined) {
      throw new ConnectionError(
        `Cannot find the Redis master ${masterName}: the sentinel at ${connection.peer} knows none`,
      );
    }
    return { host, port: Number(port) };
  } finally {
    await connection.close();
  }
}
