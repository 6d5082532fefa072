/** Tasks of ours for a real Python client to call: one for each thing that a worker does. */
import process from "node:process";
import { Celery, chain, group, Ignore, Reject, type TaskContext } from "../../../lib/celery/mod.ts";

export const app = new Celery("ours", {
  taskTrackStarted: true,
  resultExtended: true,
  workerDirect: true,
  workerRedirectStdoutsLevel: "INFO",
});

const sleep = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));

const add = app.task("ours.add", (x: number, y: number) => x + y);
app.task("ours.xsum", (numbers: number[]) => numbers.reduce((sum, each) => sum + each, 0));
app.task("ours.echo", { bind: true, anyKwargs: true }, (self, ...args: unknown[]) => [args, self.request.kwargs]);
app.task("ours.note", (value: unknown, text: string) => [value, text]);
app.task("ours.sleep", sleep);
app.task("ours.die", () => process.kill(process.pid, "SIGKILL"));

class Bankrupt extends Error {}
app.exceptions.register(Bankrupt, "worker_client.Bankrupt");
class ValueError extends Error {}
app.exceptions.register(ValueError, "builtins.ValueError");
app.task("ours.bankrupt", (why: string) => {
  throw new Bankrupt(why);
});
app.task("ours.value_error", (why: string) => {
  throw new ValueError(why);
});
app.task("ours.type_error", () => {
  throw new TypeError("no such thing");
});
app.task("ours.onerr", (id: string) => id);
app.task("ours.ignore", () => {
  throw new Ignore();
});
app.task("ours.reject", () => {
  throw new Reject("not for me", { requeue: false });
});
app.task("ours.progress", { bind: true }, async (self) => {
  await self.updateState({ state: "PROGRESS", meta: { done: 1 } });
  await sleep(0.3);
  return "done";
});
app.task("ours.retry_twice", { bind: true }, (self) => {
  if (self.request.retries < 2) throw self.retry({ exc: new ValueError("again"), countdown: 0.05 });
  return self.request.retries;
});
app.task("ours.give_up", { bind: true, maxRetries: 1 }, (self) => {
  throw self.retry({ exc: new ValueError("for good"), countdown: 0.05 });
});
app.task("ours.autoretry", {
  bind: true,
  autoretryFor: [ValueError],
  retryBackoff: 1,
  retryBackoffMax: 0,
  retryKwargs: { maxRetries: 2 },
}, (self) => {
  throw new ValueError(`try ${self.request.retries}`);
});
app.task("ours.soft_limit", { softTimeLimit: 0.2 }, () => sleep(60));
app.task("ours.hard_limit", { timeLimit: 0.5 }, () => {
  for (;;);
});
app.task("ours.request", { bind: true, trail: true }, ({ request }) => ({
  id: request.id,
  root_id: request.rootId,
  parent_id: request.parentId,
  group: request.group,
  retries: request.retries,
  custom: request.headers.custom ?? null,
  shadow: request.shadow,
  timelimit: request.timelimit,
  hostname: request.hostname,
  routing_key: request.deliveryInfo.routingKey,
  priority: request.deliveryInfo.priority,
  argsrepr: request.argsrepr,
}));
app.task("ours.parent", { bind: true }, async (_self) => {
  const child = add.delay(1, 1);
  await child.published;
  return child.id;
});
app.task(
  "ours.replaced",
  { bind: true },
  (self: TaskContext, x: number) => self.replace(chain(add.s(x, 1), add.s(10))),
);
app.task(
  "ours.replaced_by_group",
  { bind: true },
  (self: TaskContext, x: number) => self.replace(group(add.s(x, 1), add.s(x, 2))),
);

const hooks: string[] = [];
app.task("ours.hooked", {
  bind: true,
  beforeStart: () => void hooks.push("before_start"),
  onSuccess: (_self, result) => void hooks.push(`on_success ${result}`),
  onFailure: () => void hooks.push("on_failure"),
  onRetry: () => void hooks.push("on_retry"),
  afterReturn: (_self, state) => void hooks.push(`after_return ${state}`),
}, (self: TaskContext, how: string) => {
  hooks.push(`run ${how}`);
  if (how === "retries" && self.request.retries === 0) throw self.retry({ countdown: 0 });
  if (how === "fails") throw new ValueError("hooked");
  return how;
});
app.task("ours.hooks", () => hooks.splice(0));
app.task("ours.prints", () => console.log("printed by the task"));
app.task("ours.types", (...values: unknown[]) => values.map((value) => value?.constructor?.name ?? null));

await app.start(import.meta.url);
