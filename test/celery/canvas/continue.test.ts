import { Buffer } from "node:buffer";
import { describe, expect, test } from "vitest";
import { Continuation } from "../../../lib/celery/canvas/continue.ts";
import { AsyncResult, chord, ChordError, group, type TaskRequest } from "../../../lib/celery/mod.ts";
import { directRequest } from "../../../lib/celery/task_request.ts";
import { projApp } from "../../support/proj_app.ts";

/** What is sent, as [task, args, some headers]. */
function recorder(settings = {}) {
  const proj = projApp(settings);
  const sent: { task: string; args: unknown; embed: Record<string, unknown>; headers: Record<string, unknown> }[] = [];
  proj.app.onPublish(({ message, headers }) => {
    const [args, , embed] = JSON.parse(Buffer.from(message.body).toString());
    sent.push({ task: headers.task, args, embed, headers: { ...message.headers } });
  });
  return { ...proj, sent, data: <T>(signature: T) => JSON.parse(JSON.stringify(signature)) };
}

function request(fields: Partial<TaskRequest>): TaskRequest {
  return { ...directRequest("proj.add", [1, 2]), id: "task", rootId: "root", calledDirectly: false, ...fields };
}

describe("Continuation.sendFollowers", () => {
  test("calls callbacks with the result, then the next task of the chain with the rest of it", async () => {
    const { app, add, sent, data } = recorder();
    const chained = [data(add.s(4)), data(add.s(3))]; // reversed: add.s(3) is next

    await new Continuation(app).sendFollowers(request({ callbacks: [data(add.s(10))], chain: chained }), 7);

    expect(sent.map(({ task, args }) => [task, args])).toEqual([["proj.add", [7, 10]], ["proj.add", [7, 3]]]);
    expect(sent[1]?.embed.chain).toEqual([chained[0]]);
    expect(sent.map(({ headers }) => [headers.parent_id, headers.root_id])).toEqual([["task", "root"], [
      "task",
      "root",
    ]]);
  });

  test("sends several callbacks as one group", async () => {
    const { app, add, sent, data } = recorder();

    await new Continuation(app).sendFollowers(request({ callbacks: [data(add.s(1)), data(add.s(2))] }), 7);

    const groups = new Set(sent.map(({ headers }) => headers.group));
    expect(sent.map(({ args }) => args)).toEqual([[7, 1], [7, 2]]);
    expect([groups.size, groups.has(null)]).toEqual([1, false]);
  });

  test("hands the priority on where the settings say so", async () => {
    const { app, add, data } = recorder({ taskInheritParentPriority: true });
    const priorities: unknown[] = [];
    app.onPublish(({ message }) => void priorities.push(message.properties.priority));
    const deliveryInfo = { exchange: "", routingKey: "celery", priority: 7, redelivered: false };

    await new Continuation(app).sendFollowers(request({ callbacks: [data(add.s(1))], deliveryInfo }), 7);

    expect(priorities).toEqual([7]);
  });

  test("fails the task whose result cannot be sent", async () => {
    const { app, add, data } = recorder();

    await expect(new Continuation(app).sendFollowers(request({ callbacks: [data(add.s(1))] }), new Set())).rejects
      .toThrow(
        "Cannot write args[0] as JSON: it is a Set",
      );
  });
});

