import { UsageError } from "../../base/errors.ts";
import { checkInteger, checkNumber, checkOneOf } from "../../base/options.ts";
import { isPlainObject } from "../../base/pyvalue.ts";
import { parseRedisUrls, type RedisOptions, type RedisUrl, type SentinelOptions } from "../../redis/mod.ts";
import { RedisKeys } from "../wire/redis_keys.ts";
import type { TransportOptions } from "./options.ts";
import { readRedisTls } from "./redis_tls.ts";

/** In which order several queues are looked into. */
export const QUEUE_ORDERS = ["round_robin", "sorted", "priority"] as const;
export type QueueOrder = (typeof QUEUE_ORDERS)[number];

/** What of an app's settings has a meaning on Redis, in our units. */
export interface RedisTransportSettings {
  readonly redis: RedisOptions;
  /** As kombu prints it, password hidden. */
  readonly uri: string;
  readonly keys: RedisKeys;
  /** `visibility_timeout`: what was not settled or renewed for so long goes back to its queue. Default 1 h. */
  readonly visibilityMs: number;
  /** `unacked_mutex_expire`. Default 5 min. */
  readonly mutexMs: number;
  /** `unacked_restore_limit`: messages restored at a time. Default 1000. */
  readonly restoreLimit: number;
  /** `queue_order_strategy`. Default round_robin. */
  readonly queueOrder: QueueOrder;
  /** `ack_emulation`: false takes messages without recording who has them. Default true. */
  readonly ackEmulation: boolean;
  /** How long a worker may be away from the embedded broker before its messages go to others. Default 2000. */
  readonly holdGraceMs: number;
}

const DEFAULT_RESTORE_LIMIT = 1000;

/** @throws {UsageError} for a URL or option that cannot be, under kombu's name for it. */
export function readRedisOptions(options: TransportOptions): RedisTransportSettings {
  const urls = parseRedisUrls(options.urls);
  const [first] = urls;
  if (first === undefined) throw new UsageError("Cannot use the broker URL: it is empty");
  const all = { ...Object.fromEntries(first.query), ...options.transportOptions };
  const given = new Given(all);
  const seconds = (name: string, standard: number) => Math.round(given.number(name, standard) * 1000);
  return {
    redis: {
      url: urls,
      ...readRedisTls(options.ssl, urls, "broker_use_ssl"),
      ...readSentinel(all),
      ...(given.has("client_name") ? { clientName: given.text("client_name", "") } : {}),
      connectTimeoutMs: seconds("socket_connect_timeout", options.connectTimeoutMs / 1000) || 1,
      silenceMs: seconds("socket_timeout", 15),
      heartbeatMs: Math.min(seconds("health_check_interval", 10), 10_000),
      maxAttempts: options.maxAttempts,
      backoff: options.backoff,
      background: options.background,
      log: options.log,
    },
    uri: urls.map((url) => url.text).join(";"),
    keys: readKeys(given, first),
    visibilityMs: seconds("visibility_timeout", 3600),
    mutexMs: seconds("unacked_mutex_expire", 300),
    restoreLimit: given.number("unacked_restore_limit", DEFAULT_RESTORE_LIMIT) || DEFAULT_RESTORE_LIMIT,
    queueOrder: checkOneOf("queue_order_strategy", given.text("queue_order_strategy", "round_robin"), QUEUE_ORDERS),
    ackEmulation: given.flag("ack_emulation", true),
    holdGraceMs: seconds("hold_grace", 2),
  };
}

function readKeys(given: Given, url: RedisUrl): RedisKeys {
  const fanoutPrefix = given.value("fanout_prefix") ?? true;
  return new RedisKeys({
    separator: given.text("sep", "\x06\x16"),
    prefix: given.text("global_keyprefix", ""),
    fanoutPrefix: typeof fanoutPrefix === "string"
      ? fanoutPrefix.replaceAll("{db}", String(url.db))
      : fanoutPrefix
      ? `/${url.db}.`
      : "",
    fanoutPatterns: given.flag("fanout_patterns", true),
    unacked: given.text("unacked_key", "unacked"),
    unackedIndex: given.text("unacked_index_key", "unacked_index"),
    unackedMutex: given.text("unacked_mutex_key", "unacked_mutex"),
    prioritySteps: readSteps(given.value("priority_steps") ?? [0, 3, 6, 9]),
  });
}

function readSteps(steps: unknown): number[] {
  if (!Array.isArray(steps) || steps.length === 0) {
    throw new UsageError(`Cannot use priority_steps: expected a list of numbers, got ${String(steps)}`);
  }
  const numbers = steps.map((step) => checkInteger("priority_steps", step, { min: 0, max: 9 }));
  return numbers.sort((a, b) => a - b);
}

/** What the options `master_name` and `sentinel_kwargs` say, of a broker's and of a backend's. */
export function readSentinel(options: Readonly<Record<string, unknown>>): { sentinel?: SentinelOptions } {
  const given = new Given(options);
  if (!given.has("master_name")) return {};
  const login = given.value("sentinel_kwargs") ?? {};
  const { username, password } = isPlainObject(login) ? login : {};
  return {
    sentinel: {
      masterName: given.text("master_name", ""),
      ...(typeof username === "string" ? { username } : {}),
      ...(typeof password === "string" ? { password } : {}),
    },
  };
}

/** Options by kombu's names; `null` is as good as absent, as in Python, and a URL's numbers are texts. */
class Given {
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(options: Readonly<Record<string, unknown>>) {
    this.#options = options;
  }

  has(name: string): boolean {
    return this.value(name) !== undefined;
  }

  value(name: string): unknown {
    const value = Object.hasOwn(this.#options, name) ? this.#options[name] : undefined;
    return value === null ? undefined : value;
  }

  number(name: string, standard: number): number {
    const value = this.value(name) ?? standard;
    return checkNumber(name, typeof value === "string" && value.trim() !== "" ? Number(value) : value, { min: 0 });
  }

  text(name: string, standard: string): string {
    const value = this.value(name) ?? standard;
    if (typeof value === "string") return value;
    throw new UsageError(`Cannot use ${name}: expected a text, got ${String(value)} (${typeof value})`);
  }

  flag(name: string, standard: boolean): boolean {
    const value = this.value(name) ?? standard;
    if (typeof value === "string") return !/^(?:false|no|0|)$/i.test(value);
    return Boolean(value);
  }
}
