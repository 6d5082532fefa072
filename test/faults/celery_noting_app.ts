/** An app for the faults of RabbitMQ: its task acknowledges late, and writes its id into a file each time that it runs. */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { Celery, queue } from "../../lib/celery/mod.ts";

const { NOTES = "", QUEUES = "noted", HEARTBEAT_S = "120" } = process.env;

export const app = new Celery("noting", {
  taskAcksLate: true,
  brokerHeartbeat: Number(HEARTBEAT_S),
  taskQueues: [
    queue(`${QUEUES}-classic`),
    queue(`${QUEUES}-quorum`, { queueArguments: { "x-queue-type": "quorum" } }),
  ],
});

/** Takes `seconds`, and returns them. */
export const note = app.task("noting.note", { bind: true }, async (self, seconds: number) => {
  appendFileSync(NOTES, `${self.request.id} ${Date.now()}\n`);
  if (seconds > 0) await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  return seconds;
});

await app.start(import.meta.url);
