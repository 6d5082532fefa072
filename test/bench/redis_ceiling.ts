/**
 * What one process can do at most against Redis, and what our transport makes of it: publishes a second, and reservations with
 * stored result and acknowledgement a second.
 * @module
 */
import { encodeEnvelope } from "../../lib/celery/wire/envelope.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import { RedisServer } from "../support/redis_server.ts";
import { directQueue, redisTransport, routeTo, textMessage } from "../support/redis_transport.ts";
import { alternate, type Bench, type BenchOptions, type Measurement, rate, runAlone } from "./harness.ts";

const WINDOW = 256; // commands on the way at once
const AGAINST = "raw pipelined RESP in one process";
const queue = directQueue("bench");
const message = textMessage("[[5, 5], {}, {}]".padEnd(200));

export const bench: Bench = {
  name: "redis_ceiling",
  needs: ["redis-server"],
  about: "Our Redis transport beside raw pipelined commands of the same kind, in one process",
  async run(options) {
    const server = await RedisServer.start();
    try {
      return await measure(server.url, options);
    } finally {
      await server.stop();
    }
  },
};

async function measure(url: string, { rounds, scale }: BenchOptions): Promise<Measurement[]> {
  const count = Math.round(20_000 * scale);
  const client = new RedisClient({ url });
  const transport = redisTransport(url);
  const envelope = encodeEnvelope(message, { exchange: "", routingKey: "bench", deliveryTag: "tag" });

  const inLanes = (task: (i: number) => Promise<unknown>) =>
    rate(count, async () => {
      let next = 0;
      const lane = async () => {
        while (next < count) await task(next++);
      };
      await Promise.all(Array.from({ length: WINDOW }, lane));
    });
  const reserveStoreAck = (i: number) =>
    client.runAll([
      ...[["RPOP", "raw"], ["ZADD", "raw_index", 1, i], ["HSET", "raw_unacked", i, envelope]],
      ...[["SETEX", `raw_result_${i}`, 60, "{}"], ["ZREM", "raw_index", i], ["HDEL", "raw_unacked", i]],
    ]);
  /** More than are counted: a consumer holds a whole window of further ones when the last that counts is done. */
  const fill = () =>
    Promise.all(Array.from({ length: count + 2 * WINDOW }, () => transport.publish(message, routeTo(queue))));
  const drain = async () => {
    await transport.purge(queue);
    await fill();
    return await rate(count, () =>
      new Promise<void>((resolve, reject) => {
        let done = 0;
        const settle = async (delivery: { readonly deliveryTag: string; ack(): Promise<void> }) => {
          await client.run(["SETEX", `result_${delivery.deliveryTag}`, 60, "{}"]);
          await delivery.ack();
          if (++done === count) consumer.then((running) => running.stop()).then(resolve, reject); // the rest settles by itself
        };
        const onDelivery = (one: Parameters<typeof settle>[0]) => void settle(one).catch(reject);
        const consumer = transport.consume({ queues: [queue], credit: WINDOW, onDelivery });
        consumer.catch(reject);
      }));
  };

  try {
    await transport.ready();
    const line = { against: AGAINST, moreIsBetter: true, unit: "messages/s" } as const;
    const published = await alternate(
      rounds,
      () => inLanes(() => transport.publish(message, routeTo(queue))),
      () => inLanes(() => client.run(["LPUSH", "raw", envelope])),
    );
    const drained = await alternate(rounds, drain, () => inLanes(reserveStoreAck));
    return [
      { ...line, what: "publish", ...published },
      { ...line, what: "reserve, store, acknowledge", ...drained },
    ];
  } finally {
    await transport.close();
    await client.close();
  }
}

await runAlone(import.meta.url, bench);
