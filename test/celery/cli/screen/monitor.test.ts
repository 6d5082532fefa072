import { describe, expect, test } from "vitest";
import { Monitor } from "../../../../lib/celery/cli/screen/monitor.ts";
import { columnsOf, plain, type Size } from "../../../../lib/celery/cli/screen/row.ts";
import type { MonitorEvent } from "../../../../lib/celery/events/event.ts";
import { State } from "../../../../lib/celery/events/state.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { fixture } from "../../../support/fixture.ts";

const SIZE: Size = { columns: 76, rows: 15 };

describe("the screen of events", () => {
  test("shows nothing but its frame before anything has happened", () => {
    const { shown } = monitor([]);

    expect(shown()).toEqual([
      "┌──────────────────────────────────────────────────────────────────────────┐",
      "│  celery events 5.6.3 (typescript)                                        │",
      "│                                                                          │",
      "│  UUID                  WORKER          TASK             TIME     STATE   │",
      "│                                                                          │",
      "│                                                                          │",
      "│                                                                          │",
      "│                                                                          │",
      "│                                                                          │",
      "│  ────────────────────────────────────────────────────────────────────────│",
      "│  No task selected                                                        │",
      "│  No workers discovered.                                                  │",
      "│  Info: events: 0 tasks:0 workers:0/0                                     │",
      "│  Keys: j:down k:up i:info t:traceback r:result c:revoke l:rate limit q:qu│",
      "└──────────────────────────────────────────────────────────────────────────┘",
    ]);
  });

  test("shows the latest tasks, the workers that are alive, and the counts", () => {
    const { shown } = monitor([
      worker("b@host"),
      worker("a@host"),
      sent("id-1", 2),
      ...ran("id-2", "a.very.long.module.with.a.task", 3),
    ]);

    const rows = shown();

    expect(rows.slice(4, 7)).toEqual([
      "│  id-2                  a@host          a.very.lo[.]task 22:13:20 SUCCESS │",
      "│  id-1                  *NONE*          proj.add         22:13:20 PENDING │",
      "│                                                                          │",
    ]);
    expect(rows.slice(11, 13)).toEqual([
      "│  Workers online: a@host, b@host                                          │",
      "│  Info: events: 6 tasks:1 workers:2/2                                     │",
    ]);
  });

  test("j and k and the arrows move the selection, around the ends", () => {
    const { shown, press, screen } = monitor([sent("id-1", 1), sent("id-2", 2), sent("id-3", 3)]);
    const selected = () =>
      screen.draw(SIZE).findIndex((row) => row.some((part) => part.styles.includes("reverse"))) - 4;
    const after = (key: string) => {
      press(key);
      return selected();
    };
    shown();

    expect(["j", "J", "down", "j", "k", "up", "K"].map(after)).toEqual([0, 1, 2, 0, 2, 1, 0]);
    expect(shown()[10]).toMatch(/Selected: args=\(1,\) kwargs=\{\}/);
  });

  test("i, r and t open pages about the selected task, and any key closes them", () => {
    const { shown, press, beeps } = monitor(ran("id-1", "proj.add", 1));
    shown();
    press("i", "t");
    expect(beeps()).toBe(2); // none is selected
    press("j", "t");
    expect(beeps()).toBe(3); // it has not failed

    press("i");
    expect(shown().filter((row) => row !== "")).toEqual([
      "   Task details for id-1",
      "   args: (1,)",
      "   kwargs: {}",
      "   result: 'yes'",
      "   runtime: 0.25",
      "   state: SUCCESS",
      "Press any key to continue...",
    ]);
    press("q");
    expect(shown()[0]).toMatch(/^┌/);
    press("r");
    expect(shown()).toContain("   'yes'");
  });

  test("t shows the traceback of a real failure, or its exception where there is no traceback", () => {
    const failure = recordedFailure();
    const { shown, press } = monitor([failure, { ...failure, uuid: "id-0", traceback: null, clock: 1 }]);
    shown();

    press("j", "t");
    expect(shown().slice(2, 6)).toEqual([
      `   Task Exception Traceback for ${failure.uuid}`,
      "",
      "   Traceback (most recent call last):",
      '     File "/usr/lib/python3/dist-packages/celery/app/trace.py", line 451,',
    ]);
    expect(shown().at(-2)).toBe("       [...]");
    press("x", "j", "t");
    expect(shown()[4]).toBe("   KeyError('boom')");
  });

  test("c revokes the selected task and shows what workers have answered", async () => {
    const { shown, press, asked } = monitor([sent("id-1", 1)]);
    shown();

    press("j", "c");
    expect(shown().at(-2)).toContain("Waiting for workers to reply");
    press("c"); // not twice
    await Promise.resolve();
    await Promise.resolve();

    expect(asked).toEqual(["revoke id-1"]);
    expect(shown().slice(2, 6)).toEqual([
      "   Remote Control Command Replies",
      "",
      "   a@host: tasks id-1 flagged as revoked",
      "   b@host: error of it",
    ]);
  });

  test("l asks for a rate limit, which can be corrected, given up, or sent", async () => {
    const { shown, press, asked } = monitor([sent("id-1", 1)]);
    shown();
    press("j", "l", "5", "x", "backspace", "/", "m");
    expect(shown().at(-2)).toContain("New rate limit: 5/m_");
    press("escape", "l", "enter");
    expect(shown().at(-2)).toContain("Keys:");
    press("l", "1", "0", "enter");
    await Promise.resolve();
    await Promise.resolve();

    expect(asked).toEqual(["limit proj.add 10"]);
    expect(shown()).toContain("   No replies received in 1s deadline.");
  });

  test("shows why a command could not be sent", async () => {
    const { shown, press } = monitor([{ ...sent("id-1", 1), name: "broken" }]);
    shown();

    press("j", "l", "1", "enter");
    await Promise.resolve();
    await Promise.resolve();

    expect(shown()).toContain("   Cannot reach the broker");
  });

  test("q quits from the table, Ctrl-C from everywhere", () => {
    const { shown, press, quits } = monitor([sent("id-1", 1)]);
    shown();

    press("q", "j", "i", "ctrl-c", "x", "l", "q", "ctrl-c");

    expect(quits()).toBe(3);
  });

  test("says what it needs where the terminal is too small", () => {
    const { screen } = monitor([]);

    expect(screen.draw({ columns: 40, rows: 10 }).map(plain)).toEqual(["40x10 is too small: 60x12 at least"]);
  });

  test("draws no more rows than there are, and no wider, whatever the size and the texts", () => {
    const hostile = "\x1b[31m日本" + "x".repeat(500);
    const { screen, press } = monitor([
      ...ran(hostile, hostile, 2),
      { ...sent("id", 1), name: `${"y".repeat(300)}.${"z".repeat(300)}`, args: hostile },
      worker(hostile),
    ]);
    screen.notice = hostile;
    for (const columns of [60, 61, 77, 100, 250]) {
      for (const rows of [12, 13, 50]) {
        for (const key of ["j", "i", "x", "j", "r", "x"]) {
          press(key);
          const drawn = screen.draw({ columns, rows });
          expect(drawn.length).toBeLessThanOrEqual(rows);
          for (const row of drawn) expect(plain(row)).not.toContain("\x1b");
          if (drawn.length === rows && plain(drawn[0] ?? []).startsWith("┌")) {
            expect(new Set(drawn.map((row) => columnsOf(plain(row))))).toEqual(new Set([columns]));
          }
        }
      }
    }
  });
});

