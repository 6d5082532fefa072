/** Ours of `test/python/celery/sentinel_app.py`. */
import { Celery } from "../../../lib/celery/mod.ts";

const at = { master_name: "mymaster", sentinel_kwargs: { password: "watchword" } };
export const app = new Celery("sentinel", { brokerTransportOptions: at, resultBackendTransportOptions: at });
export const add = app.task("sentinel.add", (x: number, y: number) => x + y);

await app.start(import.meta.url);
