import { viewOf } from "../../base/bytes.ts";
import { saysSuccess } from "../../base/stored_result.ts";
import {
  OptimisticTransactions,
  type RedisClient,
  type RedisCommand,
  RedisError,
  RedisScript,
  type RespValue,
} from "../../redis/mod.ts";
import { TickBatch } from "../transport/tick_batch.ts";
import type { CallOptions } from "../transport/transport.ts";

/**
 * KEYS: where each value goes.  ARGV: seconds to live (0: for ever), then the values.
 *
 * Only a value of status SUCCESS stands in the way, in JSON, msgpack or YAML; the rules are those of `saysSuccess`.
 *
 * Returns for each: 1 stored, 0 not, or the error; of a single one without the list.
 */
const STORE = new RedisScript(
  "Q.STORE",
  `
local function says_success(stored)
  if string.find(stored, '^{"status": "SUCCESS"') then return true end
  if string.find(stored, '^[\\128-\\143]\\166status\\167SUCCESS') then return true end
  if string.find(stored, '^\\222..\\166status\\167SUCCESS') then return true end
  if string.find(stored, '^[a-z]') then
    return string.find('\\n' .. stored .. '\\n', '\\nstatus: SUCCESS\\n', 1, true) ~= nil
  end
  if not string.find(stored, 'SUCCESS', 1, true) then return false end
  local readable, meta = pcall(cjson.decode, stored)
  return readable and type(meta) == 'table' and meta['status'] == 'SUCCESS'
end

local outcomes = {}
for i, key in ipairs(KEYS) do
  local value, outcome = ARGV[i + 1], 1
  local written
  if ARGV[1] == '0' then written = redis.pcall('SET', key, value, 'NX') else written = redis.pcall('SET', key, value, 'EX', ARGV[1], 'NX') end
  if not written then
    local stored = redis.pcall('GET', key)
    if type(stored) == 'table' then
      written = stored
    elseif says_success(stored) then
      outcome = 0
    end
    if not written and outcome == 1 then
      if ARGV[1] == '0' then written = redis.pcall('SET', key, value) else written = redis.pcall('SETEX', key, ARGV[1], value) end
    end
  end
  if written and written['err'] then
    outcome = written
  elseif outcome == 1 then
    redis.call('PUBLISH', key, value)
  end
  outcomes[i] = outcome
end
if #KEYS == 1 then return outcomes[1] end
return outcomes
`.trim(),
);

/** Stored together at most: a server does nothing else meanwhile. */
const MAX_BATCH = 64;
const MAX_BATCH_BYTES = 256 * 1024;

interface Waiting {
  readonly key: string;
  readonly value: Uint8Array;
  readonly resolve: (stored: boolean) => void;
  readonly reject: (error: unknown) => void;
}

const EMBEDDED = "three-classics-broker";

/** The same value again changes nothing. */
const REPEATABLE = Object.freeze({ retry: "always" } as const);

/**
 * Stores and announces values under keys: by a command of the embedded broker, by a script on Redis, and where scripts are
 * denied by a watched transaction, as nobody may come between the look and the write. What is asked for in one tick of the loop
 * goes in one round trip.
 *
 * Spec: celery 5.6 celery/backends/redis.py `set`, celery/backends/base.py `_store_result`
 *
 * Owns: the connection for watched transactions, opened if it is needed. Borrows the client.
 */
export class RedisStore {
  readonly #client: RedisClient;
  readonly #ttlSeconds: number;
  /** How the client's present server stores; asked once per connection. */
  #way: { readonly generation: number; readonly kind: Promise<"native" | "script" | "watch"> } | undefined;
  #watched: OptimisticTransactions | undefined;
  readonly #batch: TickBatch<Waiting>;

  /** @param ttlSeconds 0: for ever */
  constructor(client: RedisClient, ttlSeconds: number) {
    this.#client = client;
    this.#ttlSeconds = ttlSeconds;
    const sizes = { bytesOf: ({ value }: Waiting) => value.length, limit: MAX_BATCH_BYTES };
    this.#batch = new TickBatch((items) => this.#storeAll(items), MAX_BATCH, sizes);
  }

