import { Buffer } from "node:buffer";
import { expect, onTestFinished, test } from "vitest";
import { LibError } from "../../../lib/base/errors.ts";
import { createLogger, type LogRecord } from "../../../lib/base/log.ts";
import { connect } from "../../../lib/net/mod.ts";
import * as Pyro from "../../../lib/pyro/mod.ts";
import { eventually } from "../../support/eventually.ts";
import { capturedMessages, scenario } from "../../support/pyro_fixtures.ts";
import { startThings, type Thing } from "../../support/pyro_thing.ts";
import { Seeded } from "../../support/seeded.ts";

/** Damaged messages to send; more with the environment variable PYRO_FUZZ. */
const ROUNDS = Number(process.env.PYRO_FUZZ ?? 400);
const AT_A_TIME = 16;
const MAX_GROWTH_BYTES = 64 * 1024 * 1024;

/** Requests that a damaged number turns into a long wait or a huge answer; what they would show is tested elsewhere. */
const COSTLY = /big|sleep|slowfire/;

/** What the called methods themselves, and the binding of their arguments, throw. */
const OF_METHODS = new RegExp(
  [
    String
      .raw`^(Thing|Partial|Nothing|Session|PerCall|Single|BadInit|Blobs|DaemonObject)\.\w+\(\) (missing|takes|got) `,
    "^raised in a callback method$|^nobody hears this$|^generator failed$|^unserializable$|^BadInit.__init__",
    "^Invalid count value: |^Invalid string length$", // "x".repeat(n) with a damaged n
    "^blob.deserialized is not a function$|^Cannot read properties of undefined \\(reading 'deserialized'\\)$", // no blob
  ].join("|"),
);

/** Errors that tell of a mistake in the daemon and not in what it was sent. */
function isUnexpected({ fields }: LogRecord): boolean {
  const error = fields?.["error"];
  if (error === undefined || error instanceof LibError) return false;
  return !(error instanceof Error && OF_METHODS.test(error.message));
}

const GREETINGS = ["connect-serpent", "connect-json", "connect-marshal"].map((name) =>
  scenario("handshake", name).exchange[0]?.message ?? Buffer.alloc(0)
);
const REQUESTS = capturedMessages()
  .filter(({ exchange, bytes }) =>
    exchange.dir === "c2s" && bytes.length < 2000 && !COSTLY.test(bytes.toString("latin1"))
  )
  .map(({ bytes }) => bytes);

async function sendDamaged(daemon: Pyro.Daemon, seeded: Seeded): Promise<void> {
  const connection = await connect(daemon.address);
  const reading = connection.read(() => {}).catch(() => {}); // the daemon may hang up at any byte
  if (seeded.integer(0, 9) > 0) connection.write(seeded.pick(GREETINGS));
  for (let i = seeded.integer(1, 3); i > 0; i--) connection.write(seeded.mutate(seeded.pick(REQUESTS)));
  connection.end();
  await reading;
  await connection.close(500);
}

test(
  `a daemon outlives ${ROUNDS} damaged messages with errors of the protocol alone, and holds on to nothing`,
  async () => {
    const unexpected: LogRecord[] = [];
    let told = 0;
    const log = createLogger((record) => {
      if (record.fields?.["error"] !== undefined) told++;
      if (isUnexpected(record)) unexpected.push(record);
    }, "debug");
    const daemon = await startThings({ log, config: { MAX_MESSAGE_SIZE: 1 << 20, ITER_STREAM_LINGER: 0 } });
    onTestFinished(() => daemon.close(100));
    const seeded = new Seeded();
    const before = process.memoryUsage().heapUsed;
    let left = ROUNDS;

    await Promise.all(Array.from({ length: AT_A_TIME }, async () => {
      while (left-- > 0) await sendDamaged(daemon, seeded);
    }));

    await eventually("all clients are gone", () => daemon.connectionCount === 0);
    expect(process.memoryUsage().heapUsed - before, `seed ${seeded.seed}`).toBeLessThan(MAX_GROWTH_BYTES);
    expect(told).toBeGreaterThan(ROUNDS / 2);
    expect(unexpected.slice(0, 10).map(({ message, fields }) => [message, String(fields?.["error"])])).toEqual([]);
    const proxy = new Pyro.Proxy<Thing>(daemon.uriFor("obj.thing"));
    expect(await proxy.add(20, 22)).toBe(42);
    await proxy._pyroRelease();
  },
  120_000 + ROUNDS * 50,
);
