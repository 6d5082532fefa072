/**
 * A client for Redis and whatever speaks RESP: pipelined, reconnecting, with nothing in its hands that Redis did not confirm.
 *
 * @example
 * ```ts
 * const redis = new RedisClient({ url: "redis://localhost:6379/0" });
 * await redis.run(["SET", "greeting", "hello"]);
 * console.log(textOf(await redis.run(["GET", "greeting"])));
 * await redis.close();
 * ```
 * @module
 */
export { RedisClient } from "./client.ts";
export type { RedisClientHooks, RunOptions } from "./client.ts";
export { RedisConnection } from "./connection.ts";
export type { CommandOptions, RedisConnectionOptions } from "./connection.ts";
export { LoginError } from "./login.ts";
export type { ServerInfo } from "./login.ts";
export { OptimisticTransactions } from "./optimistic.ts";
export type { OptimisticOptions, OptimisticPlan } from "./optimistic.ts";
export { resolveRedisOptions } from "./options.ts";
export type { RedisOptions, ResolvedRedisOptions, SentinelOptions } from "./options.ts";
export { RedisScript } from "./script.ts";
export { RedisSubscriber } from "./subscriber.ts";
export { readTlsFiles } from "./tls_files.ts";
export type { TlsOptions } from "../net/mod.ts";
export type { MessageListener, RedisSubscription } from "./subscriber.ts";
export { pairsOf, parseRedisUrl, parseRedisUrls, RedisError, RespPush, textOf } from "./wire/mod.ts";
export type { RedisCommand, RedisUrl, RespArgument, RespValue } from "./wire/mod.ts";
