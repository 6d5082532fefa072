import { ConnectionError, TimeoutError, UsageError } from "../base/errors.ts";
import { type Clock, withDeadline } from "../base/time.ts";
import { Supervisor, type SupervisorState } from "../net/mod.ts";
import type { RedisConnection } from "./connection.ts";
import type { ServerInfo } from "./login.ts";
import { isFatalRedisError, openRedis } from "./open.ts";
import { type RedisOptions, type ResolvedRedisOptions, resolveRedisOptions } from "./options.ts";
import type { RedisScript } from "./script.ts";
import { type RedisCommand, RedisError, type RespArgument, RespPush, type RespValue } from "./wire/mod.ts";

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  /** Waiting for a connection included. Default: as long as the client keeps trying to connect. */
  readonly timeoutMs?: number | undefined;
  /**
   * What to do when the connection ends before the reply. `unsent`: send again what certainly never left. `always`: send
   * again in any case, for commands that may run twice. `never`. Default `unsent`.
   */
  readonly retry?: "unsent" | "always" | "never";
  /** For blocking commands: how long the server itself may wait, milliseconds. */
  readonly blockMs?: number | undefined;
}

/** Refusals of a server that is not ready, or no longer in charge: nothing was carried out, and a new connection may help. */
const PASSING_PREFIXES: ReadonlySet<string> = new Set(["LOADING", "READONLY", "MASTERDOWN", "CLUSTERDOWN"]);

export interface RedisClientHooks {
  /** Runs on every new connection before anybody else may use it. */
  readonly prepare?: (connection: RedisConnection, info: ServerInfo) => Promise<void>;
  /** Told of what the server sends unasked (RESP3), e.g. `["invalidate", [key]]`. */
  readonly onPush?: (items: readonly RespValue[]) => void;
}

/**
 * A supervised connection to Redis for commands: pipelined, reconnecting, never mixing up replies.
 *
 * A command that is cancelled keeps its place in the pipeline; its reply is read and dropped.
 *
 * Owns: its connection. Made by `dedicated`, further clients own theirs: close them as well.
 */
export class RedisClient {
  readonly #options: ResolvedRedisOptions;
  readonly #hooks: RedisClientHooks;
  readonly #supervisor: Supervisor<RedisConnection>;
  readonly #clock: Clock;
  #attempts = 0;
  #info: ServerInfo = { server: "redis", version: "", protocol: 2 };

