import { UsageError } from "../../base/errors.ts";
import type { TransportFactory, TransportOptions } from "./options.ts";
import type { Transport } from "./transport.ts";

/** Transports by URL scheme; a module is loaded when its scheme is met. */
const TRANSPORTS: ReadonlyMap<string, () => Promise<TransportFactory>> = new Map([
  ["amqp", async () => (await import("./amqp.ts")).createAmqpTransport],
  ["amqps", async () => (await import("./amqp.ts")).createAmqpTransport],
  ["pyamqp", async () => (await import("./amqp.ts")).createAmqpTransport],
  ["librabbitmq", async () => (await import("./amqp.ts")).createAmqpTransport],
  ...["redis", "rediss", "redis+socket", "socket", "unix", "sentinel"].map((scheme) => [scheme, loadRedis] as const),
  ["embedded", async () => (await import("./embedded.ts")).createEmbeddedTransport],
  ["memory", async () => (await import("./memory.ts")).createMemoryTransport],
]);

async function loadRedis(): Promise<TransportFactory> {
  return (await import("./redis.ts")).createRedisTransport;
}

/**
 * The transport for a broker's URL.
 *
 * @throws {UsageError} for a scheme that there is no transport for
 */
export async function createTransport(options: TransportOptions): Promise<Transport> {
  const scheme = schemeOf(options.urls[0]);
  const load = TRANSPORTS.get(scheme);
  if (load === undefined) {
    throw new UsageError(
      `Cannot use the broker URL: no transport for "${scheme.slice(0, 32)}://", there are ${
        [...TRANSPORTS.keys()].join(", ")
      }`,
    );
  }
  return (await load())(options);
}

/** `redis` of `redis://host`; a text without scheme is a transport's name, as in kombu. */
export function schemeOf(url: string): string {
  return url.split(":", 1)[0]?.toLowerCase() ?? "";
}
