/** What RabbitMQ, or who administers it, takes away from a worker and a client while both are at work. */
import { expect, onTestFinished, test } from "vitest";
import { AmqpClient, declareQueue, deleteQueue } from "../../lib/amqp/mod.ts";
import { eventually } from "../support/eventually.ts";
import { KINDS, NotedLoad } from "../support/noted_load.ts";
import { describeWithPeers } from "../support/peers.ts";
import { rabbitAndRedis } from "../support/rabbit_and_redis.ts";

/** An acknowledgement that is on its way when a connection is closed is lost with it. */
const ON_ITS_WAY_MS = 500;

describeWithPeers(["rabbitmq-server", "redis-server"], "a worker on RabbitMQ goes on", () => {
  const servers = rabbitAndRedis();

  test("when all connections are closed by the administrator, and so do control, events and who waits by rpc", async () => {
    const load = await NotedLoad.start({ broker: servers.rabbit.url, backend: "rpc://", queues: "closed" });
    const waiting = load.answerTo(await load.begun("quorum", 1));
    const events = await load.monitor();

    const closedAt = Date.now();
    await servers.rabbit.ctl("close_all_connections", "maintenance");

    const since = Date.now();
    await load.goesOn(since);
    await load.answersControl();
    expect(await waiting).toBe(1);
    await eventually(
      "events come again",
      () => events().some(({ type, timestamp }) => type === "task-succeeded" && Number(timestamp) * 1000 > since),
    );
    await load.finish();
    expect(load.repeatedAfter(closedAt - ON_ITS_WAY_MS)).toEqual([]);
  });

  test("when its queues are deleted, and declares them again", async () => {
    const load = await NotedLoad.start({ broker: servers.rabbit.url, backend: servers.redis.url, queues: "deleted" });

    const stranger = new AmqpClient({ urls: servers.rabbit.url });
    onTestFinished(() => stranger.close());

    const deletingAt = Date.now();
    await stranger.withChannel(async (channel) => {
      for (const kind of KINDS) await deleteQueue(channel, load.queue(kind));
    });

    const deletedAt = Date.now();
    await load.goesOn(deletedAt);
    const isBackAt = Date.now();
    await load.answersControl();
    await load.finish(isBackAt); // what was in them is gone, and what was sent to nowhere until they were declared again
    expect(load.repeatedAfter(deletingAt - ON_ITS_WAY_MS)).toEqual([]);
    expect(load.worker.output).toContain(
      "The broker cancelled a consumer; its queue is declared again (queue: deleted-classic",
    );
    await eventually("it has one consumer each", async () => (await load.consumers()).join() === "1,1");
  });

  test("with its other queues when one is declared otherwise, says so, and ends when none is left", async () => {
    const load = await NotedLoad.start({ broker: servers.rabbit.url, backend: servers.redis.url, queues: "changed" });
    const stranger = new AmqpClient({ urls: servers.rabbit.url });
    onTestFinished(() => stranger.close());
    const change = (queue: string) =>
      stranger.withChannel(async (channel) => {
        const declaration = { queue, durable: true, arguments: { "x-max-length": 7 } };
        await Promise.all([deleteQueue(channel, queue), declareQueue(channel, declaration)]); // nobody comes in between
      });
    const refused = (queue: string) =>
      new RegExp(`Unrecoverable error: AmqpError.*PRECONDITION_FAILED.*queue '${queue}'`); // as Celery has it

    await change(load.queue("classic"));
    await load.worker.printed(refused(load.queue("classic")));
    await load.goesOn(Date.now(), ["quorum"]);
    await load.answersControl();
    await change(load.queue("quorum"));
    await load.worker.printed(refused(load.queue("quorum")));

    expect(await load.worker.exit()).toBe(1);
  });

  test("when its channels are closed because a task takes longer than RabbitMQ waits, which then runs only once", async () => {
    const setTimeouts = (timeoutMs: number) =>
      servers.rabbit.ctl(
        "eval",
        `application:set_env(rabbit, consumer_timeout, ${timeoutMs}), application:set_env(rabbit, channel_tick_interval, 300).`,
      );
    await setTimeouts(1500); // of the channels that are opened from now on
    const load = await NotedLoad.start({ broker: servers.rabbit.url, backend: servers.redis.url, queues: "impatient" });
    await setTimeouts(1_800_000);
    const long = await Promise.all(KINDS.map((kind) => load.begun(kind, 4)));

    const answers = await Promise.all(long.map((result) => result.get({ timeout: 60 })));

    expect(answers).toEqual([4, 4]);
    expect(long.map(({ id }) => load.runs().get(id)?.length)).toEqual([1, 1]); // they came again, and were known
    expect(load.worker.output).toMatch(/The broker closed a consumer's channel; it is opened again.*timed out/);
    await load.goesOn(Date.now());
    await load.answersControl();
    await load.finish();
  });
});
