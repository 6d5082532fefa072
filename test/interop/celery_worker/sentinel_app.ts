/** Ours of `test/python/celery/sentinel_app.py`. */
import { Celery } from "../../../lib/celery/mod.ts";

export const app = new Celery("sentinel", {
  brokerTransportOptions: { master_name: "mymaster" },
  resultBackendTransportOptions: { master_name: "mymaster" },
});
export const add = app.task("sentinel.add", (x: number, y: number) => x + y);

await app.start(import.meta.url);
