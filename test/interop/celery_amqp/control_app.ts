/** A worker whose queues of control and events are durable or exclusive, as QUEUES says. */
import process from "node:process";
import { Celery } from "../../../lib/celery/mod.ts";

const [durable, exclusive] = [process.env.QUEUES === "durable", process.env.QUEUES === "exclusive"];

export const app = new Celery("control", {
  controlQueueDurable: durable,
  controlQueueExclusive: exclusive,
  eventQueueDurable: durable,
  eventQueueExclusive: exclusive,
});

await app.start(import.meta.url);
