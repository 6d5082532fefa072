import { afterAll, beforeAll, expect, test } from "vitest";
import { Decimal, PyDate, PyDateTime, PyFloat, PyTime, Uuid } from "../../lib/base/pyvalue.ts";
import {
  type AsyncResult,
  Celery,
  chain,
  chord,
  ChordError,
  group,
  GroupResult,
  NotRegistered,
  TaskError,
} from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { type Program, run } from "../support/program.ts";
import { startPythonWorker } from "../support/python_worker.ts";
import { RedisServer } from "../support/redis_server.ts";

describeWithPeers(["redis-server", "python-celery"], "our Celery client and a Python worker on Redis", () => {
  let redis: RedisServer;
  let worker: Program;
  let app: Celery;
  const soon = { timeout: 20 };
  const send = <R = unknown>(name: string, args: unknown[] = [], options = {}): AsyncResult<R> =>
    app.sendTask<R>(name, args, options);

  beforeAll(async () => {
    redis = await RedisServer.start();
    worker = await startPythonWorker({ broker: redis.url, backend: redis.url });
    app = new Celery("interop", { broker: redis.url, backend: redis.url, environment: {} });
  });

  afterAll(async () => {
    await app?.close();
    await worker?.stop();
    await redis?.stop();
  });

  test("a call gets its sum", async () => {
    const add = app.task("proj.add", (x: number, y: number) => x + y);

    const result = add.delay(5, 5);

    expect(await result.get(soon)).toBe(10);
    expect([await result.state, await result.ready(), await result.successful()]).toEqual(["SUCCESS", true, true]);
    expect(await result.dateDone).toBeInstanceOf(Date);
  });

  test("keyword arguments arrive by their names", async () => {
    const result = send("proj.echo", [1], { kwargs: { a: "x", "h\u00e9": [null, true] } });

    expect(await result.get(soon)).toEqual({ args: [1], kwargs: { a: "x", "h\u00e9": [null, true] } });
  });

  test("values arrive as what they are in Python, in the form that its kombu knows", async () => {
    const old = new Celery("old", { broker: redis.url, backend: redis.url, jsonTypes: "plain", environment: {} });
    const values = [1, 1.5, new PyFloat(1), -0, NaN, Infinity, 2n ** 70n, "h\u00e9\u{1f600}", null, true, [1, [2]], {
      a: 1,
    }];
    const texts = [
      PyDateTime.parse("2024-01-02T03:04:05+00:00"),
      new PyDate(2024, 1, 2),
      new PyTime(1, 2),
      new Decimal("1.5"),
    ];

    const seen = await old.sendTask("proj.describe", [...values, ...texts, new Uuid("0".repeat(31) + "5")]).get(soon);

    expect(seen).toEqual([
      ...["int 1", "float 1.5", "float 1.0", "float -0.0", "float nan", "float inf", `int ${2n ** 70n}`],
      ...["str 'h\u00e9\u{1f600}'", "NoneType None", "bool True", "list [1, [2]]", "dict {'a': 1}"],
      ...["str '2024-01-02T03:04:05Z'", "str '2024-01-02T00:00:00'", "str '01:02:00'", "str '1.5'"],
      "str '00000000-0000-0000-0000-000000000005'",
    ]);
    await old.close();
  });

  test("results of any type come back", async () => {
    const plain = [2n ** 70n, Infinity, "h\u00e9"];
    const [time, money, id] = ["2024-01-02T03:04:05.000678", "1.50", "00000000-0000-0000-0000-000000000005"];

    const typed = [PyDateTime.parse(time), new Decimal(money), new Uuid(id)]; // from kombu 5.3 on
    expect([[time, money, id, ...plain], [...typed, ...plain]]).toContainEqual(await send("proj.special").get(soon));
  });

  test("the worker sees the options of the call", async () => {
    const result = send("proj.request", [], {
      taskId: "my-own-id",
      rootId: "root",
      parentId: "parent",
      headers: { custom: "v" },
      timeLimit: 30,
      softTimeLimit: 20,
      priority: 7,
      shadow: "nick",
      expires: 600,
    });

    expect(await result.get(soon)).toMatchObject({
      id: "my-own-id",
      root_id: "root",
      parent_id: "parent",
      custom: "v",
      timelimit: [30, 20],
      shadow: "nick",
      priority: 7,
      reply_to: true,
      expires: expect.stringMatching(/^\d{4}-.*\+00:00$/),
    });
  });

  test("a compressed body is read, and a task waits for its time", async () => {
    const before = Date.now();

    const [packed, later] = await Promise.all([
      send("proj.add", [1, 2], { compression: "gzip" }).get(soon),
      send("proj.add", [3, 4], { countdown: 1 }).get(soon).then((value) => [value, Date.now() - before >= 1000]),
    ]);

    expect([packed, later]).toEqual([3, [7, true]]);
  });

  test("a failure is thrown with its type, arguments and traceback", async () => {
    const failure = await send("proj.fail", ["ValueError", "boom", 1]).get(soon).catch((error) => error);

    expect(failure).toBeInstanceOf(TaskError);
    expect(failure).toMatchObject({
      ...{ remoteType: "ValueError", module: "builtins", args: ["boom", 1] },
      remoteTraceback: expect.stringMatching(/interop_tasks\.py[^]*ValueError/),
    });
  });

  test("a failure of a class that we have registered is thrown as that class", async () => {
    class Bankrupt extends Error {}
    app.exceptions.register(Bankrupt, "interop_tasks.Bankrupt");

    await expect(send("proj.fail", ["Bankrupt", "broke"]).get(soon)).rejects.toBeInstanceOf(Bankrupt);
  });

  test("an unknown task fails as NotRegistered", async () => {
    await expect(send("proj.nosuch").get(soon)).rejects.toBeInstanceOf(NotRegistered);
  });

  test("states on the way are seen", async () => {
    const states: string[] = [];

    // Held back until we listen: states that are over by then are not told.
    const result = send("proj.progress", [], { countdown: 1 });
    const value = await result.get({ ...soon, onMessage: ({ status }) => states.push(status) });

    expect(value).toBe("done");
    expect(states).toEqual(["STARTED", "PROGRESS", "SUCCESS"]);
  });

  test("a result that never comes times out, and one that was revoked is thrown", async () => {
    const never = app.AsyncResult("no-such-task");

    await expect(never.get({ timeout: 0.05 })).rejects.toThrow(
      "Cannot get the result of no-such-task: nothing came within 50 ms",
    );
    expect(await never.state).toBe("PENDING");
    const expired = send("proj.add", [1, 1], { expires: new Date(Date.now() - 1000) });
    await expect(expired.get(soon)).rejects.toThrow("TaskRevokedError: expired");
  });

  test("callbacks and errbacks are called", async () => {
    const called = app.signature("proj.note", ["linked"]);
    const failed = app.signature("proj.onerr");
    const [calledId, failedId] = [called.freeze().id, failed.freeze().id];

    send("proj.add", [1, 2], { link: called });
    const failing = send("proj.fail", ["KeyError", "k"], { linkError: failed });

    expect(await app.AsyncResult(calledId).get(soon)).toEqual([3, "linked"]);
    expect(await app.AsyncResult(failedId).get(soon)).toBe(failing.id);
  });

  test("chains, groups, chords, maps and chunks run there", async () => {
    const { add, xsum } = tasks(app);

    const [chained, grouped, joined, upgraded, mapped, chunked] = await Promise.all([
      chain(add.s(2, 2), add.s(4), add.s(8)).delay().get(soon),
      group(add.s(1, 1), add.s(2, 2), add.s(3, 3)).delay().get(soon),
      chord([add.s(1, 1), add.s(2, 2)], xsum.s()).delay().get(soon),
      chain(add.s(1, 1), group(add.s(1), add.s(2)), xsum.s(), add.s(100)).delay().get(soon),
      xsum.map([[1, 2], [3, 4]]).delay().get(soon),
      add.chunks([[1, 1], [2, 2], [3, 3]], 2).delay().get(soon),
    ]);

    expect({ chained, grouped, joined, upgraded, mapped, chunked }).toEqual({
      chained: 16,
      grouped: [2, 4, 6],
      joined: 6,
      upgraded: 107,
      mapped: [3, 7],
      chunked: [[2, 4], [6]],
    });
  });

  test("a chord whose part fails, and a chain whose step fails, fail for who waits", async () => {
    const { add, xsum } = tasks(app);
    const fail = app.signature("proj.fail", ["ValueError", "boom"]);

    const broken = chord([add.s(1, 1), fail.clone()], xsum.s()).delay();
    const stopped = chain(fail.clone(), app.signature("proj.note")).delay();

    await expect(broken.get(soon)).rejects.toBeInstanceOf(ChordError);
    await expect(stopped.get(soon)).rejects.toThrow("ValueError: boom");
    await expect(stopped.parent?.get(soon)).rejects.toThrow("ValueError: boom");
  });

  test("a group is saved for Python to restore, and the other way round", async () => {
    const { add } = tasks(app);
    const result = group(add.s(1, 1), add.s(2, 2)).delay();
    await result.save();
    const python = `
from celery import Celery
from celery.result import GroupResult
app = Celery(broker='${redis.url}', backend='${redis.url}')
group = GroupResult.restore('${result.id}', app=app)
print(group.get(timeout=20))
group.id = 'from-python'
group.save()`;

    const { stdout, stderr } = await run(PYTHON, ["-c", python]);

    expect(stderr + stdout).toBe("[2, 4]\n");
    const restored = await app.restoreGroup("from-python");
    expect(await restored?.get(soon)).toEqual([2, 4]);
    expect([await restored?.completedCount(), await restored?.ready()]).toEqual([2, true]);
    await restored?.delete();
    expect(await app.restoreGroup("from-python")).toBeUndefined();
  });

  test("a forgotten result is gone", async () => {
    const result = send("proj.add", [1, 2]);
    await result.get(soon);

    await result.forget();

    expect(await app.AsyncResult(result.id).state).toBe("PENDING");
  });

  test("two hundred calls at once all get their own result", async () => {
    const results = Array.from({ length: 200 }, (_, at) => send<number>("proj.add", [at, at]));

    const group = new GroupResult<number[]>("all", results, app);

    expect(await group.get(soon)).toEqual(Array.from({ length: 200 }, (_, at) => 2 * at));
  });

  test("a revoked task does not run", async () => {
    const result = send("proj.add", [1, 2], { countdown: 2 });
    await result.published;
    await eventually("the worker holds it", () => worker.output.includes(`[${result.id}] received`));

    await result.revoke();

    await expect(result.get(soon)).rejects.toThrow("TaskRevokedError: revoked");
  });
});

function tasks(app: Celery) {
  const other = new Celery("typed", { ...app.conf.toPython(), environment: {} } as object);
  return {
    add: other.task("proj.add", (x: number, y: number) => x + y),
    xsum: other.task("proj.xsum", (all: number[]) => all.length),
  };
}
