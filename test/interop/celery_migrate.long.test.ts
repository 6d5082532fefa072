/**
 * `celery migrate` of either language moves the same messages to the same places, over Redis, RabbitMQ and the embedded broker.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { join } from "node:path";
import { brokerFolder } from "../support/broker_folder.ts";
import { originalsFolder } from "../support/originals.ts";
import { describeWithPeers, PYTHON } from "../support/peers.ts";
import { run, script } from "../support/program.ts";
import { RABBIT_START_TIMEOUT_MS, RabbitServer } from "../support/rabbit_server.ts";
import { RedisServer } from "../support/redis_server.ts";
import { RespClient } from "../support/resp_client.ts";

const PYTHON_FOLDER = join(originalsFolder(), "celery");
const TIMEOUT = { timeout: 120_000 };

/** Sends the same messages to all brokers it is given. */
const SEND = `
import sys
from datetime import datetime
from celery import Celery
from kombu import Connection
app = Celery("sender")
for url in sys.argv[1:]:
    with Connection(url) as connection:
        def send(id, *args, **options):
            app.send_task("addTask.add", args, task_id=id, connection=connection, **options)
        app.conf.task_protocol = 2
        send("plain", 1, 2)
        send("values", "\\u00fc'\\"", [1.0, None, True], kwargs={"x": {"y": -1}})
        send("urgent", 1, 2, priority=6)
        send("timed", 1, 2, eta=datetime(2100, 1, 1), shadow="other name", headers={"mine": [1, {"a": None}]})
        send("squeezed", "x" * 500, compression="zlib")
        send("elsewhere", 1, 2, queue="other")
        app.conf.task_protocol = 1
        send("old", 1, 2)
`;

type Migrate = (source: string, destination: string, ...options: string[]) => ReturnType<typeof run>;
type Who = "Python" | "ours";
const migrate: Readonly<Record<Who, Migrate>> = {
  Python: (source, destination, ...options) =>
    run(PYTHON, ["-m", "celery", "-A", "addTask", "migrate", source, destination, ...options], {
      cwd: PYTHON_FOLDER,
      env: { CELERY_BROKER_URL: source, CELERY_RESULT_BACKEND: "" },
    }),
  ours: (source, destination, ...options) =>
    run(...script("celery/addTask.ts", ["migrate", source, destination, ...options]), {
      env: { CELERY_BROKER_URL: source, CELERY_RESULT_BACKEND: "" },
    }),
};

let redis: RedisServer;
let nextDatabase = 1;

/** An empty database of the Redis of these tests. */
function database(): { readonly number: number; readonly url: string } {
  const number = nextDatabase++;
  return { number, url: redis.url.replace(/\d+$/, String(number)) };
}

async function send(...urls: string[]): Promise<void> {
  expect(await run(PYTHON, ["-c", SEND, ...urls])).toMatchObject({ code: 0 });
}

interface Envelope {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What is in a database: bindings, and envelopes without their tags, which are made anew. */
async function contents({ number }: { readonly number: number }): Promise<Record<string, unknown>> {
  const client = await RespClient.open({ host: "127.0.0.1", port: redis.port });
  await client.call("SELECT", number);
  const keys = (await client.call("KEYS", "*") as string[]).sort();
  const found: Record<string, unknown> = {};
  for (const key of keys) {
    const type = await client.call("TYPE", key);
    if (type === "set") found[key] = (await client.call("SMEMBERS", key) as string[]).sort();
    if (type !== "list") continue;
    found[key] = (await client.call("LRANGE", key, 0, -1) as string[]).map((text) => {
      const { properties: { delivery_tag: _, ...properties }, ...rest } = JSON.parse(text) as Envelope;
      return { ...rest, properties };
    });
  }
  await client.close();
  return found;
}

const byId = (a: Envelope, b: Envelope) => idOf(a).localeCompare(idOf(b));
const idOf = ({ properties }: Envelope) => String(properties.correlation_id);
const isList = (entry: [key: string, value: unknown]): entry is [string, Envelope[]] => !entry[0].startsWith("_kombu");

/** Messages of different priorities have no order among them in RabbitMQ's plain queues. */
function inOrderOfIds(found: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).map((entry) => isList(entry) ? [entry[0], entry[1].toSorted(byId)] : entry),
  );
}

/** Without the marks of what was given back, which all in the default queue must have. */
function unmarked(found: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(found).map((entry) => {
      if (!isList(entry) || !entry[0].startsWith("celery")) return entry;
      return [
        entry[0],
        entry[1].map(
          ({ headers: { redelivered, ...headers }, properties: { delivery_info, ...properties }, ...rest }) => {
            const { redelivered: isMarked, ...info } = delivery_info as Envelope["headers"];
            expect([redelivered, isMarked]).toEqual([true, true]);
            return { ...rest, headers, properties: { ...properties, delivery_info: info } };
          },
        ),
      ];
    }),
  );
}