describe("Continuation.reportToChord", () => {
  /** Starts a chord and returns the requests that its header tasks would get. */
  async function started(recording: ReturnType<typeof recorder>, signature: { delay(): AsyncResult }) {
    const result = signature.delay();
    await result.published;
    const parts = recording.sent.splice(0).map(({ headers, embed }) =>
      request({
        id: String(headers.id),
        group: String(headers.group),
        groupIndex: Number(headers.group_index),
        chord: embed.chord as never,
      })
    );
    return { result, parts };
  }

  test("starts the body with the results in header order, once the last part is there", async () => {
    const recording = recorder();
    const { app, add, xsum, sent } = recording;
    const { parts, result } = await started(recording, chord([add.s(1, 1), add.s(2, 2), add.s(3, 3)], xsum.s()));
    const continuation = new Continuation(app);

    for (const at of [2, 0]) await continuation.reportToChord(parts[at] ?? request({}), "SUCCESS", at * 10);
    const before = sent.length;
    await continuation.reportToChord(parts[1] ?? request({}), "SUCCESS", 10);

    expect(before).toBe(0);
    expect(sent.map(({ task, args, headers }) => [task, args, headers.id])).toEqual([[
      "proj.xsum",
      [[0, 10, 20]],
      result.id,
    ]]);
  });

  test("fails the body, and calls its errbacks, when a part has failed", async () => {
    const recording = recorder();
    const { app, add, xsum, onerr, sent } = recording;
    const broken = chord([add.s(1, 1), add.s(2, 2)], xsum.s()).onError(onerr.s());
    const { parts, result } = await started(recording, broken);
    const told: string[] = [];
    const continuation = new Continuation(app, (message) => told.push(message));
    const [first = request({}), second = request({})] = parts;

    await continuation.reportToChord(first, "SUCCESS", 1);
    await continuation.reportToChord(second, "FAILURE", app.exceptions.encode(new RangeError("boom")));

    const reason = `Dependency ${second.id} raised ValueError('boom')`;
    const thrown = result.get({ timeout: 5 });
    await expect(thrown).rejects.toBeInstanceOf(ChordError);
    await expect(thrown).rejects.toThrow(`ChordError: ${reason}`);
    expect(sent.map(({ task, args }) => [task, args])).toEqual([["proj.onerr", [result.id]]]);
    expect(told).toEqual([expect.stringContaining(`Chord '${first.group}' raised: ChordError(`)]);
  });

  test("fails every task of a body that is a group, with the error that was at the beginning", async () => {
    const recording = recorder();
    const { app, add, echo } = recording;
    const signature = chord([add.s(1, 1)], group(echo.signature(), echo.signature()));
    const { result, parts } = await started(recording, signature as never);
    const [part = request({})] = parts;

    await new Continuation(app).reportToChord(part, "FAILURE", app.exceptions.encode(new RangeError("boom")));

    await expect(result.get({ timeout: 5 })).rejects.toThrow("ValueError: boom");
  });

  test("does nothing for a task that is no part of a chord", async () => {
    const { app, sent } = recorder();

    await new Continuation(app).reportToChord(request({}), "SUCCESS", 1);

    expect(sent).toEqual([]);
  });
});

describe("Continuation.afterFailure", () => {
  const failure = {
    error: new RangeError("boom"),
    traceback: "Traceback …",
    status: "FAILURE",
    storesResults: true,
  } as const;

  test("fails the rest of the chain with the same error", async () => {
    const { app, add, data } = recorder();
    const rest = [data(add.s(2).set({ taskId: "last" })), data(add.s(1).set({ taskId: "next" }))];

    await new Continuation(app).afterFailure(request({ chain: rest }), failure);

    for (const id of ["next", "last"]) {
      const result = app.AsyncResult(id);
      await expect(result.get({ timeout: 5 })).rejects.toThrow("ValueError: boom");
      expect(await result.traceback).toBe("Traceback …");
    }
  });

  test("stores nothing where no results are wanted", async () => {
    const { app, add, data } = recorder();
    const rest = [data(add.s(1).set({ taskId: "next" }))];

    await new Continuation(app).afterFailure(request({ chain: rest }), { ...failure, storesResults: false });

    expect(await app.AsyncResult("next").state).toBe("PENDING");
  });

  test("calls errbacks that know what to do with an error here, and sends the others the id", async () => {
    const { app, onerr, sent, data } = recorder();
    const seen: unknown[] = [];
    const here = app.task("proj.here", (failed: TaskRequest, error: unknown, traceback: string) => {
      seen.push(failed.id, error, traceback);
    });

    await new Continuation(app).afterFailure(request({ errbacks: [data(here.signature()), data(onerr.s())] }), failure);

    expect(seen).toEqual(["task", failure.error, "Traceback …"]);
    expect(sent.map(({ task, args, headers }) => [task, args, headers.parent_id])).toEqual([
      ["proj.onerr", ["task"], "task"],
    ]);
  });

  test("calls no errbacks for a task that was revoked", async () => {
    const { app, onerr, sent, data } = recorder();

    await new Continuation(app).afterFailure(request({ errbacks: [data(onerr.s())] }), {
      ...failure,
      status: "REVOKED",
    });

    expect(sent).toEqual([]);
  });
});
