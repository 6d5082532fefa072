import { Buffer } from "node:buffer";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionError, TimeoutError, UsageError } from "../../lib/base/errors.ts";
import { AmqpClient, type ClientOptions, type ConsumerOptions, type OutgoingMessage } from "../../lib/amqp/mod.ts";
import type { Method, MethodOf } from "../../lib/amqp/wire/methods.ts";
import { ScriptedBroker, type ScriptedPeer } from "../support/amqp_server.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { freePort } from "../support/redis_server.ts";

const FAST = { startMs: 1, maxMs: 1 };

function clientOf(urls: string | readonly string[], options: Partial<ClientOptions> = {}): AmqpClient {
  const client = new AmqpClient({ urls, backoff: FAST, ...options });
  onTestFinished(async () => {
    client.ready().then((connection) => connection.abort(), () => {});
    await client.close();
  });
  return client;
}

const message = (text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  exchange: "",
  routingKey: "q",
  properties: { correlationId: text },
  body: Buffer.from(text),
  ...more,
});

const bodies = (peer: ScriptedPeer) =>
  peer.received.flatMap(({ event }) => event.kind === "content" ? [Buffer.from(event.content.body).toString()] : []);

const deliver = (peer: ScriptedPeer, channel: number, deliveryTag: number, text: string) =>
  peer.sendContent(channel, {
    kind: "basic.deliver",
    consumerTag: peer.methods.findLast((method): method is MethodOf<"basic.consume"> =>
      method.kind === "basic.consume"
    )?.consumerTag ?? "",
    deliveryTag,
    redelivered: false,
    exchange: "",
    routingKey: "q",
  }, Buffer.from(text));

const channelOf = (peer: ScriptedPeer, kind: Method["kind"]) =>
  peer.received.findLast(({ event }) => event.method.kind === kind)?.channel ?? 0;

const CLOSE_CHANNEL = { kind: "channel.close", replyText: "no", classId: 0, methodId: 0 } as const;

