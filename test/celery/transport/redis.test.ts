import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { UsageError } from "../../../lib/base/errors.ts";
import { RedisClient, textOf } from "../../../lib/redis/mod.ts";
import { publicSocketPath, startBroker } from "../../../lib/broker/mod.ts";
import type { RedisTransport } from "../../../lib/celery/transport/redis.ts";
import type { Broadcast, Queue } from "../../../lib/celery/transport/transport.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers, type Peer } from "../../support/peers.ts";
import { RedisServer } from "../../support/redis_server.ts";
import { tempDir } from "../../support/temp_dir.ts";
import { bodyOf, Collector, directQueue, redisTransport, routeTo, textMessage } from "../../support/redis_transport.ts";

const SEP = "\x06\x16";
const queue = directQueue("tasks");

/** Where the tests run: `url` is the transport's, `redis` looks at the keys from outside. */
interface Place {
  readonly url: string;
  readonly outsideUrl: string;
  stop(): Promise<void>;
}

/** A Redis server, and on it a user who may run scripts, or may not. */
async function redisPlace(...rights: string[]): Promise<Place> {
  const server = await RedisServer.start();
  const redis = new RedisClient({ url: server.url });
  await redis.run(["ACL", "SETUSER", "celery", "on", ">pw", "~*", "&*", "+@all", ...rights]);
  await redis.close();
  return { url: server.url.replace("//", "//celery:pw@"), outsideUrl: server.url, stop: () => server.stop() };
}

async function embeddedPlace(): Promise<Place> {
  const dir = tempDir();
  const broker = await startBroker({ folder: dir.path });
  const url = `redis+socket://${publicSocketPath(dir.path)}`;
  return { url, outsideUrl: url, stop: () => broker.close().finally(() => dir.remove()) };
}

const PLACES: [string, Peer[], () => Promise<Place>][] = [
  ["on Redis", ["redis-server"], () => redisPlace()],
  ["on Redis without scripts", ["redis-server"], () => redisPlace("-@scripting")],
  ["on the embedded broker", [], () => embeddedPlace()],
];

