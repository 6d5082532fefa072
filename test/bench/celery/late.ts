/** One late-acked task, as in test/python/celery/late.py. */
import { Celery } from "../../../lib/celery/mod.ts";

export const app = new Celery("late", { taskAcksLate: true });

export const add = app.task("late.add", (x: number, y: number) => x + y);

await app.start(import.meta.url);