  constructor(options: RedisOptions | ResolvedRedisOptions, hooks: RedisClientHooks = {}) {
    this.#options = "urls" in options ? options : resolveRedisOptions(options);
    this.#hooks = hooks;
    this.#clock = this.#options.clock;
    this.#supervisor = new Supervisor({
      what: `reach Redis at ${this.#options.urls.map((url) => url.text).join(" or ")}`,
      connect: (_, signal) => this.#connect(signal),
      backoff: this.#options.backoff,
      maxAttempts: this.#options.maxAttempts,
      isFatal: isFatalRedisError,
      onState: this.#options.onState,
      clock: this.#clock,
    });
  }

  get state(): SupervisorState {
    return this.#supervisor.state;
  }

  /** Counts connections; what was bound to an older one (WATCH, blocking waits) is void. */
  get generation(): number {
    return this.#supervisor.generation;
  }

  /** What the server said at the last login. */
  get info(): ServerInfo {
    return this.#info;
  }

  /** Connects if need be. @throws the reason when the client has given up or was closed; {TimeoutError}; `signal.reason`. */
  async ready(options: { signal?: AbortSignal | undefined; timeoutMs?: number | undefined } = {}): Promise<void> {
    await this.#supervisor.ready(options);
  }

  /**
   * Runs one command.
   * @throws {RedisError} the server's refusal; {ConnectionError} with `maybeSent`; {TimeoutError}; `signal.reason`.
   */
  async run(command: RedisCommand, options: RunOptions = {}): Promise<RespValue> {
    return await this.#attempt((connection) => connection.run(command, options), String(command[0]), options);
  }

  /**
   * Runs one command whose reply is not wanted, as `run` without options does. For what is sent by the thousand: one promise
   * instead of five.
   */
  post(command: RedisCommand): Promise<void> {
    const connection = this.#supervisor.current;
    if (connection === undefined) return this.run(command).then(() => {});
    return new Promise((resolve, reject) => {
      connection.post(command, resolve, (error) => this.#postAgain(command, error, connection).then(resolve, reject));
    });
  }

  async #postAgain(command: RedisCommand, error: Error, connection: RedisConnection): Promise<void> {
    if (!this.#mayRetry(error, connection, "unsent")) throw error;
    await this.#lost(connection, undefined, undefined);
    await this.run(command);
  }

  /**
   * Runs commands in one go, without others between them, but not as a transaction.
   * @returns their replies in order; refusals are among them as {RedisError} values.
   */
  async runAll(commands: readonly RedisCommand[], options: RunOptions = {}): Promise<readonly RespValue[]> {
    return await this.#attempt((connection) => connection.runAll(commands, options), namesOf(commands), options);
  }

  /**
   * Runs commands as one transaction (MULTI, EXEC), in one go.
   * @returns their replies in order; what failed while others did not is among them as a {RedisError} value.
   * @throws {RedisError} when a command was refused before EXEC: then none was carried out.
   */
  async transaction(commands: readonly RedisCommand[], options: RunOptions = {}): Promise<readonly RespValue[]> {
    return await this.#attempt(
      async (connection) => {
        const replies = await connection.runAll([["MULTI"], ...commands, ["EXEC"]], options);
        const result = replies[replies.length - 1];
        if (Array.isArray(result)) return result;
        throw firstRefusal(replies, commands);
      },
      namesOf(commands),
      options,
    );
  }

  /**
   * Runs a script by its hash, and teaches the server the script if it does not know it.
   * @throws {RedisError} NOPERM where scripts are denied; see `scriptsDenied`.
   */
  async script(
    script: RedisScript,
    keys: readonly RespArgument[],
    args: readonly RespArgument[],
    options: RunOptions = {},
  ): Promise<RespValue> {
    const [reply = null] = await this.scriptThen(script, keys, args, [], options);
    return reply;
  }

  /**
   * Runs a script and then commands, in one go and without others between them.
   * @returns the script's reply, then theirs; their refusals are among them as {RedisError} values
   * @throws {RedisError} the script's error; as `run`
   */
  async scriptThen(
    script: RedisScript,
    keys: readonly RespArgument[],
    args: readonly RespArgument[],
    commands: readonly RedisCommand[],
    options: RunOptions = {},
  ): Promise<readonly RespValue[]> {
    const rest = [String(keys.length), ...keys, ...args];
    const run = async (connection: RedisConnection) => {
      let replies = await connection.runAll([["EVALSHA", script.sha, ...rest], ...commands], options);
      if (replies[0] instanceof RedisError && replies[0].prefix === "NOSCRIPT") { // EVAL runs it and keeps it
        replies = await connection.runAll([["EVAL", script.text, ...rest], ...commands], options);
      }
      if (replies[0] instanceof RedisError) throw new RedisError(replies[0].reply, script.name);
      return replies;
    };
    return await this.#attempt(run, script.name, options);
  }

  /** Asks whether this user may run scripts on this server. */
  async scriptsDenied(options: RunOptions = {}): Promise<boolean> {
    const [reply] = await this.runAll([["EVALSHA", "0".repeat(40), "0"]], options);
    return !(reply instanceof RedisError && reply.prefix === "NOSCRIPT");
  }

  /**
   * Runs `body` over one connection: what it sends to it cannot end up on a later one. Whether to run it again when the
   * connection is lost is decided as for commands.
   *
   * @param what completes the sentence "Cannot run …" of a timeout
   */
  async session<T>(
    what: string,
    body: (connection: RedisConnection) => Promise<T>,
    options: RunOptions = {},
  ): Promise<T> {
    return await this.#attempt(body, what, options);
  }

  /**
   * A further client with a connection of its own: for blocking commands, and for WATCH, which are about the connection.
   * @param hooks run on its connections instead of this client's
   */
  dedicated(overrides: Partial<ResolvedRedisOptions> = {}, hooks: RedisClientHooks = {}): RedisClient {
    return new RedisClient({ ...this.#options, onState: () => {}, ...overrides }, hooks);
  }

  /** Drops the present connection; the client connects again. */
  reconnect(reason: Error): void {
    this.#supervisor.current?.abort(reason);
  }

  /**
   * Ends the connection; commands are refused from now on. Idempotent.
   * @param options.drain waits for the replies that are due. Default true; false for a connection that blocks.
   */
  async close(options: { readonly drain?: boolean } = {}): Promise<void> {
    if (options.drain === false) {
      this.reconnect(new ConnectionError("Cannot wait for the reply: the client was closed"));
    }
    await this.#supervisor.close();
  }

  async #connect(signal: AbortSignal): Promise<RedisConnection> {
    const url = this.#options.urls[this.#attempts++ % this.#options.urls.length];
    if (url === undefined) throw new UsageError("Cannot reach Redis: there is no URL");
    const { connection, info } = await openRedis(url, this.#options, { signal, intercept: this.#intercept });
    this.#attempts--; // stay with the one that works
    try {
      await this.#hooks.prepare?.(connection, info);
    } catch (error) {
      connection.abort();
      throw error;
    }
    this.#info = info;
    return connection;
  }

  readonly #intercept = (value: RespValue): boolean => {
    if (!(value instanceof RespPush)) return false;
    this.#hooks.onPush?.(value.items);
    return true;
  };

  async #attempt<T>(send: (connection: RedisConnection) => Promise<T>, what: string, options: RunOptions): Promise<T> {
    const { signal, timeoutMs, retry = "unsent" } = options;
    signal?.throwIfAborted();
    const deadline = timeoutMs === undefined ? undefined : this.#clock.monotonic() + timeoutMs;
    for (let leftMs = timeoutMs;;) {
      const connection = this.#supervisor.current ?? await this.#supervisor.ready({ signal, timeoutMs: leftMs });
      try {
        const reply = send(connection);
        if (signal === undefined && leftMs === undefined) return await reply;
        return await withDeadline(reply, { signal, timeoutMs: leftMs, clock: this.#clock, what: `run ${what}` });
      } catch (error) {
        if (!this.#mayRetry(error, connection, retry)) throw error;
        await this.#lost(connection, signal, leftMs);
        if (deadline !== undefined) leftMs = Math.max(0, Math.round(deadline - this.#clock.monotonic()));
      }
    }
  }

  /** True if the command was certainly, or acceptably, not carried out, and another connection may do better. */
  #mayRetry(error: unknown, connection: RedisConnection, retry: "unsent" | "always" | "never"): boolean {
    if (error instanceof RedisError && PASSING_PREFIXES.has(error.prefix)) {
      connection.abort(error);
      return retry !== "never";
    }
    if (!(error instanceof ConnectionError) || error instanceof TimeoutError) return false;
    return retry === "always" || (retry === "unsent" && !error.maybeSent);
  }

  /** Waits until the supervisor has noticed that `connection` is gone, so that the next attempt gets another. */
  async #lost(
    connection: RedisConnection,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
  ): Promise<void> {
    await withDeadline(connection.closed, { signal, timeoutMs, clock: this.#clock, what: "reconnect to Redis" });
  }
}

function namesOf(commands: readonly RedisCommand[]): string {
  const names = commands.slice(0, 3).map((command) => String(command[0])).join(", ");
  return commands.length > 3 ? `${names} and ${commands.length - 3} more` : names;
}

function firstRefusal(replies: readonly RespValue[], commands: readonly RedisCommand[]): RedisError {
  const at = replies.findIndex((reply) => reply instanceof RedisError);
  const refusal = replies[at];
  if (refusal instanceof RedisError) return new RedisError(refusal.reply, String(commands[at - 1]?.[0] ?? "EXEC"));
  return new RedisError("EXECABORT Transaction discarded because a watched key changed", "EXEC");
}
