import { describe, expect, test } from "vitest";
import { createConfig } from "../../../lib/celery/config.ts";
import { destination } from "../../../lib/celery/routing/destination.ts";
import { broadcastQueue, exchange, queue } from "../../../lib/celery/routing/queue.ts";
import { QueueTable } from "../../../lib/celery/routing/queue_table.ts";
import { Router } from "../../../lib/celery/routing/router.ts";
import type { Settings } from "../../../lib/celery/mod.ts";
import type { WireOptions } from "../../../lib/celery/apply_options.ts";

/** Where a call goes: exchange, routing key, and the queue that is declared for it. */
function routed(settings: Partial<Settings>, name: string, options: WireOptions = {}) {
  const conf = createConfig();
  conf.update(settings);
  const queues = new QueueTable(conf);
  const { route } = destination(new Router(queues, conf.taskRoutes).route(options, name, [], {}), queues);
  return [route.exchange, route.routingKey, route.queue?.name];
}

describe("Router", () => {
  test.each([
    ["sends to the default queue without a route", {}, "proj.add", {}, ["", "celery", "celery"]],
    ["knows whole names", { taskRoutes: { "proj.add": "fast" } }, "proj.add", {}, ["", "fast", "fast"]],
    ["leaves other names alone", { taskRoutes: { "proj.add": "fast" } }, "proj.sub", {}, ["", "celery", "celery"]],
    ["knows patterns", { taskRoutes: { "feeds.*": { queue: "feeds" } } }, "feeds.a.b", {}, ["", "feeds", "feeds"]],
    ["prefers whole names", { taskRoutes: { "a.*": "any", "a.b": "own" } }, "a.b", {}, ["", "own", "own"]],
    ["takes the first pattern", { taskRoutes: { "a.*": "first", "a.b*": "second" } }, "a.bc", {}, [
      "",
      "first",
      "first",
    ]],
    ["knows regular expressions", { taskRoutes: [[/^(video|image)\./, "media"]] }, "image.crop", {}, [
      "",
      "media",
      "media",
    ]],
    ["matches them at the start only", { taskRoutes: [[/crop/, "media"]] }, "image.crop", {}, ["", "celery", "celery"]],
    ["asks functions", { taskRoutes: (name: string) => (name === "a" ? "fn" : null) }, "a", {}, ["", "fn", "fn"]],
    ["asks several in order", { taskRoutes: [() => null, { a: "second" }, { a: "third" }] }, "a", {}, [
      "",
      "second",
      "second",
    ]],
    ["lets the call win over the route", { taskRoutes: { a: "route" } }, "a", { queue: "call" }, ["", "call", "call"]],
  ])("%s", (_, settings, name, options, wanted) => {
    expect(routed(settings as Partial<Settings>, name, options)).toEqual(wanted);
  });

  test("takes other options from the route as well", () => {
    const conf = createConfig();
    conf.update({ taskRoutes: { a: { queue: "q", priority: 3, serializer: "json" } } });
    const router = new Router(new QueueTable(conf), conf.taskRoutes);

    expect(router.route({ priority: 9, countdown: null }, "a", [], {})).toMatchObject({
      priority: 9,
      serializer: "json",
    });
  });

  test("refuses a queue that may not be made, in Celery's words", () => {
    expect(() => routed({ taskCreateMissingQueues: false }, "a", { queue: "nosuch" })).toThrow(
      "Queue 'nosuch' missing from task_queues",
    );
  });
});

describe("destination", () => {
  const topic = queue("feeds", { exchange: "media", exchangeType: "topic", routingKey: "feeds.#" });
  const settings = { taskQueues: [topic, broadcastQueue("everybody"), queue("celery")] };

  test.each([
    ["a direct exchange: the default exchange, by the queue's name", {}, { queue: "other" }, ["", "other", "other"]],
    ["exchange and key of a call, as they are", {}, { exchange: "ex", routing_key: "key" }, ["ex", "key", "celery"]],
    ["an exchange alone: the default queue, as in Celery", {}, { exchange: "ex" }, ["", "celery", "celery"]],
    ["a topic queue: its exchange and its key", settings, { queue: "feeds" }, ["media", "feeds.#", "feeds"]],
    ["a topic queue with a key of the call", settings, { queue: "feeds", routing_key: "feeds.a" }, [
      "media",
      "feeds.a",
      "feeds",
    ]],
    ["a broadcast queue: its exchange, and nothing is declared", settings, { queue: "everybody" }, [
      "everybody",
      "",
      undefined,
    ]],
    ["the default queue under another name", { taskDefaultQueue: "mine" }, {}, ["", "mine", "mine"]],
    [
      "a default exchange of another type",
      { taskDefaultExchange: "tasks", taskDefaultExchangeType: "topic", taskDefaultRoutingKey: "task.default" },
      {},
      ["tasks", "task.default", "celery"],
    ],
  ])("takes %s", (_, given, options, wanted) => {
    expect(routed(given as Partial<Settings>, "a", options)).toEqual(wanted);
  });
});

describe("QueueTable", () => {
  const table = (settings: Partial<Settings> = {}) => {
    const conf = createConfig();
    conf.update(settings);
    return new QueueTable(conf);
  };

  test("declares the default queue as Python does", () => {
    expect(table().defaultQueue).toEqual({
      name: "celery",
      exchange: { name: "celery", type: "direct", durable: true, autoDelete: false },
      routingKey: "celery",
      durable: true,
      exclusive: false,
      autoDelete: false,
      arguments: {},
    });
  });

  test("makes missing queues of the type that the settings say", () => {
    const made = table({ taskCreateMissingQueueType: "quorum", taskCreateMissingQueueExchangeType: "topic" }).get(
      "other",
    );

    expect(made).toMatchObject({ exchange: { name: "other", type: "topic" }, arguments: { "x-queue-type": "quorum" } });
    expect(table({ taskDefaultQueueType: "quorum" }).defaultQueue.arguments).toEqual({ "x-queue-type": "quorum" });
  });

  test("turns options into RabbitMQ's arguments, in whole milliseconds", () => {
    const made = queue("q", { expires: 1.5, messageTtl: 60, maxLength: 5, queueArguments: { "x-mode": "lazy" } });

    expect(made.arguments).toEqual({ "x-mode": "lazy", "x-expires": 1500, "x-message-ttl": 60_000, "x-max-length": 5 });
    expect(table({ taskQueueMaxPriority: 9 }).get("q").arguments).toEqual({ "x-max-priority": 9 });
  });

  test("takes queues as a list or by name, names bound to the default exchange", () => {
    const list = table({ taskQueues: ["a", queue("b", { exchange: exchange("ex", "topic"), routingKey: "b.#" })] });
    const named = table({ taskQueues: { a: { routingKey: "a.key" } } });

    expect(list.consumeFrom.map(({ name, exchange: { name: ex }, routingKey }) => [name, ex, routingKey])).toEqual([
      ["a", "celery", "celery"],
      ["b", "ex", "b.#"],
    ]);
    expect(named.get("a")).toMatchObject({ exchange: { name: "celery" }, routingKey: "a.key" });
  });

  test("consumes from what was selected, less what was deselected, and what was added later", () => {
    const queues = table({ taskQueues: ["a", "b", "c"] });
    queues.deselect(["b"]);
    queues.selectAdd("late");

    expect(queues.consumeFrom.map(({ name }) => name)).toEqual(["a", "c", "late"]);
    queues.select(["b", "new"]);
    expect(queues.consumeFrom.map(({ name }) => name)).toEqual(["b", "new"]);
  });
});