describeWithPeers(["redis-server", "python-celery"], "celery migrate", () => {
  beforeAll(async () => {
    redis = await RedisServer.start();
  });
  afterAll(() => redis.stop());

  test("copies over Redis what Python copies, and says the same of it", TIMEOUT, async () => {
    const [theirs, ours, toTheirs, toOurs] = [database(), database(), database(), database()];
    await send(theirs.url, ours.url);
    const before = await contents(ours);

    const python = await migrate.Python(theirs.url, toTheirs.url, "-t", "0.5");
    const own = await migrate.ours(ours.url, toOurs.url, "-t", "0.5");

    expect(own).toEqual({ code: 0, stdout: python.stdout, stderr: "Restoring 6 unacknowledged message(s)\n" });
    expect(python.stdout.match(/Migrating task \d\/6: /g)).toHaveLength(6);
    expect(await contents(toOurs)).toEqual(await contents(toTheirs));
    // Python's source is not compared: a BRPOP that kombu leaves behind takes one of the messages that it gives back.
    expect(unmarked(await contents(ours))).toEqual(before);
  });

  test("moves one queue under another name, as Python does", TIMEOUT, async () => {
    const [theirs, ours, toTheirs, toOurs] = [database(), database(), database(), database()];
    await send(theirs.url, ours.url);
    const options = ["-t", "0.5", "-a", "-Q", "other:new"];

    const python = await migrate.Python(theirs.url, toTheirs.url, ...options);
    const own = await migrate.ours(ours.url, toOurs.url, ...options);

    expect(own).toEqual({ code: 0, stdout: python.stdout, stderr: "" });
    const arrived = await contents(toOurs);
    expect(arrived.new).toMatchObject([{ properties: { delivery_info: { routing_key: "new" } } }]);
    expect(arrived).toEqual(await contents(toTheirs));
    expect(await contents(ours)).toEqual(await contents(theirs));
  });

  test("says what is wrong with its arguments, as Python does", TIMEOUT, async () => {
    for (const words of [[], ["redis://a"]] as const) {
      const own = await run(...script("celery/addTask.ts", ["migrate", ...words]));
      const python = await run(PYTHON, ["-m", "celery", "-A", "addTask", "migrate", ...words], { cwd: PYTHON_FOLDER });

      expect([own.code, own.stderr.split("\n").at(-2)]).toEqual([2, python.stderr.split("\n").at(-2)]);
    }
    const same = await migrate.ours("redis://a", "redis://a");
    expect(same).toMatchObject({ code: 2, stderr: expect.stringContaining("SOURCE and DESTINATION are the same") });
  });

  test("carries everything through the embedded broker and back", TIMEOUT, async () => {
    const { env } = brokerFolder();
    const [from, to] = [database(), database()];
    await send(from.url);
    const before = await contents(from);

    await migrate.ours(from.url, env.CELERY_BROKER_URL, "-t", "0.5", "-a", "-Q", "celery,other");
    await migrate.ours(env.CELERY_BROKER_URL, to.url, "-t", "0.5", "-a", "-Q", "celery,other");

    expect(await contents(to)).toEqual(before);
  });
});

describeWithPeers(["redis-server", "rabbitmq-server", "python-celery"], "celery migrate with RabbitMQ", () => {
  let rabbit: RabbitServer;
  beforeAll(async () => {
    [rabbit, redis] = await Promise.all([RabbitServer.start(), RedisServer.start()]);
    nextDatabase = 1;
  }, RABBIT_START_TIMEOUT_MS);
  afterAll(() => Promise.all([rabbit?.stop(), redis?.stop()]));

  test.each<[there: Who, back: Who]>([["Python", "Python"], ["ours", "ours"], ["Python", "ours"], ["ours", "Python"]])(
    "moves from Redis and back what then is as it was: there by %s, back by %s",
    TIMEOUT,
    async (there, back) => {
      const [from, to] = [database(), database()];
      await send(from.url);
      const before = inOrderOfIds(await contents(from));
      const options = ["-t", "1", "-a", "-Q", "celery,other"];

      const first = await migrate[there](from.url, rabbit.url, ...options);
      const second = await migrate[back](rabbit.url, to.url, ...options);

      expect([first.code, second.code]).toEqual([0, 0]);
      expect(second.stdout.match(/Migrating task \d\/7: /g)).toHaveLength(7);
      expect(inOrderOfIds(await contents(to))).toEqual(before);
    },
  );
});
