import { describe, expect, expectTypeOf, test } from "vitest";
import {
  type AsyncResult,
  Celery,
  chain,
  chord,
  group,
  Ignore,
  MaxRetriesExceededError,
  Retry,
} from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";

const newApp = (settings = {}) =>
  new Celery("proj", { broker: "memory://", backend: "cache+memory://", environment: {}, ...settings });

describe("app.task", () => {
  test("makes a function that runs where it is called", () => {
    const add = newApp().task("proj.add", (x: number, y: number) => x + y);

    expect(add(1, 2)).toBe(3);
    expect(add.name).toBe("proj.add");
  });

  test("knows at compile time what a task takes and gives", () => {
    const app = newApp();
    const add = app.task("proj.add", (x: number, y: number) => x + y);
    const later = app.task("proj.later", async (text: string) => await Promise.resolve(text.length));
    const bound = app.task("proj.bound", { bind: true }, (self, x: number) => `${self.name}${x}`);

    expectTypeOf(add.delay).parameters.toEqualTypeOf<[x: number, y: number]>();
    expectTypeOf(add.delay).returns.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(later.delay).returns.toEqualTypeOf<AsyncResult<number>>();
    expectTypeOf(bound.delay).parameters.toEqualTypeOf<[x: number]>();
    expectTypeOf(bound.delay).returns.toEqualTypeOf<AsyncResult<string>>();
    // @ts-expect-error a text is no number
    expect(() => add.delay(5, "5")).not.toThrow();
    // @ts-expect-error one is missing, without keyword arguments
    expect(() => add.applyAsync([5])).toThrow(TypeError);
  });

  test("refuses wrong arguments at the call, in Python's words", () => {
    const app = newApp();
    const add = app.task("proj.add", (x: number, y: number) => x + y);

    expect(() => add.applyAsync([1], { kwargs: {} })).toThrow("add() missing 1 required positional argument: 'y'");
    expect(() => add.applyAsync([1, 2], { kwargs: { z: 3 } })).toThrow("add() got an unexpected keyword argument 'z'");
    expect(() => add.applyAsync([1], { kwargs: { y: 2 } })).not.toThrow();
  });

  test("does not look at arguments where the task says so", () => {
    const anything = newApp().task("proj.any", { typing: false }, (x: number) => x);

    expect(() => anything.applyAsync([], { kwargs: { nosuch: 1 } })).not.toThrow();
  });

  test("refuses a name that is taken, an option that does not exist, and limits that cannot hold", () => {
    const app = newApp();
    const add = app.task("proj.add", (x: number) => x);

    expect(() => app.task("proj.add", (x: number) => x)).toThrow(
      "Cannot register the task proj.add: there is one of that name",
    );
    expect(() => add.applyAsync([1], { queu: "a" } as never)).toThrow(
      "Cannot use the option queu: there is none of that name",
    );
    expect(() => app.task("proj.slow", { timeLimit: 1, softTimeLimit: 2 }, () => 1)).toThrow(
      "softTimeLimit must be less than",
    );
    expect(() => app.task("proj.none", {}, undefined as never)).toThrow("expected a function, got undefined");
  });

  test("names the path to what JSON cannot carry", () => {
    const app = newApp();
    const save = app.task("proj.save", (table: unknown) => table);

    expect(() => save.delay({ rows: [1, 2, 3, () => 1] })).toThrow(
      "Cannot write args[0].rows[3] as JSON: it is a function",
    );
    expect(() => save.applyAsync([], { kwargs: { table: new Set() } })).toThrow(
      /Cannot write kwargs\.table as JSON: it is a Set/,
    );
  });

  test("takes its options from the settings, its own first", () => {
    const app = newApp({
      taskAcksLate: true,
      taskDefaultRateLimit: "5/m",
      taskAnnotations: { "*": { maxRetries: 9 }, "proj.b": { rateLimit: "1/s" } },
    });
    const a = app.task("proj.a", { acksLate: false }, () => 1);
    const b = app.task("proj.b", () => 1);

    expect(a.properties).toMatchObject({ acksLate: false, rateLimit: "5/m", maxRetries: 9 });
    expect(b.properties).toMatchObject({ acksLate: true, rateLimit: "1/s", maxRetries: 9 });
  });
});