for (const [where, peers, start] of PLACES) {
  describeWithPeers(peers, `RedisTransport ${where}`, () => {
    let place: Place;
    let redis: RedisClient;
    let transport: RedisTransport;
    const opened: RedisTransport[] = [];

    beforeAll(async () => {
      place = await start();
      redis = new RedisClient({ url: place.outsideUrl });
    });
    afterAll(async () => {
      await redis.close();
      await place.stop();
    });
    beforeEach(async () => {
      await redis.run(["FLUSHALL"]);
      transport = open();
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
    });

    function open(options: Record<string, unknown> = {}): RedisTransport {
      const made = redisTransport(place.url, options);
      opened.push(made);
      return made;
    }

    const publish = (text: string, to: Queue = queue, priority?: number) =>
      transport.publish(
        textMessage(text, priority === undefined ? {} : { properties: { correlationId: text, priority } }),
        routeTo(to),
      );
    const keys = async () => (await redis.run(["KEYS", "*"]) as Uint8Array[]).map(String).sort();
    const numberOf = async (...command: string[]) => Number(await redis.run(command));

    test("delivers in the order of publishing and leaves nothing behind", async () => {
      for (const text of ["a", "b", "c"]) await publish(text);

      const collector = await Collector.start(transport, [queue], { autoAck: true });

      await collector.until(3);
      expect(collector.bodies).toEqual(["a", "b", "c"]);
      await eventually("all are settled", async () => (await keys()).join() === "_kombu.binding.tasks");
      expect(textOf((await redis.run(["SMEMBERS", "_kombu.binding.tasks"]) as Uint8Array[])[0])).toBe(
        `tasks${SEP}${SEP}tasks`,
      );
    });

    test("wakes up for what is published later", async () => {
      const collector = await Collector.start(transport, [queue], { autoAck: true });

      for (const text of ["a", "b"]) {
        await publish(text);
        await eventually(`${text} is there`, () => collector.bodies.includes(text));
      }
    });

    test("delivers the most urgent priority first, which is 0", async () => {
      for (const priority of [9, 3, 0, 6, 5]) await publish(`p${priority}`, queue, priority);

      const collector = await Collector.start(transport, [queue]);

      await collector.until(5);
      expect(collector.bodies).toEqual(["p0", "p3", "p5", "p6", "p9"]);
    });

    test("records each message among the unacknowledged as kombu does, until it is settled", async () => {
      await publish("a", queue, 3);
      const list = `tasks${SEP}3`;
      const envelope = textOf((await redis.run(["LRANGE", list, "0", "-1"]) as Uint8Array[])[0]);
      const before = Date.now() / 1000;

      const collector = await Collector.start(transport, [queue]);
      const [delivery] = await collector.until(1);

      const tag = delivery?.deliveryTag ?? "";
      expect(textOf(await redis.run(["HGET", "unacked", tag]))).toBe(`[${envelope}, "", "tasks"]`);
      const score = Number(textOf(await redis.run(["ZSCORE", "unacked_index", tag])));
      expect(score).toBeGreaterThanOrEqual(before);
      expect(score).toBeLessThan(Date.now() / 1000 + 1);
      await delivery?.ack();
      expect(await keys()).toEqual(["_kombu.binding.tasks"]);
    });

    test("holds no more messages than there is credit for, and takes more when it grows", async () => {
      for (let i = 0; i < 10; i++) await publish(`m${i}`);

      const collector = await Collector.start(transport, [queue], { credit: 2 });
      await collector.until(2);
      expect(await numberOf("LLEN", "tasks")).toBe(8);
      await collector.deliveries[0]?.ack();
      await collector.until(3);
      collector.consumer.setCredit(5);

      await collector.until(6);
      expect(collector.consumer.unsettled).toBe(5);
      collector.consumer.setCredit(0);
      await collector.until(10);
    });

    test("takes no more than there is room for, and looks again when it is told the credit", async () => {
      const taken: string[] = [];
      let room = 2;
      for (let i = 0; i < 4; i++) await publish(`m${i}`);
      const consumer = await transport.consume({
        queues: [queue],
        credit: 100,
        room: () => room - taken.length,
        onDelivery: (delivery) => {
          taken.push(bodyOf(delivery));
          void delivery.ack();
        },
      });
      await eventually("two are taken", () => taken.length === 2);
      expect(await numberOf("LLEN", "tasks")).toBe(2);

      room = 3;
      consumer.setCredit(100);

      await eventually("a third is taken", () => taken.length === 3);
      expect(await numberOf("LLEN", "tasks")).toBe(1);
    });

    test("rejects by dropping, requeues to the back and releases to the front, marked as redelivered", async () => {
      for (const text of ["rejected", "requeued", "released", "other"]) await publish(text);
      const collector = await Collector.start(transport, [queue], { credit: 3 });
      const [rejected, requeued, released] = await collector.until(3);
      collector.consumer.setCredit(1);

      await rejected?.reject();
      await requeued?.requeue();
      await released?.release();
      await collector.until(4);
      collector.consumer.setCredit(0);

      await collector.until(6);
      expect(collector.bodies.slice(3)).toEqual(["released", "other", "requeued"]);
      expect(collector.deliveries.slice(3).map((one) => one.redelivered)).toEqual([true, false, true]);
      expect(collector.deliveries[3]?.message.headers.redelivered).toBe(true);
    });

    test("gives back at close what is in hand, in front and in order", async () => {
      for (let i = 0; i < 5; i++) await publish(`m${i}`);
      const collector = await Collector.start(transport, [queue], { credit: 3 });
      await collector.until(3);

      await collector.consumer.close();

      expect(collector.consumer.unsettled).toBe(0);
      const next = await Collector.start(transport, [queue]);
      await next.until(5);
      expect(next.bodies).toEqual(["m0", "m1", "m2", "m3", "m4"]);
      expect(next.deliveries.map((one) => one.redelivered)).toEqual([true, true, true, false, false]);
    });

    test("stops delivering and lets what is in hand be settled", async () => {
      await publish("a");
      const collector = await Collector.start(transport, [queue]);
      const [delivery] = await collector.until(1);

      await collector.consumer.stop();
      await publish("b");
      await delivery?.ack();

      expect(await numberOf("HLEN", "unacked")).toBe(0);
      expect(await numberOf("LLEN", "tasks")).toBe(1);
      expect(collector.bodies).toEqual(["a"]);
    });

    test("stops its consumers when it is closed, and leaves to others what they held", async () => {
      await publish("a");
      const worker = open();
      await (await Collector.start(worker, [queue])).until(1);

      await worker.close();

      expect(await numberOf("HLEN", "unacked")).toBe(1);
      expect(worker.state.kind).toBe("closed");
    });

    test("refuses to settle twice", async () => {
      await publish("a");
      const [delivery] = await (await Collector.start(transport, [queue])).until(1);
      await delivery?.ack();

      await expect(delivery?.reject()).rejects.toThrow(UsageError);
    });

    test("gives each queue its turn", async () => {
      const [a, b] = [directQueue("a"), directQueue("b")];
      for (let i = 0; i < 20; i++) await publish(`a${i}`, a);
      for (let i = 0; i < 4; i++) await publish(`b${i}`, b);

      const collector = await Collector.start(transport, [a, b], { credit: 4, autoAck: true });

      await collector.until(24);
      expect(collector.bodies.slice(0, 12).filter((text) => text.startsWith("b"))).toHaveLength(4);
      expect(collector.deliveries.every((one) => bodyOf(one).startsWith(one.queue))).toBe(true);
    });

    test("adds and cancels queues while it runs", async () => {
      const [a, b] = [directQueue("a"), directQueue("b")];
      const collector = await Collector.start(transport, [a], { autoAck: true });

      await collector.consumer.addQueue(b);
      await publish("b0", b);
      await collector.until(1);
      await collector.consumer.cancelQueue("b");
      await publish("b1", b);
      await publish("a0", a);

      await collector.until(2);
      expect(collector.bodies).toEqual(["b0", "a0"]);
      expect(collector.consumer.queues).toEqual([a]);
      expect(await numberOf("LLEN", "b")).toBe(1);
    });

    test("hands over what is no envelope as a message without headers, and goes on", async () => {
      await redis.run(["LPUSH", "tasks", "garbage", '{"body": "e30="}', "[1, 2]"]);
      await publish("good");

      const collector = await Collector.start(transport, [queue], { autoAck: true });

      await collector.until(4);
      expect(collector.bodies).toEqual(["garbage", '{"body": "e30="}', "[1, 2]", "good"]);
      expect(collector.deliveries[0]?.message.headers).toEqual({});
      await eventually("nothing is left", async () => (await keys()).join() === "_kombu.binding.tasks");
    });

    test("lets go of nothing when its own records cannot be written", async () => {
      await redis.run(["SET", "unacked", "not a hash"]);
      await publish("a");
      const collector = await Collector.start(transport, [queue]);

      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(await numberOf("LLEN", "tasks")).toBe(1);
      await redis.run(["DEL", "unacked"]);

      await collector.until(1);
    });

    test("drops a redelivery of what is still held", async () => {
      await publish("long");
      const collector = await Collector.start(transport, [queue]);
      const [delivery] = await collector.until(1);
      const tag = delivery?.deliveryTag ?? "";
      // What a Python worker's visibility timeout does.
      const record = JSON.parse(textOf(await redis.run(["HGET", "unacked", tag])) ?? "") as [Record<string, unknown>];
      const properties = record[0].properties as { delivery_info: object };
      Object.assign(properties.delivery_info, { redelivered: true });
      await redis.run(["HDEL", "unacked", tag]);
      await redis.run(["RPUSH", "tasks", JSON.stringify(record[0])]);

      await eventually("it was taken again", async () => (await numberOf("HLEN", "unacked")) === 1);

      expect(collector.bodies).toEqual(["long"]);
      await delivery?.ack();
      expect(await numberOf("HLEN", "unacked")).toBe(0);
    });

    test("delivers one message that stands in two queues under one tag twice, and records it until both are done", async () => {
      const [a, b] = [directQueue("a"), directQueue("b")];
      await publish("twin", a);
      await redis.run(["LPUSH", "b", ...(await redis.run(["LRANGE", "a", "0", "-1"]) as Uint8Array[])]);

      const collector = await Collector.start(transport, [a, b]);
      const [first, second] = await collector.until(2);

      expect(first?.deliveryTag).toBe(second?.deliveryTag);
      await first?.ack();
      expect(await numberOf("HLEN", "unacked")).toBe(1);
      await second?.ack();
      expect(await numberOf("HLEN", "unacked")).toBe(0);
    });

    test("renews what it holds, so that no visibility timeout gives it to others", async () => {
      const short = { visibility_timeout: 0.3 };
      const holder = open(short);
      await publish("long");
      const held = await Collector.start(holder, [queue]);
      const [delivery] = await held.until(1);
      const score = () => redis.run(["ZSCORE", "unacked_index", delivery?.deliveryTag ?? ""]).then(textOf).then(Number);
      const first = await score();

      const other = await Collector.start(open(short), [queue]);
      await eventually("it was renewed for long", async () => (await score()) > first + 1.5);

      expect(other.deliveries).toEqual([]);
      await delivery?.ack();
      expect(await numberOf("ZCARD", "unacked_index")).toBe(0);
    });

    test("gives back what a dead worker left, to the front of its priority's list, marked as redelivered", async () => {
      await publish("lost", queue, 3);
      const [envelope] = await redis.run(["LRANGE", `tasks${SEP}3`, "0", "-1"]) as Uint8Array[];
      const tag = (JSON.parse(String(envelope)) as { properties: { delivery_tag: string } }).properties.delivery_tag;
      await redis.run(["DEL", `tasks${SEP}3`]);
      await redis.run(["HSET", "unacked", tag, `[${envelope}, "tasks", "tasks"]`]);
      await redis.run(["ZADD", "unacked_index", String(Date.now() / 1000 - 3601), tag]);
      await redis.run(["ZADD", "unacked_index", String(Date.now() / 1000 - 3602), "half a record"]);

      const collector = await Collector.start(transport, [queue]);
      const [delivery] = await collector.until(1);

      expect(delivery?.message.properties.priority).toBe(3);
      expect(delivery?.redelivered).toBe(true);
      expect(await numberOf("ZCARD", "unacked_index")).toBe(1);
      expect(await numberOf("EXISTS", "unacked_mutex")).toBe(0);
    });

    test("leaves alone what it would have to put nowhere, and what another one is just restoring", async () => {
      await redis.run(["HSET", "unacked", "t1", '[{"properties": {}}, "no such exchange", "key"]', "t2", "garbage"]);
      await redis.run(["ZADD", "unacked_index", "1", "t1", "1", "t2"]);
      await publish("a");

      const collector = await Collector.start(transport, [queue], { autoAck: true });
      await collector.until(1);
      await collector.consumer.close();

      expect(await numberOf("HLEN", "unacked")).toBe(2);
    });

    test("takes without recording where nothing is to be settled", async () => {
      await publish("control");

      const collector = await Collector.start(transport, [queue], { noAck: true, credit: 0 });
      const [delivery] = await collector.until(1);

      expect(collector.bodies).toEqual(["control"]);
      expect(await keys()).toEqual(["_kombu.binding.tasks"]);
      await delivery?.ack();
    });

    test("counts, purges and deletes queues with all their priorities", async () => {
      for (const priority of [0, 3, 9]) await publish(`p${priority}`, queue, priority);

      expect(await transport.counts(queue)).toEqual({ messages: 3, consumers: undefined });
      expect(await transport.purge(queue)).toBe(3);
      expect(await transport.counts(queue)).toEqual({ messages: 0, consumers: undefined });
      await publish("a");
      await transport.deleteQueue(queue);
      expect(await keys()).toEqual([]);
      await publish("b");
      expect(await keys()).toEqual(["_kombu.binding.tasks", "tasks"]);
    });

    test("routes through direct and topic exchanges by their bindings", async () => {
      const topic = (name: string, routingKey: string): Queue => ({
        ...directQueue(name),
        exchange: { name: "top", type: "topic", durable: true, autoDelete: false },
        routingKey,
      });
      for (const one of [topic("t1", "a.*"), topic("t2", "a.#"), topic("t3", "b.c"), queue]) {
        await transport.declareQueue(one);
      }

      await transport.publish(textMessage("x"), { exchange: "top", exchangeType: "topic", routingKey: "a.b" });
      await transport.publish(textMessage("y"), { exchange: "tasks", exchangeType: "direct", routingKey: "tasks" });
      await transport.publish(textMessage("z"), { exchange: "tasks", exchangeType: "direct", routingKey: "nowhere" });

      expect(await keys()).toEqual(["_kombu.binding.tasks", "_kombu.binding.top", "t1", "t2", "tasks"]);
      const members = (await redis.run(["SMEMBERS", "_kombu.binding.top"]) as Uint8Array[]).map(String).sort();
      expect(members).toEqual([
        `a.#${SEP}^a\\..*?$${SEP}t2`,
        `a.*${SEP}^a\\..*?[^\\.]$${SEP}t1`,
        `b.c${SEP}^b\\.c$${SEP}t3`,
      ]);
    });

    test("broadcasts to whoever subscribes, with the routing key as a pattern", async () => {
      const seen: Broadcast[] = [];
      const events: Queue = {
        ...directQueue("celeryev.1"),
        exchange: { name: "celeryev", type: "topic", durable: true, autoDelete: false },
        routingKey: "worker.#",
        autoDelete: true,
      };
      const subscription = await transport.subscribe(events, (broadcast) => seen.push(broadcast));

      await transport.broadcast(events.exchange, "task.sent", textMessage("no"));
      await transport.broadcast(events.exchange, "worker.online", textMessage("yes"));

      await eventually("it is heard", () => seen.length > 0);
      expect(seen.map((one) => [String(one.message.body), one.exchange, one.routingKey])).toEqual([
        ["yes", "celeryev", "worker.online"],
      ]);
      expect(await keys()).toEqual(["_kombu.binding.celeryev"]);
      await subscription.close();
      expect(await keys()).toEqual([]);
    });

    test("consumes fanout queues: every consumer gets every message", async () => {
      const fanout = (name: string): Queue => ({
        ...directQueue(name),
        exchange: { name: "bcast", type: "fanout", durable: true, autoDelete: false },
        routingKey: "",
        autoDelete: true,
      });
      const [one, other] = [
        await Collector.start(transport, [fanout("q1"), queue]),
        await Collector.start(open(), [fanout("q2")]),
      ];

      await transport.publish(textMessage("all"), { exchange: "bcast", exchangeType: "fanout", routingKey: "" });
      await publish("one");

      await one.until(2);
      await other.until(1);
      expect(one.bodies.sort()).toEqual(["all", "one"]);
      expect(one.consumer.unsettled).toBe(2);
      await Promise.all(one.deliveries.map((delivery) => delivery.ack()));
      expect(one.consumer.unsettled).toBe(0);
    });

    test("prefixes every key and channel", async () => {
      const prefixed = open({ global_keyprefix: "pfx:" });
      await prefixed.publish(textMessage("a"), routeTo(queue));

      const collector = await Collector.start(prefixed, [queue]);
      await collector.until(1);

      expect(await keys()).toEqual(["pfx:_kombu.binding.tasks", "pfx:unacked", "pfx:unacked_index"]);
      await collector.consumer.close();
      expect(await keys()).toEqual(["pfx:_kombu.binding.tasks", "pfx:tasks"]);
    });

    test("carries messages larger than any buffer on the way", async () => {
      const large = "x".repeat(500_000);
      for (let i = 0; i < 3; i++) await publish(`${i}${large}`);

      const collector = await Collector.start(transport, [queue], { autoAck: true });

      await collector.until(3);
      expect(collector.bodies).toEqual([`0${large}`, `1${large}`, `2${large}`]);
    });

    test("shares a queue among many consumers and publishers, every message exactly once", async () => {
      const total = 600;
      const seen: string[] = [];
      for (let i = 0; i < 3; i++) {
        await (i === 0 ? transport : open()).consume({
          queues: [queue],
          credit: 7,
          onDelivery: (delivery) => {
            seen.push(bodyOf(delivery));
            setImmediate(() => delivery.ack().catch(() => {}));
          },
        });
      }

      await Promise.all(Array.from({ length: total }, (_, i) => publish(`m${i}`, queue, i % 10)));

      await eventually("all are there", () => seen.length >= total);
      expect(new Set(seen).size).toBe(total);
      expect(seen).toHaveLength(total);
      await eventually("all are settled", async () => (await keys()).join() === "_kombu.binding.tasks");
    });
  });
}
