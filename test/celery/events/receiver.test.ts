import { describe, expect, test } from "vitest";
import type { MonitorEvent } from "../../../lib/celery/events/event.ts";
import { Celery, MemoryBroker } from "../../../lib/celery/mod.ts";
import { eventExchange } from "../../../lib/celery/worker/events.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fixture } from "../../support/fixture.ts";

const recorded = fixture<{ events: { own_clock: number; sent: MonitorEvent; received: MonitorEvent }[] }>(
  "celery/events-state-5.2.json",
);

const memoryApp = (clock?: FakeClock) =>
  new Celery("monitor", {
    broker: "memory://",
    brokerTransportOptions: { broker: new MemoryBroker() },
    environment: {},
    ...(clock === undefined ? {} : { clock }),
  });

describe("EventReceiver", () => {
  test("hands on what Python's receiver makes of the same events, logical clocks included", async () => {
    const app = memoryApp();
    const receiver = await app.events.receive(() => {}, { wakeup: false });

    for (const { own_clock: ownClock, sent, received } of recorded.events) {
      if (app.logicalClock.value < ownClock) app.logicalClock.adjust(ownClock - 1); // Python's ticks for its commands too
      const { local_received: _, ...rest } = received;
      expect(receiver.read(sent)).toMatchObject(rest);
    }
    await receiver.close();
    await app.close();
  });

  test("hears events and batches of them, one by one, and nothing of what is no event", async () => {
    const app = memoryApp();
    const heard: unknown[] = [];
    const receiver = await app.events.receive((event) => {
      heard.push(event.type);
      if (event.type === "task-bad") throw new Error("a mistake in the listener");
    });
    const send = async (key: string, payload: unknown) => {
      const { contentType, contentEncoding, body } = app.encode(payload);
      const message = { headers: {}, properties: {}, contentType, contentEncoding, body };
      await (await app.transport()).broadcast(eventExchange("celeryev", "memory"), key, message);
    };

    await send("worker.online", { type: "worker-online" });
    await send("task.multi", [{ type: "task-bad" }, 7, { type: 5 }, null, { type: "task-received" }]);
    await send("task.multi", "text");
    await receiver.close();
    await send("worker.offline", { type: "worker-offline" });

    expect(heard).toEqual(["worker-online", "task-bad", "task-received"]);
    await app.close();
  });

  test("moves timestamps by the hours between the time zones unless told not to", async () => {
    const clock = new FakeClock();
    const app = memoryApp(clock);
    const here = Math.floor(new Date(clock.now()).getTimezoneOffset() / 60);
    const event = { type: "worker-online", utcoffset: here + 2, timestamp: 100_000 };

    const shifting = await app.events.receive(() => {}, { wakeup: false });
    const plain = await app.events.receive(() => {}, { wakeup: false, localize: false });

    expect(shifting.read(event)).toEqual({ ...event, timestamp: 92_800, clock: 1, local_received: clock.now() / 1000 });
    expect(plain.read(event).timestamp).toBe(100_000);
    await Promise.all([shifting.close(), plain.close()]);
    await app.close();
  });
});