  /** @returns false where what is stored has the status SUCCESS already. */
  store(key: string, value: Uint8Array, options: CallOptions = {}): Promise<boolean> {
    const { signal, timeoutMs } = options;
    if (signal !== undefined || timeoutMs !== undefined) return this.#storeAlone(key, value, options);
    return new Promise((resolve, reject) => {
      this.#batch.add({ key, value, resolve, reject }).catch(reject);
    });
  }

  async close(): Promise<void> {
    await this.#watched?.close();
  }

  async #storeAll(batch: readonly Waiting[]): Promise<void> {
    const kind = await this.#kind();
    if (kind === "watch") {
      for (const { key, value, resolve, reject } of batch) this.#storeWatched(key, value, {}).then(resolve, reject);
      return;
    }
    const replies = kind === "native"
      ? await this.#client.runAll(batch.map(({ key, value }) => this.#nativeCommand(key, value)), REPEATABLE)
      : await this.#runScript(batch, REPEATABLE);
    batch.forEach(({ key, value, resolve, reject }, i) => {
      const reply = replies[i];
      if (reply instanceof RedisError) this.#storeAlone(key, value, {}).then(resolve, reject); // the client knows what passes
      else resolve(reply === 1);
    });
  }

  async #storeAlone(key: string, value: Uint8Array, options: CallOptions): Promise<boolean> {
    const repeatable = { ...options, ...REPEATABLE };
    const kind = await this.#kind();
    if (kind === "watch") return await this.#storeWatched(key, value, options);
    if (kind === "native") return await this.#client.run(this.#nativeCommand(key, value), repeatable) === 1;
    const [reply] = await this.#runScript([{ key, value }], repeatable);
    return reply === 1;
  }

  #nativeCommand(key: string, value: Uint8Array): RedisCommand {
    return ["Q.STORE", key, String(this.#ttlSeconds), value];
  }

  async #runScript(
    values: readonly Pick<Waiting, "key" | "value">[],
    options: CallOptions & typeof REPEATABLE,
  ): Promise<readonly RespValue[]> {
    const keys = values.map(({ key }) => key);
    const args = [String(this.#ttlSeconds), ...values.map(({ value }) => value)];
    const replies = await this.#client.script(STORE, keys, args, options);
    return Array.isArray(replies) ? replies : [replies];
  }

  async #storeWatched(key: string, value: Uint8Array, options: CallOptions): Promise<boolean> {
    this.#watched ??= new OptimisticTransactions(this.#client);
    const replies = await this.#watched.run([key], async (read) => {
      const [stored] = await read([["GET", key]]);
      if (stored instanceof RedisError) throw stored;
      const isFinal = stored instanceof Uint8Array && saysSuccess(viewOf(stored).toString("latin1"));
      return isFinal ? undefined : writeCommands(key, this.#ttlSeconds, value);
    }, { ...options, ...REPEATABLE });
    return replies !== undefined;
  }

  async #kind(): Promise<"native" | "script" | "watch"> {
    if (this.#client.generation === 0) await this.#client.ready();
    const { generation } = this.#client;
    if (this.#way?.generation !== generation) {
      const kind = this.#client.info.server === EMBEDDED
        ? Promise.resolve("native" as const)
        : this.#client.scriptsDenied().then((denied) => denied ? "watch" as const : "script" as const);
      kind.catch(() => this.#way = undefined); // asked again by the next call
      this.#way = { generation, kind };
    }
    return await this.#way.kind;
  }
}

/** What makes a value known: written, and announced on the channel of the same name. */
export function writeCommands(key: string, ttlSeconds: number, value: Uint8Array): RedisCommand[] {
  const write: RedisCommand = ttlSeconds === 0 ? ["SET", key, value] : ["SETEX", key, String(ttlSeconds), value];
  return [write, ["PUBLISH", key, value]];
}
