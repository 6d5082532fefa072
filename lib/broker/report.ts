/**
 * What the broker tells of itself: INFO and CONFIG GET, under Redis' names where it has some.
 * @module
 */
import process from "node:process";
import { DATABASES, type Store } from "./store/store.ts";
import type { Executor } from "./executor.ts";
import type { ResolvedBrokerOptions } from "./options.ts";
import type { Server } from "./server.ts";
import type { BrokerReport, InfoSection, Services } from "./services.ts";
import { COMPATIBLE_VERSION, SERVER_NAME } from "./version.ts";

export interface ReportSources {
  readonly options: ResolvedBrokerOptions;
  readonly store: Store;
  readonly services: Services;
  readonly executor: Executor;
  readonly server: Server;
  /** Wall time in milliseconds. */
  readonly startedAt: number;
  readonly tcpPort: number;
  readonly socketPath: string;
  /** Bytes of the current journal file. */
  readonly journalBytes: number;
  readonly isCompacting: boolean;
  /** Why writes are refused. */
  readonly refusal: string | undefined;
}

export function report(sources: ReportSources): BrokerReport {
  return { info: info(sources), config: config(sources) };
}

function info(sources: ReportSources): InfoSection[] {
  const { options, store, services, executor, server, startedAt } = sources;
  const seconds = Math.floor((options.clock.now() - startedAt) / 1000);
  const { accepted, refused } = server.accepted;
  const clients = [...services.clients.values()];
  return [
    section("Server", {
      redis_version: COMPATIBLE_VERSION,
      redis_mode: "standalone",
      server_name: SERVER_NAME,
      embedded_broker: 1,
      os: `${process.platform} ${process.arch}`,
      process_id: process.pid,
      runtime: `node ${process.versions.node}`,
      tcp_port: sources.tcpPort,
      unix_socket: sources.socketPath,
      folder: options.folder,
      uptime_in_seconds: seconds,
      uptime_in_days: Math.floor(seconds / 86_400),
    }),
    section("Clients", {
      connected_clients: clients.length,
      maxclients: options.maxClients,
      blocked_clients: services.waiters.size,
      pubsub_clients: clients.filter(({ subscriptions }) => subscriptions > 0).length,
    }),
    section("Memory", {
      used_memory: store.usedBytes,
      used_memory_rss: process.memoryUsage().rss,
      maxmemory: options.maxMemoryBytes,
      maxmemory_policy: "noeviction",
    }),
    section("Persistence", {
      loading: executor.unavailable === undefined ? 0 : 1,
      durability: options.durability,
      aof_enabled: options.durability === "memory" ? 0 : 1,
      aof_rewrite_in_progress: sources.isCompacting ? 1 : 0,
      aof_current_size: sources.journalBytes,
      aof_last_write_status: sources.refusal === undefined ? "ok" : "err",
    }),
    section("Stats", {
      total_connections_received: accepted,
      rejected_connections: refused,
      total_commands_processed: executor.processed,
      expired_keys: store.expiredKeys,
      evicted_keys: 0,
      pubsub_channels: services.pubsub.channels(undefined).length,
      pubsub_patterns: services.pubsub.patternCount,
      reserved_messages: services.holders.size,
    }),
    section("Replication", { role: "master", connected_slaves: 0 }),
    {
      title: "Keyspace",
      lines: new Map(
        store.databases.filter(({ size }) => size > 0).map((database) =>
          [`db${database.index}`, `keys=${database.size},expires=${database.expiring},avg_ttl=0`] as const
        ),
      ),
    },
  ];
}

function section(title: string, lines: { readonly [name: string]: string | number }): InfoSection {
  return { title, lines: new Map(Object.entries(lines)) };
}

function config({ options, tcpPort, socketPath }: ReportSources): ReadonlyMap<string, string> {
  return new Map(Object.entries({
    appendfsync: options.durability === "always" ? "always" : "everysec",
    appendonly: options.durability === "memory" ? "no" : "yes",
    bind: options.host,
    databases: String(DATABASES),
    dir: options.folder,
    maxclients: String(options.maxClients),
    maxmemory: String(options.maxMemoryBytes),
    "maxmemory-policy": "noeviction",
    port: String(tcpPort),
    "proto-max-bulk-len": String(options.maxBulkBytes),
    save: "",
    timeout: "0",
    unixsocket: socketPath,
    unixsocketperm: "600",
  }));
}
