/** `celery amqp`: the same lines to Python's shell and to ours, on the same RabbitMQ. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { fileURLToPath } from "node:url";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";

const APP = fileURLToPath(new URL("celery_amqp/matrix.ts", import.meta.url));

const LINES = [
  "exchange.declare testex direct no yes",
  "queue.declare testq no yes",
  "queue.bind testq testex key",
  "basic.publish 'hello world' testex key",
  String
    .raw`basic.publish "say \"hello\" \ again, with so many words that one line of eighty columns cannot hold it" testex key yes`,
  "basic.publish lost testex nokey",
  "basic.get testq",
  "basic.get testq no",
  "basic.get testq yes",
  "basic.ack 1",
  "basic.ack x",
  "",
  "queue.declare testq yes",
  "queue.declare testq no no",
  "queue.declare nosuch yes",
  "queue.purge testq",
  "queue.delete testq",
  "queue.delete testq 1 1",
  "exchange.declare testex topic",
  "exchange.delete testex",
  "exchange.delete testex 0",
  "nothing",
  "queue.declare",
  "queue.declare a b",
  "queue.declare a 0 0 0 0",
  "queue.declare -a",
  'basic.publish "x',
  "queue.purge nosuch",
];

describeWithPeers(["rabbitmq-server", "python-celery"], "celery amqp", () => {
  let rabbit: RabbitServer;
  let env: NodeJS.ProcessEnv;
  beforeAll(async () => {
    rabbit = await RabbitServer.start();
    env = { CELERY_BROKER_URL: rabbit.url };
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => rabbit?.stop());

  const python = (args: readonly string[], input?: string) =>
    run(PYTHON, ["-m", "celery", "amqp", ...args], { // which cannot be without colours
      env: { ...env, NO_COLOR: undefined },
      ...(input === undefined ? {} : { input }),
    });
  const ours = (args: readonly string[], input?: string) =>
    run(...script(APP, ["amqp", ...args]), { env, ...(input === undefined ? {} : { input }) });
  const complaints = (stderr: string) => stderr.split("\n").filter((line) => /^(ERROR|Error): /.test(line));

  test("answers line by line as Python's does", async () => {
    const input = LINES.map((line) => `${line}\n`).join("");
    const theirs = await python(["repl"], input);
    const mine = await ours(["repl"], input);

    expect(mine.stdout).toBe(theirs.stdout);
    expect(complaints(mine.stderr)).toEqual(complaints(theirs.stderr));
    expect(complaints(mine.stderr)).toHaveLength(11);
    expect([theirs.code, mine.code]).toEqual([0, 0]);
  });

  test("shows a task that waits as Python's does", async () => {
    await run(...script(APP, ["call", "t.t", "--args", '[1, "two"]', "--queue", "waiting"]), { env });

    const [theirs, mine] = [await python(["basic.get", "waiting"]), await ours(["basic.get", "waiting"])];

    expect(mine.stdout.replace("'redelivered': True", "'redelivered': False")).toBe(
      theirs.stdout.replace("'redelivered': True", "'redelivered': False"),
    );
    expect(mine.stdout).toContain("'task': 't.t'");
  });

  test("takes one command from the command line, and fails with it", async () => {
    expect(await ours(["queue.declare", "made"])).toMatchObject({
      code: 0,
      stdout: (await python(["queue.declare", "made"])).stdout,
    });
    const failed = await ours(["queue.purge", "nosuch"]);
    expect([failed.code, failed.stderr]).toEqual([
      1,
      "ERROR: Queue.purge: (404) NOT_FOUND - no queue 'nosuch' in vhost '/'\n",
    ]);
    expect((await ours(["queue.delete"])).code).toBe(2);
  });

  test("says at once what Python's says with a later command, or never", async () => {
    const input = [
      "basic.publish lost no.such.exchange key",
      "basic.publish lost amq.direct key yes",
      "basic.publish lost amq.direct key no yes",
      "basic.ack 7",
      ":quit",
      "queue.purge nosuch",
    ].join("\n");

    const { code, stderr } = await ours([], input);

    expect([code, stderr.split("\n")]).toEqual([0, [
      "ERROR: Basic.publish: (404) NOT_FOUND - no exchange 'no.such.exchange' in vhost '/'",
      "ERROR: Basic.return: (312) NO_ROUTE",
      "ERROR: Basic.publish: (540) NOT_IMPLEMENTED - immediate=true",
      "ERROR: Cannot settle delivery 7: it is not open on this channel",
      "",
    ]]);
  });
});

describeWithPeers([], "celery amqp without RabbitMQ", () => {
  test("says that it needs one, or that nobody answers", async () => {
    const redis = await run(...script(APP, ["amqp"]), { env: { CELERY_BROKER_URL: "redis://127.0.0.1:1" } });
    const nobody = await run(...script(APP, ["amqp", "queue.purge", "a"]), {
      env: { CELERY_BROKER_URL: "amqp://guest@127.0.0.1:1//" },
    });

    expect([redis.code, redis.stderr]).toEqual([
      1,
      "Error: Cannot talk AMQP to a broker at redis://: that is for RabbitMQ, with amqp://; " +
      "for others there are list, purge and migrate, and redis-cli\n",
    ]);
    expect(nobody.code).toBe(1);
    expect(nobody.stdout.match(/-> connecting to amqp:\/\/guest:\*\*@127.0.0.1:1\/\/\./g)).toHaveLength(2);
    expect(nobody.stderr).toContain("ERROR: Not connected to broker. Please retry...");
  });
});
