/**
 * What one process can do at most against Redis, and what our transport makes of it: publishes a second, and reservations with
 * stored result and acknowledgement a second.
 *
 *     npx tsx test/bench/redis_ceiling.ts [redis://host:port/db]        default: a redis-server of its own, append-only
 */
import { performance } from "node:perf_hooks";
import { encodeEnvelope } from "../../lib/celery/wire/envelope.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import { RedisServer } from "../support/redis_server.ts";
import { directQueue, redisTransport, routeTo, textMessage } from "../support/redis_transport.ts";

const COUNT = Number(process.env.COUNT ?? 20_000);
const WINDOW = 256; // commands on the way at once
const queue = directQueue("bench");
const message = textMessage("[[5, 5], {}, {}]".padEnd(200));

/** Runs `task` COUNT times, WINDOW at once, and returns how often a second. */
async function rate(task: (i: number) => Promise<unknown>): Promise<number> {
  let next = 0;
  const started = performance.now();
  const lane = async () => {
    while (next < COUNT) await task(next++);
  };
  await Promise.all(Array.from({ length: WINDOW }, lane));
  return Math.round((COUNT / (performance.now() - started)) * 1000);
}

async function main(): Promise<void> {
  const [given] = process.argv.slice(2);
  const server = given === undefined ? await RedisServer.start() : undefined;
  const url = given ?? server?.url ?? "";
  const client = new RedisClient({ url });
  const transport = redisTransport(url);
  try {
    const envelope = encodeEnvelope(message, { exchange: "", routingKey: "bench", deliveryTag: "tag" });
    await client.run(["DEL", "bench", "raw"]);
    console.log("raw pipelined LPUSH     ", await rate(() => client.run(["LPUSH", "raw", envelope])), "/s");
    const raw = await rate((i) =>
      client.runAll([
        ...[["RPOP", "raw"], ["ZADD", "raw_index", 1, i], ["HSET", "raw_unacked", i, envelope]],
        ...[["SETEX", `raw_result_${i}`, 60, "{}"], ["ZREM", "raw_index", i], ["HDEL", "raw_unacked", i]],
      ])
    );
    console.log("raw reserve+store+ack   ", raw, "/s");
    await transport.ready();
    console.log("transport publish       ", await rate(() => transport.publish(message, routeTo(queue))), "/s");
    console.log("transport reserve+store+ack", await drain(), "/s");
  } finally {
    await transport.close();
    await client.close();
    await server?.stop();
  }

  async function drain(): Promise<number> {
    let done = 0;
    const started = performance.now();
    await new Promise<void>((resolve, reject) => {
      const onDelivery = async (delivery: { readonly deliveryTag: string; ack(): Promise<void> }) => {
        await client.run(["SETEX", `result_${delivery.deliveryTag}`, 60, "{}"]);
        await delivery.ack();
        if (++done === COUNT) resolve();
      };
      transport.consume({ queues: [queue], credit: WINDOW, onDelivery: (one) => void onDelivery(one).catch(reject) })
        .catch(reject);
    });
    return Math.round((COUNT / (performance.now() - started)) * 1000);
  }
}

await main();
