import { readFileSync } from "node:fs";
import { UsageError } from "../../base/errors.ts";
import { checkInteger, checkOneOf } from "../../base/options.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import type { TlsOptions } from "../../net/mod.ts";
import { type ClientOptions, type FieldTable, SASL_MECHANISMS } from "../../amqp/mod.ts";
import type { DelayedQueueType } from "./amqp_delayed.ts";
import type { TransportOptions } from "./options.ts";

/** What of an app's settings has a meaning on RabbitMQ. */
export interface AmqpSettings {
  readonly client: ClientOptions;
  /** `broker_native_delayed_delivery_queue_type`. */
  readonly delayedQueueType: DelayedQueueType;
  /**
   * `delivery_limit`: a message that a quorum queue has delivered more often (`x-delivery-count`) is dropped to the dead
   * letters, because it kills whoever takes it; 0 = never. Default 20, RabbitMQ 4's own.
   */
  readonly deliveryLimit: number;
}

const DEFAULT_DELIVERY_LIMIT = 20;

/** @throws {UsageError} for a value that cannot be, or a certificate that cannot be read. */
export function readAmqpOptions(options: TransportOptions): AmqpSettings {
  const { urls, transportOptions, ssl, connectTimeoutMs, maxAttempts, backoff, background, log } = options;
  const { client_properties: properties, frame_max: frameMax, channel_max: channelMax } = transportOptions;
  const heartbeat = transportOptions.heartbeat ?? options.heartbeatSeconds;
  const method = transportOptions.login_method ?? options.loginMethod;
  return {
    client: {
      urls,
      connectTimeoutMs,
      maxAttempts,
      backoff,
      background,
      log,
      heartbeatSeconds: checkInteger("heartbeat", Math.ceil(Number(heartbeat)), { min: 0, max: 65_535 }),
      mechanism: method === null ? undefined : checkOneOf("login_method", method, SASL_MECHANISMS),
      ...(ssl === false ? {} : { tls: ssl === true ? {} : readTls(ssl) }),
      ...(isPlainObject(properties) ? { clientProperties: properties as FieldTable } : {}),
      ...(frameMax === undefined ? {} : { frameMaxBytes: checkInteger("frame_max", frameMax, { min: 0 }) }),
      ...(channelMax === undefined ? {} : { channelMax: checkInteger("channel_max", channelMax, { min: 0 }) }),
    },
    delayedQueueType: options.delayedQueueType ?? "quorum",
    deliveryLimit: checkInteger("delivery_limit", transportOptions.delivery_limit ?? DEFAULT_DELIVERY_LIMIT, {
      min: 0,
    }),
  };
}

/** Python's `ssl` arguments: names of files, and how strict to be. */
function readTls(ssl: Readonly<Record<string, unknown>>): TlsOptions {
  const { server_hostname: serverName, cert_reqs: strictness } = ssl;
  const ca = readPem("ca_certs", ssl.ca_certs);
  const cert = readPem("certfile", ssl.certfile);
  const key = readPem("keyfile", ssl.keyfile);
  const verify = verifies(strictness);
  return {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(typeof serverName === "string" ? { serverName } : {}),
    ...(verify === undefined ? {} : { verify }),
  };
}

function readPem(name: string, path: unknown): string | undefined {
  if (path === undefined || path === null) return undefined;
  if (typeof path !== "string") {
    throw new UsageError(`Cannot use ${name}: expected the name of a file, got ${typeof path}`);
  }
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(`Cannot use ${name}: ${why}`, { cause: error });
  }
}

/** `CERT_NONE` and friends as texts, or as the numbers that Python's `ssl` module has for them. */
function verifies(strictness: unknown): boolean | undefined {
  if (strictness === undefined || strictness === null) return undefined;
  if (strictness === 0 || /^(?:CERT_)?NONE$/i.test(String(strictness))) return false;
  if (strictness === 1 || strictness === 2 || /^(?:CERT_)?(?:OPTIONAL|REQUIRED)$/i.test(String(strictness))) {
    return true;
  }
  throw new UsageError(
    `Cannot use cert_reqs: expected CERT_NONE, CERT_OPTIONAL or CERT_REQUIRED, got ${String(strictness)}`,
  );
}
