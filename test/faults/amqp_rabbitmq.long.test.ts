/**
 * What breaks under an AMQP client, on a real RabbitMQ: whatever was confirmed arrives, and work goes on by itself.
 *
 * The default run takes the short outages; `AMQP_OUTAGES_S=0.5,5,90 AMQP_FROZEN_S=60 AMQP_CUTS=1000` takes those of the issue.
 */
import { Buffer } from "node:buffer";
import process from "node:process";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { AmqpClient, type ClientOptions, deleteQueue } from "../../lib/amqp/mod.ts";
import { eventually } from "../support/eventually.ts";
import { type Direction, FaultProxy } from "../support/fault_proxy.ts";
import { describeWithPeers } from "../support/peers.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

const OUTAGES_S = (process.env.AMQP_OUTAGES_S ?? "0.5").split(",").map(Number);
const FROZEN_S = Number(process.env.AMQP_FROZEN_S ?? 3);
const CUTS = Number(process.env.AMQP_CUTS ?? 12);

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Publishes and consumes all the time, and keeps the books. */
class Load {
  readonly confirmed = new Set<string>();
  /** When each id was acknowledged first. */
  readonly acked = new Map<string, number>();
  readonly comebacks: { readonly id: string; readonly ackedAgoMs: number }[] = [];
  lastConsumedAt = 0;
  lastConfirmedAt = 0;
  readonly #client: AmqpClient;
  readonly #queue: string;
  #isStopped = false;
  #publishing: Promise<void> | undefined;

  constructor(client: AmqpClient, queue: string) {
    this.#client = client;
    this.#queue = queue;
  }

  async start(): Promise<void> {
    await this.#client.declare([{ kind: "queue", declaration: { queue: this.#queue, durable: true } }]);
    await this.#client.consume({
      queues: [{ queue: this.#queue }],
      credit: 20,
      creditScope: "channel",
      onMessage: ({ properties, deliveryTag }, _, channel) => {
        const id = properties.messageId ?? "";
        const now = performance.now();
        const before = this.acked.get(id);
        if (before !== undefined) this.comebacks.push({ id, ackedAgoMs: now - before });
        else this.acked.set(id, now);
        this.lastConsumedAt = now;
        channel.ack(deliveryTag);
      },
    });
    this.#publishing = this.#publish();
  }

