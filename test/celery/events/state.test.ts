/**
 * Our picture of a cluster beside Python's, after the same events: `test/fixtures/capture/celery_events.py` has recorded both.
 */
import { describe, expect, test } from "vitest";
import type { MonitorEvent } from "../../../lib/celery/events/event.ts";
import { State, type StateOptions } from "../../../lib/celery/events/state.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { fixture } from "../../support/fixture.ts";
import { type Said, saidBy } from "../../support/said_by_state.ts";

interface Case {
  readonly name: string;
  readonly options: { readonly max_tasks_in_memory?: number; readonly max_workers_in_memory?: number };
  readonly order: readonly number[];
  readonly said: readonly { readonly after: number; readonly says: Said }[];
  readonly cleared?: Record<string, unknown>;
}

const recorded = fixture<{
  events: { own_clock: number; sent: MonitorEvent; received: MonitorEvent }[];
  cases: Case[];
}>("celery/events-state-5.2.json");

describe("State", () => {
  test.each(recorded.cases)(
    "says of tasks and workers what Python's says: events $name",
    ({ options, order, said }) => {
      const state = new State(optionsOf(options));

      order.forEach((at, index) => {
        state.event(heard(at));

        const python = said.find(({ after }) => after === index + 1);
        if (python !== undefined) expect(saidBy(state)).toEqual(python.says);
      });
    },
  );

  test("forgets, when cleared, what Python's forgets, and keeps the order of the rest", () => {
    const [{ order, cleared }] = recorded.cases as [Case];
    const state = new State();
    for (const at of order) state.event(heard(at));

    state.clear();

    expect({
      event_count: state.eventCount,
      task_count: state.taskCount,
      workers: [...state.workers.keys()],
      tasks: [...state.tasks.keys()],
    }).toEqual(cleared);
    expect(state.tasksByTime().map((task) => task.uuid)).toEqual([...state.tasks.keys()].reverse());
    state.clear({ ready: false });
    expect(state.tasks.size).toBe(0);
  });

  test("holds a worker for alive until two heartbeats are missed, or it has said goodbye", async () => {
    const clock = new FakeClock();
    const state = new State({ clock });
    const say = (type: string) =>
      state.event({ ...at(clock), type, hostname: "w@host", pid: 7, freq: 2, clock: 1 } as MonitorEvent);
    say("worker-online");
    const worker = state.workers.get("w@host");

    await clock.advance(3999);
    expect(worker?.alive).toBe(true);
    await clock.advance(1);
    expect(worker?.alive).toBe(false);
    say("worker-heartbeat");
    expect(state.aliveWorkers()).toEqual([worker]);
    say("worker-offline");
    expect(state.aliveWorkers()).toEqual([]);
    expect(state.workers.size).toBe(1);
  });

  test("tells who joins and who leaves, and forgets who has left where that is asked for", () => {
    const told: string[] = [];
    const state = new State({
      onNodeJoin: ({ hostname }) => told.push(`join ${hostname}`),
      onNodeLeave: ({ hostname }) => told.push(`leave ${hostname}`),
    });
    const time = { timestamp: 100, local_received: 100 };

    state.event({ ...time, type: "worker-heartbeat", hostname: "a" });
    state.event({ ...time, type: "worker-heartbeat", hostname: "a" });
    state.event({ ...time, type: "worker-online", hostname: "a" });
    state.event({ ...time, type: "worker-offline", hostname: "a" });
    state.event({ ...time, type: "worker-offline", hostname: "never seen" });

    expect(told).toEqual(["join a", "join a", "leave a", "leave never seen"]);
    expect(state.workers.size).toBe(0);
  });

  test("complains once of a node whose clock is more than 16 seconds away", () => {
    const warned: unknown[] = [];
    const log = { warn: (_: string, fields: unknown) => warned.push(fields) };
    const state = new State({ log } as unknown as StateOptions);
    const beat = (timestamp: number, hostname = "w@host") =>
      state.event({ type: "worker-heartbeat", hostname, timestamp, local_received: 1000 });

    beat(984);
    beat(983.5);
    beat(900);
    beat(1017, "other@host");

    expect(warned).toEqual([{ hostname: "w@host", driftS: 17 }, { hostname: "other@host", driftS: 17 }]);
  });

  test("counts events that lack what they have to have, and is not changed by them", () => {
    const state = new State();

    for (
      const event of [
        { type: "" },
        { type: "task" },
        { type: "task-received", uuid: 5, hostname: "a", timestamp: 1, local_received: 1 },
        { type: "task-received", uuid: "id", hostname: "a", timestamp: "1", local_received: 1 },
        { type: "worker-online", hostname: null, timestamp: 1, local_received: 1 },
        { type: "other-thing", uuid: "id", hostname: "a", timestamp: 1, local_received: 1 },
      ]
    ) state.event(event);

    expect([state.eventCount, state.tasks.size, state.workers.size]).toEqual([6, 0, 0]);
  });

  test("keeps fields of one's own events under their names, and no more than 200 of a task", () => {
    const state = new State();
    const event = { type: "task-progress", uuid: "id", hostname: "a", timestamp: 1, local_received: 1, done: 3 };

    state.event({ ...event, ["__proto__"]: 1 });
    state.event({ ...event, ...Object.fromEntries(Array.from({ length: 1000 }, (_, n) => [`field${n}`, n])) });

    const task = state.tasks.get("id");
    expect([task?.state, task?.get("done"), task?.get("field0"), task?.get("field999")]).toEqual([
      "PROGRESS",
      3,
      0,
      undefined,
    ]);
  });

  test("forgets a task's place among its parent's children together with the task", () => {
    const state = new State({ maxTasksInMemory: 2 });
    const task = (uuid: string, parent: string | null) =>
      state.event({
        type: "task-received",
        uuid,
        parent_id: parent,
        name: "n",
        hostname: "a",
        timestamp: 1,
        local_received: 1,
      });
    task("mother", null);
    const children = () => Array.from(state.tasks.get("mother")?.children ?? [], (child) => child.uuid);

    for (let count = 0; count < 5; count++) task(`child${count}`, "mother");

    expect(children()).toEqual(["child4"]);
  });

  test("is held still while somebody looks, and hears afterwards what came meanwhile", async () => {
    const state = new State();
    const beat = () => state.event({ type: "worker-heartbeat", hostname: "a", timestamp: 1, local_received: 1 });
    beat();

    const seen = await state.freezeWhile(async () => {
      beat();
      beat();
      await Promise.resolve();
      return state.eventCount;
    }, { clearAfter: true });

    expect([seen, state.eventCount]).toEqual([1, 2]);
  });

  test("is not cleared when looking has failed", async () => {
    const state = new State();
    state.event({ type: "worker-heartbeat", hostname: "a", timestamp: 1, local_received: 1 });

    const failing = state.freezeWhile(() => {
      throw new Error("disk full");
    }, { clearAfter: true });

    await expect(failing).rejects.toThrow("disk full");
    expect(state.eventCount).toBe(1);
  });

  test.each([0, 1.5, -1])("refuses a limit of %s", (maxTasksInMemory) => {
    expect(() => new State({ maxTasksInMemory })).toThrow("expected a whole number from 1");
  });
});

const optionsOf = ({ max_tasks_in_memory: tasks, max_workers_in_memory: workers }: Case["options"]): StateOptions => ({
  ...(tasks === undefined ? {} : { maxTasksInMemory: tasks }),
  ...(workers === undefined ? {} : { maxWorkersInMemory: workers }),
});

function heard(index: number): MonitorEvent {
  const event = recorded.events[index]?.received;
  if (event === undefined) throw new Error(`The recording has no event ${index}`);
  return event;
}

const at = (clock: FakeClock) => ({ timestamp: clock.now() / 1000, local_received: clock.now() / 1000 });
