import { describe, expect, test, vi } from "vitest";
import { ConnectionError } from "../../lib/base/errors.ts";
import { Celery, chain, ContentDisallowed, group, MemoryBroker } from "../../lib/celery/mod.ts";
import { directRequest } from "../../lib/celery/task_request.ts";
import { eventually } from "../support/eventually.ts";
import { projApp } from "../support/proj_app.ts";
import { freePort } from "../support/redis_server.ts";

/** Stores an end for a task, as its worker would. */
async function conclude(
  app: Celery,
  taskId: string,
  status: string,
  result: unknown,
  children: [] = [],
): Promise<void> {
  const request = { id: taskId, replyTo: undefined, correlationId: taskId, group: undefined, groupIndex: undefined };
  const meta = { taskId, status, result, traceback: null, children, dateDone: "2026-11-24T16:03:01+00:00" };
  await (await app.backend()).store(meta, request);
}

describe("Celery", () => {
  test("says that there is no transport for a URL, and which there are", async () => {
    const app = new Celery("a", { broker: "nosuch://host", environment: {} });
    const message = /no transport for "nosuch:\/\/", there are amqp, .*memory/;

    await expect(app.transport()).rejects.toThrow(message);
    await expect(app.sendTask("a.task").published).rejects.toThrow(message);
  });

  test("says that there is no result backend, and how to have one", async () => {
    const unknown = new Celery("a", { broker: "memory://", backend: "mongodb://host", environment: {} });
    const none = new Celery("a", { broker: "memory://", environment: {} });

    await expect(unknown.backend()).rejects.toThrow(/none for "mongodb:\/\/", there are .*rpc/);
    await expect(none.sendTask("a.task").get()).rejects.toThrow(
      "Cannot wait for the result: No result backend is configured",
    );
  });

  test("gives up a dead broker after the retries of the policy, with the broker's error", async () => {
    const app = new Celery("a", {
      broker: `redis://127.0.0.1:${await freePort()}/0`,
      taskPublishRetryPolicy: { maxRetries: 1, intervalStart: 0, intervalStep: 0, intervalMax: 0 },
      environment: {},
    });

    const result = app.sendTask("a.task");

    await expect(result.published).rejects.toBeInstanceOf(ConnectionError);
    await expect(result.get()).rejects.toThrow(/nothing listens there/);
    await app.close();
  });

  test("shows its URLs without passwords", () => {
    const url = "redis://user:secret@localhost:6379/0";
    const app = new Celery("a", { broker: url, backend: url, environment: {} });

    expect([app.brokerUri, app.backendUri].join()).not.toContain("secret");
  });

  test("keeps results in the embedded broker, unless told otherwise", () => {
    expect(new Celery("a", { environment: {} }).backendUrl).toBe("embedded://");
    expect(new Celery("a", { broker: "redis://x", environment: {} }).backendUrl).toBe("disabled://");
    expect(new Celery("a", { backend: "rpc://", environment: {} }).backendUrl).toBe("rpc://");
  });

  test("decodes what it accepts, and refuses the rest unseen", () => {
    const { app } = projApp();
    const message = (contentType: string) => ({
      ...{ headers: {}, properties: {}, contentEncoding: "utf-8" },
      ...{ contentType, body: new TextEncoder().encode("[1]") },
    });

    expect(app.decode(message("application/json"))).toEqual([1]);
    expect(() => app.decode(message("application/x-python-serialize"))).toThrow(ContentDisallowed);
  });

  test("reads events in JSON and in the serializer of events, whatever it accepts of tasks", () => {
    const app = new Celery("a", { acceptContent: ["yaml"], eventSerializer: "msgpack", environment: {} });
    const event = { type: "worker-online" };
    const written = (name: string) => ({ headers: {}, properties: {}, ...app.serializers.encode(event, name) });

    for (const name of ["json", "msgpack"]) expect(app.decodeEvent(written(name))).toEqual(event);
    expect(() => app.decodeEvent(written("yaml"))).toThrow(ContentDisallowed);
    expect(() => app.decode(written("json"))).toThrow(ContentDisallowed);
  });

  test("cannot be used after it was closed, and may be closed twice", async () => {
    const { app, add } = projApp();
    await app.close();
    await app.close();

    await expect(add.delay(1, 2).published).rejects.toThrow("Cannot use the app proj: it was closed");
    await expect(app.backend()).rejects.toThrow("Cannot use the app proj: it was closed");
  });

  test("does not close before what was sent is confirmed, and not later than it was told", async () => {
    const [patient, hurried] = [projApp(), projApp()];
    const sent = patient.add.delay(1, 2);
    const stuck = vi.spyOn(await hurried.app.transport(), "publish").mockReturnValue(new Promise(() => {}));
    hurried.add.delay(1, 2);

    await patient.app.close();
    await hurried.app.close({ timeoutMs: 1 });

    await expect(sent.published).resolves.toBeUndefined();
    expect(stuck).toHaveBeenCalledOnce();
  });

  test("shares a broker in memory with the apps that were given the same one", async () => {
    const broker = new MemoryBroker();
    const options = { broker: "memory://", brokerTransportOptions: { broker }, environment: {} };
    const [sender, receiver] = [new Celery("a", options), new Celery("b", options)];

    await sender.sendTask("b.task", [1]).published;

    expect(await (await receiver.transport()).counts(receiver.queues.defaultQueue)).toEqual({
      messages: 1,
      consumers: 0,
    });
  });

  test("makes what a task sends its children, with its root", () => {
    const { app, add } = projApp();
    const request = { ...directRequest("proj.add", [1, 2]), id: "parent", rootId: "root" };
    const headers: unknown[] = [];
    app.onPublish(({ headers: { rootId, parentId } }) => void headers.push([rootId, parentId]));

    const results = app.currentTask.run(request, () => [
      add.delay(1, 1),
      group(add.s(2, 2), add.s(3, 3)).delay(),
      add.applyAsync([4, 4], { addToParent: false }),
    ]);

    expect(request.children).toEqual(results.slice(0, 2).map((result) => result.asTuple()));
    expect(headers).toEqual(Array(4).fill(["root", "parent"]));
  });

  test("says with the route that a call has to reach a queue, of which brokers without that word take no notice", async () => {
    const { app } = projApp();
    const routes: unknown[] = [];
    app.onPublish(({ route }) => void routes.push(route.mandatory));
    const lonely = { exchange: "lonely", routingKey: "nowhere" };

    await app.sendTask("t.t", [], { ...lonely, mandatory: true }).published;
    await app.sendTask("t.t", [], lonely).published;

    expect(routes).toEqual([true, undefined]);
  });

  test("tells monitors what was sent, where the settings say so", async () => {
    const { app, add } = projApp({ taskSendSentEvent: true });
    const transport = await app.transport();
    const broadcast = vi.spyOn(transport, "broadcast");

    await add.delay(1, 2).published;

    const [exchange, key, message] = broadcast.mock.calls[0] ?? [];
    expect([exchange?.name, key]).toEqual(["celeryev", "task.sent"]);
    expect(JSON.parse(new TextDecoder().decode(message?.body))).toMatchObject({
      ...{ type: "task-sent", name: "proj.add", args: "(1, 2)", kwargs: "{}", queue: "celery", exchange: "" },
      ...{ routing_key: "celery", retries: 0, eta: null, uuid: expect.any(String) },
    });
  });
});