describe("task.apply", () => {
  test("runs the task here with a request, and gives its result", async () => {
    const app = newApp();
    const whoami = app.task("proj.whoami", { bind: true }, (self, x: number) => ({
      id: self.request.id,
      args: self.request.args,
      eager: self.request.isEager,
      x,
    }));

    const result = whoami.apply([5], { taskId: "mine" });

    expect(await result.get()).toEqual({ id: "mine", args: [5], eager: true, x: 5 });
    expect(await result.state).toBe("SUCCESS");
  });

  test("gives a failure as a worker would store it, with a traceback", async () => {
    const app = newApp();
    const fail = app.task("proj.fail", () => {
      throw new RangeError("boom");
    });

    const result = fail.apply([]);

    await expect(result.get()).rejects.toThrow("boom");
    expect(await result.get({ propagate: false })).toBeInstanceOf(RangeError);
    expect(await result.traceback).toMatch(/^Traceback[^]*ValueError: boom\n$/);
    expect([await result.state, await result.failed(), await result.successful()]).toEqual(["FAILURE", true, false]);
  });

  test("retries until it succeeds, or has no retries left", async () => {
    const app = newApp();
    const flaky = app.task("proj.flaky", { bind: true, maxRetries: 2 }, (self, failures: number) => {
      if (self.request.retries < failures) throw self.retry({ exc: new RangeError(`try ${self.request.retries}`) });
      return self.request.retries;
    });
    const hopeless = app.task("proj.hopeless", { bind: true, maxRetries: 0 }, (self) => self.retry());

    expect(await flaky.apply([2]).get()).toBe(2);
    await expect(flaky.apply([3]).get()).rejects.toThrow("try 2");
    await expect(hopeless.apply([]).get()).rejects.toThrow(
      /^MaxRetriesExceededError: Can't retry proj\.hopeless\[[^\]]+\] args:\(\) kwargs:\{\}$/,
    );
    await expect(hopeless.apply([]).get()).rejects.toBeInstanceOf(MaxRetriesExceededError);
  });

  test("calls what is linked", async () => {
    const app = newApp({ taskAlwaysEager: true });
    const seen: unknown[] = [];
    const note = app.task("proj.note", (value: unknown) => void seen.push(value));
    const add = app.task("proj.add", (x: number, y: number) => x + y);
    const fail = app.task("proj.fail", () => {
      throw new Error("boom");
    });

    await add.apply([1, 2], { link: note.s() }).get();
    await fail.apply([], { taskId: "failed", linkError: note.s() }).get({ propagate: false });

    await eventually("both were called", () => seen.length === 2);
    expect(seen).toEqual([3, "failed"]);
  });
});

describe("a task called as a function", () => {
  test("has a request that says so, and no place for states", () => {
    const app = newApp();
    const bound = app.task("proj.bound", { bind: true }, (self) => self.request.calledDirectly);
    const state = app.task("proj.state", { bind: true }, (self) => self.updateState({ state: "PROGRESS" }));

    expect(bound()).toBe(true);
    expect(() => state()).toThrow("Cannot update the state: the task was called as a function");
  });

  test("raises the error itself instead of retrying", () => {
    const app = newApp();
    const retry = app.task(
      "proj.retry",
      { bind: true },
      (self, error: Error | undefined) => self.retry({ exc: error }),
    );

    expect(() => retry(new RangeError("boom"))).toThrow("boom");
    expect(() => retry(undefined)).toThrow(Retry);
  });
});

describe("taskAlwaysEager", () => {
  test("runs what is delayed here, with arguments as a worker would get them", async () => {
    const app = newApp({ taskAlwaysEager: true });
    const type = app.task("proj.type", (value: unknown) => (Array.isArray(value) ? "list" : typeof value));
    const add = app.task("proj.add", (x: number, y: number) => x + y);

    expect(await type.delay(new Map([["a", 1]])).get()).toBe("object");
    expect(await add.delay(1, 2).get()).toBe(3);
    expect(() => type.delay(new Set())).toThrow("Cannot write args[0] as JSON");
  });

  test("throws at the call where the settings say so", () => {
    const app = newApp({ taskAlwaysEager: true, taskEagerPropagates: true });
    const fail = app.task("proj.fail", () => {
      throw new RangeError("boom");
    });

    expect(() => fail.delay()).toThrow("boom");
  });

  test("stores results only where the settings say so", async () => {
    const app = newApp({ taskAlwaysEager: true, taskStoreEagerResult: true });
    const add = app.task("proj.add", (x: number, y: number) => x + y);

    const { id } = add.delay(1, 2);

    expect(await eventually("it is stored", () => app.AsyncResult(id).result)).toBe(3);
  });

  test("runs canvases", async () => {
    const app = newApp({ taskAlwaysEager: true });
    const add = app.task("proj.add", (x: number, y: number) => x + y);
    const sum = app.task("proj.sum", (all: number[]) => all.reduce((a, b) => a + b, 0));

    expect(await add.s(2, 2).pipe(add.s(4)).apply().get()).toBe(8);
    expect(await chain(add.s(1, 1), add.s(2), add.s(3)).delay().get()).toBe(7);
    expect(await group(add.s(1, 1), add.s(2, 2)).delay().get()).toEqual([2, 4]);
    expect(await chord([add.s(1, 1), add.s(2, 2)], sum.s()).delay().get()).toBe(6);
    expect(await add.chunks([[1, 1], [2, 2], [3, 3]], 2).delay().get()).toEqual([[2, 4], [6]]);
    expect(await sum.map([[1, 2], [3]]).delay().get()).toEqual([3, 3]);
    expect(await sum.s([1, 2]).apply().get()).toBe(3);
  });

  test("does not count an ignored task as a failure", async () => {
    const app = newApp({ taskAlwaysEager: true });
    const ignored = app.task("proj.ignored", () => {
      throw new Ignore();
    });

    expect(await ignored.delay().state).toBe("IGNORED");
  });
});
