import { afterAll, beforeAll, expect, test } from "vitest";
import { utf8, utf8ToString } from "../../../lib/base/bytes.ts";
import { silentLogger } from "../../../lib/base/log.ts";
import { RedisClient, type RespValue, textOf } from "../../../lib/redis/mod.ts";
import { Celery } from "../../../lib/celery/mod.ts";
import type { ResultBackend, ResultMeta } from "../../../lib/celery/backend/backend.ts";
import { createRedisBackend } from "../../../lib/celery/backend/redis.ts";
import { eventually } from "../../support/eventually.ts";
import { describeWithPeers } from "../../support/peers.ts";
import { storedResults } from "../../support/message_bodies.ts";
import { RedisServer } from "../../support/redis_server.ts";

const request = { id: "t1", replyTo: undefined, correlationId: "t1", group: undefined, groupIndex: undefined };

function meta(status: string, result: unknown, taskId = "t1"): ResultMeta {
  return { taskId, status, result, traceback: null, children: [], dateDone: "2026-11-24T16:01:34.626108+00:00" };
}

function openBackend(url: string, transportOptions: Record<string, unknown> = {}): ResultBackend {
  return createRedisBackend({
    url,
    codec: {
      encode: (value) => utf8(JSON.stringify(value)),
      decode: (bytes) => JSON.parse(utf8ToString(bytes)),
      contentType: "application/json",
      contentEncoding: "utf-8",
    },
    expiresSeconds: 86_400,
    transportOptions,
    ssl: false,
    connectTimeoutMs: 5000,
    silenceMs: 5000,
    retry: { always: true, maxRetries: Infinity, baseMs: 10, maxMs: 100 },
    replyTo: "reply",
    persistent: false,
    transport: () => Promise.reject(new Error("no transport is needed")),
    background: false,
    log: silentLogger,
  }) as ResultBackend;
}