describe("AsyncResult", () => {
  test("waits for a result that comes later, and reads one that is there", async () => {
    const { app, add } = projApp();
    const result = add.delay(1, 2);
    const waiting = result.get({ timeout: 10 });

    await conclude(app, result.id, "SUCCESS", 3);

    expect([await waiting, await app.AsyncResult(result.id).get()]).toEqual([3, 3]);
  });

  test("ends its wait at once when it is told to, with the reason it was given", async () => {
    const { app } = projApp();
    const stop = new AbortController();
    const waiting = app.AsyncResult("never").get({ signal: stop.signal });

    stop.abort("enough");

    await expect(waiting).rejects.toBe("enough");
  });

  test("throws the failure of a task before it in its chain", async () => {
    const { app, add } = projApp();
    const result = chain(add.s(1, 1), add.s(2)).delay();
    const waiting = result.get({ timeout: 10 });

    await conclude(app, String(result.parent?.id), "FAILURE", app.exceptions.encode(new RangeError("boom")));

    await expect(waiting).rejects.toThrow("ValueError: boom");
  });

  test("is not to be waited for inside a task, unless that is wanted", async () => {
    const { app } = projApp();
    await conclude(app, "other", "SUCCESS", 1);
    const request = { ...directRequest("proj.add", []), id: "task", calledDirectly: false };
    const inTask = (options = {}) => app.currentTask.run(request, () => app.AsyncResult("other").get(options));

    await expect(inTask()).rejects.toThrow("Never call result.get() within a task!");
    expect(await inTask({ disableSyncSubtasks: false })).toBe(1);
  });

  test("has nothing to get where results are ignored", async () => {
    const { ignored } = projApp();

    await expect(ignored.delay().get()).rejects.toThrow("it was sent with ignoreResult");
  });

  test("holds the process only while it is waited for", async () => {
    const { app, add } = projApp();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
    const before = timers();

    const result = add.delay(1, 2);
    const waiting = result.get();
    const during = timers();
    await conclude(app, result.id, "SUCCESS", 3);
    await waiting;

    expect(during).toBeGreaterThan(before);
    await eventually("nothing is left", () => timers() <= before);
  });
});

describe("GroupResult", () => {
  test("knows how far its tasks are", async () => {
    const { app, add } = projApp();
    const result = group(add.s(1, 1), add.s(2, 2)).delay();
    const [first, second] = result.results;
    await conclude(app, String(first?.id), "SUCCESS", 2);

    expect([await result.ready(), await result.completedCount(), await result.failed()]).toEqual([false, 1, false]);
    await conclude(app, String(second?.id), "FAILURE", app.exceptions.encode(new Error("boom")));
    expect([await result.ready(), await result.successful(), await result.failed()]).toEqual([true, false, true]);
    await expect(result.get()).rejects.toThrow("boom");
    expect(await result.get({ propagate: false })).toEqual([2, expect.any(Error)]);
  });

  test("does not wait for the others once one has failed", async () => {
    const { app, add } = projApp();
    const result = group(add.s(1, 1), add.s(2, 2)).delay();
    const waiting = result.get({ timeout: 10 });

    await conclude(app, String(result.results[1]?.id), "FAILURE", app.exceptions.encode(new Error("boom")));

    await expect(waiting).rejects.toThrow("boom");
  });
});
