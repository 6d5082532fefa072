import type { BackoffOptions } from "../../base/backoff.ts";
import type { Logger } from "../../base/log.ts";
import type { Transport } from "./transport.ts";

/** What an app tells its transport; each takes from it what has a meaning there. */
export interface TransportOptions {
  /** Where the broker is. With several, the next is tried when one cannot be reached. */
  readonly urls: readonly [string, ...string[]];
  /** `broker_transport_options`, under kombu's names. */
  readonly transportOptions: Readonly<Record<string, unknown>>;
  /** `broker_use_ssl`: false, true, or certificates under Python's names. */
  readonly ssl: boolean | Readonly<Record<string, unknown>>;
  /** For one attempt. */
  readonly connectTimeoutMs: number;
  /** Failed attempts in a row before giving up; 0 = never. */
  readonly maxAttempts: number;
  /** Waits between attempts. */
  readonly backoff: BackoffOptions;
  /** Interval to ask RabbitMQ for; 0 = none, as Python's clients do. */
  readonly heartbeatSeconds: number;
  /** `broker_login_method`. */
  readonly loginMethod: string | null;
  /** `broker_native_delayed_delivery_queue_type`, for RabbitMQ. Default quorum. */
  readonly delayedQueueType?: "classic" | "quorum";
  /**
   * True for clients: sockets and timers do not keep the process alive (`connect({ background })`, `backgroundClock`); the app
   * does, while anything is waited for.
   */
  readonly background: boolean;
  readonly log: Logger;
}

/**
 * How every transport module is entered: `redis.ts` exports `createRedisTransport`, `amqp.ts` `createAmqpTransport`,
 * `embedded.ts` `createEmbeddedTransport`, `memory.ts` `createMemoryTransport`. It connects on first use, not here.
 *
 * @throws {UsageError} for a URL or option that cannot be
 */
export type TransportFactory = (options: TransportOptions) => Transport | Promise<Transport>;