describeWithPeers(["redis-server"], "RedisBackend", () => {
  let server: RedisServer;
  let redis: RedisClient;
  const opened: ResultBackend[] = [];

  /** Once as a user who may run scripts, and once as one who may not. */
  const backends = new Map<string, ResultBackend>();

  beforeAll(async () => {
    server = await RedisServer.start();
    redis = new RedisClient({ url: server.url });
    await redis.run(["ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-@scripting"]);
    backends.set("scripts", openBackend(server.url));
    backends.set("no scripts", openBackend(server.url.replace("//", "//plain:secret@")));
    opened.push(...backends.values());
  });

  afterAll(async () => {
    for (const backend of opened) await backend.close();
    await redis.close();
    await server.stop();
  });

  const of = (way: string): ResultBackend => backends.get(way) ?? openBackend("redis://nowhere");
  const stored = async (key: string): Promise<RespValue> => textOf(await redis.run(["GET", key])) ?? null;

  for (const way of ["scripts", "no scripts"]) {
    test(`stores what is asked for in one tick, each for itself: one refusal does not reach its neighbours (${way})`, async () => {
      const ids = Array.from({ length: 150 }, (_, i) => `tick ${way} ${i}`);
      await redis.run(["LPUSH", `celery-task-meta-${ids[70]}`, "a list"]);
      await of(way).store(meta("SUCCESS", "the first", ids[71]), request);

      const outcomes = await Promise.allSettled(ids.map((id, i) => of(way).store(meta("SUCCESS", i, id), request)));

      const refused = outcomes.filter(({ status }) => status === "rejected");
      expect(refused).toEqual([outcomes[70]]);
      expect(String((refused[0] as PromiseRejectedResult).reason)).toContain("WRONGTYPE");
      expect(outcomes[71]).toEqual({ status: "fulfilled", value: false });
      expect(outcomes[149]).toEqual({ status: "fulfilled", value: true });
      expect(JSON.parse(String(await stored(`celery-task-meta-${ids[71]}`)))).toMatchObject({ result: "the first" });
      expect(JSON.parse(String(await stored(`celery-task-meta-${ids[149]}`)))).toMatchObject({ result: 149 });
    });

    test(`stores under Celery's key with the expiry, and announces the same bytes (${way})`, async () => {
      const id = `announced ${way}`;
      const seen: ResultMeta[] = [];
      const watch = of(way).watch(id, (each) => seen.push(each));

      expect(await of(way).store(meta("SUCCESS", 10, id), request)).toBe(true);
      await expect.poll(() => seen.length).toBeGreaterThan(0);
      watch.close();

      expect(seen[0]).toEqual(meta("SUCCESS", 10, id));
      expect(JSON.parse(String(await stored(`celery-task-meta-${id}`)))).toEqual({
        status: "SUCCESS",
        result: 10,
        traceback: null,
        children: [],
        date_done: "2026-11-24T16:01:34.626108+00:00",
        task_id: id,
      });
      expect(await redis.run(["TTL", `celery-task-meta-${id}`])).toBeGreaterThan(86_000);
    });

    test(`never overwrites a SUCCESS, but a failure whose text says SUCCESS (${way})`, async () => {
      const [kept, replaced] = [`kept ${way}`, `replaced ${way}`];
      await of(way).store(meta("SUCCESS", 1, kept), request);
      await of(way).store(meta("FAILURE", "no SUCCESS", replaced), request);

      expect(await of(way).store(meta("REVOKED", null, kept), request)).toBe(false);
      expect(await of(way).store(meta("SUCCESS", 2, replaced), request)).toBe(true);

      expect((await of(way).getMany([kept, "unknown", replaced])).map((each) => each?.result)).toEqual([
        1,
        undefined,
        2,
      ]);
    });

    test.each(storedResults())(
      `never overwrites a SUCCESS in $serializer (${way})`,
      async ({ serializer, ...values }) => {
        const [kept, lost, lied] = ["kept", "lost", "lied"].map((what) => `${what} ${serializer} ${way}`);
        await redis.run(["SET", `celery-task-meta-${kept}`, values.success]);
        await redis.run(["SET", `celery-task-meta-${lost}`, values.failure]);
        await redis.run(["SET", `celery-task-meta-${lied}`, values.liar]);

        const late = (id = "") => of(way).store(meta("REVOKED", null, id), request);
        expect(await Promise.all([late(kept), late(lost), late(lied)])).toEqual([false, true, true]);
      },
    );
  }

  test("tells a late watcher what is stored already, and nobody after close", async () => {
    const backend = of("scripts");
    await backend.store(meta("SUCCESS", "early", "late"), request);
    const seen: unknown[] = [];

    const watch = backend.watch("late", (each) => seen.push(each.result));
    await expect.poll(() => seen).toEqual(["early"]);
    watch.close();
    await redis.run(["PUBLISH", "celery-task-meta-late", JSON.stringify({ status: "FAILURE" })]);
    await backend.get("late");

    expect(seen).toEqual(["early"]);
  });

  test("finds a result that was stored while the connection to listen was away", async () => {
    const backend = openBackend(server.url);
    opened.push(backend);
    const seen: unknown[] = [];
    backend.watch("away", (each) => seen.push(each.result));
    await expect.poll(async () => await redis.run(["PUBSUB", "NUMSUB", "celery-task-meta-away"]).then(numberOf)).toBe(
      1,
    );

    await redis.run(["CLIENT", "KILL", "TYPE", "pubsub"]);
    await redis.run(["SET", "celery-task-meta-away", JSON.stringify({ status: "SUCCESS", result: "found" })]);

    await expect.poll(() => seen).toContain("found");
  });

  test("puts the global key prefix in front of everything, with Celery's underscore", async () => {
    const backend = openBackend(server.url, { global_keyprefix: "app" });
    opened.push(backend);

    await backend.store(meta("SUCCESS", 1, "prefixed"), request);
    await backend.saveGroup("g1", [["g1", null], [[["prefixed", null], null]]]);

    expect(await stored("app_celery-task-meta-prefixed")).toContain("SUCCESS");
    expect(await stored("app_celery-taskset-meta-g1")).toBe('{"result":[["g1",null],[[["prefixed",null],null]]]}');
    expect(await backend.restoreGroup("g1")).toEqual([["g1", null], [[["prefixed", null], null]]]);
    await backend.deleteGroup("g1");
    expect(await backend.restoreGroup("g1")).toBeUndefined();
  });

  test("hands a chord to the one who completes it, in header order, and keeps Celery's counters", async () => {
    const backend = of("scripts");
    const part = (taskId: string, groupIndex: number, result: unknown) => ({
      ...{ taskId, groupId: "chord", groupIndex, status: "SUCCESS", result },
    });

    expect(await backend.addChordPart(part("b", 1, "second"))).toBeUndefined(); // before its size is known
    await backend.setChordSize("chord", 2);
    expect(await backend.addChordPart(part("b", 1, "second"))).toBeUndefined(); // delivered twice
    const complete = await backend.addChordPart(part("a", 0, "first"));

    expect(complete?.parts.map((each) => each.result)).toEqual(["first", "second"]);
    expect(await redis.run(["ZCARD", "celery-taskset-meta-chord.j"])).toBe(2);
    expect(await stored("celery-taskset-meta-chord.s")).toBe("2");
    expect(await backend.addChordPart(part("b", 1, "second"))).toBeUndefined(); // again, and somebody else completed it
    expect((await backend.addChordPart(part("a", 0, "first")))?.parts).toHaveLength(2); // that one died and came again
    await backend.deleteChord("chord");
    expect(await redis.run(["EXISTS", "celery-taskset-meta-chord.j", "celery-taskset-meta-chord.c"])).toBe(0);
  });

  test("waits for parts that were added later", async () => {
    const backend = of("scripts");
    const part = (taskId: string) => ({ taskId, groupId: "grown", groupIndex: 0, status: "SUCCESS", result: taskId });
    await backend.setChordSize("grown", 1);
    await backend.growChord("grown", 1);

    expect(await backend.addChordPart(part("x"))).toBeUndefined();
    expect((await backend.addChordPart(part("y")))?.parts).toHaveLength(2);
  });

  test("rejects whoever waits when it is closed", async () => {
    const backend = openBackend(server.url);
    const { failed } = backend.watch("never", () => {});

    await backend.close();

    await expect(failed).rejects.toThrow("the backend was closed");
  });

  test("tells whoever waits when the server does not let it in any more, and is replaced by the next use", async () => {
    const name = "let-in";
    await redis.run(["ACL", "SETUSER", name, "on", ">before", "~*", "&*", "+@all"]);
    const url = server.url.replace("//", `//${name}:before@`);
    const app = new Celery("away", { environment: { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url } });
    try {
      const waiting = app.AsyncResult("of-late").get();
      waiting.catch(() => {}); // looked at below
      await eventually(
        "it listens",
        async () => numberOf(await redis.run(["PUBSUB", "NUMSUB", "celery-task-meta-of-late"])) === 1,
      );

      await redis.run(["ACL", "SETUSER", name, "resetpass", ">after"]);
      await redis.run(["CLIENT", "KILL", "USER", name]);
      await expect(waiting).rejects.toThrow("WRONGPASS");
      await expect(app.AsyncResult("of-late").get()).rejects.toThrow("WRONGPASS");

      await redis.run(["ACL", "SETUSER", name, "resetpass", ">before"]);
      expect(await app.AsyncResult("of-late").state).toBe("PENDING");
    } finally {
      await app.close();
    }
  });
});

function numberOf(reply: RespValue): number {
  return Array.isArray(reply) ? Number(reply[1]) : -1;
}
