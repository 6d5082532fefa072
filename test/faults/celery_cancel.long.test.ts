import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { eventually } from "../support/eventually.ts";
import { FaultProxy } from "../support/fault_proxy.ts";
import { describeWithPeers, type Peer } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { testDir } from "../support/temp_dir.ts";

const PATIENCE = { timeout: 150_000 }; // a broker has to start first

const BROKERS: [string, Peer[], () => Promise<{ url: string; stop(): Promise<void> }>][] = [
  ["Redis", ["redis-server"], () => RedisServer.start()],
  ["RabbitMQ", ["redis-server", "rabbitmq-server"], () => RabbitServer.start()],
];

for (const [name, peers, start] of BROKERS) {
  describeWithPeers(peers, `workerCancelLongRunningTasksOnConnectionLoss over ${name}`, () => {
    test(
      "ends a late-acknowledged task that runs when the connection is lost, and it runs again",
      PATIENCE,
      async () => {
        const [redis, broker] = await Promise.all([RedisServer.start(), start()]);
        onTestFinished(() => redis.stop());
        onTestFinished(() => broker.stop());
        const { hostname, port } = new URL(broker.url);
        const proxy = await FaultProxy.start({ host: hostname, port: Number(port) });
        onTestFinished(() => proxy.stop());
        const notes = join(testDir(), "notes");
        const env = {
          CELERY_BROKER_URL: broker.url.replace(`:${port}`, `:${proxy.port}`),
          CELERY_RESULT_BACKEND: redis.url,
          NOTES: notes,
        };
        const worker = new Program(...script("test/faults/celery_cancel_app.ts", ["worker", "-c", "1", "-l", "INFO"]), {
          env,
        });
        onTestFinished(async () => void await worker.stop());
        const app = new Celery("cancel", { broker: broker.url, backend: redis.url, environment: {} });
        onTestFinished(() => app.close());

        const result = app.sendTask("cancel.first_for_ever");
        await eventually("it runs", () => existsSync(notes) && readFileSync(notes, "utf8").endsWith("\n"));
        proxy.cut();

        expect(await result.get({ timeout: 60 })).toBe("again");
        expect(worker.output).toContain(
          `Task cancel.first_for_ever[${result.id}] cannot be acknowledged after a connection loss since late ` +
            "acknowledgement is enabled for it.\nTerminating it instead.\n",
        );
        const pids = readFileSync(notes, "utf8").trim().split("\n");
        expect(new Set(pids).size).toBe(2);
      },
    );
  });
}
