/** RabbitMQ 4 may refuse queues that are neither durable nor exclusive: the settings make those of control and events either. */
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { Celery } from "../../lib/celery/mod.ts";
import { describeWithPeers } from "../support/peers.ts";
import { Program, script } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

const KINDS = ["exclusive", "durable"] as const; // in this order: durable ones stay for a while

describeWithPeers(["rabbitmq-server"], "queues of remote control and events on RabbitMQ", () => {
  let server: RabbitServer;
  beforeAll(async () => server = await RabbitServer.start(), RABBIT_START_TIMEOUT_MS);
  afterAll(() => server?.stop());

  test.each(KINDS)("are %s where the settings say so, and commands are answered", async (kind) => {
    const worker = new Program(
      ...script("test/interop/celery_amqp/control_app.ts", [
        "worker",
        "-n",
        `${kind}@host`,
        "-Q",
        kind,
        "-c",
        "1",
        "-l",
        "INFO",
      ]),
      { env: { CELERY_BROKER_URL: server.url, CELERY_RESULT_BACKEND: "disabled://", QUEUES: kind } },
    );
    onTestFinished(async () => void await worker.stop());
    const isOf = (other: string) => ({
      controlQueueDurable: other === "durable",
      controlQueueExclusive: other === "exclusive",
    });
    const app = new Celery("control", { broker: server.url, environment: {}, ...isOf(kind) });
    onTestFinished(() => app.close());
    await worker.printed(/ ready\./);

    const answers = await app.control.ping({ destination: [`${kind}@host`], timeoutMs: 10_000 });

    const listed = (await server.ctl("list_queues", "name", "durable", "exclusive", "auto_delete"))
      .split("\n").map((line) => line.split("\t"));
    const own = listed.filter(([name = ""]) => name.startsWith(`${kind}@host.`) || name.startsWith("celeryev."));
    expect(answers).toEqual(new Map([[`${kind}@host`, { ok: "pong" }]]));
    expect(own.map(([, ...how]) => how)).toEqual(
      Array(2).fill(kind === "durable" ? ["true", "false", "false"] : ["false", "true", "true"]),
    );
  });
});

test("cannot be both", () => {
  const app = new Celery("control", {
    broker: "memory://",
    environment: {},
    controlQueueDurable: true,
    controlQueueExclusive: true,
  });

  expect(() => app.control).toThrow("Cannot use controlQueueDurable with controlQueueExclusive");
});
