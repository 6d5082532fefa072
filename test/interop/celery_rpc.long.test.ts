/**
 * `rpc://` over brokers that speak Redis: who sends and who works may be Python's or ours, and no reply queue of ours is left
 * behind for ever.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { publicSocketPath, startBroker } from "../../lib/broker/mod.ts";
import { RedisClient } from "../../lib/redis/mod.ts";
import { eventually } from "../support/eventually.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON_FOLDER = here("../python/celery");
const WORKER = ["worker", "-l", "INFO", "-c", "1", "--without-gossip", "--without-mingle", "-Q"];
const DAY_MS = 86_400_000;

interface Place {
  readonly url: string;
  stop(): Promise<void>;
}

const PLACES: Readonly<Record<string, () => Promise<Place>>> = {
  "Redis": () => RedisServer.start(),
  "the embedded broker": async () => {
    const dir = tempDir();
    const broker = await startBroker({ folder: dir.path });
    return {
      url: `redis+socket://${publicSocketPath(dir.path)}`,
      stop: () => broker.close().finally(() => dir.remove()),
    };
  },
};

const clients = {
  Python: (env: NodeJS.ProcessEnv) => run(PYTHON, ["matrix.py"], { cwd: PYTHON_FOLDER, env }),
  our: (env: NodeJS.ProcessEnv) => run(...script(here("celery_amqp/matrix_main.ts")), { env }),
};

for (const [where, start] of Object.entries(PLACES)) {
  describeWithPeers(["redis-server", "python-celery"], `rpc:// results over ${where}`, () => {
    let place: Place;
    let redis: RedisClient;
    let env: NodeJS.ProcessEnv;
    let workers: Program[];

    beforeAll(async () => {
      place = await start();
      redis = new RedisClient({ url: place.url });
      env = { CELERY_BROKER_URL: place.url, CELERY_RESULT_BACKEND: "rpc://" };
      workers = [
        new Program(PYTHON, ["-m", "celery", "-A", "matrix", ...WORKER, "python-classic,python-quorum"], {
          ...{ cwd: PYTHON_FOLDER, env },
        }),
        new Program(...script(here("celery_amqp/matrix.ts"), [...WORKER, "ours-classic,ours-quorum"]), { env }),
      ];
      for (const worker of workers) await worker.printed(/ ready\./, 60_000);
    }, 90_000);
    afterAll(async () => {
      await Promise.all(workers.map((worker) => worker.stop()));
      await redis.close();
      await place.stop();
    });

    /** Lists named by a UUID: reply queues. */
    const replyQueues = async () =>
      (await redis.run(["KEYS", "????????-????-????-????-????????????"]) as Uint8Array[]).map(String);
    const bindings = async () => (await redis.run(["KEYS", "_kombu.binding.*"]) as Uint8Array[]).map(String);

    test(
      "reach both clients from both workers, which leave no list and no binding for it",
      { timeout: 60_000 },
      async () => {
        const [fromPython, fromOurs] = await Promise.all([clients.Python(env), clients.our(env)]);

        const sums = "python-classic 10\npython-quorum 10\nours-classic 10\nours-quorum 10\n";
        expect(fromPython).toMatchObject({ code: 0, stdout: sums });
        expect(fromOurs).toMatchObject({ code: 0, stdout: sums });
        expect(await replyQueues()).toEqual([]);
        expect(await bindings()).not.toContain("_kombu.binding.");
      },
    );

    for (const queue of ["ours-classic", "python-classic"]) {
      test(`answer a Python client that polls, waits for a group, and for a failure, from ${queue}`, async () => {
        const { stdout, stderr } = await run(PYTHON, [here("celery_rpc/states.py"), queue], {
          ...{ cwd: PYTHON_FOLDER, env: { ...env, PYTHONPATH: PYTHON_FOLDER } },
        });

        expect(stdout, stderr).toBe("SUCCESS 10\n[0, 2, 4, 6, 8]\nTypeError FAILURE\n10\n");
      });
    }

    test("wait a day, and no longer, for a client that was killed", async () => {
      const client = new Program(...script(here("celery_rpc/killed_client.ts")), { env });
      await client.printed(/sent/);
      await client.stop("SIGKILL");

      const [list = ""] = await eventually("the result lies there", async () => {
        const lists = await replyQueues();
        return lists.length > 0 && await redis.run(["PTTL", lists[0] ?? ""]) !== -1 ? lists : undefined;
      });

      expect(Number(await redis.run(["PTTL", list]))).toBeGreaterThan(DAY_MS - 600_000);
      expect(Number(await redis.run(["PTTL", list]))).toBeLessThanOrEqual(DAY_MS);
      await redis.run(["DEL", list]);
    });
  });
}