function monitor(events: readonly MonitorEvent[]) {
  const clock = new FakeClock();
  const state = new State({ clock });
  for (const event of events) state.event(event);
  const asked: string[] = [];
  let beeps = 0;
  let quits = 0;
  const screen = new Monitor({
    state,
    clock,
    revoke: (id) => {
      asked.push(`revoke ${id}`);
      const replies = new Map<string, unknown>([["a@host", { ok: `tasks ${id} flagged as revoked` }]]);
      return Promise.resolve(replies.set("b@host", { error: "error of it" }));
    },
    rateLimit: (name, limit) => {
      asked.push(`limit ${name} ${limit}`);
      return name === "broken" ? Promise.reject(new Error("Cannot reach the broker")) : Promise.resolve(new Map());
    },
    beep: () => beeps++,
    quit: () => quits++,
    changed: () => {},
  });
  return {
    screen,
    asked,
    beeps: () => beeps,
    quits: () => quits,
    shown: () => screen.draw(SIZE).map((row) => plain(row).trimEnd()),
    press: (...keys: string[]) => keys.forEach((key) => screen.press(key)),
  };
}

const NOW = new FakeClock().now() / 1000;
const time = { timestamp: NOW, local_received: NOW };

const worker = (hostname: string): MonitorEvent => ({ ...time, type: "worker-online", hostname, freq: 2, clock: 1 });

const sent = (uuid: string, clock: number): MonitorEvent => ({
  ...time,
  ...{ type: "task-sent", uuid, clock, hostname: "client", name: "proj.add", args: "(1,)", kwargs: "{}", eta: null },
});

const ran = (uuid: string, name: string, clock: number): MonitorEvent[] => [
  { ...sent(uuid, clock), name },
  { ...time, type: "task-received", uuid, name, clock: clock + 1, hostname: "a@host" },
  { ...time, type: "task-succeeded", uuid, clock: clock + 2, hostname: "a@host", result: "'yes'", runtime: 0.25 },
];

function recordedFailure(): MonitorEvent {
  const { events } = fixture<{ events: { received: MonitorEvent }[] }>("celery/events-state-5.2.json");
  const failure = events.find(({ received }) => received.type === "task-failed");
  if (failure === undefined) throw new Error("The recording has no failure");
  return failure.received;
}
