import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { RedisClient } from "../../../lib/redis/mod.ts";
import type { Queue } from "../../../lib/celery/transport/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers } from "../../support/peers.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { Collector, redisTransport, textMessage } from "../../support/redis_transport.ts";

const replies: Queue = {
  name: "oid",
  exchange: { name: "", type: "direct", durable: true, autoDelete: false },
  routingKey: "oid",
  durable: false,
  exclusive: false,
  autoDelete: true,
  arguments: { "x-expires": 60_000 },
};
const reply = { exchange: "", exchangeType: "direct", routingKey: "oid", unreadMs: 60_000 } as const;

describeWithPeers(["redis-server"], "a reply queue on Redis", () => {
  let server: RedisServer;
  let redis: RedisClient;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });
  function open() {
    const transport = redisTransport(server.url);
    onTestFinished(() => transport.close());
    return transport;
  }
  const keys = async () => (await redis.run(["KEYS", "*"]) as Uint8Array[]).map(String);

  test("is declared, consumed, renewed and deleted without a binding, as kombu's are", async () => {
    const transport = open();
    const collector = await Collector.start(transport, [replies], { noAck: true, credit: 0 });
    await transport.publish(textMessage("a result"), reply);
    await collector.until(1);
    await redis.run(["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    await eventually("it is connected again", () => {
      const { state } = transport;
      return state.kind === "ready" && state.generation === 2;
    });
    await transport.publish(textMessage("another"), reply);
    await collector.until(2);

    expect(await keys()).toEqual([]);
    await transport.deleteQueue(replies);
    expect(await keys()).toEqual([]);
  });

  test("goes so long after its last message as whoever sends that says, on its way by either road", async () => {
    const transport = open();
    for (const options of [{}, { timeoutMs: 10_000 }]) {
      await transport.publish(textMessage("nobody reads it"), reply, options);
      const left = Number(await redis.run(["PTTL", "oid"]));
      expect(left).toBeGreaterThan(30_000);
      expect(left).toBeLessThanOrEqual(60_000);
      await redis.run(["DEL", "oid"]);
    }
  });
});
