import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import {
  AmqpClient,
  AmqpConnection,
  bindExchange,
  bindQueue,
  type Channel,
  type ClientOptions,
  commitTransaction,
  declareExchange,
  declareQueue,
  deleteExchange,
  deleteQueue,
  type FieldTable,
  inspectQueue,
  purgeQueue,
  type ReceivedMessage,
  rollbackTransaction,
  selectTransaction,
  unbindExchange,
  unbindQueue,
} from "../../lib/amqp/mod.ts";
import { Deferred } from "../../lib/base/deferred.ts";
import { Decimal, PyDateTime } from "../../lib/base/pyvalue.ts";
import { Authority } from "../support/certificates.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { freePort } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

describeWithPeers(["rabbitmq-server", "python-celery"], "a real RabbitMQ", () => {
  let server: RabbitServer;
  let tls: { readonly url: string; readonly ca: string; readonly dir: { remove(): void } };

  beforeAll(async () => {
    const dir = tempDir();
    const authority = new Authority(dir.path);
    const { cert, key } = authority.issue("IP:127.0.0.1");
    for (const [name, text] of Object.entries({ ca: authority.cert, cert, key })) {
      writeFileSync(join(dir.path, `${name}.pem`), text);
    }
    const port = await freePort();
    tls = { url: `amqps://127.0.0.1:${port}//`, ca: join(dir.path, "ca.pem"), dir };
    server = await RabbitServer.start([
      `listeners.ssl.default = 127.0.0.1:${port}`,
      ...["ca", "cert", "key"].map((name) =>
        `ssl_options.${name === "ca" ? "cacertfile" : `${name}file`} = ${join(dir.path, `${name}.pem`)}`
      ),
      "ssl_options.verify = verify_peer",
      "consumer_timeout = 1000",
    ].join("\n"));
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(async () => {
    await server?.stop();
    tls?.dir.remove();
  });

  async function open(url = server.url): Promise<Channel> {
    const connection = await AmqpConnection.open({ url });
    onTestFinished(() => connection.close());
    return await connection.openChannel();
  }

  function clientOf(options: Partial<ClientOptions> = {}): AmqpClient {
    const client = new AmqpClient({ urls: server.url, ...options });
    onTestFinished(() => client.close());
    return client;
  }

  async function take(channel: Channel, queue: string): Promise<ReceivedMessage> {
    return await eventually("a message is there", () => channel.get(queue, { noAck: true }));
  }

  const body = Buffer.from("hello");

  test("takes every kind of header and gives it back with its meaning", async () => {
    const channel = await open();
    const headers: FieldTable = {
      text: "ä😀",
      raw: Buffer.from([0xff, 0]),
      none: null,
      yes: true,
      int: -5,
      long: -5_000_000_000,
      huge: 2n ** 62n,
      float: 1.5,
      price: new Decimal("1.50"),
      at: PyDateTime.parse("2030-01-02T03:04:05+00:00"),
      list: [1, "two", [null]],
      table: { ["__proto__"]: "own" },
    };
    await declareQueue(channel, { queue: "headers", autoDelete: true });

    channel.publish({ exchange: "", routingKey: "headers", properties: { headers, priority: 0, timestamp: 0 }, body });

    expect((await take(channel, "headers")).properties).toEqual({ headers, priority: 0, timestamp: 0 });
    await deleteQueue(channel, "headers");
  });

  test("declares, binds, unbinds, counts, purges and deletes", async () => {
    const channel = await open();
    await declareExchange(channel, { exchange: "from", type: "fanout" });
    await declareExchange(channel, { exchange: "to", type: "topic" });
    await declareQueue(channel, { queue: "bound" });
    await bindExchange(channel, { destination: "to", source: "from", routingKey: "" });
    await bindQueue(channel, { queue: "bound", exchange: "to", routingKey: "a.#" });
    await channel.confirmSelect();
    const publish = () => channel.publishConfirmed({ exchange: "from", routingKey: "a.b", properties: {}, body });

    await publish();
    expect((await inspectQueue(channel, "bound")).messageCount).toBe(1);
    await unbindExchange(channel, { destination: "to", source: "from", routingKey: "" });
    await publish();
    expect(await purgeQueue(channel, "bound")).toBe(1);
    await unbindQueue(channel, { queue: "bound", exchange: "to", routingKey: "a.#" });
    expect(await deleteQueue(channel, "bound")).toBe(0);
    for (const exchange of ["from", "to"]) await deleteExchange(channel, exchange);
  });

  test("keeps a transaction's publishes back until it is committed", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "tx" });
    await selectTransaction(channel);
    const publish = () => channel.publish({ exchange: "", routingKey: "tx", properties: {}, body });

    publish();
    await rollbackTransaction(channel);
    publish();
    await commitTransaction(channel);

    expect(await deleteQueue(channel, "tx")).toBe(1);
  });

  test("returns a mandatory message that reaches no queue, among others that do", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "there" });
    await channel.confirmSelect();
    const to = (routingKey: string) =>
      channel.publishConfirmed({ exchange: "", routingKey, properties: {}, body, mandatory: true });

    const outcomes = await Promise.allSettled(["there", "nowhere", "there"].map(to));

    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(outcomes[1]).toMatchObject({ reason: { replyCode: 312, message: expect.stringContaining("312 NO_ROUTE") } });
    expect(await deleteQueue(channel, "there")).toBe(2);
  });

  test("moves a body of many frames both ways", async () => {
    const channel = await open();
    const large = Buffer.alloc(3_000_001, "0123456789");
    await declareQueue(channel, { queue: "large", autoDelete: true });

    channel.publish({ exchange: "", routingKey: "large", properties: {}, body: large });

    expect(large.equals((await take(channel, "large")).body)).toBe(true);
    await deleteQueue(channel, "large");
  });

  test("limits what is unsettled, and gives back what was not settled", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "credit" });
    for (let i = 0; i < 10; i++) {
      channel.publish({ exchange: "", routingKey: "credit", properties: { messageId: `${i}` }, body });
    }
    const seen: ReceivedMessage[] = [];
    await channel.qos(3, true);
    await channel.consume({ queue: "credit", onMessage: (message) => seen.push(message) });

    await eventually("three came", () => seen.length === 3);
    channel.ack(2);
    await eventually("a fourth came", () => seen.length === 4);
    await channel.close();

    const again = await channel.closed.then(() => open());
    expect((await inspectQueue(again, "credit")).messageCount).toBe(9);
    expect(await take(again, "credit")).toMatchObject({ redelivered: true, properties: { messageId: "0" } });
    await deleteQueue(again, "credit");
  });

  test("redelivers everything after recover", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "again" });
    channel.publish({ exchange: "", routingKey: "again", properties: {}, body });
    const seen: boolean[] = [];
    await channel.consume({ queue: "again", onMessage: ({ redelivered }) => seen.push(redelivered) });
    await eventually("it came", () => seen.length === 1);

    await channel.recover();

    await eventually("it came again", () => seen.length === 2);
    expect(seen).toEqual([false, true]);
    await deleteQueue(channel, "again");
  });

  test("explains a redeclaration with other arguments, and only that channel is gone", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "strict", durable: true });

    await expect(declareQueue(channel, { queue: "strict", durable: true, arguments: { "x-max-priority": 9 } })).rejects
      .toMatchObject({
        replyCode: 406,
        message: expect.stringMatching(
          /^Cannot declare queue strict: 406 PRECONDITION_FAILED - inequivalent arg 'x-max-priority'/,
        ),
      });

    await deleteQueue(await open(), "strict");
  });

  test("logs in with AMQPLAIN, and explains a wrong password", async () => {
    await open(`${server.url}?login_method=AMQPLAIN`);

    await expect(open(server.url.replace("guest:guest", "guest:wrong"))).rejects.toMatchObject({ replyCode: 403 });
    await expect(open(`${server.url.replace(/\/\/$/, "")}/nowhere`)).rejects.toMatchObject({ replyCode: 530 });
  });

  test("works over TLS, and refuses a certificate of nobody's", async () => {
    const channel = await open(`${tls.url}?cacertfile=${tls.ca}`);
    await declareQueue(channel, { queue: "tls", autoDelete: true });
    await deleteQueue(channel, "tls");

    await expect(open(tls.url)).rejects.toThrow(/certificate/);
    await expect(open(`${tls.url}?cacertfile=/no/such/file`)).rejects.toThrow("Cannot read the TLS ca");
  });

  test("goes on consuming after the broker closed the channel because an acknowledgement took too long", async () => {
    const client = clientOf();
    await client.declare([{ kind: "queue", declaration: { queue: "late", durable: true } }]);
    const seen: boolean[] = [];
    const again = new Deferred<void>();
    await client.consume({
      queues: [{ queue: "late" }],
      credit: 1,
      creditScope: "channel",
      onMessage: ({ redelivered, deliveryTag }, _, channel) => {
        seen.push(redelivered);
        if (!redelivered) return; // the broker looks for late ones once a minute, and when it gets a tick
        channel.ack(deliveryTag);
        again.resolve();
      },
    });
    await client.publish({ exchange: "", routingKey: "late", properties: { deliveryMode: 2 }, body });
    await eventually("it came", () => seen.length === 1);
    const tick = "[P ! tick || P <- rabbit_channel:list_local()]";

    await server.ctl("eval", `${tick}, timer:sleep(1100), ${tick}, ok.`);

    await again.promise;
    await client.withChannel((channel) => deleteQueue(channel, "late"));
  });

  test("holds publishes while the broker is short of memory, and gets them through afterwards", async () => {
    const client = clientOf();
    await client.declare([{ kind: "queue", declaration: { queue: "memory", durable: true } }]);
    await server.ctl("set_vm_memory_high_watermark", "absolute", "1");
    const connection = await client.ready();
    const first = client.publish({ exchange: "", routingKey: "memory", properties: {}, body });
    await eventually("the broker blocks", () => connection.blocked !== undefined);

    const second = client.publish({ exchange: "", routingKey: "memory", properties: {}, body });
    await server.ctl("set_vm_memory_high_watermark", "0.4");

    await Promise.all([first, second]);
    await client.withChannel((channel) => deleteQueue(channel, "memory"));
  });

  test("exchanges messages with py-amqp, property by property", async () => {
    const channel = await open();
    await declareQueue(channel, { queue: "from-python", durable: true });
    const code = [
      "import amqp, sys, datetime, decimal",
      `c = amqp.Connection("127.0.0.1:${server.port}"); c.connect(); ch = c.channel()`,
      'headers = {"n": None, "i": 3, "big": -5000000000, "f": 1.5, "l": [1, "x"], "d": {"k": True}, "p": decimal.Decimal("2.5")}',
      'm = amqp.Message(b"hi", content_type="text/plain", application_headers=headers, priority=0, delivery_mode=2, correlation_id="c")',
      'ch.basic_publish(m, "", "from-python")',
      'ch.basic_publish(amqp.Message(b""), "", "from-python")',
      'got = ch.basic_get("to-python", no_ack=True)',
      "print(got.body, sorted(got.properties.items()))",
      "c.close()",
    ].join("\n");
    await declareQueue(channel, { queue: "to-python", durable: true });
    const properties = {
      contentType: "text/plain",
      priority: 0,
      headers: { n: null, list: [1, [true]], half: 0.5 },
      replyTo: "",
    };
    await channel.confirmSelect();
    await channel.publishConfirmed({ exchange: "", routingKey: "to-python", properties, body });

    const { stdout, stderr } = await run(PYTHON, ["-c", code]);

    expect(stderr).toBe("");
    expect(stdout.trim()).toBe(
      "b'hello' [('application_headers', {'n': None, 'list': [1, [True]], 'half': 0.5}), ('content_type', 'text/plain'), ('priority', 0), ('reply_to', '')]",
    );
    const message = await take(channel, "from-python");
    expect(message.properties).toEqual({
      contentType: "text/plain",
      headers: { n: null, i: 3, big: -5_000_000_000, f: 1.5, l: [1, "x"], d: { k: true }, p: new Decimal("2.5") },
      priority: 0,
      deliveryMode: 2,
      correlationId: "c",
    });
    expect(await take(channel, "from-python")).toMatchObject({ body: Buffer.alloc(0), properties: {} });
    for (const queue of ["from-python", "to-python"]) await deleteQueue(channel, queue);
  });
});
