import { describe, expect, test } from "vitest";
import { queue } from "../../../lib/celery/routing/queue.ts";
import { MemoryTransport } from "../../../lib/celery/transport/memory.ts";
import type { Delivery } from "../../../lib/celery/transport/transport.ts";
import { eventually } from "../../support/eventually.ts";

const message = (text: string, priority?: number) => ({
  headers: {},
  properties: priority === undefined ? {} : { priority },
  contentType: "text/plain",
  contentEncoding: "utf-8",
  body: new TextEncoder().encode(text),
});
const textOf = (delivery: Delivery) => new TextDecoder().decode(delivery.message.body);
const tasks = queue("tasks");
const toTasks = { exchange: "", exchangeType: "direct", routingKey: "tasks", queue: tasks } as const;

describe("MemoryTransport", () => {
  test("delivers in order, the lowest priority number first", async () => {
    const transport = new MemoryTransport();
    for (const [text, priority] of [["later", 9], ["first", 0], ["second", 0]] as const) {
      await transport.publish(message(text, priority), toTasks);
    }
    const seen: string[] = [];

    await transport.consume({ queues: [tasks], credit: 0, onDelivery: (delivery) => seen.push(textOf(delivery)) });

    await eventually("all are delivered", () => seen.length === 3);
    expect(seen).toEqual(["first", "second", "later"]);
  });

  test("holds back what there is no credit for", async () => {
    const transport = new MemoryTransport();
    const held: Delivery[] = [];
    const consumer = await transport.consume({
      queues: [tasks],
      credit: 1,
      onDelivery: (delivery) => held.push(delivery),
    });
    await transport.publish(message("a"), toTasks);
    await transport.publish(message("b"), toTasks);
    await eventually("one is delivered", () => held.length === 1);

    const before = [consumer.unsettled, await transport.counts(tasks)];
    await held[0]?.ack();

    await eventually("the next is delivered", () => held.length === 2);
    expect(before).toEqual([1, { messages: 1, consumers: 1 }]);
  });

  test("gives back in front what a closing consumer holds, and behind what is requeued", async () => {
    const transport = new MemoryTransport();
    const held: Delivery[] = [];
    for (const text of ["a", "b", "c"]) await transport.publish(message(text), toTasks);
    const consumer = await transport.consume({
      queues: [tasks],
      credit: 2,
      onDelivery: (delivery) => held.push(delivery),
    });
    await eventually("two are delivered", () => held.length === 2);

    await consumer.stop();
    await held[0]?.requeue();
    await consumer.close();

    const seen: string[] = [];
    await transport.consume({
      queues: [tasks],
      credit: 0,
      onDelivery: (delivery) => seen.push(`${textOf(delivery)} ${delivery.redelivered}`),
    });
    await eventually("all come again", () => seen.length === 3);
    expect(seen).toEqual(["b true", "c false", "a true"]);
  });

  test("refuses to settle a delivery twice", async () => {
    const transport = new MemoryTransport();
    const held: Delivery[] = [];
    await transport.consume({ queues: [tasks], credit: 0, onDelivery: (delivery) => held.push(delivery) });
    await transport.publish(message("a"), toTasks);
    await eventually("it is delivered", () => held.length === 1);
    await held[0]?.reject();

    await expect(held[0]?.ack()).rejects.toThrow("Cannot acknowledge the delivery: it is settled already");
    expect(await transport.counts(tasks)).toMatchObject({ messages: 0 });
  });

  test.each(
    [
      ["topic", "feeds.#", "feeds.a.b", true],
      ["topic", "feeds.*", "feeds.a.b", false],
      ["topic", "*.a", "feeds.a", true],
      ["direct", "key", "key", true],
      ["direct", "key", "other", false],
      ["fanout", "", "anything", true],
    ] as const,
  )("routes through a %s exchange: %s gets %s: %s", async (exchangeType, bindingKey, routingKey, arrives) => {
    const transport = new MemoryTransport();
    const bound = queue("bound", { exchange: "ex", exchangeType, routingKey: bindingKey });
    await transport.declareQueue(bound);

    await transport.publish(message("a"), { exchange: "ex", exchangeType, routingKey });

    expect((await transport.counts(bound)).messages).toBe(arrives ? 1 : 0);
  });

  test("broadcasts to those who subscribe now", async () => {
    const transport = new MemoryTransport();
    const seen: string[] = [];
    const events = queue("events", { exchange: "ev", exchangeType: "topic", routingKey: "worker.#" });
    const subscription = await transport.subscribe(events, ({ routingKey }) => seen.push(routingKey));

    expect(await transport.broadcast(events.exchange, "worker.heartbeat", message("a"))).toBe(1);
    expect(await transport.broadcast(events.exchange, "task.sent", message("b"))).toBe(0);
    await subscription.close();
    expect(await transport.broadcast(events.exchange, "worker.offline", message("c"))).toBe(0);

    expect(seen).toEqual(["worker.heartbeat"]);
  });

  test("cannot be used once it is closed", async () => {
    const transport = new MemoryTransport();
    await transport.close();

    await expect(transport.publish(message("a"), toTasks)).rejects.toThrow("Cannot publish: the transport was closed");
    expect(transport.state.kind).toBe("closed");
  });
});
