/** The app of the RabbitMQ matrix, as in test/python/celery/matrix.py. */
import { Celery, queue } from "../../../lib/celery/mod.ts";

function ofKind(name: string, kind: "classic" | "quorum") {
  const queueArguments = kind === "quorum" ? { "x-queue-type": "quorum" } : { "x-max-priority": 9 };
  return queue(`${name}-${kind}`, { queueArguments });
}

export const app = new Celery("matrix", {
  taskQueues: ["python", "ours"].flatMap((name) => [ofKind(name, "classic"), ofKind(name, "quorum")]),
});

export const add = app.task("matrix.add", (x: number, y: number) => x + y);

await app.start(import.meta.url);
