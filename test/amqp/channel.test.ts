import { Buffer } from "node:buffer";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionError, LimitError, TimeoutError, UsageError } from "../../lib/base/errors.ts";
import {
  AmqpConnection,
  AmqpError,
  type Channel,
  type ConnectionOptions,
  declareQueue,
  inspectQueue,
  type OutgoingMessage,
  type ReceivedMessage,
} from "../../lib/amqp/mod.ts";
import { ScriptedBroker } from "../support/amqp_server.ts";
import { eventually } from "../support/eventually.ts";

async function open(broker: ScriptedBroker, options: Partial<ConnectionOptions> = {}): Promise<Channel> {
  const connection = await AmqpConnection.open({ url: broker.url, ...options });
  onTestFinished(() => connection.abort());
  return await connection.openChannel();
}

const message = (text: string, more: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  exchange: "",
  routingKey: "q",
  properties: { messageId: text },
  body: Buffer.from(text),
  ...more,
});

const deliver = (consumerTag: string, deliveryTag: number) =>
  ({ kind: "basic.deliver", consumerTag, deliveryTag, redelivered: false, exchange: "", routingKey: "q" }) as const;

const CLOSED_404 = {
  kind: "channel.close",
  replyCode: 404,
  replyText: "NOT_FOUND - no queue 'q'",
  classId: 50,
  methodId: 10,
} as const;

describe("Channel.call", () => {
  test("matches answers to calls that are sent one behind the other", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker);

    const answers = await Promise.all(["a", "b", "c"].map((queue) => declareQueue(channel, { queue })));

    expect(answers.map(({ queue }) => queue)).toEqual(["a", "b", "c"]);
  });

  test("fails with the broker's words, and takes the other calls of the channel along", async () => {
    const broker = await ScriptedBroker.start({ "queue.declare": () => CLOSED_404 });
    const channel = await open(broker);

    const [first, second] = await Promise.allSettled([inspectQueue(channel, "q"), channel.qos(1, false)]);

    expect(first).toMatchObject({
      reason: { replyCode: 404, message: "Cannot inspect queue q: 404 NOT_FOUND - no queue 'q'" },
    });
    expect(second).toMatchObject({ reason: { name: "ConnectionError", cause: { replyCode: 404 } } });
    expect(await channel.closed).toBeInstanceOf(AmqpError);
    await (await broker.peer()).got("channel.close-ok");
  });

  test("keeps the place of a call that was given up", async () => {
    const broker = await ScriptedBroker.start({ "queue.declare": () => undefined });
    const channel = await open(broker);
    const peer = await broker.peer();
    await expect(declareQueue(channel, { queue: "slow" }, { timeoutMs: 10 })).rejects.toThrow(TimeoutError);

    const next = declareQueue(channel, { queue: "next" });
    await peer.got("queue.declare", 2);
    for (const queue of ["slow", "next"]) {
      peer.send(1, { kind: "queue.declare-ok", queue, messageCount: 0, consumerCount: 0 });
    }

    expect((await next).queue).toBe("next");
  });

  test("ends the connection when an answer fits no call", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker);

    (await broker.peer()).send(1, { kind: "basic.qos-ok" });

    expect(await channel.closed).toMatchObject({
      replyCode: 505,
      message: expect.stringContaining("basic.qos-ok came, expected nothing"),
    });
  });
});

