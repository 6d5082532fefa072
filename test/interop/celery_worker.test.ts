/**
 * A real Python client asks everything of a worker of ours. What is expected is what a Python worker would give it.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));
const ok = (text: string) => [{ "ours@host": { ok: text } }];

const VALUE_ERROR = (why: string) => ["builtins", "ValueError", [why]];

const EXPECTED: Readonly<Record<string, unknown>> = {
  arguments_and_keywords: [[1, "h\u00e9", [null, true]], { a: { b: Number(2n ** 70n) } }],
  exception_classes: [["__main__", "Bankrupt", ["why"]], VALUE_ERROR("why"), ["builtins", "TypeError", [
    "no such thing",
  ]]],
  traceback_of_a_failure: [true, true, "FAILURE"],
  wrong_arguments: ["builtins", "TypeError"],
  unknown_task: ["celery.exceptions", "NotRegistered", ["ours.nosuch"]],
  states_on_the_way: ["done", ["STARTED", "PROGRESS", "SUCCESS"]],
  extended_result: ["ours.add", [2, 3], {}, "ours@host", 0, "celery"],
  children: [[true], [2]],
  ignored_result: ["PENDING", "PENDING"],
  ignore_and_reject: ["STARTED", "STARTED"],
  retries: [2, VALUE_ERROR("for good"), VALUE_ERROR("try 2")],
  limits: [
    ["billiard.exceptions", "SoftTimeLimitExceeded", []],
    ["billiard.exceptions", "TimeLimitExceeded", ["0.5"]],
    ["billiard.exceptions", "SoftTimeLimitExceeded", []],
  ],
  lost_worker: ["billiard.exceptions", "WorkerLostError"],
  request: [true, {
    ...{ root_id: "root", parent_id: "parent", group: null, retries: 0, custom: "v", shadow: "nick" },
    ...{ timelimit: [30, 20], hostname: "ours@host", routing_key: "celery", priority: 3, argsrepr: "()" },
  }],
  eta_and_expiry: [true, ["celery.exceptions", "TaskRevokedError", ["expired"]]],
  revoked_and_terminated: [["celery.exceptions", "TaskRevokedError", ["terminated"]], true],
  links: [[3, "linked"], true],
  chains: [16, 8, 4, null],
  failing_chain: [VALUE_ERROR("first"), "FAILURE"],
  groups: [[0, 2, 4, 6, 8], [0, 2, 4, 6, 8], 5, true],
  chords: [20, 2, 106, 7, 12, 18, 7, [6, [[2, 4], "both"]]],
  failing_chord: [VALUE_ERROR("part"), "ChordError", true, true],
  maps_and_chunks: [[3, 7], [3, 7], true],
  replaced: [12, [2, 3], 112],
  hooks: [
    ["before_start", "run works", "on_success works", "after_return SUCCESS"],
    ["before_start", "run fails", "on_failure", "after_return FAILURE"],
    [
      ...["before_start", "run retries", "on_retry"],
      ...["before_start", "run retries", "on_success retries", "after_return SUCCESS"],
    ],
  ],
  remote_control: {
    ping: { "ours@host": { ok: "pong" } },
    registered: ["ours.add"],
    rate_limit: ok("new rate limit set successfully"),
    no_rate_limit: ok("rate limit disabled successfully"),
    time_limit: ok("time limits set successfully"),
    add_consumer: ok("add consumer extra"),
    from_extra: 22,
    cancel_consumer: ok("no longer consuming from extra"),
    queues: ["celery", "ours@host.dq2"],
    clock: ["clock"],
    conf: true,
    report: true,
    stats: [],
    grow: ok("pool will grow"),
    shrink: ok("pool will shrink"),
    memsample: ["ours@host"],
    unknown: [{ "ours@host": { error: "KeyError('nosuch')" } }],
  },
  rate_limited: true,
  priorities_and_compression: [2, 2],
  directly: 2,
  printed: null,
  many: true,
};

describeWithPeers(["redis-server", "python-celery"], "a Python client and our worker, over Redis", () => {
  let redis: RedisServer;
  let worker: Program;
  let seen: Record<string, unknown>;

  beforeAll(async () => {
    redis = await RedisServer.start();
    const env = { CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url };
    worker = new Program(
      ...script("test/interop/celery_worker/tasks.ts", ["worker", "-n", "ours@host", "-c", "1", "-l", "INFO"]),
      { env },
    );
    await worker.printed(/ ready\./);
    const { stdout, stderr, code } = await run(PYTHON, ["-B", "worker_client.py", redis.url, redis.url], {
      cwd: FOLDER,
    });
    expect(code, stderr).toBe(0);
    seen = JSON.parse(stdout) as Record<string, unknown>;
  });

  afterAll(async () => {
    await worker?.stop();
    await redis?.stop();
  });

  test.each(Object.entries(EXPECTED))("%s", (name, expected) => {
    expect(seen[name]).toEqual(expected);
  });

  test("what a task prints is logged at the level that the settings say", () => {
    expect(worker.output).toMatch(/: INFO\/ForkPoolWorker-\d+\] printed by the task\n/);
  });

  test("nothing else was asked", () => {
    expect(Object.keys(seen)).toEqual(Object.keys(EXPECTED));
  });
});
