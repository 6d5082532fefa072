/**
 * Who sends and who works may be Python's or ours, over real Redis or over our broker: the sum arrives.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { originalsFolder } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { Program, run, script } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { tempDir } from "../support/temp_dir.ts";

/** How each side is told where broker and results are. */
interface Broker {
  readonly python: NodeJS.ProcessEnv;
  readonly ours: NodeJS.ProcessEnv;
  stop(): Promise<void>;
}

function at(url: string): NodeJS.ProcessEnv {
  return { CELERY_BROKER_URL: url, CELERY_RESULT_BACKEND: url };
}

async function realRedis(): Promise<Broker> {
  const server = await RedisServer.start();
  return { python: at(server.url), ours: at(server.url), stop: () => server.stop() };
}

async function embedded(): Promise<Broker> {
  const dir = tempDir();
  const url = `embedded://${dir.path}`;
  const broker = new Program(...script("celery/addTask.ts", ["-b", url, "broker"]));
  await broker.printed(/three-classics broker/);
  return {
    python: at(`redis+socket://${join(dir.path, "broker.sock")}`),
    ours: at(url),
    stop: async () => {
      await broker.stop();
      dir.remove();
    },
  };
}

const PYTHON_FOLDER = join(originalsFolder(), "celery");
const PYTHON_WORKER = ["-m", "celery", "-A", "addTask", "worker", "-l", "INFO", "-c", "1", "--without-gossip"];

describeWithPeers(["redis-server", "python-celery"], "the sum of 5 and 5", () => {
  for (const [name, start] of [["Redis", realRedis], ["the embedded broker", embedded]] as const) {
    let broker: Broker;
    beforeAll(async () => broker = await start());
    afterAll(() => broker.stop());

    const clients = {
      Python: () => run(PYTHON, ["addTask_main.py"], { cwd: PYTHON_FOLDER, env: broker.python }),
      our: () => run(...script("celery/addTask_main.ts"), { env: broker.ours }),
    };
    const workers = {
      Python: () => new Program(PYTHON, PYTHON_WORKER, { cwd: PYTHON_FOLDER, env: broker.python }),
      our: () => new Program(...script("celery/addTask.ts", ["worker", "-l", "INFO", "-c", "1"]), { env: broker.ours }),
    };

    for (const [whose, startWorker] of Object.entries(workers)) {
      test(`comes from ${whose} worker to both clients, over ${name}`, { timeout: 60_000 }, async () => {
        const worker = startWorker();
        try {
          await worker.printed(/ ready\./);

          const [fromPython, fromOurs] = await Promise.all([clients.Python(), clients.our()]);

          expect(fromPython).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5 \+ 5 = 10$/m) });
          expect(fromOurs).toMatchObject({ code: 0, stdout: expect.stringMatching(/^5 \+ 5 = 10$/m) });
          expect(worker.output).toMatch(/Task addTask\.add\[[-\w]+\] succeeded in [\d.e-]+s: 10/);
        } finally {
          await worker.stop();
        }
      });
    }
  }
});
