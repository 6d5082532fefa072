import type { BackoffOptions } from "../base/backoff.ts";
import { type Logger, silentLogger } from "../base/log.ts";
import { checkInteger, checkOneOf } from "../base/options.ts";
import { backgroundClock, type Clock, systemClock } from "../base/time.ts";
import type { SupervisorState, TlsOptions } from "../net/mod.ts";
import { DEFAULT_RESP_LIMITS, parseRedisUrls, type RedisUrl, type RespLimits, type RespVersion } from "./wire/mod.ts";

/** How to log in to the sentinels themselves, and whom to ask them for. */
export interface SentinelOptions {
  readonly masterName: string;
  readonly username?: string;
  readonly password?: string;
}

export interface RedisOptions {
  /** Where: a URL, several apart by `;`, a list of them, or parsed ones. The next is tried when one fails. */
  readonly url: string | readonly string[] | readonly RedisUrl[];
  /** Instead of what a `rediss://` URL says; `{}` verifies against the runtime's own authorities. */
  readonly tls?: TlsOptions;
  /** Needed for `sentinel://` URLs. */
  readonly sentinel?: SentinelOptions;
  /** Shown by CLIENT LIST. Default: none. */
  readonly clientName?: string;
  /** RESP version to speak; servers before Redis 6 get 2 whatever is said here. Default 2. */
  readonly protocol?: RespVersion;
  /** For one attempt, login included. Default 10000. */
  readonly connectTimeoutMs?: number;
  /** Silence after which an idle connection is probed. Default 10000; 0 switches it off. */
  readonly heartbeatMs?: number;
  /** Silence while a reply is due after which the connection is rebuilt. Default 15000; 0 waits for ever. */
  readonly silenceMs?: number;
  /** Commands that may wait for replies at once. Default 1000000. */
  readonly maxPending?: number;
  readonly limits?: Partial<RespLimits>;
  /** Waits between attempts. Default: 2, 4, 6 … at most 30 s, as kombu's. */
  readonly backoff?: BackoffOptions;
  /** Failed attempts in a row before giving up; 0 = never. Default 0. */
  readonly maxAttempts?: number;
  readonly onState?: (state: SupervisorState) => void;
  /** Runs before every attempt to connect, e.g. to start the server; what it throws fails the attempt. */
  readonly beforeConnect?: (signal: AbortSignal) => Promise<void>;
  /** True: neither the sockets nor the timers keep the process alive. Default false. */
  readonly background?: boolean;
  readonly log?: Logger;
  /** Default: the system's, or with `background` the one whose timers do not keep the process alive. */
  readonly clock?: Clock;
}

/** `RedisOptions` with every default filled in and every URL parsed. */
export interface ResolvedRedisOptions {
  readonly urls: readonly RedisUrl[];
  readonly tls: TlsOptions | undefined;
  readonly sentinel: SentinelOptions | undefined;
  readonly clientName: string | undefined;
  readonly protocol: RespVersion;
  readonly connectTimeoutMs: number;
  readonly heartbeatMs: number;
  readonly silenceMs: number;
  readonly maxPending: number;
  readonly limits: Partial<RespLimits>;
  readonly backoff: BackoffOptions;
  readonly maxAttempts: number;
  readonly onState: (state: SupervisorState) => void;
  readonly beforeConnect: (signal: AbortSignal) => Promise<void>;
  readonly background: boolean;
  readonly log: Logger;
  readonly clock: Clock;
}

/** @throws {UsageError} naming the option that is wrong. */
export function resolveRedisOptions(options: RedisOptions): ResolvedRedisOptions {
  checkOneOf("protocol", String(options.protocol ?? 2), ["2", "3"]);
  return {
    urls: parseUrls(options.url),
    tls: options.tls,
    sentinel: options.sentinel,
    clientName: options.clientName,
    protocol: options.protocol ?? 2,
    connectTimeoutMs: checkInteger("connectTimeoutMs", options.connectTimeoutMs ?? 10_000, { min: 1 }),
    heartbeatMs: checkInteger("heartbeatMs", options.heartbeatMs ?? 10_000, { min: 0 }),
    silenceMs: checkInteger("silenceMs", options.silenceMs ?? 15_000, { min: 0 }),
    maxPending: checkInteger("maxPending", options.maxPending ?? 1_000_000, { min: 1 }),
    limits: options.limits ?? DEFAULT_RESP_LIMITS,
    backoff: options.backoff ?? {},
    maxAttempts: checkInteger("maxAttempts", options.maxAttempts ?? 0, { min: 0 }),
    onState: options.onState ?? (() => {}),
    beforeConnect: options.beforeConnect ?? (() => Promise.resolve()),
    background: options.background ?? false,
    log: options.log ?? silentLogger,
    clock: options.clock ?? (options.background ? backgroundClock : systemClock),
  };
}

function parseUrls(url: RedisOptions["url"]): readonly RedisUrl[] {
  if (typeof url === "string") return parseRedisUrls(url);
  return url.flatMap((one) => typeof one === "string" ? parseRedisUrls(one) : [one]);
}
