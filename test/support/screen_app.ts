/** An app that needs no broker, for tests of what is drawn on a terminal. SIGUSR2 makes it crash. */
import process from "node:process";
import { Celery } from "../../lib/celery/mod.ts";

const app = new Celery("screen", { broker: "memory://", environment: {} });
process.once("SIGUSR2", () => {
  throw new Error("a bug");
});
await app.start(import.meta.url);
