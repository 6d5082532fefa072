import { Buffer } from "node:buffer";
import { describe, expect, onTestFinished, test } from "vitest";
import { ConnectionError, ProtocolError, TimeoutError, UsageError } from "../../lib/base/errors.ts";
import { AmqpConnection, AmqpError, type ConnectionOptions, declareQueue } from "../../lib/amqp/mod.ts";
import { listen } from "../../lib/net/mod.ts";
import { ScriptedBroker } from "../support/amqp_server.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { eventually } from "../support/eventually.ts";

async function open(broker: ScriptedBroker, options: Partial<ConnectionOptions> = {}): Promise<AmqpConnection> {
  const connection = await AmqpConnection.open({ url: broker.url, ...options });
  onTestFinished(() => connection.abort());
  return connection;
}

const BROKER_CLOSE = {
  kind: "connection.close",
  replyCode: 320,
  replyText: "CONNECTION_FORCED - bye",
  classId: 0,
  methodId: 0,
} as const;

describe("AmqpConnection", () => {
  test("logs in with what the URL says and tells what was agreed on", async () => {
    const broker = await ScriptedBroker.start();

    const connection = await open(broker, { heartbeatSeconds: 7, name: "tester" });

    expect(connection.session).toMatchObject({ heartbeatSeconds: 7, frameMaxBytes: 131_072, channelMax: 2047 });
    expect((await broker.peer()).methods).toMatchObject([
      { kind: "connection.start-ok", mechanism: "PLAIN", clientProperties: { connection_name: "tester" } },
      { kind: "connection.tune-ok", heartbeat: 7 },
      { kind: "connection.open", virtualHost: "/" },
    ]);
  });

  test("says that the login was refused, in the broker's words", async () => {
    const broker = await ScriptedBroker.start({
      "connection.start-ok": () => ({
        kind: "connection.close",
        replyCode: 403,
        replyText: "ACCESS_REFUSED - Login was refused",
        classId: 0,
        methodId: 0,
      }),
    });

    await expect(open(broker)).rejects.toMatchObject({
      name: "AmqpError",
      replyCode: 403,
      remoteType: "ACCESS_REFUSED",
      message: expect.stringContaining("403 ACCESS_REFUSED - Login was refused"),
    });
  });

  test("guesses that the login was wrong when an old broker just hangs up", async () => {
    const broker = await ScriptedBroker.start({
      "connection.start-ok": (_, peer) => {
        peer.connection.end();
        return undefined;
      },
    });

    await expect(open(broker)).rejects.toThrow("hung up during the login: is the user or the password wrong?");
  });

  test("gives up a broker that accepts and says nothing", async () => {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => void await peer.closed);
    onTestFinished(() => listener.close({ drainMs: 0 }));
    const port = "port" in listener.address ? listener.address.port : 0;

    await expect(AmqpConnection.open({ url: `amqp://127.0.0.1:${port}`, connectTimeoutMs: 50 })).rejects.toThrow(
      TimeoutError,
    );
  });

  test("recognises an HTTP server", async () => {
    const listener = await listen({ host: "127.0.0.1", port: 0 }, async (peer) => {
      await peer.send(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
      await peer.closed;
    });
    onTestFinished(() => listener.close({ drainMs: 0 }));
    const port = "port" in listener.address ? listener.address.port : 0;

    await expect(AmqpConnection.open({ url: `amqp://127.0.0.1:${port}` })).rejects.toThrow(
      "an HTTP server answers there",
    );
  });

  test("stops connecting when it is aborted, with the reason untouched", async () => {
    const broker = await ScriptedBroker.start({ "connection.open": () => undefined });
    const controller = new AbortController();
    const opening = open(broker, { signal: controller.signal } as Partial<ConnectionOptions>);
    await (await broker.peer()).got("connection.open");

    const reason = new Error("changed my mind");
    controller.abort(reason);

    await expect(opening).rejects.toBe(reason);
  });

  test("settles every call with the reason when the broker closes, and answers it", async () => {
    const broker = await ScriptedBroker.start({ "queue.declare": () => undefined });
    const connection = await open(broker);
    const channel = await connection.openChannel();
    await channel.confirmSelect();
    const declared = declareQueue(channel, { queue: "q" });
    const published = channel.publishConfirmed({
      exchange: "",
      routingKey: "q",
      properties: {},
      body: Buffer.from("x"),
    });
    const settled = Promise.allSettled([declared, published]);
    const peer = await broker.peer();
    await peer.got("basic.publish");

    peer.send(0, BROKER_CLOSE);

    expect(await settled).toMatchObject([
      {
        reason: {
          name: "ConnectionError",
          maybeSent: true,
          message: expect.stringMatching(/^Cannot declare queue q: .*320 CONNECTION_FORCED - bye$/),
        },
      },
      { reason: { name: "ConnectionError", maybeSent: true, cause: { replyCode: 320 } } },
    ]);
    expect(await connection.closed).toBeInstanceOf(AmqpError);
    expect(await channel.closed).toBe(await connection.closed);
    await peer.got("connection.close-ok");
  });

  test("says where it was closed to whoever uses it later", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);
    const channel = await connection.openChannel();

    await connection.close();

    const error = await channel.qos(1, false).catch((reason) => reason);
    expect(error.message).toMatch(/^Cannot set the prefetch count to 1: the connection to .* it was closed here$/);
    expect(error.cause.stack).toContain("connection.test.ts");
    expect(await connection.closed).toBeUndefined();
    await expect(connection.openChannel()).rejects.toThrow(ConnectionError);
  });

  test.each([
    ["is idle", {}],
    ["has a call under way", { "queue.declare": () => undefined }],
  ])("closes in order while it %s, once however often it is asked", async (_, script) => {
    const broker = await ScriptedBroker.start(script);
    const connection = await open(broker);
    const channel = await connection.openChannel();
    const declared = declareQueue(channel, { queue: "q" }).catch((error) => error);

    expect(connection.close()).toBe(connection.close());
    await connection.close();

    await declared;
    expect((await broker.peer()).methods.filter(({ kind }) => kind === "connection.close")).toHaveLength(1);
  });

  test("ends at the end of the stream, and a second end changes nothing", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);

    (await broker.peer()).connection.abort();

    expect(await connection.closed).toBeInstanceOf(ConnectionError);
    await connection.close();
    connection.abort();
  });

  test("tells the broker what it did wrong before it hangs up", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);
    const peer = await broker.peer();

    peer.connection.write(Buffer.from("nonsense on the line"));

    expect(await connection.closed).toBeInstanceOf(ProtocolError);
    expect(await peer.got("connection.close")).toMatchObject({ replyCode: 501 });
  });

  test("refuses a frame larger than was agreed on", async () => {
    const broker = await ScriptedBroker.start({
      "connection.start-ok": () => ({ kind: "connection.tune", channelMax: 0, frameMax: 4096, heartbeat: 0 }),
    });
    const connection = await open(broker);
    const peer = await broker.peer();

    peer.connection.write(Buffer.concat([Buffer.from("03000100001000", "hex"), Buffer.alloc(4097)]));

    expect((await connection.closed)?.message).toContain("4104 bytes announced, 4096 were agreed on");
    expect(await peer.got("connection.close")).toMatchObject({ replyCode: 501 });
  });

  test("refuses frames on a channel that is not open", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);

    (await broker.peer()).send(9, { kind: "basic.qos-ok" });

    expect(await connection.closed).toMatchObject({ replyCode: 504 });
  });

  test("opens no more channels than were agreed on, and uses numbers again", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker, { channelMax: 2 });
    const first = await connection.openChannel();
    await connection.openChannel();

    await expect(connection.openChannel()).rejects.toThrow(UsageError);
    await first.close();
    expect((await connection.openChannel()).number).toBe(1);
  });

  test("tells when the broker blocks publishes and when it goes on", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);
    const peer = await broker.peer();
    const told: (string | undefined)[] = [];
    connection.onBlocked((reason) => told.push(reason));

    peer.send(0, { kind: "connection.blocked", reason: "low on memory" });
    await eventually("it is blocked", () => connection.blocked === "low on memory");
    peer.send(0, { kind: "connection.unblocked" });
    await eventually("it is not", () => connection.blocked === undefined);

    expect(told).toEqual(["low on memory", undefined]);
  });

  test("gives a silent broker up after two heartbeats, and sends its own", async () => {
    const broker = await ScriptedBroker.start();
    const clock = new FakeClock();
    const connection = await open(broker, { heartbeatSeconds: 10, clock });
    const peer = await broker.peer();

    await clock.advance(15_000);
    await eventually("a heartbeat arrives", () => peer.heartbeats > 0);
    expect(connection.isOpen).toBe(true);
    await clock.advance(5000);

    expect((await connection.closed)?.message).toMatch(
      /nothing was heard for 20000 ms, a heartbeat was due every 10000$/,
    );
    expect(clock.armed).toBe(0);
  });

  test("sends what is written in one tick with one write", async () => {
    const broker = await ScriptedBroker.start();
    const connection = await open(broker);
    const channel = await connection.openChannel();
    const peer = await broker.peer();
    const before = peer.received.length;

    for (let i = 0; i < 100; i++) {
      channel.publish({ exchange: "", routingKey: "q", properties: {}, body: Buffer.from("x") });
    }
    await connection.sent();

    await eventually("all arrived", () => peer.received.length === before + 100);
  });
});
