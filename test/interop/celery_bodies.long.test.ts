/**
 * Calls and results in a serializer that is not JSON, between Python and us in both directions. Each side accepts that one alone.
 */
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { PyFloat } from "../../lib/base/pyvalue.ts";
import { Celery, chain, chord, ContentDisallowed, EncodeError, group, TaskError } from "../../lib/celery/mod.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));
const soon = { timeout: 30 };

/** Values for Python to describe. */
const VALUES: Readonly<Record<string, unknown>> = {
  "NoneType None": null,
  "bool True": true,
  "int -1": -1,
  "int 9223372036854775808": 2n ** 63n,
  "float 1.0": new PyFloat(1),
  "float -0.5": -0.5,
  "str ''": "",
  "str 'yes'": "yes",
  "str 'h\u00e9 \u{1f600}'": "h\u00e9 \u{1f600}",
  "str 'line\\nend'": "line\nend",
  "bytes b'ab\\x00\\xff'": Uint8Array.of(0x61, 0x62, 0, 0xff),
  "list [[], {}]": [[], {}],
  "dict {'a': {'b': [1, None]}}": { a: { b: [1, null] } },
};

describeWithPeers(["redis-server", "python-celery", "python-msgpack"], "bodies in msgpack", () => both("msgpack"));
describeWithPeers(["redis-server", "python-celery", "python-yaml"], "bodies in YAML", () => both("yaml"));

function startPythonWorker(env: NodeJS.ProcessEnv, ...more: string[]): Program {
  const options = ["-P", "solo", "-l", "INFO", "--without-gossip", "--without-mingle", ...more];
  return new Program(PYTHON, ["-B", "-m", "celery", "-A", "bodies", "worker", ...options], { cwd: FOLDER, env });
}

