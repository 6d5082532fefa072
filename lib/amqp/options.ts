import type { TlsOptions } from "../net/mod.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { checkInteger, checkNumber } from "../base/options.ts";
import { backgroundClock, type Clock, systemClock } from "../base/time.ts";
import { DEFAULT_MAX_BODY_BYTES } from "./wire/content.ts";
import type { FieldTable } from "./wire/field_table.ts";
import type { SaslMechanism } from "./wire/sasl.ts";
import { type AmqpUrl, parseAmqpUrl } from "./wire/url.ts";

/** How to connect. What the URL says itself (heartbeat, TLS files …) holds where the option is left out. */
export interface ConnectionOptions {
  /** `amqp://` or `amqps://`; what is missing is guest, guest, localhost, 5672 and `/`. */
  readonly url: string;
  /** Covers the name, the socket, TLS and the login. Default 10000. */
  readonly connectTimeoutMs?: number | undefined;
  /** How long an answer of the broker may take before the call fails. Default 30000. */
  readonly callTimeoutMs?: number | undefined;
  /** Interval we ask for; the broker's smaller one wins; a peer silent for two intervals is given up. 0 = none. Default 60. */
  readonly heartbeatSeconds?: number | undefined;
  /** Channels we may open; the broker's smaller number wins. 0 = as the broker likes. Default 0. */
  readonly channelMax?: number | undefined;
  /** Largest frame; the broker's smaller one wins. 0 = as the broker likes. Default 131072. */
  readonly frameMaxBytes?: number | undefined;
  /**
   * Largest body, both ways. A larger one of ours is refused before anything is sent; a larger delivery is not buffered
   * but rejected without requeue (so that it goes to the dead letters) and logged. Default 128 MiB, RabbitMQ's own.
   */
  readonly maxBodyBytes?: number | undefined;
  /** Default: PLAIN, else AMQPLAIN. */
  readonly mechanism?: SaslMechanism | undefined;
  /** Certificates and names for `amqps://`; default: what the URL names, and verification against the system's authorities. */
  readonly tls?: TlsOptions | undefined;
  /** True: the connection and its timers alone do not keep the process alive. Default false. */
  readonly background?: boolean | undefined;
  /** Shown by the broker's tools beside the connection. */
  readonly name?: string | undefined;
  /** Added to what the broker's tools show of this client. */
  readonly clientProperties?: FieldTable | undefined;
  /** Default silent. */
  readonly log?: Logger | undefined;
  /** Logs every frame at `debug`; costs time. Default false. */
  readonly traceFrames?: boolean | undefined;
  /** Default the system's. */
  readonly clock?: Clock | undefined;
}

/** Everything filled in. */
export interface ResolvedConnectionOptions {
  readonly url: AmqpUrl;
  readonly connectTimeoutMs: number;
  readonly callTimeoutMs: number;
  readonly heartbeatSeconds: number;
  readonly channelMax: number;
  readonly frameMaxBytes: number;
  readonly maxBodyBytes: number;
  readonly mechanism: SaslMechanism | undefined;
  readonly tls: TlsOptions | undefined;
  readonly background: boolean;
  readonly clientProperties: FieldTable;
  readonly log: Logger;
  readonly traceFrames: boolean;
  readonly clock: Clock;
}

export const DEFAULT_CONNECTION_OPTIONS = Object.freeze({
  connectTimeoutMs: 10_000,
  callTimeoutMs: 30_000,
  heartbeatSeconds: 60,
  channelMax: 0,
  frameMaxBytes: 131_072,
  maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
});

const PRODUCT: FieldTable = { product: "three-python-classics", product_version: "0.1.0", platform: "JavaScript" };
const MAX_SHORT = 65_535;

/** @throws {UsageError} for a value out of range, with what was expected. */
export function resolveConnectionOptions(options: ConnectionOptions): ResolvedConnectionOptions {
  const defaults = DEFAULT_CONNECTION_OPTIONS;
  const url = parseAmqpUrl(options.url);
  const { background = false } = options;
  const name: FieldTable = options.name === undefined ? {} : { connection_name: options.name };
  return {
    url,
    connectTimeoutMs: checkNumber(
      "connectTimeoutMs",
      options.connectTimeoutMs ?? url.connectTimeoutMs ?? defaults.connectTimeoutMs,
      { min: 1 },
    ),
    callTimeoutMs: checkNumber("callTimeoutMs", options.callTimeoutMs ?? defaults.callTimeoutMs, { min: 1 }),
    heartbeatSeconds: checkInteger(
      "heartbeatSeconds",
      options.heartbeatSeconds ?? url.heartbeatSeconds ?? defaults.heartbeatSeconds,
      { min: 0, max: MAX_SHORT },
    ),
    channelMax: checkInteger("channelMax", options.channelMax ?? url.channelMax ?? defaults.channelMax, {
      min: 0,
      max: MAX_SHORT,
    }),
    frameMaxBytes: checkInteger(
      "frameMaxBytes",
      options.frameMaxBytes ?? url.frameMaxBytes ?? defaults.frameMaxBytes,
      { min: 0, max: 2 ** 32 - 1 },
    ),
    maxBodyBytes: checkInteger("maxBodyBytes", options.maxBodyBytes ?? defaults.maxBodyBytes, { min: 0 }),
    mechanism: options.mechanism ?? url.mechanism,
    tls: options.tls,
    background,
    clientProperties: { ...PRODUCT, ...name, ...options.clientProperties },
    log: options.log ?? silentLogger,
    traceFrames: options.traceFrames ?? false,
    clock: options.clock ?? (background ? backgroundClock : systemClock),
  };
}
