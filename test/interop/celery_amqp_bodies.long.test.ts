/** Over RabbitMQ a body travels as the bytes that it is, and binary ones have to arrive as such. */
import { Buffer } from "node:buffer";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { rabbitAndRedis } from "../support/rabbit_and_redis.ts";

const FOLDER = fileURLToPath(new URL("../python/celery/", import.meta.url));
const PEERS = ["rabbitmq-server", "redis-server", "python-celery", "python-msgpack", "python-yaml"] as const;

describeWithPeers(PEERS, "bodies over RabbitMQ", () => {
  const servers = rabbitAndRedis();

  test.each(["msgpack", "yaml"])("in %s reach Python's worker from us, and ours from Python", async (name) => {
    const { rabbit: { url: broker }, redis: { url: backend } } = servers;
    const env = { SERIALIZER: name, BROKER: broker, BACKEND: backend, C_FORCE_ROOT: "1" };
    const app = new Celery("bodies", {
      ...{ broker, backend, taskSerializer: name, resultSerializer: name, acceptContent: [name], environment: {} },
    });
    const bytes = Buffer.from("ab\0\xff", "latin1");

    const python = new Program(PYTHON, ["-B", "-m", "celery", "-A", "bodies", "worker", "-P", "solo", "-l", "INFO"], {
      cwd: FOLDER,
      env,
    });
    try {
      await python.printed(/ready\./);
      const echoed = app.sendTask<Uint8Array>("bodies.echo", [bytes], { compression: "gzip" });
      expect(Buffer.from(await echoed.get({ timeout: 30 }))).toEqual(bytes);
    } finally {
      await app.close();
      await python.stop();
    }
    const ours = new Program(...script("test/interop/celery_bodies/tasks.ts", ["worker", "-c", "1", "-l", "INFO"]), {
      env: { ...env, CELERY_BROKER_URL: broker, CELERY_RESULT_BACKEND: backend },
    });
    try {
      await ours.printed(/ ready\./);
      const { stdout, stderr, code } = await run(PYTHON, ["-B", "bodies.py"], { cwd: FOLDER, env });
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ differ: [], kwargs: "b'k'", group: "[0, 1, 2]", compressed: true });
    } finally {
      await ours.stop();
    }
  });
});