describe("Channel.publishConfirmed", () => {
  test("resolves with the broker's word, singly and for many at once", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker);
    await channel.confirmSelect();
    const done: string[] = [];
    const all = ["1", "2", "3", "4"].map((text) => channel.publishConfirmed(message(text)).then(() => done.push(text)));
    const peer = await broker.peer();
    await peer.got("basic.publish", 4);

    peer.send(1, { kind: "basic.ack", deliveryTag: 2, multiple: false });
    await eventually("the second is confirmed", () => done.length === 1);
    peer.send(1, { kind: "basic.ack", deliveryTag: 4, multiple: true });
    await Promise.all(all);

    expect(done).toEqual(["2", "1", "3", "4"]);
    expect(channel.unconfirmed).toBe(0);
  });

  test("rejects a message that was returned, and no other", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker);
    await channel.confirmSelect();
    const all = Promise.allSettled(
      ["1", "2"].map((text) => channel.publishConfirmed(message(text, { mandatory: true }))),
    );
    const peer = await broker.peer();
    await peer.got("basic.publish", 2);

    const returned = {
      kind: "basic.return",
      replyCode: 312,
      replyText: "NO_ROUTE",
      exchange: "",
      routingKey: "q",
    } as const;
    peer.sendContent(1, returned, Buffer.from("2"), { messageId: "2" });
    peer.send(1, { kind: "basic.ack", deliveryTag: 2, multiple: true });

    expect(await all).toMatchObject([
      { status: "fulfilled" },
      {
        reason: {
          replyCode: 312,
          message: "Cannot publish to queue q: the broker returned it with 312 NO_ROUTE; there is no such queue",
        },
      },
    ]);
  });

  test("rejects a message that the broker refuses", async () => {
    const broker = await ScriptedBroker.start({
      "basic.publish": () => ({ kind: "basic.nack", deliveryTag: 1, multiple: false, requeue: false }),
    });
    const channel = await open(broker);
    await channel.confirmSelect();

    await expect(channel.publishConfirmed(message("x"))).rejects.toThrow("the broker refused it (basic.nack)");
  });

  test("refuses a body over the limit and headers that cannot be written, before anything is sent", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker, { maxBodyBytes: 10 });

    expect(() => channel.publish(message("12345678901"))).toThrow(LimitError);
    expect(() => channel.publish(message("x", { properties: { headers: { bad: new Map() as never } } }))).toThrow(
      UsageError,
    );
    await channel.close();
    expect((await broker.peer()).methods.some(({ kind }) => kind === "basic.publish")).toBe(false);
  });

  test("ends the connection when a confirmation comes for nothing", async () => {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker);

    (await broker.peer()).send(1, { kind: "basic.ack", deliveryTag: 1, multiple: false });

    expect(await channel.closed).toMatchObject({ replyCode: 503 });
  });
});

describe("Channel.consume", () => {
  async function consuming(more: { noAck?: boolean } = {}, options: Partial<ConnectionOptions> = {}) {
    const broker = await ScriptedBroker.start();
    const channel = await open(broker, options);
    const messages: ReceivedMessage[] = [];
    const cancelled: string[] = [];
    const tag = await channel.consume({
      queue: "q",
      ...more,
      onMessage: (received) => messages.push(received),
      onCancel: () => cancelled.push("q"),
    });
    return { channel, messages, cancelled, tag, peer: await broker.peer() };
  }

  test("hands deliveries over in order, also those right behind the answer", async () => {
    const { peer, messages, tag } = await consuming();

    for (let i = 1; i <= 3; i++) peer.sendContent(1, deliver(tag, i), Buffer.from(`${i}`), { priority: 0 });

    await eventually("three came", () => messages.length === 3);
    expect(messages[2]).toEqual({
      consumerTag: tag,
      deliveryTag: 3,
      redelivered: false,
      exchange: "",
      routingKey: "q",
      properties: { priority: 0 },
      body: Buffer.from("3"),
    });
  });

  test("acknowledges what was settled in one tick with one frame", async () => {
    const { peer, messages, channel, tag } = await consuming();
    for (let i = 1; i <= 4; i++) peer.sendContent(1, deliver(tag, i), Buffer.from("x"));
    await eventually("four came", () => messages.length === 4);

    for (const deliveryTag of [2, 1, 3]) channel.ack(deliveryTag);

    expect(await peer.got("basic.ack")).toEqual({ kind: "basic.ack", deliveryTag: 3, multiple: true });
    channel.reject(4, true);
    expect(await peer.got("basic.reject")).toEqual({ kind: "basic.reject", deliveryTag: 4, requeue: true });
    expect(channel.unsettled).toBe(0);
  });

  test("sends acknowledgements before a rejection of many, which would take them along", async () => {
    const { peer, messages, channel, tag } = await consuming();
    for (let i = 1; i <= 3; i++) peer.sendContent(1, deliver(tag, i), Buffer.from("x"));
    await eventually("three came", () => messages.length === 3);

    channel.ack(2);
    channel.nackUpTo(0, true);

    await peer.got("basic.nack");
    expect(peer.methods.slice(-2)).toEqual([
      { kind: "basic.ack", deliveryTag: 2, multiple: false },
      { kind: "basic.nack", deliveryTag: 0, multiple: true, requeue: true },
    ]);
  });

  test("refuses to settle a delivery twice", async () => {
    const { peer, messages, channel, tag } = await consuming();
    peer.sendContent(1, deliver(tag, 1), Buffer.from("x"));
    await eventually("it came", () => messages.length === 1);
    channel.ack(1);

    expect(() => channel.ack(1)).toThrow(UsageError);
    expect(() => channel.reject(1, true)).toThrow(UsageError);
  });

  test("tells when the broker cancels the consumer", async () => {
    const { peer, cancelled, tag } = await consuming();

    peer.send(1, { kind: "basic.cancel", consumerTag: tag, noWait: true });

    await eventually("it is told", () => cancelled.length === 1);
  });

  test("drops a message over the limit without requeue, and goes on", async () => {
    const { peer, messages, tag } = await consuming({}, { maxBodyBytes: 10 });

    peer.sendContent(1, deliver(tag, 1), Buffer.alloc(11));
    peer.sendContent(1, deliver(tag, 2), Buffer.from("small"));

    await eventually("the small one came", () => messages.length === 1);
    expect(await peer.got("basic.reject")).toEqual({ kind: "basic.reject", deliveryTag: 1, requeue: false });
    expect(messages[0]?.deliveryTag).toBe(2);
  });

  test("gives back what comes for a consumer that it does not have", async () => {
    const { peer } = await consuming();

    peer.sendContent(1, deliver("somebody else", 1), Buffer.from("x"));

    expect(await peer.got("basic.reject")).toEqual({ kind: "basic.reject", deliveryTag: 1, requeue: true });
  });
});

