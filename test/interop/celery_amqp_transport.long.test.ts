/** The AMQP transport by itself, on a real RabbitMQ, with Python's kombu at the other end where there is one. */
import { Buffer } from "node:buffer";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { fileURLToPath } from "node:url";
import { AmqpConnection, type Channel, deleteQueue, inspectQueue } from "../../lib/amqp/mod.ts";
import { silentLogger } from "../../lib/base/log.ts";
import { AmqpTransport } from "../../lib/celery/transport/amqp.ts";
import type { TransportOptions } from "../../lib/celery/transport/options.ts";
import type { Broadcast, Delivery, Queue, Route } from "../../lib/celery/transport/transport.ts";
import type { Headers, Message, MessageProperties } from "../../lib/celery/wire/message.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

const OUR_APP = fileURLToPath(new URL("celery_amqp/matrix.ts", import.meta.url));
const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery", import.meta.url));

function queueOf(name: string, more: Partial<Queue> = {}): Queue {
  const exchange = { name, type: "direct", durable: true, autoDelete: false } as const;
  return {
    name,
    exchange,
    routingKey: name,
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: {},
    ...more,
  };
}

const routeTo = (queue: Queue): Route =>
  queue.exchange.type === "direct"
    ? { exchange: "", exchangeType: "direct", routingKey: queue.name, queue }
    : { exchange: queue.exchange.name, exchangeType: queue.exchange.type, routingKey: queue.routingKey, queue };

function message(id: string, properties: MessageProperties = {}, headers: Headers = {}): Message {
  return {
    headers: { task: "t", id, ...headers },
    properties: { correlationId: id, deliveryMode: 2, priority: 0, ...properties },
    contentType: "application/json",
    contentEncoding: "utf-8",
    body: Buffer.from("[[], {}, {}]"),
  };
}

const idOf = (delivery: Delivery) => delivery.message.properties.correlationId;

