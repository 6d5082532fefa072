import { UsageError } from "../../base/errors.ts";
import { parseRedisUrls, type RedisOptions } from "../../redis/mod.ts";
import { readSentinel } from "../transport/redis_options.ts";
import { readRedisTls } from "../transport/redis_tls.ts";
import type { BackendOptions } from "./options.ts";

/** What of `result_backend_transport_options` and the URL has a meaning for results on Redis. */
export interface RedisBackendSettings {
  readonly redis: RedisOptions;
  /** `global_keyprefix`, with the `_` that Celery puts behind one that does not end in a separator. */
  readonly keyPrefix: string;
  /** `result_chord_ordered`. */
  readonly chordOrdered: boolean;
}

/** @throws {UsageError} for an option of the wrong type, or a TLS option that cannot be. */
export function readRedisBackendOptions(options: BackendOptions): RedisBackendSettings {
  const { url, ssl, transportOptions, connectTimeoutMs, silenceMs, retry, background, log } = options;
  const prefix = transportOptions.global_keyprefix ?? "";
  if (typeof prefix !== "string") {
    throw new UsageError(`Cannot use global_keyprefix: expected a text, got ${String(prefix)} (${typeof prefix})`);
  }
  return {
    redis: {
      url,
      ...readRedisTls(ssl, parseRedisUrls([url]), "redis_backend_use_ssl"),
      connectTimeoutMs,
      silenceMs,
      log,
      background,
      backoff: { startMs: 200, stepMs: 0, factor: 2, maxMs: retry.maxMs, jitter: 0.5 },
      ...readSentinel(transportOptions),
    },
    keyPrefix: prefix === "" || /[:_.-]$/.test(prefix) ? prefix : `${prefix}_`,
    chordOrdered: transportOptions.result_chord_ordered !== false,
  };
}
