import { describe, expect, test } from "vitest";
import {
  canDelay,
  delayedBindings,
  delayedEntities,
  delayedRoute,
} from "../../../lib/celery/transport/amqp_delayed.ts";
import { queueEntities } from "../../../lib/celery/transport/amqp_entities.ts";
import type { Entity } from "../../../lib/amqp/mod.ts";
import type { ExchangeType, Queue } from "../../../lib/celery/transport/transport.ts";
import { capturedCases, named } from "../../support/amqp_frames.ts";

function quorumQueue(type: ExchangeType = "topic"): Queue {
  return {
    name: "celery",
    exchange: { name: "celery", type, durable: true, autoDelete: false },
    routingKey: "celery",
    durable: true,
    exclusive: false,
    autoDelete: false,
    arguments: { "x-queue-type": "quorum" },
  };
}

const KINDS: Readonly<Record<string, Entity["kind"]>> = {
  "exchange.declare": "exchange",
  "queue.declare": "queue",
  "queue.bind": "queue-binding",
  "exchange.bind": "exchange-binding",
};

const phases = capturedCases("amqp-quorum-delayed-5.6");
const captured = (phases.get("worker_startup") ?? []).flatMap(({ method = "", args, dir }) => {
  const kind = dir === "c2s" ? KINDS[method] : undefined;
  return kind === undefined ? [] : [{ kind, ...named(method, args) }];
});

/** An entity with everything that is on the wire, as the capture shows it. */
function onTheWire(entity: Entity): Record<string, unknown> {
  const flags = { passive: false, durable: false, autoDelete: false, noWait: false, arguments: {} };
  switch (entity.kind) {
    case "exchange":
      return { kind: entity.kind, ...flags, internal: false, ...entity.declaration };
    case "queue":
      return { kind: entity.kind, ...flags, exclusive: false, ...entity.declaration };
    default:
      return { kind: entity.kind, noWait: false, arguments: {}, ...entity.binding };
  }
}

describe("delayedEntities", () => {
  test("are what a Python worker declared, in its order", () => {
    const isLevel = (entity: Record<string, unknown>) =>
      JSON.stringify(entity).includes("celery_delayed_") && entity.destination !== "celery";

    expect(delayedEntities("quorum").map(onTheWire)).toEqual(captured.filter(isLevel));
  });

  test("have no dead letter strategy where the queues are classic, which know none", () => {
    const queue = delayedEntities("classic").find((entity) => entity.kind === "queue");

    expect(queue?.kind === "queue" && queue.declaration.arguments).toEqual({
      "x-queue-type": "classic",
      "x-overflow": "reject-publish",
      "x-message-ttl": 134_217_728_000,
      "x-dead-letter-exchange": "celery_delayed_26",
    });
  });
});

describe("delayedBindings", () => {
  test("are what a Python worker bound", () => {
    for (const binding of delayedBindings(quorumQueue())) expect(captured).toContainEqual(onTheWire(binding));
  });
});

describe("queueEntities", () => {
  test("are what a Python worker declared for its quorum queue", () => {
    for (const entity of queueEntities(quorumQueue())) expect(captured).toContainEqual(onTheWire(entity));
  });

  test("are the queue alone on the default exchange", () => {
    const queue = { ...quorumQueue(), exchange: { ...quorumQueue().exchange, name: "" } };

    expect(queueEntities(queue).map(({ kind }) => kind)).toEqual(["queue"]);
  });
});

describe("delayedRoute", () => {
  test("is where a Python client published its countdown of 3 seconds", () => {
    const publish = (phases.get("client_countdown_3") ?? []).find(({ method, dir }) =>
      method === "basic.publish" && dir === "c2s"
    );

    const { exchange, routingKey } = delayedRoute(quorumQueue(), 3.9) ?? {};
    expect(publish?.args).toMatchObject({ exchange, routing_key: routingKey });
  });

  test.each([0, 0.9, -5, 2 ** 28])("is none for %d seconds", (seconds) => {
    expect(delayedRoute(quorumQueue(), seconds)).toBeUndefined();
  });

  test("holds the longest delay", () => {
    expect(delayedRoute(quorumQueue(), 2 ** 28 - 1)?.routingKey).toBe(`${"1.".repeat(28)}celery`);
  });
});

describe("canDelay", () => {
  test("needs a quorum queue behind an exchange that matches patterns", () => {
    expect(canDelay(quorumQueue("topic"))).toBe(true);
    expect(canDelay(quorumQueue("fanout"))).toBe(true);
    expect(canDelay(quorumQueue("direct"))).toBe(false);
    expect(canDelay({ ...quorumQueue(), arguments: {} })).toBe(false);
  });
});
