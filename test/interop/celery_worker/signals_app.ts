/** Ours of `test/python/celery/signals_app.py`: the same receivers, the same tasks, the same lines. */
import { appendFileSync } from "node:fs";
import process from "node:process";
import { Celery, Ignore, Reject } from "../../../lib/celery/mod.ts";

export const app = new Celery("signals", { taskAcksLate: true });
const { signals } = app;
let where = "M";

function note(...words: unknown[]): void {
  appendFileSync(process.env.SIGNALS_LOG ?? "", `${[where, ...words].map(python).join(" ")}\n`);
}

/** As Python's `str` shows it. */
function python(value: unknown): string {
  if (Array.isArray(value)) {
    return `[${value.map((each) => typeof each === "string" ? `'${each}'` : python(each)).join(", ")}]`;
  }
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "object" ? "{}" : String(value);
}

/** Python's name for the class of what a task gave. */
function classOf(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (value instanceof RangeError) return "ValueError";
  if (value instanceof Error) return "remoteType" in value ? String(value.remoteType) : value.name;
  return typeof value === "number" ? "int" : "str";
}

const nameOf = (sender: unknown) => typeof sender === "string" ? sender : (sender as { name: string }).name;

signals.beforeTaskPublish.connect((event) => {
  const { sender, body, headers, properties, exchange, routingKey, declare, retryPolicy } = event;
  headers.traced = "yes";
  const queues = declare.map((queue) => queue.name);
  note(
    "before_task_publish",
    sender,
    headers.id,
    body[0],
    body[1],
    properties.correlationId,
    `'${exchange}'`,
    routingKey,
    queues,
    retryPolicy,
  );
});
signals.afterTaskPublish.connect(({ sender, body, headers, exchange, routingKey }) => {
  note("after_task_publish", sender, headers.id, headers.traced, body[0], `'${exchange}'`, routingKey);
});
signals.taskReceived.connect(({ request }) => note("task_received", request.task, request.id, request.args));
signals.taskPrerun.connect(async ({ sender, taskId, task, args, kwargs }) => {
  await Promise.resolve(); // an asynchronous receiver is waited for
  note("task_prerun", sender.name, taskId, task.name, args, kwargs);
});
signals.taskPostrun.connect(({ sender, taskId, args, retval, state }) => {
  note("task_postrun", sender.name, taskId, state, classOf(retval), args);
});
signals.taskSuccess.connect(async ({ sender, request, result }) => {
  await Promise.resolve();
  note("task_success", sender.name, request.id, result ?? null);
});
signals.taskFailure.connect(({ sender, taskId, exception, args, einfo }) => {
  const isFull = where === "M" || einfo.traceback.includes("Traceback");
  note("task_failure", nameOf(sender), taskId, classOf(exception), args, isFull);
});
signals.taskRetry.connect(({ sender, request, reason, einfo }) => {
  note("task_retry", sender.name, request.id, classOf(reason), einfo.traceback.includes("Traceback"));
});
signals.taskInternalError.connect(({ sender, taskId, exception, args }) => {
  note("task_internal_error", sender.name, taskId, classOf(exception), args);
});
signals.taskRevoked.connect(({ sender, request, terminated, signum, expired }) => {
  note("task_revoked", nameOf(sender), request.id, terminated, signum, expired);
});
signals.taskRejected.connect(({ exc }) => note("task_rejected", classOf(exc)));
signals.taskUnknown.connect(({ name, id }) => note("task_unknown", name, id));
signals.celerydInit.connect(({ sender, conf }) => {
  conf.resultExpires = 77;
  note("celeryd_init", sender);
});
signals.celerydInit.connect(() => note("never"), { sender: "other@host" });
signals.celerydAfterSetup.connect(({ sender }) => note("celeryd_after_setup", sender));
signals.workerInit.connect(() => note("worker_init"));
signals.afterSetupLogger.connect(({ logfile }) => note("after_setup_logger", logfile ?? null));
signals.workerProcessInit.connect(() => {
  where = "C";
  note("worker_process_init");
});
signals.workerProcessShutdown.connect(({ pid, exitcode }) =>
  note("worker_process_shutdown", pid === process.pid, exitcode)
);
signals.workerReady.connect(({ sender }) => note("worker_ready", sender));
signals.workerShuttingDown.connect(({ sender, sig, how, exitcode }) => {
  note("worker_shutting_down", sender, sig, how, exitcode);
});
signals.workerShutdown.connect(({ sender }) => note("worker_shutdown", sender));
const disconnect = signals.heartbeatSent.connect(() => {
  note("heartbeat_sent");
  disconnect();
});
signals.taskSuccess.connect(() => note("nobody"), { sender: "nobody" });

function faulty(): void {
  throw new RangeError("a receiver that raises");
}
signals.taskPrerun.connect(faulty);
signals.taskReceived.connect(faulty);

const add = app.task("signals.add", (x: number, y: number) => x + y);
app.task("signals.fail", (why: string) => {
  throw new RangeError(why);
});
app.task("signals.retry", { bind: true }, (self) => {
  if (self.request.retries === 0) throw self.retry({ countdown: 0 });
});
app.task("signals.expires", () => app.conf.resultExpires);
app.task("signals.ignore", () => {
  throw new Ignore();
});
app.task("signals.reject", () => {
  throw new Reject("no", { requeue: false });
});
app.task("signals.parent", async () => {
  await add.applyAsync([1, 1], { taskId: "child" }).published;
  await traced.applyAsync([], { taskId: "traced" }).published;
});
const traced = app.task("signals.traced", { bind: true }, ({ request }) => request.headers.traced);
app.task("signals.hook", {
  onSuccess: () => {
    throw new RangeError("a hook that raises");
  },
}, () => "done");
app.task("signals.again", { bind: true }, (self) => {
  if (self.request.retries === 0) throw self.retry({ countdown: 0 });
  return "done";
});
app.task("signals.logs", () => {
  app.taskLog.debug("below the level");
  app.taskLog.info("an ordinary line");
  app.taskLog.warn("it may rain");
  app.taskLog.error("it rains");
});
app.task("signals.sleep", () => {
  note("sleeps");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000);
});
app.task("signals.die", (..._args: unknown[]) => process.kill(process.pid, "SIGKILL"));

/** What `signals_eager.py` does: each task here and now. */
if (process.argv[2] === "eagerly") {
  for (const name of ["add", "fail", "again", "ignore", "reject"]) {
    const args = name === "add" ? [1, 2] : name === "fail" ? ["boom"] : [];
    const result = app.signature(`signals.${name}`, args).set({ taskId: name }).apply();
    await result.get({ propagate: false }).catch(() => {});
  }
} else await app.start(import.meta.url);
