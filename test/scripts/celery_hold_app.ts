/** An app for tests of the worker's command line: a task that takes for ever, and one that tells who runs it. */
import process from "node:process";
import { broadcastQueue, Celery, queue } from "../../lib/celery/mod.ts";

export const app = new Celery("holdApp", {
  broker: "embedded://",
  taskQueues: [queue("celery"), broadcastQueue("everybody")],
});

export const hold = app.task("holdApp.hold", async () => {
  console.log(`holding in ${process.pid}`);
  await new Promise((resolve) => setTimeout(resolve, 600_000));
});

export const whoami = app.task("holdApp.whoami", () => process.pid);

await app.start(import.meta.url);