describeWithPeers(["rabbitmq-server", "python-celery"], "the AMQP transport", () => {
  let server: RabbitServer;
  beforeAll(async () => server = await RabbitServer.start(), RABBIT_START_TIMEOUT_MS);
  afterAll(() => server?.stop());

  function transportOf(more: Partial<TransportOptions> = {}): AmqpTransport {
    const transport = new AmqpTransport({
      urls: [server.url],
      transportOptions: {},
      ssl: false,
      connectTimeoutMs: 10_000,
      maxAttempts: 0,
      backoff: { startMs: 100, maxMs: 100 },
      heartbeatSeconds: 10,
      loginMethod: null,
      background: false,
      log: silentLogger,
      ...more,
    });
    onTestFinished(() => transport.close());
    return transport;
  }

  /** Somebody else's doing. */
  async function outside<T>(use: (channel: Channel) => Promise<T>): Promise<T> {
    const connection = await AmqpConnection.open({ url: server.url });
    try {
      return await use(await connection.openChannel());
    } finally {
      await connection.close();
    }
  }

  async function consumed(transport: AmqpTransport, queues: readonly Queue[], credit = 10) {
    const deliveries: Delivery[] = [];
    const cancelled: Error[] = [];
    const consumer = await transport.consume({
      queues,
      credit,
      onDelivery: (delivery) => deliveries.push(delivery),
      onCancelled: (reason) => cancelled.push(reason),
    });
    return { consumer, deliveries, cancelled };
  }

  test("serves the highest priority first, and lets what has expired go", async () => {
    const transport = transportOf();
    const queue = queueOf("priority", { arguments: { "x-max-priority": 9 } });
    await transport.publish(message("low", { priority: 1 }), routeTo(queue));
    await transport.publish(message("gone", { expiration: "0" }), routeTo(queue));
    await transport.publish(message("high", { priority: 9 }), routeTo(queue));

    const { deliveries } = await consumed(transport, [queue]);

    await eventually("both came", () => deliveries.length === 2);
    expect(deliveries.map(idOf)).toEqual(["high", "low"]);
    await Promise.all(deliveries.map((delivery) => delivery.ack()));
    expect(await transport.counts(queue)).toEqual({ messages: 0, consumers: 1 });
  });

  test("settles each delivery once, and each way means what it says", async () => {
    const transport = transportOf();
    const queue = queueOf("settle");
    const { deliveries, consumer } = await consumed(transport, [queue]);
    for (const id of ["ack", "reject", "requeue"]) await transport.publish(message(id), routeTo(queue));
    await eventually("three came", () => deliveries.length === 3);
    const [acked, rejected, requeued] = deliveries;

    await Promise.all([acked?.ack(), rejected?.reject(), requeued?.requeue()]);

    await eventually("one came again", () => deliveries.length === 4);
    expect(deliveries[3]).toMatchObject({ redelivered: true, queue: "settle", exchange: "", routingKey: "settle" });
    await expect(acked?.ack()).rejects.toThrow("it is settled already");
    expect(consumer.unsettled).toBe(1);
    await consumer.close();
    expect(deliveries[3]?.isCurrent).toBe(false);
    await deliveries[3]?.ack(); // without effect: the message is in the queue again
    expect(await transport.purge(queue)).toBe(1);
  });

  test("declares a queue that was deleted, and publishes to it once more", async () => {
    const transport = transportOf();
    const queue = queueOf("deleted");
    await transport.publish(message("first"), routeTo(queue));
    await outside((channel) => deleteQueue(channel, "deleted"));

    await transport.publish(message("second"), routeTo(queue));

    expect(await transport.counts(queue)).toMatchObject({ messages: 1 });
    await transport.deleteQueue(queue);
    expect(await transport.counts(queue)).toEqual({ messages: 0, consumers: 0 });
    expect(await transport.purge(queue)).toBe(0);
  });

  test("goes on consuming from a queue that was deleted under it", async () => {
    const transport = transportOf();
    const queue = queueOf("under");
    const { deliveries } = await consumed(transport, [queue]);

    await outside((channel) => deleteQueue(channel, "under"));
    await transport.publish(message("again"), routeTo(queue));

    await eventually("it came", () => deliveries.length === 1);
  });

  test("consumes from classic and quorum queues at once, and shares nothing between their credits", async () => {
    const transport = transportOf();
    const classic = queueOf("mixed-classic");
    const quorum = queueOf("mixed-quorum", { arguments: { "x-queue-type": "quorum" } });
    const { deliveries, consumer } = await consumed(transport, [classic], 1);
    await consumer.addQueue(quorum);

    for (const queue of [classic, quorum]) {
      for (const id of ["1", "2"]) await transport.publish(message(id), routeTo(queue));
    }

    await eventually("one of each came", () => deliveries.length === 2);
    expect(new Set(deliveries.map(({ queue }) => queue))).toEqual(new Set(["mixed-classic", "mixed-quorum"]));
    await Promise.all(deliveries.map((delivery) => delivery.ack()));
    await eventually("the others came", () => deliveries.length === 4);
    await consumer.cancelQueue("mixed-quorum");
    expect(consumer.queues).toEqual([classic]);
  });

  test("lets RabbitMQ keep what is to be done later, on quorum queues behind a topic exchange", async () => {
    const transport = transportOf();
    const queue = queueOf("delayed", {
      exchange: { name: "delayed", type: "topic", durable: true, autoDelete: false },
      arguments: { "x-queue-type": "quorum" },
    });
    const { deliveries } = await consumed(transport, [queue]);
    const eta = new Date(Date.now() + 1900).toISOString();

    await transport.publish(message("later", {}, { eta }), routeTo(queue));
    await transport.publish(message("now"), routeTo(queue));

    await eventually("both came", () => deliveries.length === 2);
    expect(deliveries.map(idOf)).toEqual(["now", "later"]);
    expect(deliveries[1]?.message.headers).toMatchObject({ eta, "x-first-death-queue": "celery_delayed_0" });
    expect(deliveries[1]?.routingKey).toBe(`${"0.".repeat(27)}1.delayed`); // whole seconds
  });

  test("drops a message that was delivered too often to the dead letters", async () => {
    const transport = transportOf({ transportOptions: { delivery_limit: 2 } });
    const dead = queueOf("dead");
    const queue = queueOf("poison", {
      arguments: { "x-queue-type": "quorum", "x-dead-letter-exchange": "", "x-dead-letter-routing-key": "dead" },
    });
    await transport.declareQueue(dead);
    const { deliveries } = await consumed(transport, [queue], 1);
    await transport.publish(message("poison"), routeTo(queue));

    for (let round = 1; round <= 3; round++) {
      await eventually(`delivery ${round} came`, () => deliveries.length === round);
      await deliveries[round - 1]?.release();
    }

    await eventually("it is dead", async () => (await transport.counts(dead)).messages === 1);
    expect(deliveries).toHaveLength(3);
  });

  test("broadcasts to everybody who subscribes, by topic", async () => {
    const transport = transportOf();
    const exchange = { name: "ev", type: "topic", durable: true, autoDelete: false } as const;
    const listen = async (name: string, routingKey: string) => {
      const heard: Broadcast[] = [];
      const queue = queueOf(name, {
        exchange,
        routingKey,
        durable: false,
        autoDelete: true,
        arguments: { "x-expires": 60_000 },
      });
      const subscription = await transport.subscribe(queue, (broadcast) => heard.push(broadcast));
      return { heard, subscription };
    };
    const all = await listen("ev.all", "#");
    const tasks = await listen("ev.tasks", "task.*");

    for (const key of ["task.sent", "worker.online", "task.a.b"]) {
      await transport.broadcast(exchange, key, message(key));
    }

    await eventually("all came", () => all.heard.length === 3);
    expect(tasks.heard.map(({ routingKey }) => routingKey)).toEqual(["task.sent"]);
    await tasks.subscription.close();
    await expect(outside((channel) => inspectQueue(channel, "ev.tasks"))).rejects.toMatchObject({ replyCode: 404 });
  });

  test("refuses a queue that Python declared otherwise, in RabbitMQ's words", async () => {
    const transport = transportOf();
    await transport.declareQueue(queueOf("strict"));

    await expect(transport.declareQueue(queueOf("strict", { arguments: { "x-max-priority": 9 } }))).rejects.toThrow(
      /406 PRECONDITION_FAILED - inequivalent arg 'x-max-priority'/,
    );
  });

  test(
    "answers the control of Python, and ours reaches a Python worker",
    { timeout: 90_000 },
    async () => {
      const env = { CELERY_BROKER_URL: server.url, CELERY_RESULT_BACKEND: "rpc://" };
      const flags = ["worker", "-l", "INFO", "-c", "1", "--without-gossip", "--without-mingle"];
      const ours = new Program(...script(OUR_APP, [...flags, "-Q", "ours-classic", "-n", "ours@host"]), { env });
      const theirs = new Program(PYTHON, [
        "-m",
        "celery",
        "-A",
        "matrix",
        ...flags,
        "-Q",
        "python-classic",
        "-n",
        "theirs@host",
      ], {
        cwd: PYTHON_FOLDER,
        env,
      });
      const python = (...args: string[]) =>
        run(PYTHON, ["-m", "celery", "-A", "matrix", ...args], { cwd: PYTHON_FOLDER, env });
      try {
        await Promise.all([ours.printed(/ ready\./), theirs.printed(/ ready\./)]);

        const [byPython, byUs] = await Promise.all([
          python("inspect", "ping", "-t", "5", "-d", "ours@host,theirs@host"),
          run(...script(OUR_APP, ["inspect", "ping", "-t", "5", "-d", "ours@host,theirs@host"]), { env }),
        ]);

        for (const { stdout, code } of [byPython, byUs]) {
          expect(code).toBe(0);
          expect(stdout).toContain("->  ours@host: OK");
          expect(stdout).toContain("->  theirs@host: OK");
          expect(stdout).toContain("2 nodes online.");
        }
      } finally {
        await Promise.all([ours.stop(), theirs.stop()]);
      }
    },
  );
});
