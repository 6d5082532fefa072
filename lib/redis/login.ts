import { RemoteError } from "../base/errors.ts";
import type { RedisConnection } from "./connection.ts";
import { pairsOf, type RedisCommand, RedisError, type RespValue, type RespVersion, textOf } from "./wire/mod.ts";

export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

export interface LoginOptions extends Credentials {
  readonly protocol: RespVersion;
  readonly db: number;
  readonly clientName: string | undefined;
}

/** What the server says of itself; empty fields where it is too old to say it, or forbids to ask. */
export interface ServerInfo {
  /** `redis`, or another name where it is another server. */
  readonly server: string;
  /** e.g. `7.0.15`. */
  readonly version: string;
  /** The version that is spoken from now on. */
  readonly protocol: RespVersion;
}

/** Errors of a login that the same login will meet again: no retry mends them. */
const FATAL_PREFIXES: ReadonlySet<string> = new Set(["WRONGPASS", "NOAUTH", "NOPERM"]);

/** The server refused the login for good: wrong password, missing permission, no such database. */
export class LoginError extends RemoteError {
  override readonly name: string = "LoginError";
}

/**
 * Logs in: HELLO with user, password and name, or AUTH and CLIENT SETNAME where there is no HELLO; then SELECT; then waits
 * for nothing: a server that still loads its data is refused with {RedisError} LOADING, so that the caller tries again.
 *
 * @throws {LoginError} when another attempt would end the same way; {RedisError} otherwise.
 */
export async function login(connection: RedisConnection, options: LoginOptions): Promise<ServerInfo> {
  const { password, username = "default", clientName, db, protocol } = options;
  const hello: RedisCommand = [
    ...["HELLO", String(protocol)],
    ...(password === undefined ? [] : ["AUTH", username, password]),
    ...(clientName === undefined ? [] : ["SETNAME", clientName]),
  ];
  const [greeting = null] = await connection.runAll([hello]);
  const info = greeting instanceof RedisError
    ? await loginWithoutHello(connection, options, greeting)
    : readGreeting(greeting);
  const rest: RedisCommand[] = [...(db === 0 ? [] : [["SELECT", String(db)]]), ["PING"]];
  refuseErrors(await connection.runAll(rest), connection.peer);
  return info;
}

async function loginWithoutHello(
  connection: RedisConnection,
  { username, password, clientName }: LoginOptions,
  refusal: RedisError,
): Promise<ServerInfo> {
  const isOld = refusal.prefix === "ERR" && /unknown command/i.test(refusal.reply);
  if (!isOld && refusal.prefix !== "NOPERM" && refusal.prefix !== "NOPROTO") refuseErrors([refusal], connection.peer);
  if (password !== undefined) {
    const auth = username === undefined ? ["AUTH", password] : ["AUTH", username, password];
    refuseErrors(await connection.runAll([auth]), connection.peer);
  }
  if (clientName !== undefined) {
    await connection.runAll([["CLIENT", "SETNAME", clientName]]); // a name is a courtesy: without permission, go on without
  }
  return { server: "redis", version: "", protocol: 2 };
}

function readGreeting(greeting: RespValue): ServerInfo {
  const pairs = pairsOf(greeting);
  return {
    server: textOf(pairs.get("server")) ?? "redis",
    version: textOf(pairs.get("version")) ?? "",
    protocol: pairs.get("proto") === 3 ? 3 : 2,
  };
}

function refuseErrors(replies: readonly RespValue[], peer: string): void {
  for (const error of replies) {
    if (!(error instanceof RedisError)) continue;
    if (
      FATAL_PREFIXES.has(error.prefix) || /^ERR (?:DB index|invalid password|AUTH |Client sent AUTH)/i.test(error.reply)
    ) {
      throw new LoginError(`Cannot log in to Redis at ${peer}: ${error.reply}`, {
        cause: error,
        remoteType: error.prefix,
      });
    }
    throw error;
  }
}