describe("Channel.get", () => {
  test("takes one message, or undefined from an empty queue", async () => {
    const broker = await ScriptedBroker.start({
      "basic.get": ({ queue }, peer) => {
        if (queue === "empty") return { kind: "basic.get-empty" };
        const got = {
          kind: "basic.get-ok",
          deliveryTag: 1,
          redelivered: true,
          exchange: "",
          routingKey: "q",
          messageCount: 0,
        } as const;
        peer.sendContent(1, got, Buffer.from("x"));
        return undefined;
      },
    });
    const channel = await open(broker);

    expect(await channel.get("empty")).toBeUndefined();
    expect(await channel.get("q")).toMatchObject({ deliveryTag: 1, redelivered: true, body: Buffer.from("x") });
    expect(channel.unsettled).toBe(1);
  });
});

describe("Channel.close", () => {
  test("sends pending acknowledgements first, and drops what comes in between", async () => {
    const broker = await ScriptedBroker.start({
      "channel.close": (_, peer) => {
        peer.sendContent(1, deliver("ctag1", 2), Buffer.from("late"));
        return { kind: "channel.close-ok" };
      },
    });
    const channel = await open(broker);
    const messages: number[] = [];
    await channel.consume({ queue: "q", onMessage: ({ deliveryTag }) => messages.push(deliveryTag) });
    const peer = await broker.peer();
    peer.sendContent(1, deliver("ctag1", 1), Buffer.from("x"));
    await eventually("it came", () => messages.length === 1);

    channel.ack(1);
    await channel.close();

    expect(peer.methods.slice(-2)).toMatchObject([{ kind: "basic.ack" }, { kind: "channel.close" }]);
    expect(messages).toEqual([1]);
    expect(await channel.closed).toBeUndefined();
  });

  test("rejects what is still under way, and whatever is asked later", async () => {
    const broker = await ScriptedBroker.start({ "queue.declare": () => undefined });
    const channel = await open(broker);
    const declared = expect(declareQueue(channel, { queue: "q" })).rejects.toThrow(
      /Cannot declare queue q: channel 1 .* it was closed here/,
    );

    await channel.close();

    await declared;
    await expect(channel.qos(1, false)).rejects.toThrow(ConnectionError);
    expect(() => channel.ack(1)).toThrow(ConnectionError);
  });
});
