import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import { checkNumber, checkOneOf } from "../../base/options.ts";
import type { UnixAddress } from "../../net/mod.ts";
import type { RunBrokerOptions, SpawnBrokerOptions } from "../../broker/mod.ts";
import { findDurability, publicSocketPath } from "../../broker/folder_claim.ts"; // not mod.ts: a client need not load a broker
import { spawnBroker } from "../../broker/spawn_broker.ts";
import type { TransportOptions } from "./options.ts";
import { RedisTransport } from "./redis.ts";
import { readRedisOptions } from "./redis_options.ts";
import type { Transport } from "./transport.ts";

export interface EmbeddedOptions extends Omit<SpawnBrokerOptions, "folder"> {
  /** The script beside whose package the default folder is. Default: the one this process runs. */
  readonly script?: string | undefined;
}

export interface RunEmbeddedOptions extends Omit<RunBrokerOptions, "folder"> {
  readonly script?: string | undefined;
}

const SCHEME = "embedded:";
/** Beside the nearest package.json. */
const DEFAULT_FOLDER = ".celery";

/**
 * Address of the embedded broker that a URL means; one is started if none serves that folder.
 *
 * Call it before every connect, reconnects included: the broker may have left because it was idle, or have been killed, and this
 * is what brings it back.
 *
 * @param url `embedded://` or `embedded:///some/dir`
 */
export async function embeddedAddress(url: string, options: EmbeddedOptions = {}): Promise<UnixAddress> {
  const { script, ...own } = options;
  return { path: await spawnBroker({ ...own, folder: embeddedFolder(url, script) }) };
}

/**
 * The data folder that a URL means: its path, or `.celery/` beside the nearest package.json above the script.
 *
 * @throws {UsageError} for URLs with a host, which an embedded broker does not have
 */
export function embeddedFolder(url: string, script: string | undefined = process.argv[1]): string {
  if (!url.startsWith(SCHEME)) throw new UsageError(`Cannot use ${url} as an embedded broker: expected embedded://`);
  const rest = url.slice(SCHEME.length).replace(/^\/\//, "");
  if (rest.startsWith("/")) return resolve(fileURLToPath(new URL(`file://${rest}`)));
  if (rest !== "") {
    throw new UsageError(
      `Cannot use ${url}: expected embedded:// or embedded:///some/dir, with three slashes and no host`,
    );
  }
  return join(projectFolder(script), DEFAULT_FOLDER);
}

/** The folder of the nearest package.json above the script, or the script's own. */
function projectFolder(script: string | undefined): string {
  const start = script === undefined || !existsSync(script) ? process.cwd() : dirname(realpathSync(script));
  for (let folder = start;; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return start;
  }
}

/**
 * Runs the broker of a URL in the foreground: `tsx celery/addTask.ts broker`. Settles when it has ended.
 *
 * @param url `embedded://` or `embedded:///some/dir`
 */
export async function runEmbeddedBroker(url: string, options: RunEmbeddedOptions): Promise<void> {
  const { script, ...own } = options;
  const { runBroker } = await import("../../broker/run_broker.ts");
  await runBroker({ ...own, folder: embeddedFolder(url, script) });
}

/**
 * The URL with its folder spelled out, so that it means the same in every process; others pass unchanged.
 *
 * @param script the program beside whose package the default folder is
 */
export function absoluteEmbeddedUrl(url: string, script?: string): string {
  return url.startsWith(SCHEME) ? `embedded://${pathToFileURL(embeddedFolder(url, script)).pathname}` : url;
}

/** How a Redis client reaches the embedded broker of a URL: through its socket, after making sure that somebody serves it. */
export function embeddedConnection(url: string, options: EmbeddedOptions = {}) {
  const folder = embeddedFolder(url, options.script);
  return {
    url: `redis+socket://${encodeURI(publicSocketPath(folder))}`,
    beforeConnect: async (signal: AbortSignal) => {
      await embeddedAddress(url, { ...options, signal });
    },
  };
}

/** Entry of the factory: `embedded://`. A broker that has left or was killed is started again by the next attempt to connect. */
export function createEmbeddedTransport(options: TransportOptions): Transport {
  const [url] = options.urls;
  const { url: socketUrl, beforeConnect } = embeddedConnection(url, spawnOptions(options.transportOptions));
  const settings = readRedisOptions({ ...options, urls: [socketUrl] });
  return new RedisTransport({
    ...settings,
    uri: absoluteEmbeddedUrl(url),
    redis: { ...settings.redis, beforeConnect },
  });
}

/**
 * How durable the embedded broker of a URL is: the one that serves its folder now, or else the one that would be started.
 *
 * @param transportOptions `broker_transport_options`
 */
export async function embeddedDurability(
  url: string,
  transportOptions: TransportOptions["transportOptions"],
): Promise<string> {
  const { durability = DEFAULT_DURABILITY } = spawnOptions(transportOptions);
  return await findDurability(embeddedFolder(url)) ?? durability;
}

/** What `broker_transport_options` may say of a broker that is started on demand: `durability`, `idle` in seconds. */
function spawnOptions({ durability, idle }: TransportOptions["transportOptions"]): EmbeddedOptions {
  return {
    ...(durability === undefined ? {} : { durability: checkOneOf("durability", durability, DURABILITIES) }),
    ...(idle === undefined ? {} : { idleMs: checkNumber("idle", idle, { min: 0 }) * 1000 }),
  };
}

const DURABILITIES = ["memory", "everysec", "always"] as const;
/** As in the broker's own options. */
const DEFAULT_DURABILITY = "everysec";
