/**
 * BullMQ's own rate at the same: jobs that add two numbers, worked off by one process at concurrency 100.
 *
 * Also the program of that process: it gets the port and the number of jobs, and prints jobs a second.
 * @module
 */
import { fileURLToPath } from "node:url";
import { realpathSync } from "node:fs";
import { run, script } from "../../support/program.ts";
import type { RedisServer } from "../../support/redis_server.ts";
import { loadPeerPackage } from "../harness.ts";
import { redisNumber } from "./setting.ts";

interface BullJob {
  readonly data: { readonly x: number; readonly y: number };
}

/** The part of BullMQ that is used here. */
interface BullMq {
  readonly Queue: new (name: string, options: unknown) => {
    addBulk(jobs: readonly { name: string; data: BullJob["data"] }[]): Promise<unknown>;
    close(): Promise<void>;
  };
  readonly Worker: new (name: string, work: (job: BullJob) => Promise<number>, options: unknown) => {
    on(event: "completed", listener: () => void): void;
    close(): Promise<void>;
  };
}

const WARM_UP = 0.05;

export async function bullmqRate(server: RedisServer, count: number): Promise<number> {
  await redisNumber(server, ["FLUSHALL"]);
  const { code, stdout, stderr } = await run(
    ...script(fileURLToPath(import.meta.url), [String(server.port), String(count)]),
  );
  if (code !== 0) throw new Error(`BullMQ ended with ${code}: ${stderr}`);
  return Number(stdout);
}

async function measure(port: number, count: number): Promise<number> {
  const { Queue, Worker } = await loadPeerPackage("bullmq@5") as BullMq;
  const connection = { host: "127.0.0.1", port, maxRetriesPerRequest: null };
  const queue = new Queue("add", { connection });
  for (let sent = 0; sent < count; sent += 1000) {
    const size = Math.min(1000, count - sent);
    await queue.addBulk(Array.from({ length: size }, (_, i) => ({ name: "add", data: { x: sent, y: i } })));
  }
  let done = 0;
  let startedAt = 0;
  const worker = new Worker("add", ({ data }) => Promise.resolve(data.x + data.y), { connection, concurrency: 100 });
  const seconds = await new Promise<number>((resolve) => {
    worker.on("completed", () => {
      done++;
      if (done === Math.floor(count * WARM_UP)) startedAt = performance.now();
      if (done === count) resolve((performance.now() - startedAt) / 1000);
    });
  });
  await worker.close();
  await queue.close();
  return count * (1 - WARM_UP) / seconds;
}

const program = process.argv[1];
if (program !== undefined && realpathSync(program) === fileURLToPath(import.meta.url)) {
  console.log(await measure(Number(process.argv[2]), Number(process.argv[3])));
  process.exit(0);
}
