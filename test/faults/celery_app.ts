/** An app for the fault tests: its task acknowledges late and may be run again. */
import { Celery } from "../../lib/celery/mod.ts";

export const app = new Celery("faults", { broker: "embedded://", taskAcksLate: true, taskRejectOnWorkerLost: true });

export const square = app.task("faults.square", (n: number) => n * n);

await app.start(import.meta.url);
