/** A worker that does not wait for its broker. */
import { Celery } from "../../lib/celery/mod.ts";

export const app = new Celery("startup", { brokerConnectionRetryOnStartup: false });

await app.start(import.meta.url);
