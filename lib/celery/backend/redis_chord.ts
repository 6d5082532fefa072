import { type RedisClient, type RespValue, textOf } from "../../redis/mod.ts";
import { utf8, utf8ToString } from "../../base/bytes.ts";
import { DecodeError } from "../wire/errors.ts";
import type { CallOptions } from "../transport/transport.ts";
import type { ChordComplete, ChordPart } from "./backend.ts";
import type { ResultCodec } from "./options.ts";
import { writeCommands } from "./redis_store.ts";

export interface RedisChordOptions {
  readonly client: RedisClient;
  readonly codec: ResultCodec;
  /** Key of a group, e.g. `celery-taskset-meta-<id>`; the counters hang on it. */
  readonly groupKey: (groupId: string) => string;
  /** 0: never. */
  readonly ttlSeconds: number;
  /** `result_chord_ordered`: parts in a sorted set, by their index in the header; else in a list, as they come. */
  readonly ordered: boolean;
}

/**
 * The counters of chords, as Celery keeps them: `.j` the parts that are there, `.s` the size of the header, `.t` parts added
 * later. Each member of `.j` is `[1, "<task id>", "<state>", <result>]`.
 *
 * One key is ours: `.c`, who completed the chord. A part that is delivered twice can make the count right twice; only the one
 * that claimed `.c` goes on, again too if it died before `delete`.
 *
 * Spec: celery 5.6 celery/backends/redis.py `on_chord_part_return`
 */
export class RedisChords {
  readonly #options: RedisChordOptions;

  constructor(options: RedisChordOptions) {
    this.#options = options;
  }

  async setSize(groupId: string, size: number, options: CallOptions = {}): Promise<void> {
    const { client, ttlSeconds } = this.#options;
    const commands = writeCommands(this.#keys(groupId).size, ttlSeconds, utf8(String(size)));
    await client.transaction(commands, { ...options, retry: "always" });
  }

  async grow(groupId: string, by: number, options: CallOptions = {}): Promise<void> {
    await this.#options.client.run(["INCRBY", this.#keys(groupId).extra, String(by)], options);
  }

  async add(part: ChordPart, options: CallOptions = {}): Promise<ChordComplete | undefined> {
    const { client, codec, ordered, ttlSeconds } = this.#options;
    const keys = this.#keys(part.groupId);
    const member = codec.encode([1, part.taskId, part.status, part.result]);
    const score = part.groupIndex === undefined ? "+inf" : String(part.groupIndex);
    const replies = await client.transaction([
      ordered ? ["ZADD", keys.parts, score, member] : ["RPUSH", keys.parts, member],
      ordered ? ["ZCOUNT", keys.parts, "-inf", "+inf"] : ["LLEN", keys.parts],
      ["GET", keys.extra],
      ["GET", keys.size],
      ...(ttlSeconds === 0
        ? []
        : [keys.parts, keys.extra, keys.size].map((key) => ["EXPIRE", key, String(ttlSeconds)])),
    ], { ...options, retry: ordered ? "always" : "unsent" });
    const [, count, extra, size] = replies;
    if (size === null || size === undefined) return undefined; // the header is still being published
    const wanted = Number(textOf(size)) + Number(textOf(extra ?? null) ?? 0);
    if (Number(count) < wanted) return undefined;
    const parts = await this.#read(part.groupId, wanted, options);
    if (parts.length < wanted || !await this.#claim(part, options)) return undefined;
    return { groupId: part.groupId, parts };
  }

  async delete(groupId: string, options: CallOptions = {}): Promise<void> {
    await this.#options.client.run(["DEL", ...Object.values(this.#keys(groupId))], { ...options, retry: "always" });
  }

  /** The parts in header order; one that was delivered twice counts once. */
  async #read(groupId: string, wanted: number, options: CallOptions): Promise<ChordPart[]> {
    const { client, ordered } = this.#options;
    const key = this.#keys(groupId).parts;
    const members = ordered
      ? await client.run(["ZRANGE", key, "0", "-1"], options)
      : await client.run(["LRANGE", key, "0", "-1"], options);
    const parts = new Map<string, ChordPart>();
    for (const member of Array.isArray(members) ? members : []) {
      const part = this.#parse(groupId, member);
      if (!parts.has(part.taskId) && parts.size < wanted) parts.set(part.taskId, part);
    }
    return [...parts.values()];
  }

  #parse(groupId: string, member: RespValue): ChordPart {
    const stored = member instanceof Uint8Array ? this.#options.codec.decode(member) : undefined;
    const [, taskId, status, result = null] = Array.isArray(stored) ? stored as readonly unknown[] : [];
    if (typeof taskId !== "string" || typeof status !== "string") {
      const text = member instanceof Uint8Array ? utf8ToString(member.subarray(0, 64)) : String(member);
      throw new DecodeError(`Cannot read a part of the chord ${groupId}: expected [1, id, state, result], got ${text}`);
    }
    return { taskId, groupId, groupIndex: undefined, status, result };
  }

  /** True for exactly one task of the header, and for that one as often as it asks. */
  async #claim(part: ChordPart, options: CallOptions): Promise<boolean> {
    const { client, ttlSeconds } = this.#options;
    const key = this.#keys(part.groupId).claim;
    const expiry = ttlSeconds === 0 ? [] : ["EX", String(ttlSeconds)];
    const [, owner = null] = await client.transaction(
      [["SET", key, part.taskId, "NX", ...expiry], ["GET", key]],
      { ...options, retry: "always" },
    );
    return textOf(owner) === part.taskId;
  }

  #keys(groupId: string): { parts: string; extra: string; size: string; claim: string } {
    const base = this.#options.groupKey(groupId);
    return { parts: `${base}.j`, extra: `${base}.t`, size: `${base}.s`, claim: `${base}.c` };
  }
}
