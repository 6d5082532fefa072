/**
 * What the settings say about connections, in the units of those who make them.
 * @module
 */
import type { Logger } from "../base/log.ts";
import { UsageError } from "../base/errors.ts";
import type { BackendOptions, ResultCodec } from "./backend/options.ts";
import type { Config } from "./config.ts";
import type { TransportOptions } from "./transport/options.ts";
import type { BoxOptions } from "./wire/control.ts";
import type { SerializerRegistry } from "./wire/serializer.ts";
import type { EventQueueOptions } from "./worker/events.ts";

/** The broker's URLs, in the order in which they are tried: a list, or one text with `;`. */
export function brokerUrls(conf: Config, use: "read" | "write"): readonly [string, ...string[]] {
  const given = (use === "read" ? conf.brokerReadUrl : conf.brokerWriteUrl) ?? conf.brokerUrl;
  const urls = (typeof given === "string" ? given.split(";") : given).map((url) => url.trim()).filter((url) =>
    url !== ""
  );
  const [first, ...others] = conf.brokerFailoverStrategy === "shuffle" ? shuffled(urls) : urls;
  if (first === undefined) throw new UsageError("Cannot use the setting brokerUrl: it holds no URL");
  return [first, ...others];
}

function shuffled(urls: readonly string[]): string[] {
  return urls.map((url) => ({ url, at: Math.random() })).sort((a, b) => a.at - b.at).map(({ url }) => url);
}

/** A client's transport: it gives up after the retries of `taskPublishRetryPolicy`, and stays in the background. */
export function transportOptions(conf: Config, log: Logger): TransportOptions {
  const { maxRetries, intervalStart, intervalStep, intervalMax } = conf.taskPublishRetryPolicy;
  const retries = conf.taskPublishRetry ? maxRetries : 0;
  return {
    urls: brokerUrls(conf, "write"),
    transportOptions: conf.brokerTransportOptions,
    ssl: conf.brokerUseSsl,
    connectTimeoutMs: conf.brokerConnectionTimeout * 1000,
    maxAttempts: retries === null ? 0 : retries + 1,
    backoff: { startMs: intervalStart * 1000, stepMs: intervalStep * 1000, maxMs: intervalMax * 1000 },
    heartbeatSeconds: 0, // as Python's clients
    loginMethod: conf.brokerLoginMethod,
    delayedQueueType: conf.brokerNativeDelayedDeliveryQueueType,
    background: true,
    log,
  };
}

/** What of a backend's options is in the settings. */
export function backendOptions(
  conf: Config,
  log: Logger,
): Omit<BackendOptions, "url" | "codec" | "replyTo" | "transport"> {
  return {
    expiresSeconds: conf.resultExpires === 0 ? null : conf.resultExpires,
    transportOptions: conf.resultBackendTransportOptions,
    ssl: conf.redisBackendUseSsl ?? false,
    connectTimeoutMs: (conf.redisSocketConnectTimeout ?? conf.brokerConnectionTimeout) * 1000,
    silenceMs: (conf.redisSocketTimeout ?? 0) * 1000,
    retry: {
      always: conf.resultBackendAlwaysRetry,
      maxRetries: conf.resultBackendMaxRetries,
      baseMs: conf.resultBackendBaseSleepBetweenRetriesMs,
      maxMs: conf.resultBackendMaxSleepBetweenRetriesMs,
    },
    persistent: conf.resultPersistent ?? false,
    background: true,
    log,
  };
}

/** Of the queues of remote control. @throws {UsageError} if they are to be durable and exclusive at once */
export function boxOptions(conf: Config): BoxOptions {
  const { controlQueueDurable: durable, controlQueueExclusive: exclusive } = conf;
  refuseBoth("controlQueue", durable, exclusive);
  return { expiresSeconds: conf.controlQueueExpires, ttlSeconds: conf.controlQueueTtl, durable, exclusive };
}

/** What the settings say of queues that hear events, as those of `boxOptions`. */
export function eventQueueOptions(conf: Config): EventQueueOptions {
  const { eventQueueDurable: durable, eventQueueExclusive: exclusive } = conf;
  refuseBoth("eventQueue", durable, exclusive);
  return { durable, exclusive, autoDelete: !durable };
}

function refuseBoth(setting: string, durable: boolean, exclusive: boolean): void {
  if (!durable || !exclusive) return;
  throw new UsageError(
    `Cannot use ${setting}Durable with ${setting}Exclusive: an exclusive queue goes with its connection`,
  );
}

/** Results are written with `resultSerializer` and read as `resultAcceptContent` allows. */
export function resultCodec(conf: Config, serializers: SerializerRegistry): ResultCodec {
  const serializer = serializers.get(conf.resultSerializer);
  const accepted = serializers.acceptedTypes(conf.resultAcceptContent ?? conf.acceptContent);
  const { contentType, contentEncoding } = serializer;
  return {
    contentType,
    contentEncoding,
    encode: (value) => serializer.encode(value, "result"),
    decode: (body, type = { contentType, contentEncoding }) => serializers.decode({ ...type, body }, accepted),
  };
}
