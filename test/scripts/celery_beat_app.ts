/** An app for tests of beat: two entries of the settings, and one that is added. */
import process from "node:process";
import { Celery, crontab } from "../../lib/celery/mod.ts";

export const app = new Celery("beatApp", {
  broker: "embedded://",
  beatSchedule: {
    often: { task: "proj.echo", schedule: 0.2, args: ["often"], options: { queue: process.env.TEST_QUEUE } },
    midnight: { task: "proj.echo", schedule: crontab({ hour: 0, minute: 0 }) },
  },
});

export const echo = app.task("proj.echo", { anyKwargs: true }, (...args: unknown[]) => args);

app.addPeriodicTask(0.2, echo.s("a chain").pipe(app.signature("proj.echo")));

await app.start(import.meta.url);
