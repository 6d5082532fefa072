import type { Logger } from "../../base/log.ts";
import type { Transport } from "../transport/transport.ts";
import type { Content } from "../wire/serializer.ts";
import type { ResultBackend } from "./backend.ts";

/** Turns stored values into bytes and back, with the app's `result_serializer` and `result_accept_content`. */
export interface ResultCodec {
  /** @throws {EncodeError} naming the path */
  encode(value: unknown): Uint8Array;
  /**
   * @param type of the bytes, where they say it; default: that of what `encode` returns
   * @throws {ContentDisallowed}; {DecodeError}
   */
  decode(bytes: Uint8Array, type?: Pick<Content, "contentType" | "contentEncoding">): unknown;
  /** Content type of what `encode` returns: `application/json`. */
  readonly contentType: string;
  readonly contentEncoding: string;
}

/** What an app tells its result backend; each takes from it what has a meaning there. */
export interface BackendOptions {
  readonly url: string;
  readonly codec: ResultCodec;
  /** Seconds until a result goes; null: never. */
  readonly expiresSeconds: number | null;
  /** `result_backend_transport_options`, under Celery's names (`global_keyprefix`, `result_chord_ordered`, …). */
  readonly transportOptions: Readonly<Record<string, unknown>>;
  /** `redis_backend_use_ssl`. */
  readonly ssl: boolean | Readonly<Record<string, unknown>>;
  readonly connectTimeoutMs: number;
  /** Silence while a reply is due after which a connection is rebuilt; 0 waits for ever. */
  readonly silenceMs: number;
  /** `result_backend_always_retry` and its waits. */
  readonly retry: {
    readonly always: boolean;
    readonly maxRetries: number;
    readonly baseMs: number;
    readonly maxMs: number;
  };
  /** The app's own queue for rpc results: a UUID that is {@link ResultBackend.replyTo} as well. */
  readonly replyTo: string;
  /** `result_persistent`. */
  readonly persistent: boolean;
  /** The app's transport, for backends that send results as messages. */
  readonly transport: () => Promise<Transport>;
  /** As {@link TransportOptions.background}. */
  readonly background: boolean;
  readonly log: Logger;
}

/**
 * How every backend module is entered: `redis.ts` exports `createRedisBackend`, `rpc.ts` `createRpcBackend`, `memory.ts`
 * `createMemoryBackend`, `disabled.ts` `createDisabledBackend`. It connects on first use, not here.
 */
export type BackendFactory = (options: BackendOptions) => ResultBackend | Promise<ResultBackend>;
