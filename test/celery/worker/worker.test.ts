import { describe, expect, test } from "vitest";
import { fixture } from "../../support/fixture.ts";
import { eventually } from "../../support/eventually.ts";
import { stubTaskInfo } from "./stub_task_info.ts";
import { WorkerHarness } from "./worker_harness.ts";

interface BadMessages {
  readonly cases: Readonly<Record<string, { readonly message: string }>>;
}

interface Envelope {
  readonly body: string;
  readonly "content-type": string;
  readonly "content-encoding": string;
  readonly headers: Record<string, never>;
}

describe("Worker", () => {
  test("runs a task, and tells monitors and the log what Celery tells them", async () => {
    const harness = await WorkerHarness.start();

    const id = await harness.send("proj.add", [1, 2]);

    await harness.event(id, "task-succeeded");
    expect(harness.eventsOf(id)).toEqual(["task-received", "task-started", "task-succeeded"]);
    expect(harness.log).toMatch(/INFO\/MainProcess\] worker@host ready\.\n/);
    expect(harness.log).toContain(`INFO/MainProcess] Task proj.add[${id}] received\n`);
    expect(harness.log).toMatch(
      new RegExp(`INFO/ForkPoolWorker-[12]\\] Task proj.add\\[${id}\\] succeeded in [\\d.e-]+s: 3\n`),
    );
    expect(harness.queued).toBe(0);
  });

  test("is ready before its children where it knows the tasks itself, and gives back what they never began", async () => {
    const harness = await WorkerHarness.start({
      tasks: [stubTaskInfo("proj.add")],
      childModule: new URL("./loading_child.ts", import.meta.url),
    });

    const id = await harness.send("proj.add", [1, 2]);
    await harness.event(id, "task-received");
    harness.worker.shutdown("warm");

    await eventually("the worker has ended", () => harness.exitCode !== undefined);
    expect(harness.exitCode).toBe(0);
    expect(harness.queued).toBe(1);
  });

  test("logs what tasks print, or hands it on as it was printed", async () => {
    const [logging, other] = [await WorkerHarness.start(), await WorkerHarness.start({}, false)];

    await logging.send("print");
    await other.send("print");

    await eventually("both are logged", () => /WARNING\/ForkPoolWorker-\d\] to the other\n/.test(logging.log));
    await eventually("both are printed", () => other.printed.split("\n").length === 3);
    expect(logging.log).toMatch(/WARNING\/ForkPoolWorker-\d\] to one\n/);
    expect([logging.printed, other.printed.split("\n").sort()]).toEqual(["", [
      "",
      "stderr: to the other",
      "stdout: to one",
    ]]);
    expect(other.log).not.toContain("to one");
  });

  test("keeps a task until its eta, and takes one more message for it", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1, prefetchMultiplier: 1, strictPrefetch: true });
    const eta = new Date(Date.now() + 400).toISOString();

    const later = await harness.send("proj.add", [1, 2], { eta });
    const now = await harness.send("proj.add", [3, 4]);

    await harness.event(now, "task-succeeded");
    expect(harness.eventsOf(later)).toEqual(["task-received"]);
    const started = await harness.event(later, "task-started");
    expect(Number(started.timestamp) * 1000).toBeGreaterThanOrEqual(Date.parse(eta) - 1);
  });

  test("holds no more than its limit, however many wait for their time", async () => {
    const harness = await WorkerHarness.start({ prefetchMultiplier: 1, strictPrefetch: true, etaTaskLimit: 2 });
    const eta = new Date(Date.now() + 600_000).toISOString();

    const ids: string[] = [];
    for (let i = 0; i < 4; i++) ids.push(await harness.send("proj.add", [i, 1], { eta }));

    await eventually("two are held", () => harness.queued === 2);
    const isLogged = () => ids.map((id) => harness.log.includes(`[${id}] received`));
    await eventually("both are logged", () => isLogged().filter(Boolean).length === 2);
    expect(isLogged()).toEqual([true, true, false, false]);
  });

  test("takes no more than its credit while all children are busy", async () => {
    const harness = await WorkerHarness.start({ concurrency: 2, prefetchMultiplier: 2 });
    for (let i = 0; i < 10; i++) await harness.send("proj.sleep", [30]);

    await eventually("two run", () => harness.worker.pool.runningCount === 2);

    // Early acknowledgement: those that run do not count any more.
    await eventually("four are held", () => harness.queued === 4);
  });

  test("discards a revoked task, stores REVOKED and says so", async () => {
    const harness = await WorkerHarness.start();
    await harness.remote.ask("revoke", { arguments: { task_id: "doomed" }, limit: 1 });

    await harness.send("proj.add", [1, 2], { id: "doomed" });

    const event = await harness.event("doomed", "task-revoked");
    expect(event).toMatchObject({ terminated: false, signum: null, expired: false });
    expect(harness.stored.get("doomed")).toBe("REVOKED revoked");
    expect(harness.log).toContain("INFO/MainProcess] Discarding revoked task: proj.add[doomed]\n");
  });

  test("discards an expired task", async () => {
    const harness = await WorkerHarness.start();

    const id = await harness.send("proj.add", [1, 2], { expires: "2020-01-01T00:00:00+00:00" });

    expect(await harness.event(id, "task-revoked")).toMatchObject({ expired: true });
    expect(harness.stored.get(id)).toBe("REVOKED expired");
  });

  test("ends a running task by its child's death when it is terminated", async () => {
    const harness = await WorkerHarness.start();
    const id = await harness.send("proj.sleep", [60]);
    await harness.event(id, "task-started");

    const replies = await harness.remote.ask("revoke", {
      arguments: { task_id: id, terminate: true, signal: "SIGKILL" },
      limit: 1,
    });

    expect([...replies.values()]).toEqual([{ ok: `terminate: ${id}` }]);
    expect(await harness.event(id, "task-revoked")).toMatchObject({ terminated: true, signum: 9, expired: false });
    expect(harness.stored.get(id)).toBe("REVOKED terminated");
  });

  test("stores a failure for the task whose child dies, and for no other", async () => {
    const harness = await WorkerHarness.start({ concurrency: 2 });

    const lost = await harness.send("exit", [3]);
    const fine = await harness.send("proj.add", [1, 2]);

    await harness.event(fine, "task-succeeded");
    const event = await harness.event(lost, "task-failed");
    expect(event.exception).toBe("WorkerLostError('Worker exited prematurely: exitcode 3 Job: 1.')");
    expect(harness.stored.get(lost)).toBe("FAILURE WorkerLostError");
    expect(harness.log).toContain("ERROR/MainProcess] Task handler raised error: WorkerLostError(");
  });

  test("stores TimeLimitExceeded at the hard limit", async () => {
    const harness = await WorkerHarness.start();

    const id = await harness.send("spin", [60_000], { timelimit: [0.2, null] });

    await harness.event(id, "task-failed");
    expect(harness.stored.get(id)).toBe("FAILURE TimeLimitExceeded");
    expect(harness.log).toContain(`ERROR/MainProcess] Hard time limit (0.2s) exceeded for spin[${id}]\n`);
  });

  test("survives every message that Celery was fed, and two that kill Celery", async () => {
    const harness = await WorkerHarness.start();
    const { cases } = fixture<BadMessages>("celery/bad-messages-5.6.json");
    const send = async (name: string) => {
      const envelope = JSON.parse(cases[name]?.message ?? "") as Envelope;
      await harness.publish({
        headers: envelope.headers,
        properties: {},
        contentType: envelope["content-type"],
        contentEncoding: envelope["content-encoding"],
        body: Buffer.from(envelope.body, "base64"),
      });
    };

    const refused = ["no_id", "garbage_json", "body_not_triple", "body_object", "unknown_task", "no_task_header_json"];
    refused.push(
      "no_task_header_garbage",
      "pickle",
      "yaml",
      "unknown_content_type",
      "bad_eta",
      "eta_number",
      "expires_bad",
    );
    for (const name of refused) await send(name);
    await send("ok");

    await eventually("the good one is done", () => harness.log.includes("succeeded in"));
    expect(harness.log).toContain("CRITICAL/MainProcess] Can't decode message body: DecodeError(");
    expect(harness.log).toContain("WARNING/MainProcess] Received and deleted unknown message.  Wrong destination?!?\n");
    expect(harness.log).toContain(
      "ERROR/MainProcess] Received invalid task message: Refusing to deserialize untrusted content of type pickle (application/x-python-serialize)\n",
    );
    expect(harness.log).toContain("ERROR/MainProcess] Received unregistered task of type 'nope.nope'.\n");
    expect(harness.log).toContain("Received invalid task message: invalid ETA value 'not-a-date': ");
    expect([...harness.stored.values()]).toEqual(["FAILURE NotRegistered"]);
    expect(harness.queued).toBe(0);
  });

  test("lets one task through at its rate and the next after its time", async () => {
    const harness = await WorkerHarness.start();
    await harness.remote.ask("rate_limit", { arguments: { task_name: "proj.add", rate_limit: "5/s" }, limit: 1 });

    const ids = [];
    for (let i = 0; i < 3; i++) ids.push(await harness.send("proj.add", [i, 1]));

    const times = [];
    for (const id of ids) times.push(Number((await harness.event(id, "task-started")).timestamp) * 1000);
    expect((times[2] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(350);
  });
});