describe("AmqpClient", () => {
  test("declares again, resumes its consumers and sends unconfirmed publishes again, in order, after a reconnect", async () => {
    const broker = await ScriptedBroker.start({
      "basic.publish": (_, peer) =>
        peer === broker.peers[1] ? { kind: "basic.ack", deliveryTag: 2, multiple: true } : undefined,
    });
    const client = clientOf(broker.url);
    await client.declare([
      { kind: "exchange", declaration: { exchange: "e", type: "topic", durable: true } },
      { kind: "queue", declaration: { queue: "q", durable: true, arguments: { "x-max-priority": 9 } } },
      { kind: "queue-binding", binding: { queue: "q", exchange: "e", routingKey: "#" } },
    ]);
    await client.consume({ queues: [{ queue: "q" }], credit: 4, creditScope: "channel", onMessage: () => {} });
    const published = Promise.all([client.publish(message("1")), client.publish(message("2"))]);
    await (await broker.peer(0)).got("basic.publish", 2);

    (await broker.peer(0)).connection.abort();
    const second = await broker.peer(1);
    await published.catch(() => {});

    await second.got("basic.consume");
    expect(second.methods).toContainEqual(
      expect.objectContaining({ kind: "queue.declare", arguments: { "x-max-priority": 9 } }),
    );
    expect(second.methods.map(({ kind }) => kind)).toEqual(
      expect.arrayContaining(["exchange.declare", "queue.bind", "basic.qos"]),
    );
    expect(bodies(second)).toEqual(["1", "2"]);
  });

  test("does not send again what may not be, and says that it may have been sent", async () => {
    const broker = await ScriptedBroker.start();
    const client = clientOf(broker.url);
    const published = client.publish(message("once"), { retry: false }).catch((error) => error);
    await (await broker.peer(0)).got("basic.publish");

    (await broker.peer(0)).connection.abort();

    expect(await published).toMatchObject({ name: "ConnectionError", maybeSent: true });
  });

  test("tries the next URL where one does not answer", async () => {
    const broker = await ScriptedBroker.start();
    const client = clientOf(["amqp://127.0.0.1:1//", broker.url]);

    await client.ready();

    expect(client.uri).toBe(broker.url.replace("guest:guest", "guest:**"));
  });

  test("gives up at once when the login is refused, with the broker's words", async () => {
    const refuse = {
      kind: "connection.close",
      replyCode: 403,
      replyText: "ACCESS_REFUSED",
      classId: 0,
      methodId: 0,
    } as const;
    const broker = await ScriptedBroker.start({ "connection.start-ok": () => refuse });
    const client = clientOf(broker.url);
    const published = client.publish(message("x")).catch((error) => error);

    await expect(client.ready()).rejects.toMatchObject({ replyCode: 403 });

    expect(await published).toMatchObject({ name: "ConnectionError", cause: { replyCode: 403 } });
    expect(client.state.kind).toBe("closed");
  });

  test("gives up after as many rounds as it was told", async () => {
    const client = clientOf("amqp://127.0.0.1:1//", { maxAttempts: 3 });

    await expect(client.ready()).rejects.toMatchObject({ code: "ERR_CONNECT" });
  });

  test("does not wait out a long wait once somebody listens again", async () => {
    const port = await freePort();
    const client = clientOf(`amqp://127.0.0.1:${port}//`, { backoff: { startMs: 3_600_000, maxMs: 3_600_000 } });
    const ready = client.ready();
    await eventually("it waits", () => client.state.kind === "waiting");

    await ScriptedBroker.start({}, port);

    await ready;
  });

  test.each(["hangs up", "is silent"])(
    "does not wait out a long wait once a proxy has a broker that %s no more",
    async (how) => {
      const broker = await ScriptedBroker.start();
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port: Number(new URL(broker.url).port) });
      onTestFinished(() => proxy.stop());
      if (how === "hangs up") proxy.refusing = true;
      else proxy.silent = true;
      const client = clientOf(`amqp://127.0.0.1:${proxy.port}//`, {
        backoff: { startMs: 3_600_000, maxMs: 3_600_000 },
        connectTimeoutMs: 100,
      });
      const ready = client.ready();
      await eventually("it waits", () => client.state.kind === "waiting");
      await eventually("it is looked for once in vain", () => proxy.accepted > 1);

      proxy.silent = proxy.refusing = false;

      await ready;
    },
  );

  test("holds publishes back while the broker takes none, and goes on reading", async () => {
    const broker = await ScriptedBroker.start({
      "basic.publish": () => ({ kind: "basic.ack", deliveryTag: 1, multiple: false }),
    });
    const client = clientOf(broker.url);
    const connection = await client.ready();
    const peer = await broker.peer();
    peer.send(0, { kind: "connection.blocked", reason: "memory" });
    await eventually("it is blocked", () => connection.blocked !== undefined);

    const published = client.publish(message("x"));
    await client.declare([{ kind: "queue", declaration: { queue: "q" } }]);
    expect(bodies(peer)).toEqual([]);
    peer.send(0, { kind: "connection.unblocked" });

    await published;
  });

  test("keeps no more than the limit on its way, and sends the rest as confirmations come", async () => {
    const broker = await ScriptedBroker.start();
    const client = clientOf(broker.url, { maxUnconfirmed: 2 });
    const published = Promise.all(["1", "2", "3"].map((text) => client.publish(message(text))));
    const peer = await broker.peer();
    await peer.got("basic.publish", 2);
    await client.declare([{ kind: "queue", declaration: { queue: "q" } }]);
    expect(bodies(peer)).toEqual(["1", "2"]);

    peer.send(channelOf(peer, "basic.publish"), { kind: "basic.ack", deliveryTag: 1, multiple: false });
    await peer.got("basic.publish", 3);
    peer.send(channelOf(peer, "basic.publish"), { kind: "basic.ack", deliveryTag: 3, multiple: true });

    await published;
  });

  test("fails a publish at its deadline or abort, wherever it is", async () => {
    const broker = await ScriptedBroker.start();
    const client = clientOf(broker.url, { maxUnconfirmed: 1 });
    const reason = new Error("enough");
    const controller = new AbortController();

    const sent = client.publish(message("sent"), { timeoutMs: 20 });
    const waiting = client.publish(message("waiting"), { signal: controller.signal });
    controller.abort(reason);

    await expect(waiting).rejects.toBe(reason);
    await expect(sent).rejects.toThrow(TimeoutError);
  });

  test("finds the publish that ends the channel, fails it alone, and gets the others through", async () => {
    let tag = 0;
    const broker = await ScriptedBroker.start({
      "channel.open": () => {
        tag = 0;
        return { kind: "channel.open-ok" };
      },
      "basic.publish": ({ exchange }) => {
        tag++;
        if (exchange !== "nowhere") {
          return tag > 3 ? undefined : { kind: "basic.ack", deliveryTag: tag, multiple: false };
        }
        return {
          kind: "channel.close",
          replyCode: 404,
          replyText: "NOT_FOUND - no exchange 'nowhere'",
          classId: 60,
          methodId: 40,
        };
      },
    });
    const client = clientOf(broker.url);

    const outcomes = await Promise.allSettled(
      ["a", "b", "bad", "c", "d"].map((text) =>
        client.publish(message(text, text === "bad" ? { exchange: "nowhere" } : {}))
      ),
    );

    expect(outcomes.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
    ]);
    expect(outcomes[2]).toMatchObject({ reason: { name: "AmqpError", replyCode: 404 } });
  });

  test("rejects everything that is open when it is closed", async () => {
    const broker = await ScriptedBroker.start();
    const client = new AmqpClient({ urls: broker.url, backoff: { startMs: 60_000, maxMs: 60_000 } });
    await client.ready();
    (await broker.peer()).connection.abort();
    await eventually("it is lost", () => client.state.kind !== "ready");
    const published = client.publish(message("x")).catch((error) => error);

    expect(client.close()).toBe(client.close());
    await client.close();

    expect(await published).toBeInstanceOf(ConnectionError);
    await expect(client.publish(message("y"))).rejects.toThrow("it was closed here");
    await expect(client.ready()).rejects.toThrow("it was closed here");
  });

  test("refuses wrong options before it connects", () => {
    expect(() => new AmqpClient({ urls: [] })).toThrow("expected at least one URL");
    expect(() => new AmqpClient({ urls: "redis://h" })).toThrow(UsageError);
    expect(() => new AmqpClient({ urls: "amqp://h", heartbeatSeconds: -1 })).toThrow("Cannot use heartbeatSeconds");
  });
});

