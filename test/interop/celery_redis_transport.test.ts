import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { RedisClient, type RespValue } from "../../lib/redis/mod.ts";
import type { RedisTransport } from "../../lib/celery/transport/redis.ts";
import type { Queue } from "../../lib/celery/transport/transport.ts";
import { utf8 } from "../../lib/base/bytes.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { Collector, directQueue, redisTransport, routeTo, textMessage } from "../support/redis_transport.ts";

const PEER = new URL("celery_redis/kombu_peer.py", import.meta.url).pathname;
const queue = directQueue("tasks");

describeWithPeers(["redis-server", "python-celery"], "RedisTransport beside kombu", () => {
  let server: RedisServer;
  let redis: RedisClient;
  let transport: RedisTransport;

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
  });
  afterAll(async () => {
    await redis.close();
    await server.stop();
  });
  beforeEach(async () => {
    await redis.run(["FLUSHALL"]);
    transport = redisTransport(server.url, { visibility_timeout: 1 });
  });
  afterEach(() => transport.close());

  async function kombu(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await run(PYTHON, [PEER, server.url, ...args]);
    expect(code, stderr).toBe(0);
    return stdout.trim();
  }

  async function contents(): Promise<Record<string, RespValue>> {
    const found: Record<string, RespValue> = {};
    for (const key of (await redis.run(["KEYS", "*"]) as Uint8Array[]).map(String).sort()) {
      const type = await redis.run(["TYPE", key]);
      if (type === "set") found[key] = (await redis.run(["SMEMBERS", key]) as Uint8Array[]).map(String).sort();
      else if (type === "list") found[key] = await redis.run(["LLEN", key]);
      else found[key] = type as RespValue;
    }
    return found;
  }

  test("consumes and acknowledges what kombu published, and leaves the same keys behind as kombu", async () => {
    await kombu("publish", "tasks", "3", "5");
    await kombu("consume", "tasks", "3");
    const afterKombu = await contents();
    await redis.run(["FLUSHALL"]);
    await kombu("publish", "tasks", "3", "5");

    const collector = await Collector.start(transport, [queue], { autoAck: true });

    await collector.until(3);
    expect(collector.bodies).toEqual(['{"text": "m0"}', '{"text": "m1"}', '{"text": "m2"}']);
    expect(collector.deliveries[0]).toMatchObject({
      exchange: "tasks",
      routingKey: "tasks",
      redelivered: false,
      message: {
        headers: { task: "t.t", id: "m0" },
        properties: { priority: 5, correlationId: "m0", deliveryMode: 2 },
      },
    });
    await eventually("the same keys are left", async () => {
      expect(await contents()).toEqual(afterKombu);
      return true;
    });
  });

  test("publishes what kombu consumes and acknowledges", async () => {
    for (const [i, priority] of [9, 0].entries()) {
      const message = textMessage("", { body: utf8(`{"text": "ours ${i}"}`), properties: { priority } });
      await transport.publish(message, routeTo(queue));
    }

    const seen = (await kombu("consume", "tasks", "2")).split("\n").map((line) => JSON.parse(line) as unknown);

    expect(seen).toEqual([
      [{ text: "ours 1" }, "tasks", { task: "t.t", id: "" }, 0],
      [{ text: "ours 0" }, "tasks", { task: "t.t", id: "" }, 9],
    ]);
    expect(await contents()).toEqual({ "_kombu.binding.tasks": ["tasks\x06\x16\x06\x16tasks"] });
  });

  test("shares a queue with kombu: neither takes what the other one has", async () => {
    await kombu("publish", "tasks", "60", "0");
    const worker = new Program(PYTHON, [PEER, server.url, "consume", "tasks", "10"]);
    await worker.printed(/m0/);
    const collector = await Collector.start(transport, [queue], { credit: 3, autoAck: true });

    await worker.exit();
    await collector.until(50);

    const theirs = worker.stdout.trim().split("\n").map((line) => JSON.stringify((JSON.parse(line) as [unknown])[0]));
    const ours = collector.bodies.map((body) => JSON.stringify(JSON.parse(body)));
    expect([...theirs, ...ours].sort()).toEqual(Array.from({ length: 60 }, (_, i) => `{"text":"m${i}"}`).sort());
  });

  test("takes over what a killed kombu worker held", async () => {
    await kombu("publish", "tasks", "2", "3");
    const worker = new Program(PYTHON, [PEER, server.url, "hold", "tasks", "2"]);
    await worker.printed(/holding/);
    await worker.stop("SIGKILL");

    const collector = await Collector.start(transport, [queue], { autoAck: true });

    await collector.until(2);
    expect(collector.bodies.sort()).toEqual(['{"text": "m0"}', '{"text": "m1"}']);
    expect(collector.deliveries.map((one) => one.redelivered)).toEqual([true, true]);
  });

  test("lets kombu restore what a dead worker of ours held, and consume it", async () => {
    const dead = redisTransport(server.url);
    await dead.publish(textMessage("", { body: utf8('"lost"'), properties: { priority: 6 } }), routeTo(queue));
    await (await Collector.start(dead, [queue])).until(1);
    await dead.close(); // without closing the consumer: as if it had been killed
    await redis.run(["ZADD", "unacked_index", "XX", "1", ...(await redis.run(["HKEYS", "unacked"]) as Uint8Array[])]);

    await kombu("restore", "tasks");
    const [body] = JSON.parse(await kombu("consume", "tasks", "1")) as [unknown];

    expect(body).toBe("lost");
    expect(await redis.run(["EXISTS", "unacked", "unacked_index", "unacked_mutex"])).toBe(0);
  });

  test("broadcasts to kombu and hears its broadcasts", async () => {
    const fanout: Queue = {
      ...directQueue("ours"),
      exchange: { name: "news", type: "fanout", durable: true, autoDelete: false },
      routingKey: "",
      autoDelete: true,
    };
    const heard: string[] = [];
    await transport.subscribe(fanout, ({ message }) => heard.push(String(message.body)));
    const listener = new Program(PYTHON, [PEER, server.url, "listen", "news", "1"]);
    await listener.printed(/listening/);

    await kombu("broadcast", "news", "from kombu");
    await listener.printed(/from kombu/);
    await listener.exit();
    const second = new Program(PYTHON, [PEER, server.url, "listen", "news", "1"]);
    await second.printed(/listening/);
    await transport.broadcast(fanout.exchange, "", textMessage("", { body: utf8('{"text": "from us"}') }));

    await second.printed(/from us/);
    await eventually("we heard both", () => heard.length === 2);
    expect(heard).toEqual(['{"text": "from kombu"}', '{"text": "from us"}']);
    await second.exit();
  });
});
