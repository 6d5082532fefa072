import type { RedisClient, RunOptions } from "./client.ts";
import type { RedisConnection } from "./connection.ts";
import { type RedisCommand, RedisError, type RespArgument, type RespValue } from "./wire/mod.ts";

export interface OptimisticOptions extends RunOptions {
  /** How often to start again when a watched key was changed by somebody else. Default 10. */
  readonly attempts?: number;
}

/**
 * Reads what the watched keys hold and says what to change.
 * @returns the commands of the transaction, or undefined to change nothing.
 */
export type OptimisticPlan = (
  read: (commands: readonly RedisCommand[]) => Promise<readonly RespValue[]>,
) => Promise<readonly RedisCommand[] | undefined>;

/**
 * Transactions that depend on what was read (WATCH, MULTI, EXEC): carried out only if nobody changed the watched keys
 * meanwhile, else tried again.
 *
 * They run one at a time, over a connection of their own: WATCH is about a connection, and EXEC of another command on it
 * would end the watch.
 *
 * Owns: that connection, opened at the first use.
 */
export class OptimisticTransactions {
  readonly #client: RedisClient;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: RedisClient) {
    this.#client = client.dedicated();
  }

  /**
   * @returns the replies of the transaction, or undefined if the plan wanted none.
   * @throws {RedisError} EXECABORT when the keys changed at every attempt, and what `plan` throws.
   */
  run(
    keys: readonly RespArgument[],
    plan: OptimisticPlan,
    options: OptimisticOptions = {},
  ): Promise<readonly RespValue[] | undefined> {
    const turn = this.#last.then(() =>
      this.#client.session("a watched transaction", (connection) => attempt(connection, keys, plan, options), options)
    );
    this.#last = turn.catch(() => {}); // told to whoever asked for it; the next one is not concerned
    return turn;
  }

  async close(): Promise<void> {
    await this.#client.close();
  }
}

async function attempt(
  connection: RedisConnection,
  keys: readonly RespArgument[],
  plan: OptimisticPlan,
  { attempts = 10 }: OptimisticOptions,
): Promise<readonly RespValue[] | undefined> {
  for (let i = 0; i < attempts; i++) {
    await connection.run(["WATCH", ...keys]);
    let commands: readonly RedisCommand[] | undefined;
    try {
      commands = await plan((reads) => connection.runAll(reads));
    } finally {
      if (commands === undefined) connection.run(["UNWATCH"]).catch(() => {}); // the connection's end says it all
    }
    if (commands === undefined) return undefined;
    const replies = await connection.runAll([["MULTI"], ...commands, ["EXEC"]]);
    const result = replies[replies.length - 1];
    if (Array.isArray(result)) return result;
    if (result instanceof RedisError) throw replies.find((reply) => reply instanceof RedisError) ?? result;
  }
  throw new RedisError(`EXECABORT the watched keys changed at each of ${attempts} attempts`, "EXEC");
}
