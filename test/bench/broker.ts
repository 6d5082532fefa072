/**
 * The embedded broker beside a real redis-server, both with an append-only log that is synced every second, under Redis' own
 * redis-benchmark; and how fast a million queued messages are there again after a restart.
 * @module
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { publicSocketPath } from "../../lib/broker/mod.ts";
import { run } from "../support/program.ts";
import { RedisServer } from "../support/redis_server.ts";
import { RespClient } from "../support/resp_client.ts";
import { tempDir } from "../support/temp_dir.ts";
import { alternate, type Bench, type BenchOptions, type Measurement, runAlone } from "./harness.ts";

const TESTS = ["PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPOP", "SADD", "HSET", "ZADD"];
const PIPELINE = 16;
const COMMANDS = 200_000;
const MESSAGES = 1_000_000;
const MESSAGE_BYTES = 700;
const MAIN = fileURLToPath(new URL("../../lib/broker/child_main.ts", import.meta.url));

/** The broker as it really runs: a process of its own. */
async function startBroker(folder: string): Promise<{ stop(): Promise<void> }> {
  const options = JSON.stringify({ folder, maxMemoryBytes: 4 * 2 ** 30 });
  const child = fork(MAIN, [options], { execArgv: ["--import", "tsx"], stdio: "ignore" });
  await once(child, "message");
  return {
    async stop() {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
    },
  };
}

async function commandsPerSecond(socket: string, name: string, count: number): Promise<number> {
  const kind = name.replace(/_.*/, "").toLowerCase();
  const { stdout } = await run("redis-benchmark", [
    ...["-s", socket, "-t", kind, "-P", String(PIPELINE), "-n", String(count), "--csv"],
  ]);
  const [, rps] = new RegExp(`"${name}","([\\d.]+)"`).exec(stdout) ?? [];
  if (rps === undefined) throw new Error(`Cannot read redis-benchmark's ${name}: ${stdout}`);
  return Number(rps);
}

async function besideRedis({ rounds, scale }: BenchOptions): Promise<Measurement[]> {
  const dir = tempDir();
  const redis = await RedisServer.start();
  const broker = await startBroker(dir.path);
  const measurements: Measurement[] = [];
  for (const name of TESTS) {
    const medians = await alternate(
      rounds,
      () => commandsPerSecond(publicSocketPath(dir.path), name, COMMANDS * scale),
      () => commandsPerSecond(redis.socketPath, name, COMMANDS * scale),
    );
    measurements.push({
      ...{ what: `${name} -P ${PIPELINE}`, against: "redis-server", unit: "commands/s", moreIsBetter: true },
      ...medians,
    });
  }
  await broker.stop();
  await redis.stop();
  dir.remove();
  return measurements;
}

/** Fills a queue, and measures how long the next start takes, and what a message costs in memory. */
async function restart({ scale }: BenchOptions): Promise<Measurement[]> {
  const dir = tempDir();
  const count = MESSAGES * scale;
  const first = await startBroker(dir.path);
  const producer = await RespClient.open({ path: publicSocketPath(dir.path) });
  const batch = Array.from({ length: 1000 }, () => "x".repeat(MESSAGE_BYTES));
  for (let sent = 0; sent < count; sent += batch.length) await producer.call("LPUSH", "celery", ...batch);
  producer.connection.abort();
  await first.stop();

  const started = performance.now();
  const second = await startBroker(dir.path);
  const ms = performance.now() - started;
  const client = await RespClient.open({ path: publicSocketPath(dir.path) });
  const rss = Number(/used_memory_rss:(\d+)/.exec(String(await client.call("INFO", "memory")))?.[1]);
  client.connection.abort();
  await second.stop();
  dir.remove();
  return [
    {
      what: `restart with ${count} messages`,
      against: "10 s",
      unit: "ms",
      ours: ms,
      theirs: 10_000,
      moreIsBetter: false,
    },
    {
      ...{ what: "memory a message", against: `its ${MESSAGE_BYTES} bytes`, unit: "bytes", moreIsBetter: false },
      ...{ ours: rss / count, theirs: MESSAGE_BYTES },
    },
  ];
}

export const bench: Bench = {
  name: "broker",
  needs: ["redis-server"],
  about: "The embedded broker beside redis-server under redis-benchmark, and its restart with a full queue.",
  run: async (options) => [...await besideRedis(options), ...await restart(options)],
};

await runAlone(import.meta.url, bench);
