import { Buffer } from "node:buffer";
import { describe, expect, test, vi } from "vitest";
import { chain, group, Ignore, ImproperlyConfigured, type Signature, TaskContext } from "../../../lib/celery/mod.ts";
import { directRequest } from "../../../lib/celery/task_request.ts";
import { projApp } from "../../support/proj_app.ts";

const data = (value: unknown) => JSON.parse(JSON.stringify(value));

/** A running task of a chord inside a chain, and what it sends. */
function running(fields: object = {}) {
  const proj = projApp();
  const request = {
    ...directRequest("proj.add", [1, 2]),
    ...{ id: "task", rootId: "root", group: "chord", groupIndex: 3, calledDirectly: false, replacedTaskNesting: 1 },
    chord: data(proj.xsum.s()),
    ...fields,
  };
  const sent: { headers: Record<string, unknown>; args: unknown; embed: Record<string, unknown> }[] = [];
  proj.app.onPublish(({ message }) => {
    const [args, , embed] = JSON.parse(Buffer.from(message.body).toString());
    sent.push({ headers: { ...message.headers }, args, embed });
  });
  const host = { signal: new AbortController().signal, store: () => Promise.resolve(), sendEvent: () => {} };
  return { ...proj, self: new TaskContext(proj.app, request, proj.add.properties, host), sent };
}

/** Calls `replace`, which always throws, and waits until what replaces the task is sent. */
async function replace(self: TaskContext, signature: unknown): Promise<void> {
  try {
    self.replace(signature as Signature);
  } catch (error) {
    if (!(error instanceof Ignore)) throw error;
    await error.published;
  }
}

describe("self.replace", () => {
  test("gives another task the place of this one: id, root, chord and nesting", async () => {
    const { self, add, sent, xsum } = running();

    await replace(self, add.s(5, 6));

    expect(sent).toMatchObject([{
      headers: { id: "task", root_id: "root", group: "chord", group_index: 3, replaced_task_nesting: 2 },
      args: [5, 6],
      embed: { chord: data(xsum.s()), chain: null },
    }]);
  });

  test("takes callbacks, errbacks and the rest of the chain along", async () => {
    const { add, onerr, echo } = projApp();
    const fields = {
      chord: null,
      callbacks: [data(add.s(1))],
      errbacks: [data(onerr.s())],
      chain: [data(echo.signature(["last"])), data(echo.signature(["next"]))],
    };
    const { self, sent } = running(fields);

    await replace(self, add.s(5, 6));

    expect(sent[0]?.headers.id).toBe("task");
    expect(sent[0]?.embed).toMatchObject({
      callbacks: fields.callbacks,
      errbacks: fields.errbacks,
      chain: [{ args: ["last"] }, { args: ["next"] }],
    });
  });

  test("has the last task of a chain end with this task's id", async () => {
    const { self, add, sent } = running({ chord: null });

    await replace(self, chain(add.s(1, 1), add.s(2)));

    expect(sent[0]?.headers.id).not.toBe("task");
    expect(sent[0]?.embed.chain).toMatchObject([{ options: { task_id: "task", replaced_task_nesting: 2 } }]);
  });

  test("joins a group with celery.accumulate, so that there is one result", async () => {
    const { self, add, sent } = running({ chord: null });

    await replace(self, group(add.s(1, 1), add.s(2, 2)));

    expect(sent).toHaveLength(2);
    expect(sent[0]?.embed.chord).toMatchObject({
      task: "celery.accumulate",
      kwargs: { index: 0 },
      options: { task_id: "task" },
    });
  });

  test("refuses what cannot take the place, in Celery's words", () => {
    const { self, add, app } = running();
    const part = add.s(1, 1);
    part.freeze({ chord: data(add.s(1)) });

    expect(() => self.replace(part as never)).toThrow(ImproperlyConfigured);
    expect(() => self.replace(part as never)).toThrow("A signature replacing a task must not be part of a chord");
    const empty = app.signature({ task: "celery.chain", kwargs: { tasks: [] }, subtask_type: "chain" } as never);
    expect(() => self.replace(empty as never)).toThrow("Cannot replace with an empty chain");
  });
});

describe("self.addToChord", () => {
  test("sends a part more, after the chord was told to wait for it", async () => {
    const { self, add, app, sent, xsum } = running();
    const backend = await app.backend();
    const grow = vi.spyOn(backend, "growChord");

    await self.addToChord(add.s(7, 8) as never);

    expect(grow.mock.calls).toEqual([["chord", 1]]);
    expect(sent).toMatchObject([{
      headers: { group: "chord", group_index: 3 },
      args: [7, 8],
      embed: { chord: data(xsum.s()) },
    }]);
  });

  test("leaves the sending to the task where that is wanted", async () => {
    const { self, add, sent } = running();
    const signature = add.s(7, 8);

    expect(await self.addToChord(signature as never, { lazy: true })).toBe(signature);
    expect(sent).toEqual([]);
  });

  test("refuses a task that is no part of a chord, in Celery's words", async () => {
    const { self, add } = running({ chord: null });

    await expect(self.addToChord(add.s(1, 1) as never)).rejects.toThrow("Current task is not member of any chord");
  });
});

describe("built-in tasks", () => {
  const run = (name: string, args: unknown[], kwargs = {}) => {
    const proj = projApp();
    const task = proj.app.tasks.get(name);
    const host = { signal: new AbortController().signal, store: () => Promise.resolve(), sendEvent: () => {} };
    const request = { ...directRequest(name, args), kwargs, id: "task", calledDirectly: false };
    return proj.app.currentTask.run(request, () => task?.run(request, host));
  };
  const { add, xsum } = projApp();

  test("celery.map and celery.starmap call a task of this process for each item, in order", async () => {
    expect(await run("celery.map", [], { task: data(xsum.s()), it: [[1, 2], [3]] })).toEqual([3, 3]);
    expect(await run("celery.starmap", [], { task: data(add.signature()), it: [[1, 1], [2, 2]] })).toEqual([2, 4]);
    await expect(run("celery.map", [{ task: "proj.nosuch" }, [1]])).rejects.toThrow("NotRegistered: proj.nosuch");
  });

  test("celery.accumulate gives all its arguments, or one of them", () => {
    expect(run("celery.accumulate", [[1, 2]])).toEqual([[1, 2]]);
    expect(run("celery.accumulate", [[1, 2]], { index: 0 })).toEqual([1, 2]);
  });

  test("celery.chord starts a chord that was sent as a task", async () => {
    const result = await run("celery.chord", [[data(add.s(1, 1))], data(xsum.s())]);

    expect(data(result)).toEqual([[expect.any(String), [[expect.any(String), null], [[
      [expect.any(String), null],
      null,
    ]]]], null]);
  });

  test("are registered with every app, and left alone where the app has its own", () => {
    expect([...projApp().app.tasks.keys()]).toEqual(
      expect.arrayContaining(["celery.chord_unlock", "celery.backend_cleanup"]),
    );
  });
});