describe("Worker.shutdown", () => {
  test("warm: finishes what runs and gives back what was not begun", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });
    const running = await harness.send("proj.sleep", [0.5]);
    await harness.event(running, "task-started");
    for (let i = 0; i < 3; i++) await harness.send("proj.sleep", [30]);
    await harness.send("proj.add", [1, 2], { eta: new Date(Date.now() + 60_000).toISOString() });
    await eventually("all are held", () => harness.queued === 0);

    harness.worker.shutdown("warm");

    await eventually("the worker has ended", () => harness.exitCode !== undefined);
    expect(harness.exitCode).toBe(0);
    expect(harness.eventsOf(running)).toContain("task-succeeded");
    expect(harness.queued).toBe(4);
    expect(harness.log).toMatch(/Restoring \d unacknowledged message\(s\)/);
    expect(harness.events.at(-1)).toMatchObject({ type: "worker-offline" });
  });

  test("cold: ends what runs", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });
    const running = await harness.send("spin", [60_000]);
    await harness.event(running, "task-started");

    harness.worker.shutdown("cold", 1);

    await eventually("the worker has ended", () => harness.exitCode !== undefined);
    expect(harness.exitCode).toBe(1);
    expect(harness.eventsOf(running)).not.toContain("task-succeeded");
  });

  test("cold overtakes warm", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1 });
    const running = await harness.send("proj.sleep", [60]);
    await harness.event(running, "task-started");
    harness.worker.shutdown("warm", 1);

    harness.worker.shutdown("cold", 1);

    await eventually("the worker has ended", () => harness.exitCode === 1);
  });

  test("soft: lets what runs go on for its time", async () => {
    const harness = await WorkerHarness.start({ concurrency: 1, softShutdownMs: 20_000 });
    const running = await harness.send("proj.sleep", [0.4]);
    await harness.event(running, "task-started");

    harness.worker.shutdown("cold");

    await eventually("the worker has ended", () => harness.exitCode === 0);
    expect(harness.eventsOf(running)).toContain("task-succeeded");
  });

  test("by remote command", async () => {
    const harness = await WorkerHarness.start();

    await harness.remote.tell("shutdown");

    await eventually("the worker has ended", () => harness.exitCode === 0);
    expect(harness.log).toContain("WARNING/MainProcess] Got shutdown from remote\n");
  });
});
