/** A task that takes for ever when it is run for the first time, in a worker that ends it when the connection is lost. */
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { Celery } from "../../lib/celery/mod.ts";

export const app = new Celery("cancel", { taskAcksLate: true, workerCancelLongRunningTasksOnConnectionLoss: true });

app.task("cancel.first_for_ever", () => {
  const notes = process.env.NOTES ?? "";
  appendFileSync(notes, `${process.pid}\n`);
  if (readFileSync(notes, "utf8").split("\n").length > 2) return "again";
  return new Promise(() => setInterval(() => {}, 1000));
});

await app.start(import.meta.url);
