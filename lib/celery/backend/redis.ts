import { ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { redactUrl } from "../../base/log.ts";
import { RedisClient, type RedisOptions, RedisSubscriber, type RespValue } from "../../redis/mod.ts";
import type { CallOptions } from "../transport/transport.ts";
import { DecodeError } from "../wire/errors.ts";
import { readResultMeta, readResultTuple, writeResultMeta } from "../wire/result_meta.ts";
import type { ChordComplete, ChordPart, ResultBackend, ResultMeta, ResultRequest, ResultTuple } from "./backend.ts";
import type { BackendOptions, ResultCodec } from "./options.ts";
import { RedisChords } from "./redis_chord.ts";
import { readRedisBackendOptions } from "./redis_options.ts";
import { RedisStore, writeCommands } from "./redis_store.ts";

/**
 * Results in Redis, or in the embedded broker, under Celery's keys: `celery-task-meta-<id>`, announced on a channel of the
 * same name; groups and chords under `celery-taskset-meta-<id>`.
 *
 * Nothing is subscribed to before somebody waits: results are stored, so whoever asks late subscribes and reads then.
 *
 * Spec: celery 5.6 celery/backends/redis.py, celery/backends/base.py `KeyValueStoreBackend`
 *
 * Owns: one connection for commands, one to listen, opened at first use, and the watchers, whose `failed` it rejects when it
 * is closed.
 */
export class RedisBackend implements ResultBackend {
  readonly name = "redis";
  readonly uri: string;
  readonly noChordReason = undefined;
  readonly replyTo: string;
  readonly #codec: ResultCodec;
  readonly #ttlSeconds: number;
  readonly #keyPrefix: string;
  readonly #client: RedisClient;
  readonly #subscriber: RedisSubscriber;
  readonly #store: RedisStore;
  readonly #chords: RedisChords;
  readonly #watchers = new Set<Deferred<never>>();

  /** @param behind for a server that is found and named otherwise than by `options.url` */
  constructor(
    options: BackendOptions,
    behind: { uri?: string; beforeConnect?: NonNullable<RedisOptions["beforeConnect"]> } = {},
  ) {
    const { uri = redactUrl(options.url), ...hooks } = behind;
    const { redis: connection, keyPrefix, chordOrdered } = readRedisBackendOptions(options);
    const redis = { ...connection, ...hooks };
    this.uri = uri;
    this.replyTo = options.replyTo;
    this.#codec = options.codec;
    this.#ttlSeconds = Math.ceil(options.expiresSeconds ?? 0);
    this.#keyPrefix = keyPrefix;
    this.#client = new RedisClient(redis);
    this.#subscriber = new RedisSubscriber({
      ...redis,
      protocol: 3, // so that it can read as well
      onState: (state) => {
        if (state.kind === "closed" && state.reason !== undefined) this.#failWatchers(state.reason);
      },
    });
    this.#store = new RedisStore(this.#client, this.#ttlSeconds);
    this.#chords = new RedisChords({
      client: this.#client,
      codec: this.#codec,
      groupKey: (groupId) => this.#groupKey(groupId),
      ttlSeconds: this.#ttlSeconds,
      ordered: chordOrdered,
    });
  }

  get hasGivenUp(): boolean {
    return this.#client.state.kind === "closed" || this.#subscriber.state.kind === "closed";
  }

  async ready(options: CallOptions = {}): Promise<void> {
    await this.#client.ready(options);
  }

  async expect(): Promise<void> {}

  store(meta: ResultMeta, _request: ResultRequest, options: CallOptions = {}): Promise<boolean> {
    let value: Uint8Array;
    try {
      value = this.#codec.encode(writeResultMeta(meta));
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#store.store(this.#taskKey(meta.taskId), value, options);
  }

  async get(taskId: string, options: CallOptions = {}): Promise<ResultMeta | undefined> {
    return this.#read(await this.#client.run(["GET", this.#taskKey(taskId)], repeatable(options)), taskId);
  }

  async getMany(taskIds: readonly string[], options: CallOptions = {}): Promise<(ResultMeta | undefined)[]> {
    if (taskIds.length === 0) return [];
    const keys = taskIds.map((taskId) => this.#taskKey(taskId));
    const stored = await this.#client.run(["MGET", ...keys], repeatable(options));
    const values = Array.isArray(stored) ? stored : [];
    return taskIds.map((taskId, i) => this.#read(values[i] ?? null, taskId));
  }

  watch(taskId: string, onMeta: (meta: ResultMeta) => void): { close(): void; readonly failed: Promise<never> } {
    const failed = new Deferred<never>();
    failed.promise.catch(() => {}); // told to whoever waits
    this.#watchers.add(failed);
    let isOpen = true;
    const tell = (meta: ResultMeta | undefined) => {
      if (isOpen && meta !== undefined) onMeta(meta);
    };
    const fail = (error: unknown) => failed.reject(error);
    const read = () => void this.get(taskId).then(tell).catch(fail);
    const subscription = this.#subscriber.subscribe(this.#taskKey(taskId), (payload) => {
      try {
        tell(this.#read(payload, taskId));
      } catch (error) {
        fail(error);
      }
    });
    const stored = this.#subscriber.readBehind(["GET", this.#taskKey(taskId)]);
    if (stored === undefined) subscription.confirmed.then(read).catch(fail);
    else {
      subscription.confirmed.catch(fail);
      stored.then((value) => tell(this.#read(value, taskId))).catch((error) => {
        if (!(error instanceof ConnectionError)) fail(error); // else: read again when the next one is there
      });
    }
    const stopListening = this.#subscriber.onGap(read);
    return {
      failed: failed.promise,
      close: () => {
        isOpen = false;
        stopListening();
        subscription.close();
        this.#watchers.delete(failed);
      },
    };
  }

  async forget(taskId: string, options: CallOptions = {}): Promise<void> {
    await this.#client.run(["DEL", this.#taskKey(taskId)], repeatable(options));
  }

  async saveGroup(groupId: string, result: ResultTuple, options: CallOptions = {}): Promise<void> {
    const commands = writeCommands(this.#groupKey(groupId), this.#ttlSeconds, this.#codec.encode({ result }));
    await this.#client.transaction(commands, repeatable(options));
  }

  async restoreGroup(groupId: string, options: CallOptions = {}): Promise<ResultTuple | undefined> {
    const stored = await this.#client.run(["GET", this.#groupKey(groupId)], repeatable(options));
    if (!(stored instanceof Uint8Array)) return undefined;
    const group = this.#codec.decode(stored);
    if (typeof group !== "object" || group === null || !("result" in group)) {
      throw new DecodeError(`Cannot read the group ${groupId}: what is stored has no result`);
    }
    return readResultTuple(group.result);
  }

  async deleteGroup(groupId: string, options: CallOptions = {}): Promise<void> {
    await this.#client.run(["DEL", this.#groupKey(groupId)], repeatable(options));
  }

  async setChordSize(groupId: string, size: number, options: CallOptions = {}): Promise<void> {
    await this.#chords.setSize(groupId, size, options);
  }

  async growChord(groupId: string, by: number, options: CallOptions = {}): Promise<void> {
    await this.#chords.grow(groupId, by, options);
  }

  async addChordPart(part: ChordPart, options: CallOptions = {}): Promise<ChordComplete | undefined> {
    return await this.#chords.add(part, options);
  }

  async deleteChord(groupId: string, options: CallOptions = {}): Promise<void> {
    await this.#chords.delete(groupId, options);
  }

  async close(): Promise<void> {
    this.#failWatchers(new ConnectionError("Cannot wait for the result: the backend was closed"));
    await Promise.all([this.#store.close(), this.#subscriber.close()]);
    await this.#client.close();
  }

  #failWatchers(reason: Error): void {
    for (const watcher of this.#watchers) watcher.reject(reason);
    this.#watchers.clear();
  }

  #taskKey(taskId: string): string {
    return `${this.#keyPrefix}celery-task-meta-${taskId}`;
  }

  #groupKey(groupId: string): string {
    return `${this.#keyPrefix}celery-taskset-meta-${groupId}`;
  }

  #read(stored: RespValue, taskId: string): ResultMeta | undefined {
    if (!(stored instanceof Uint8Array)) return undefined;
    return readResultMeta(this.#codec.decode(stored), taskId);
  }
}

/** Reads, and writes that may happen twice, are sent again after a lost connection. */
function repeatable(options: CallOptions): CallOptions & { readonly retry: "always" } {
  return { ...options, retry: "always" };
}

/** Entry of the factory: `redis://`, `rediss://`, `redis+socket://`, `sentinel://`. */
export function createRedisBackend(options: BackendOptions): ResultBackend {
  return new RedisBackend(options);
}