describe("ResumableConsumer", () => {
  async function consuming(
    script: Parameters<typeof ScriptedBroker.start>[0] = {},
    options: Partial<ConsumerOptions> = {},
  ) {
    const broker = await ScriptedBroker.start(script);
    const client = clientOf(broker.url);
    await client.declare([{ kind: "queue", declaration: { queue: "q", durable: true } }]);
    const texts: string[] = [];
    const lost: string[] = [];
    const consumer = await client.consume({
      queues: [{ queue: "q" }],
      credit: 2,
      creditScope: "channel",
      onMessage: ({ body, deliveryTag }, _, channel) => {
        texts.push(Buffer.from(body).toString());
        channel.ack(deliveryTag);
      },
      onLost: (queue, reason) => lost.push(`${queue}: ${reason.message}`),
      ...options,
    });
    return { broker, client, consumer, texts, lost, peer: await broker.peer() };
  }

  test("consumes over another channel when the broker closes its own", async () => {
    const { peer, texts } = await consuming();
    peer.send(channelOf(peer, "basic.consume"), { ...CLOSE_CHANNEL, replyCode: 406 });

    await peer.got("basic.consume", 2);
    deliver(peer, channelOf(peer, "basic.consume"), 1, "again");

    await eventually("it is delivered", () => texts.length === 1);
  });

  test("declares a queue that was deleted under it, and goes on", async () => {
    const { peer, texts } = await consuming();
    const { consumerTag } = await peer.got("basic.consume");
    const channel = channelOf(peer, "basic.consume");

    peer.send(channel, { kind: "basic.cancel", consumerTag, noWait: true });
    await peer.got("queue.declare", 2);
    await peer.got("basic.consume", 2);
    deliver(peer, channel, 1, "again");

    await eventually("it is delivered", () => texts.length === 1);
  });

  test("says that a queue is lost when the broker refuses to declare it again", async () => {
    let isRefused = false;
    const { peer, lost, consumer } = await consuming({
      "queue.declare": ({ queue }) =>
        isRefused
          ? { kind: "channel.close", replyCode: 406, replyText: "PRECONDITION_FAILED", classId: 50, methodId: 10 }
          : { kind: "queue.declare-ok", queue, messageCount: 0, consumerCount: 0 },
    });
    const { consumerTag } = await peer.got("basic.consume");
    isRefused = true;

    peer.send(channelOf(peer, "basic.consume"), { kind: "basic.cancel", consumerTag, noWait: true });

    await eventually("it is told", () => lost.length === 1);
    expect(lost).toEqual(["q: Cannot declare queue q: 406 PRECONDITION_FAILED"]);
    expect(consumer.queues).toEqual([]);
  });

  test("waits while the broker still holds the queue for the connection that was lost", async () => {
    let refusals = 3;
    let first: ScriptedPeer | undefined;
    const { broker, texts, lost } = await consuming({
      "basic.consume": ({ consumerTag }, peer) =>
        peer !== (first ??= peer) && refusals-- > 0
          ? { kind: "channel.close", replyCode: 405, replyText: "RESOURCE_LOCKED", classId: 60, methodId: 20 }
          : { kind: "basic.consume-ok", consumerTag },
    });
    (await broker.peer(0)).connection.abort();

    const second = await broker.peer(1);
    await second.got("basic.consume", 4);
    deliver(second, channelOf(second, "basic.consume"), 1, "at last");

    await eventually("it is delivered", () => texts.length === 1);
    expect(lost).toEqual([]);
  });

  test("says what the broker refuses at the first attempt", async () => {
    const broker = await ScriptedBroker.start({
      "basic.consume": () => ({
        kind: "channel.close",
        replyCode: 404,
        replyText: "NOT_FOUND",
        classId: 60,
        methodId: 20,
      }),
    });
    const client = clientOf(broker.url);

    await expect(client.consume({ queues: [{ queue: "q" }], credit: 1, creditScope: "channel", onMessage: () => {} }))
      .rejects.toThrow("Cannot consume from q: 404 NOT_FOUND");
    expect((await broker.peer()).methods.filter(({ kind }) => kind === "basic.consume")).toHaveLength(1);
  });

  test("adds and cancels queues, and changes its credit, while it runs", async () => {
    const { peer, consumer } = await consuming();

    await consumer.addQueue({ queue: "more" });
    await consumer.cancelQueue("q");
    consumer.setCredit(7);

    expect(await peer.got("basic.consume", 2)).toMatchObject({ queue: "more" });
    expect(await peer.got("basic.qos", 2)).toMatchObject({ prefetchCount: 7, global: true });
    expect(consumer.queues).toEqual(["more"]);
    expect(peer.methods.filter(({ kind }) => kind === "basic.cancel")).toHaveLength(1);
  });

  test("tells the broker of the last of many changes of its credit", async () => {
    const { peer, consumer } = await consuming();

    for (let credit = 3; credit <= 20; credit++) consumer.setCredit(credit);

    await eventually("the last one is told", async () => (await peer.got("basic.qos")).prefetchCount === 20);
    expect(peer.methods.flatMap((method) => method.kind === "basic.qos" ? [method.prefetchCount] : [])).toEqual([
      2,
      3,
      20,
    ]);
  });

  test("tells the broker of a lower credit only if it stays lower", async () => {
    const { peer, consumer } = await consuming();
    const told = () => peer.methods.flatMap((method) => method.kind === "basic.qos" ? [method.prefetchCount] : []);
    consumer.setCredit(20);
    await eventually("it is told", () => told().length === 2);

    for (const credit of [19, 5, 20, 12, 20, 8]) consumer.setCredit(credit);

    await eventually("the last one is told", () => told().at(-1) === 8);
    expect(told()).toEqual([2, 20, 8]);
    expect(consumer.credit).toBe(8);
  });

  test("stops delivering, and settles what is in hand", async () => {
    const { peer, consumer } = await consuming({}, { onMessage: () => {} });
    const channel = channelOf(peer, "basic.consume");
    deliver(peer, channel, 1, "in hand");
    await eventually("it came", () => consumer.unsettled === 1);

    await consumer.stop();
    expect(consumer.unsettled).toBe(1);
    await consumer.close();

    expect(peer.methods.at(-1)).toMatchObject({ kind: "channel.close" });
    await expect(consumer.addQueue({ queue: "x" })).rejects.toThrow("the consumer was stopped");
  });
});
