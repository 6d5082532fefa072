/**
 * The embedded broker: a durable queue server that speaks Redis' protocol, for our own client, real Python Celery and redis-cli.
 *
 * @example
 * ```ts
 * const broker = await startBroker({ folder: ".celery" });
 * console.log(`redis-cli -s ${broker.socketPath}`);
 * await broker.close();
 * ```
 * @module
 */
export { describeBroker } from "./banner.ts";
export { startBroker } from "./broker.ts";
export type { Broker } from "./broker.ts";
export { findBroker, FolderTakenError, publicSocketPath } from "./folder_claim.ts";
export { DURABILITY } from "./journal/journal.ts";
export type { Durability } from "./journal/journal.ts";
export { DEFAULT_BROKER_OPTIONS } from "./options.ts";
export type { BrokerOptions } from "./options.ts";
export { runBroker } from "./run_broker.ts";
export type { RunBrokerOptions } from "./run_broker.ts";
export { spawnBroker } from "./spawn_broker.ts";
export type { SpawnBrokerOptions } from "./spawn_broker.ts";
export { SERVER_NAME } from "./version.ts";
