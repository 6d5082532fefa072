/**
 * Celery on a real RabbitMQ: confirmed publishing, and draining a queue of late-acked additions with results as messages and in
 * Redis.
 * @module
 */
import { execFileSync } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { AmqpConnection, deleteQueue, inspectQueue } from "../../lib/amqp/mod.ts";
import { Celery } from "../../lib/celery/mod.ts";
import { PYTHON } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { alternate, type Bench, type Measurement, rate, runAlone } from "./harness.ts";

const OUR_CALLS = 20_000;
const PYTHON_CALLS = 2_000;
const TASKS = 20_000;
const BATCH = 1_000;
/** The first tasks are not counted: the worker's start would be in the time. */
const WARM_UP = 0.05;
const DEADLINE_MS = 300_000;

const PYTHON_FOLDER = fileURLToPath(new URL("../python/celery", import.meta.url));
const OUR_APP = fileURLToPath(new URL("celery/late.ts", import.meta.url));
const WORKER = ["worker", "-l", "WARNING", "-c", "2", "--without-gossip", "--without-mingle"];

const PYTHON_LOOP = (calls: number) => `
import time, late
late.add.delay(0, 0)
start = time.perf_counter()
for i in range(${calls}):
    late.add.delay(i, i)
print(${calls} / (time.perf_counter() - start))
`;

interface Setting {
  readonly rabbit: RabbitServer;
  /** URL of the result backend. */
  readonly results: string;
}

function environment({ rabbit, results }: Setting): NodeJS.ProcessEnv {
  return { CELERY_BROKER_URL: rabbit.url, CELERY_RESULT_BACKEND: results };
}

/** Tasks a second, all of them confirmed. */
async function publish(setting: Setting, calls: number): Promise<number> {
  const app = new Celery("late", { environment: environment(setting) });
  try {
    await app.sendTask("late.add", [0, 0]).published;
    return await rate(calls, async () => {
      for (let from = 0; from < calls; from += BATCH) {
        const size = Math.min(BATCH, calls - from);
        await Promise.all(Array.from({ length: size }, (_, at) => app.sendTask("late.add", [from, at]).published));
      }
    });
  } finally {
    await app.close();
  }
}

function pythonPublish(setting: Setting, calls: number): Promise<number> {
  const env = { ...process.env, ...environment(setting) };
  return Promise.resolve(
    Number(execFileSync(PYTHON, ["-c", PYTHON_LOOP(calls)], { cwd: PYTHON_FOLDER, env, encoding: "utf8" })),
  );
}

/** Tasks a second that leave the queue, from the time when a twentieth of them has. */
async function drain(setting: Setting, count: number, start: (env: NodeJS.ProcessEnv) => Program): Promise<number> {
  await emptied(setting.rabbit);
  await publish(setting, count);
  const connection = await AmqpConnection.open({ url: setting.rabbit.url });
  const worker = start(environment(setting));
  try {
    const channel = await connection.openChannel();
    const reached = async (left: number) => {
      for (const end = performance.now() + DEADLINE_MS; performance.now() < end; await sleep(10)) {
        const { messageCount } = await inspectQueue(channel, "celery");
        if (messageCount <= left) return { messageCount, atMs: performance.now() };
      }
      throw new Error(`The worker did not get down to ${left} tasks in ${DEADLINE_MS} ms`);
    };
    const first = await reached(count * (1 - WARM_UP));
    const last = await reached(0);
    return (first.messageCount - last.messageCount) / ((last.atMs - first.atMs) / 1000);
  } finally {
    await connection.close();
    await worker.stop();
  }
}

async function emptied(rabbit: RabbitServer): Promise<void> {
  const connection = await AmqpConnection.open({ url: rabbit.url });
  await deleteQueue(await connection.openChannel(), "celery");
  await connection.close();
}

const ourWorker = (env: NodeJS.ProcessEnv) => new Program(...script(OUR_APP, WORKER), { env });
const pythonWorker = (env: NodeJS.ProcessEnv) =>
  new Program(PYTHON, ["-m", "celery", "-A", "late", ...WORKER], { cwd: PYTHON_FOLDER, env });

export const bench: Bench = {
  name: "celery_amqp",
  needs: ["rabbitmq-server", "redis-server", "python-celery"],
  about: "Celery on real RabbitMQ: confirmed publishing, and draining late-acked additions, against Python's",
  run: async ({ rounds, scale }) => {
    const [rabbit, redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
    try {
      const common = {
        against: "Python Celery, prefork -c 2",
        unit: "tasks/s",
        moreIsBetter: true,
        target: 10,
      } as const;
      const calls = Math.max(BATCH, Math.round(OUR_CALLS * scale));
      const setting = { rabbit, results: redis.url };
      const publishing = await alternate(
        rounds,
        () => publish(setting, calls),
        () => pythonPublish(setting, Math.max(200, Math.round(PYTHON_CALLS * scale))),
      );
      const measurements: Measurement[] = [
        { ...common, what: "RabbitMQ: publish add(i, i), confirmed", against: "Python Celery", ...publishing },
      ];
      const count = Math.round(TASKS * scale);
      for (const results of ["rpc://", redis.url]) {
        const drained = { rabbit, results };
        const what = `RabbitMQ: drain late-acked add, ${results === "rpc://" ? "rpc" : "redis"} results`;
        const rates = await alternate(
          rounds,
          () => drain(drained, count, ourWorker),
          () => drain(drained, count, pythonWorker),
        );
        measurements.push({ ...common, what, ...rates });
      }
      return measurements;
    } finally {
      await Promise.all([rabbit.stop(), redis.stop()]);
    }
  },
};

await runAlone(import.meta.url, bench);
