/** A task queue with one task. Start a worker:  tsx celery/addTask.ts worker */
import { Celery } from "../lib/celery/mod.ts";

export const app = new Celery("addTask", { broker: "embedded://" });

export const add = app.task("addTask.add", (x: number, y: number) => x + y);

await app.start(import.meta.url);
