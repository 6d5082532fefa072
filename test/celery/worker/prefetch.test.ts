import { describe, expect, test } from "vitest";
import { HeldRequests } from "../../../lib/celery/worker/held_requests.ts";
import { WorkerLog } from "../../../lib/celery/worker/log.ts";
import type { WorkerOptions } from "../../../lib/celery/worker/options.ts";
import { Prefetch } from "../../../lib/celery/worker/prefetch.ts";
import { eventually } from "../../support/eventually.ts";
import { WORKER_OPTIONS, WorkerHarness } from "./worker_harness.ts";

/** A pool of four, two messages for each, of which so many are at work. */
function prefetch(runningCount: number, options: Partial<WorkerOptions> = {}) {
  const said = { text: "" };
  const log = new WorkerLog({ level: "INFO", write: (text) => said.text += text });
  const it = new Prefetch({
    options: { ...WORKER_OPTIONS, prefetchMultiplier: 2, strictPrefetch: true, ...options },
    pool: { concurrency: 4, depth: 1, runningCount },
    intake: { scheduledCount: 1 },
    held: new HeldRequests(),
    log,
  });
  const lines = () => {
    log.flush();
    return said.text.replaceAll(/^\[[^\]]*\] /gm, "");
  };
  return { it, said: lines };
}

describe("Prefetch", () => {
  test("withholds a multiplier for each task that runs when the connection is lost, and gives it back as they end", () => {
    const { it, said } = prefetch(3);
    const before = it.credit;

    it.connectionLost();
    const credits = [it.credit];
    for (let ended = 0; ended < 3; ended++) {
      it.requestDone();
      credits.push(it.credit);
    }

    expect([before, ...credits]).toEqual([9, 3, 5, 7, 9]);
    expect(said()).toBe(
      "Temporarily reducing the prefetch count to 2 to avoid over-fetching since 3 tasks are currently being processed.\n" +
        "The prefetch count will be gradually restored to 8 as the tasks complete processing.\n" +
        "Resuming normal operations following a restart.\n" +
        "Prefetch count has been restored to the maximum of 8\n",
    );
  });

  test("leaves a multiplier, however many run", () => {
    const { it } = prefetch(9);

    it.connectionLost();

    expect(it.credit).toBe(3);
  });

  test("withholds nothing where nothing runs, or where it is told not to", () => {
    const idle = prefetch(0);
    const told = prefetch(4, { reducePrefetch: false });

    for (const { it } of [idle, told]) it.connectionLost();

    expect([idle.it.credit, idle.said(), told.it.credit, told.said()]).toEqual([9, "", 9, ""]);
  });
});

describe("a worker that disables prefetch", () => {
  test("takes a message only when a task can begin, early acknowledged or not, and none for those that wait", async () => {
    const harness = await WorkerHarness.start({ concurrency: 2, disablePrefetch: true });
    const eta = new Date(Date.now() + 600_000).toISOString();
    await harness.send("proj.sleep", [30], { eta });
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) ids.push(await harness.send("proj.sleep", [0.05]));

    const last = ids[5] ?? "";
    await eventually("all are done", () => harness.eventsOf(last).includes("task-succeeded"));

    const held: number[] = [0];
    for (const { uuid, type } of harness.events.filter((event) => ids.includes(String(event.uuid)))) {
      const now = held.at(-1) ?? 0;
      if (uuid !== undefined && type === "task-received") held.push(now + 1);
      if (type === "task-succeeded") held.push(now - 1);
    }
    expect(Math.max(...held)).toBe(2);
  });
});