function both(name: string): void {
  let redis: RedisServer;
  let client: RedisClient;
  let app: Celery;
  let env: NodeJS.ProcessEnv;

  /** The worker has a queue of its own: there may be one of the other language. */
  const settings = () => ({
    ...{ taskSerializer: name, resultSerializer: name, eventSerializer: name, acceptContent: [name], environment: {} },
  });
  const again = async (document: string) =>
    (await run(PYTHON, ["-B", "bodies.py", "again", name], { cwd: FOLDER, input: document })).stdout.trim();
  const stored = async (id: string) => {
    const document = await client.run(["GET", `celery-task-meta-${id}`]);
    if (!(document instanceof Uint8Array)) throw new Error(`There is no result of ${id}`);
    return document;
  };

  beforeAll(async () => {
    redis = await RedisServer.start();
    client = new RedisClient({ url: redis.url });
    env = { SERIALIZER: name, BROKER: redis.url, BACKEND: redis.url, C_FORCE_ROOT: "1" };
    app = new Celery("bodies", { broker: redis.url, backend: redis.url, ...settings() });
  });

  afterAll(async () => {
    await app?.close();
    await client?.close();
    await redis?.stop();
  });

  test(`a Python worker does what we ask in ${name}, and we read its results`, async () => {
    const send = (task: string, args: unknown[] = [], options = {}) =>
      app.sendTask<unknown>(`bodies.${task}`, args, options);
    const s = (task: string, args: unknown[] = []) => app.signature(`bodies.${task}`, args);
    const worker = startPythonWorker(env, "-E");
    try {
      await worker.printed(/ready\./);

      const events: string[] = [];
      const monitor = await app.events.receive(({ type }) => void events.push(type));
      const described = await send("describe", Object.values(VALUES), { kwargs: { k: Buffer.from("v") } }).get(soon);
      expect(described).toEqual([...Object.keys(VALUES), "dict {'k': b'v'}"]);
      expect(await send("echo", [Object.values(VALUES)]).get(soon)).toEqual(
        Object.values(VALUES).map((value) => value instanceof PyFloat ? value.value : value),
      );
      await expect(send("fail", ["why", 2], { taskId: "failed" }).get(soon)).rejects.toMatchObject({
        remoteType: "ValueError",
        args: ["why", 2],
      });
      await expect(send("untold").get(soon)).rejects.toBeInstanceOf(TaskError);
      expect(await send("echo", ["x".repeat(5000)], { compression: "gzip" }).get(soon)).toBe("x".repeat(5000));
      expect(await chain(s("echo", [Buffer.from("ab")]), s("join", [Buffer.from("cd")])).delay().get(soon)).toEqual([
        ...[Uint8Array.of(0x61, 0x62), Uint8Array.of(0x63, 0x64)],
      ]);
      expect(await group(s("echo", [1]), s("echo", ["b"])).delay().get(soon)).toEqual([1, "b"]);
      expect(await chord([s("add", [1, 1]), s("add", [2.5, 2])], s("xsum")).delay().get(soon)).toBe(6.5);

      const document = await stored("failed");
      const codec = app.serializers.get(name);
      const read = codec.decode(document, { floats: "exact" });
      expect(Buffer.from(codec.encode(read)).toString("hex")).toBe(Buffer.from(document).toString("hex"));
      expect([...(await app.control.ping({ limit: 1 })).values()]).toEqual([{ ok: "pong" }]);
      await eventually("an event is heard", () => events.includes("task-succeeded"));
      await monitor.close();
    } finally {
      await worker.stop();
    }
  });

  test(`our worker does what Python asks in ${name}, and Python reads its results`, async () => {
    const worker = new Program(
      ...script("test/interop/celery_bodies/tasks.ts", ["worker", "-c", "1", "-l", "INFO"]),
      { env: { ...env, CELERY_BROKER_URL: redis.url, CELERY_RESULT_BACKEND: redis.url } },
    );
    try {
      await worker.printed(/ ready\./);

      const { stdout, stderr, code } = await run(PYTHON, ["-B", "bodies.py"], { cwd: FOLDER, env });

      expect(code, stderr).toBe(0);
      const { documents, ...seen } = JSON.parse(stdout) as { documents: string[] };
      const unwritten = ["EncodeError", expect.anything()]; // PyYAML cannot write a Signature in a message
      const links = name === "yaml"
        ? { chain: unwritten, chord: unwritten }
        : { chain: "[b'ab', b'cd']", chord: "6.5" };
      expect(seen).toEqual({
        differ: [],
        kwargs: "b'k'",
        failure: ["ValueError", ["'why'", "2"]],
        group: "[0, 1, 2]",
        ...links,
        compressed: true,
        untold: "EncodeError",
        event: "worker-heartbeat",
        ping: [{ ok: "pong" }],
      });
      for (const document of documents) expect(await again(document)).toBe(document);
    } finally {
      await worker.stop();
    }
  });

  test(`results in ${name} come over rpc:// to whoever accepts them besides JSON`, async () => {
    const worker = startPythonWorker({ ...env, BACKEND: "rpc://" });
    const caller = new Celery("bodies", {
      broker: redis.url,
      backend: "rpc://",
      taskSerializer: name,
      resultAcceptContent: ["json", name],
      environment: {},
    });
    try {
      await worker.printed(/ready\./);

      expect(await caller.sendTask("bodies.echo", [Buffer.from("ab")]).get(soon)).toEqual(Uint8Array.of(0x61, 0x62));
    } finally {
      await caller.close();
      await worker.stop();
    }
  });

  test(`a result in ${name} is refused where it is not accepted, and so is a call`, async () => {
    const strict = new Celery("strict", {
      backend: redis.url,
      broker: redis.url,
      resultSerializer: name,
      environment: {},
    });

    await expect(strict.AsyncResult("failed").get(soon)).rejects.toThrow(ContentDisallowed);
    expect(() => app.sendTask("bodies.echo", [() => 1])).toThrow(EncodeError);
    await strict.close();
  });
}
