import { describe, expect, test } from "vitest";
import { QueueCycle } from "../../../lib/celery/transport/redis_queue_cycle.ts";
import type { QueueOrder } from "../../../lib/celery/transport/redis_options.ts";

function cycle(strategy: QueueOrder): QueueCycle {
  const made = new QueueCycle(strategy);
  for (const name of ["b", "a", "c"]) made.add(name);
  return made;
}

describe("QueueCycle", () => {
  test("lets the queue that was served wait for the others with round_robin", () => {
    const queues = cycle("round_robin");

    queues.served("b");
    queues.served("c");
    queues.served("unknown");

    expect(queues.order).toEqual(["a", "b", "c"]);
  });

  test("keeps the order of the queues with priority, and the alphabet with sorted", () => {
    const [priority, sorted] = [cycle("priority"), cycle("sorted")];

    priority.served("b");
    sorted.served("a");

    expect(priority.order).toEqual(["b", "a", "c"]);
    expect(sorted.order).toEqual(["a", "b", "c"]);
  });

  test("forgets a queue that was removed, and adds none twice", () => {
    const queues = cycle("round_robin");

    queues.remove("b");
    queues.add("a");

    expect(queues.order).toEqual(["a", "c"]);
  });
});
