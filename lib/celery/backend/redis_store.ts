import { OptimisticTransactions, type RedisClient, type RedisCommand, RedisScript, textOf } from "../../redis/mod.ts";
import type { CallOptions } from "../transport/transport.ts";

/** Only a whole JSON value of status SUCCESS stands in the way; other serializers are not looked into, as by Celery's own clients. */
const STORE = new RedisScript(
  "Q.STORE",
  `
local stored = redis.call('GET', KEYS[1])
if stored and string.find(stored, 'SUCCESS', 1, true) then
  local readable, meta = pcall(cjson.decode, stored)
  if readable and type(meta) == 'table' and meta['status'] == 'SUCCESS' then return 0 end
end
if ARGV[1] == '0' then redis.call('SET', KEYS[1], ARGV[2]) else redis.call('SETEX', KEYS[1], ARGV[1], ARGV[2]) end
redis.call('PUBLISH', KEYS[1], ARGV[2])
return 1
`.trim(),
);

const EMBEDDED = "three-classics-broker";

/**
 * Stores and announces values under keys, in one round trip each: by a command of the embedded broker, by a script on Redis,
 * and where scripts are denied by a watched transaction, as nobody may come between the look and the write.
 *
 * Spec: celery 5.6 celery/backends/redis.py `set`, celery/backends/base.py `_store_result`
 *
 * Owns: the connection for watched transactions, opened if it is needed. Borrows the client.
 */
export class RedisStore {
  readonly #client: RedisClient;
  /** How the client's present server stores; asked once per connection. */
  #way: { readonly generation: number; readonly kind: Promise<"native" | "script" | "watch"> } | undefined;
  #watched: OptimisticTransactions | undefined;

  constructor(client: RedisClient) {
    this.#client = client;
  }

  /**
   * @param ttlSeconds 0: for ever
   * @returns false where the stored JSON has the status SUCCESS already.
   */
  async store(key: string, ttlSeconds: number, value: Uint8Array, options: CallOptions = {}): Promise<boolean> {
    const repeatable = { ...options, retry: "always" } as const; // the same value again changes nothing
    const ttl = String(ttlSeconds);
    switch (await this.#kind()) {
      case "native":
        return await this.#client.run(["Q.STORE", key, ttl, value], repeatable) === 1;
      case "script":
        return await this.#client.script(STORE, [key], [ttl, value], repeatable) === 1;
      case "watch": {
        this.#watched ??= new OptimisticTransactions(this.#client);
        const replies = await this.#watched.run([key], async (read) => {
          const [stored] = await read([["GET", key]]);
          return isSuccess(textOf(stored)) ? undefined : writeCommands(key, ttlSeconds, value);
        }, repeatable);
        return replies !== undefined;
      }
    }
  }

  async close(): Promise<void> {
    await this.#watched?.close();
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

function isSuccess(stored: string | null | undefined): boolean {
  if (stored === null || stored === undefined || !stored.includes("SUCCESS")) return false;
  try {
    const meta: unknown = JSON.parse(stored);
    return typeof meta === "object" && meta !== null && "status" in meta && meta.status === "SUCCESS";
  } catch {
    return false; // another serializer's bytes, or NaN in it: Celery writes then, and so do we
  }
}
