import { describe, expect, onTestFinished, test } from "vitest";
import type { Channel } from "../../lib/amqp/channel.ts";
import { StallWatch } from "../../lib/amqp/stall_watch.ts";
import type { Method } from "../../lib/amqp/wire/methods.ts";
import { FakeClock } from "../support/fake_clock.ts";

/** A consumer on a channel whose broker says that so many messages wait in each queue. */
class Idle {
  readonly clock = new FakeClock();
  readonly queues = ["q"];
  readonly stalls: string[] = [];
  readonly asked: Method[] = [];
  delivered = 0;
  messages: number;
  hasCredit = true;

  constructor(messages: number) {
    this.messages = messages;
    const watch = new StallWatch(this);
    onTestFinished(() => watch.stop());
  }

  get idleChannel(): Channel | undefined {
    const call = (method: Method): Promise<Method> => {
      this.asked.push(method);
      return Promise.resolve({ kind: "queue.declare-ok", queue: "q", messageCount: this.messages, consumerCount: 1 });
    };
    return this.hasCredit ? { call } as unknown as Channel : undefined;
  }

  onStall(queue: string, messages: number): void {
    this.stalls.push(`${queue}: ${messages}`);
  }
}

describe("StallWatch", () => {
  test("tells of a queue that keeps its messages back at two looks", async () => {
    const idle = new Idle(5);

    await idle.clock.advance(2000);
    expect(idle.stalls).toEqual([]);
    await idle.clock.advance(500);

    expect(idle.stalls).toEqual(["q: 5"]);
    expect(idle.asked[0]).toMatchObject({ kind: "queue.declare", queue: "q", passive: true });
  });

  test.each(
    [
      ["that is empty", (idle: Idle): void => void (idle.messages = 0)],
      ["that delivers", (idle: Idle): void => void idle.delivered++],
      ["whose consumer has all it may", (idle: Idle): void => void (idle.hasCredit = false)],
    ] as const,
  )("says nothing of a queue %s", async (_, change) => {
    const idle = new Idle(5);

    for (let i = 0; i < 10; i++) {
      change(idle);
      await idle.clock.advance(500);
    }

    expect(idle.stalls).toEqual([]);
  });

  test("leaves no timer behind", async () => {
    const clock = new FakeClock();
    const watch = new StallWatch({ clock, queues: [], idleChannel: undefined, delivered: 0, onStall: () => {} });
    await clock.advance(2000);

    watch.stop();

    expect(clock.armed).toBe(0);
  });
});
