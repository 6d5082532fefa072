import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { fileURLToPath } from "node:url";
import { Celery } from "../../lib/celery/mod.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

const PYTHON_CLIENT = fileURLToPath(new URL("celery_amqp/mandatory.py", import.meta.url));

describeWithPeers(["rabbitmq-server", "python-celery"], "a mandatory call over RabbitMQ", () => {
  let rabbit: RabbitServer;
  beforeAll(async () => {
    rabbit = await RabbitServer.start();
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => rabbit?.stop());

  function client(): Celery {
    const app = new Celery("mandatory", { broker: rabbit.url, backend: "disabled://" });
    onTestFinished(() => app.close());
    return app;
  }
  const nowhere = { exchange: "lonely", routingKey: "nowhere" };

  test("fails when it reaches no queue, where it would be lost in silence, as Python's does that waits for confirms", async () => {
    const { stdout } = await run(PYTHON, [PYTHON_CLIENT, rabbit.url]);
    expect(stdout).toBe("ChannelError Basic.return: (312) NO_ROUTE\n");
    const app = client();

    await expect(app.sendTask("t.t", [], { ...nowhere, mandatory: true }).published).rejects.toMatchObject({
      name: "AmqpError",
      replyCode: 312,
      message: "Cannot publish to exchange lonely with key nowhere: the broker returned it with 312 NO_ROUTE; " +
        "no queue is bound to it with that key",
    });
    await expect(app.sendTask("t.t", [], nowhere).published).resolves.toBeUndefined();
  });

  test("needs no care where its queue is known, which is declared", async () => {
    const app = client();

    await app.sendTask("t.t", [], { queue: "made", mandatory: true }).published;

    expect(await rabbit.ctl("list_queues", "name", "messages")).toContain("made\t1\n");
  });
});