  /** Stops publishing, and waits until everything that was confirmed has arrived. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    await this.#publishing;
    await eventually("everything confirmed arrived", () => this.missing().length === 0);
  }

  missing(): string[] {
    return [...this.confirmed].filter((id) => !this.acked.has(id));
  }

  async #publish(): Promise<void> {
    for (let i = 0; !this.#isStopped; i++) {
      const id = `${this.#queue}-${i}`;
      await this.#client.publish({
        exchange: "",
        routingKey: this.#queue,
        properties: { deliveryMode: 2, messageId: id },
        body: Buffer.from(id),
      });
      this.confirmed.add(id);
      this.lastConfirmedAt = performance.now();
      if (i % 50 === 0) await sleep(1);
    }
  }
}

describeWithPeers(["rabbitmq-server"], "an AMQP client", () => {
  let server: RabbitServer;
  beforeAll(async () => server = await RabbitServer.start(), RABBIT_START_TIMEOUT_MS);
  afterAll(() => server?.stop());

  function clientOf(options: Partial<ClientOptions> = {}): AmqpClient {
    const client = new AmqpClient({ urls: server.url, ...options });
    onTestFinished(() => client.close());
    return client;
  }

  describe("whose connection is cut", () => {
    async function session(client: AmqpClient, queue: string): Promise<string[]> {
      await client.declare([{ kind: "queue", declaration: { queue, durable: true } }]);
      const seen = new Set<string>();
      await client.consume({
        queues: [{ queue }],
        credit: 2,
        creditScope: "channel",
        onMessage: ({ body, deliveryTag }, _, channel) => {
          seen.add(Buffer.from(body).toString());
          channel.ack(deliveryTag);
        },
      });
      const ids = ["1", "2", "3", "4"];
      await Promise.all(
        ids.map((id) =>
          client.publish({
            exchange: "",
            routingKey: queue,
            properties: { messageId: id },
            body: Buffer.from(id),
            mandatory: true,
          })
        ),
      );
      await eventually("all arrived", () => seen.size === ids.length);
      client.forgetQueue(queue);
      await client.withChannel((channel) => deleteQueue(channel, queue));
      return [...seen].sort();
    }

    for (const direction of ["up", "down"] as const satisfies readonly Direction[]) {
      test(`goes on wherever that happens in a session, on the way ${direction}`, { timeout: 600_000 }, async () => {
        const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
        onTestFinished(() => proxy.stop());
        const urls = `amqp://127.0.0.1:${proxy.port}//`;
        const whole = new AmqpClient({ urls });
        await session(whole, "whole");
        const connection = await whole.ready();
        const total = connection.traffic[direction === "up" ? "sent" : "received"];
        await whole.close();
        const cuts = Math.min(CUTS, total);

        for (let i = 0; i < cuts; i++) {
          const at = 1 + Math.floor((i * total) / cuts);
          proxy.cutAfter(direction, at);
          const client = new AmqpClient({ urls, backoff: { startMs: 5, maxMs: 5 } });
          client.onState(({ kind }) => kind === "waiting" && proxy.cutAfter(direction, undefined));
          try {
            expect(await session(client, `cut-${direction}-${at}`), `cut after ${at} of ${total} bytes`).toEqual([
              "1",
              "2",
              "3",
              "4",
            ]);
          } finally {
            await client.close();
          }
        }
      });
    }

    test.each(
      [
        ["shared by its queues, as it was last changed", "channel", 7],
        ["of each of its queues, as it was last changed", "consumer", 14],
      ] as const,
    )("holds no more than its credit afterwards, %s", async (_, creditScope, held) => {
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
      onTestFinished(() => proxy.stop());
      const client = clientOf({ urls: `amqp://127.0.0.1:${proxy.port}//`, backoff: { startMs: 5, maxMs: 5 } });
      const queues = [`${creditScope}-1`, `${creditScope}-2`];
      await client.declare(queues.map((queue) => ({ kind: "queue", declaration: { queue, durable: true } })));
      const publish = (routingKey: string) =>
        client.publish({ exchange: "", routingKey, properties: { deliveryMode: 2 }, body: Buffer.alloc(10) });
      await Promise.all(queues.flatMap((queue) => Array.from({ length: 20 }, () => publish(queue))));
      const consumer = await client.consume({
        queues: queues.map((queue) => ({ queue })),
        credit: 3,
        creditScope,
        onMessage: () => {},
      });
      consumer.setCredit(7);

      proxy.cut();

      await eventually("it is connected again", () => proxy.accepted === 2 && client.state.kind === "ready");
      await eventually("its credit is used", () => consumer.unsettled === held);
      await client.withChannel((channel) => channel.qos(1, false)); // whatever was on its way before is here now
      expect(consumer.unsettled).toBe(held);
      await consumer.close();
    });

    test("notices a connection that swallows everything, by its heartbeats", async () => {
      const proxy = await FaultProxy.start({ host: "127.0.0.1", port: server.port });
      onTestFinished(() => proxy.stop());
      const load = new Load(clientOf({ urls: `amqp://127.0.0.1:${proxy.port}//`, heartbeatSeconds: 1 }), "swallowed");
      await load.start();
      await eventually("it runs", () => load.confirmed.size > 10);

      proxy.silent = true;
      await sleep(100);
      const before = load.confirmed.size;
      await eventually("it tries again", () => proxy.accepted > 1);
      proxy.silent = false;
      proxy.cut();

      await eventually("it goes on", () => load.confirmed.size > before + 10);
      await load.finish();
    });
  });

  test(`goes on after RabbitMQ was frozen for ${FROZEN_S} s`, { timeout: FROZEN_S * 1000 + 60_000 }, async () => {
    const load = new Load(clientOf({ heartbeatSeconds: 1 }), "frozen");
    await load.start();
    await eventually("it runs", () => load.confirmed.size > 100);

    process.kill(server.pid, "SIGSTOP");
    await sleep(FROZEN_S * 1000);
    process.kill(server.pid, "SIGCONT");
    const thawedAt = performance.now();

    await eventually("it goes on", () => load.lastConsumedAt > thawedAt && load.lastConfirmedAt > thawedAt, {
      timeoutMs: 5000,
    });
    await load.finish();
    await eventually("one consumer is left", async () => (await consumersOf(server, "frozen")) === 1);
  });

  for (const outageS of OUTAGES_S) {
    test(`goes on within 5 s after RabbitMQ was killed and came back ${outageS} s later`, {
      timeout: outageS * 1000 + 120_000,
    }, async () => {
      const queue = `killed-${outageS}`;
      const load = new Load(clientOf({ heartbeatSeconds: 2 }), queue);
      await load.start();
      await eventually("it runs", () => load.confirmed.size > 500);

      await server.down("SIGKILL");
      const killedAt = performance.now();
      await sleep(outageS * 1000);
      await server.up();
      const backAt = performance.now();

      await eventually("it goes on", () => load.lastConsumedAt > backAt && load.lastConfirmedAt > backAt, {
        timeoutMs: 5000,
      });
      await load.finish();
      expect(load.missing()).toEqual([]);
      const settledLongBefore = load.comebacks.filter(({ id }) => (load.acked.get(id) ?? 0) < killedAt - 2000);
      expect(settledLongBefore).toEqual([]); // RabbitMQ itself forgets the acknowledgements of its last moments
    });
  }
});

async function consumersOf(server: RabbitServer, queue: string): Promise<number> {
  const lines = (await server.ctl("list_queues", "name", "consumers")).split("\n");
  return Number(lines.find((line) => line.startsWith(`${queue}\t`))?.split("\t")[1]);
}
