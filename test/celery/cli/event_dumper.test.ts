import { describe, expect, test } from "vitest";
import { EventDumper } from "../../../lib/celery/cli/event_dumper.ts";

describe("EventDumper", () => {
  const head = { hostname: "worker@host", timestamp: 1795536254.597804 };

  test("prints the line that celery events --dump prints for a received task", () => {
    const dumper = new EventDumper();

    const line = dumper.line({
      ...head,
      type: "task-received",
      uuid: "id-1",
      name: "proj.add",
      args: "(1, 2)",
      kwargs: "{}",
      clock: 11,
      eta: null,
      expires: null,
    });

    expect(line).toBe(
      "worker@host [2026-11-24 16:04:14.597804] task received: proj.add(id-1) args=(1, 2) kwargs={} clock=11, eta=None, expires=None",
    );
  });

  test("remembers the task's name for its later events", () => {
    const dumper = new EventDumper();
    dumper.line({ ...head, type: "task-received", uuid: "id-1", name: "proj.add", args: "(1, 2)", kwargs: "{}" });

    expect(dumper.line({ ...head, type: "task-succeeded", uuid: "id-1", result: "3", runtime: 0.5 })).toBe(
      "worker@host [2026-11-24 16:04:14.597804] task succeeded: proj.add(id-1) args=(1, 2) kwargs={} result=3, runtime=0.5",
    );
  });

  test("says started, heartbeat and shutdown of workers", () => {
    const dumper = new EventDumper();

    expect(dumper.line({ ...head, timestamp: 1795536254, type: "worker-online", freq: 2, sw_ident: "py-celery" })).toBe(
      "worker@host [2026-11-24 16:04:14] started: freq=2, sw_ident=py-celery",
    );
  });

  test("prints nothing for what is no event", () => {
    expect(new EventDumper().line({ hello: 1 })).toBeUndefined();
  });
});
