/**
 * Who sends and who works may be Python's or ours, over classic and quorum queues of a real RabbitMQ, with results as messages
 * or in Redis: the sum arrives.
 */
import { expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { rabbitAndRedis } from "../support/rabbit_and_redis.ts";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const PYTHON_FOLDER = here("../python/celery");
const OUR_APP = here("celery_amqp/matrix.ts");
const OUR_CLIENT = here("celery_amqp/matrix_main.ts");

const WORKER = ["worker", "-l", "INFO", "-c", "1", "--without-gossip", "--without-mingle", "-Q"];

const workers = {
  Python: (env: NodeJS.ProcessEnv, node: string) =>
    new Program(
      PYTHON,
      ["-m", "celery", "-A", "matrix", ...WORKER, "python-classic,python-quorum", "-n", `python-${node}@host`],
      { cwd: PYTHON_FOLDER, env },
    ),
  our: (env: NodeJS.ProcessEnv, node: string) =>
    new Program(...script(OUR_APP, [...WORKER, "ours-classic,ours-quorum", "-n", `ours-${node}@host`]), { env }),
};

const clients = {
  Python: (env: NodeJS.ProcessEnv) => run(PYTHON, ["matrix.py"], { cwd: PYTHON_FOLDER, env }),
  our: (env: NodeJS.ProcessEnv) => run(...script(OUR_CLIENT), { env }),
};

describeWithPeers(["rabbitmq-server", "redis-server", "python-celery"], "the sum of 5 and 5 over RabbitMQ", () => {
  const servers = rabbitAndRedis();

  for (const results of ["rpc", "redis"] as const) {
    test(`reaches both clients from both workers and both kinds of queue, with ${results} results`, {
      timeout: 120_000,
    }, async () => {
      const env = {
        CELERY_BROKER_URL: servers.rabbit.url,
        CELERY_RESULT_BACKEND: results === "rpc" ? "rpc://" : servers.redis.url,
      };
      const running = Object.values(workers).map((start) => start(env, results));
      try {
        for (const worker of running) await worker.printed(/ ready\./, 60_000);

        const [fromPython, fromOurs] = await Promise.all([clients.Python(env), clients.our(env)]);

        const sums = "python-classic 10\npython-quorum 10\nours-classic 10\nours-quorum 10\n";
        expect(fromPython).toMatchObject({ code: 0, stdout: sums });
        expect(fromOurs).toMatchObject({ code: 0, stdout: sums });
        for (const worker of running) expect(worker.output.match(/succeeded in/g)).toHaveLength(4);
      } finally {
        await Promise.all(running.map((worker) => worker.stop()));
      }
    });
  }
});
