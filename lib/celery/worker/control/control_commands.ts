/**
 * Commands that change what a worker does.
 *
 * Source: celery 5.6 celery/worker/control.py `control_command`
 * @module
 */
import { pyRepr } from "../../../base/pyrepr.ts";
import { asError } from "../../../base/errors.ts";
import { isPlainObject } from "../../../base/pyvalue.ts";
import { findSignal, signalNumber } from "../../../proc/mod.ts";
import { SOFTWARE } from "../heart.ts";
import * as lines from "../log_lines.ts";
import { parseRate } from "../rate_limit.ts";
import type { Request } from "../request.ts";
import {
  type Arguments,
  type Command,
  ControlError,
  countOf,
  nok,
  ok,
  type Panel,
  required,
  textOf,
  textsOf,
} from "./panel.ts";

const revoke: Command = (panel, args) => {
  const ids = [...new Set(textsOf(required(args, "revoke", "task_id")))];
  for (const id of ids) panel.revoked.add(id);
  if (args.terminate === true) return terminateAll(panel, ids, args.signal);
  panel.log.write(lines.flaggedRevoked(ids));
  const doomed = new Set(ids.flatMap((id) => panel.held.withId(id)));
  panel.pool.recall(doomed); // what a child has not begun is looked at once more
  return ok(`tasks ${pyRepr(new Set(ids))} flagged as revoked`);
};

function terminateAll(panel: Panel, ids: readonly string[], signalName: unknown): unknown {
  const signal = signalOf(signalName);
  const terminated: string[] = [];
  for (const id of ids) {
    const requests = panel.held.withId(id);
    if (requests.length === 0) continue;
    panel.log.write(lines.taskTerminates(id, signalNumber(signal)));
    for (const request of requests) panel.verdicts.terminate(request, signal, panel.pool);
    terminated.push(id);
  }
  return ok(terminated.length === 0 ? "terminate: tasks unknown" : `terminate: ${terminated.join(", ")}`);
}

function signalOf(name: unknown): NodeJS.Signals {
  if (name === undefined || name === null) return "SIGTERM";
  const signal = typeof name === "string" || typeof name === "number" ? findSignal(name) : undefined;
  if (signal === undefined) throw new ControlError("KeyError", String(name));
  return signal;
}

/** `{header: value or values}` or `["header=value", …]`. */
function stampsOf(value: unknown): Map<string, string[]> {
  const stamps = new Map<string, string[]>();
  if (isPlainObject(value)) {
    for (const [header, values] of Object.entries(value)) stamps.set(header, textsOf(values));
  } else {
    for (const pair of textsOf(value)) {
      const at = pair.indexOf("=");
      const header = pair.slice(0, at);
      if (at > 0) stamps.set(header, [...stamps.get(header) ?? [], pair.slice(at + 1)]);
    }
  }
  return stamps;
}

const revokeByStamps: Command = (panel, args) => {
  const headers = required(args, "revoke_by_stamped_headers", "headers");
  for (const [header, values] of stampsOf(headers)) panel.revokedStamps.add(header, values);
  if (args.terminate !== true) return ok(`headers ${pyRepr(headers)} flagged as revoked, but not terminated`);
  const matches = (request: Request) => panel.revokedStamps.match(request.delivery.message.headers) !== undefined;
  const ids = [...panel.held].filter((request) => request.state === "running" && matches(request))
    .map((request) => request.id);
  if (ids.length === 0) return ok(`headers ${pyRepr(headers)} were not terminated`);
  for (const id of ids) panel.revoked.add(id);
  return terminateAll(panel, ids, args.signal);
};

const rateLimit: Command = (panel, args) => {
  const name = String(required(args, "rate_limit", "task_name"));
  const value = required(args, "rate_limit", "rate_limit");
  const limit = typeof value === "number" || typeof value === "string" ? value : null;
  try {
    parseRate(limit);
  } catch (error) {
    return nok(`Invalid rate limit string: ValueError(${pyRepr(asError(error).message)})`);
  }
  if (!panel.tasks.override(name, { rateLimit: limit })) {
    panel.log.write(lines.rateLimitUnknown(name));
    return nok("unknown task");
  }
  panel.intake.resetRateLimit(name);
  if (limit === null || limit === 0 || limit === "") {
    panel.log.write(lines.rateLimitDisabled(name));
    return ok("rate limit disabled successfully");
  }
  panel.log.write(lines.rateLimitSet(name, String(limit)));
  return ok("new rate limit set successfully");
};

const timeLimit: Command = (panel, args) => {
  const name = textOf(args.task_name) ?? "None";
  const seconds = (value: unknown) => typeof value === "number" ? value : null;
  const limits = { softTimeLimit: seconds(args.soft), timeLimit: seconds(args.hard) };
  if (!panel.tasks.override(name, limits)) {
    panel.log.write(lines.timeLimitUnknown(name));
    return nok("unknown task");
  }
  panel.log.write(lines.timeLimitSet(name, pyRepr(limits.softTimeLimit), pyRepr(limits.timeLimit)));
  return ok("time limits set successfully");
};

const enableEvents: Command = (panel) => {
  if (!panel.events.enableTaskEvents()) return ok("task events already enabled");
  panel.log.write(lines.eventsEnabled());
  panel.poolChanged();
  return ok("task events enabled");
};

const disableEvents: Command = (panel) => {
  if (!panel.events.disableTaskEvents()) return ok("task events already disabled");
  panel.log.write(lines.eventsDisabled());
  panel.poolChanged();
  return ok("task events disabled");
};

const heartbeat: Command = (panel) => panel.events.send("worker-heartbeat", { freq: 5, ...SOFTWARE });

const poolGrow: Command = (panel, args) => {
  const by = countOf(args.n, 1);
  if (panel.autoscaler !== undefined) panel.autoscaler.forceUp(by);
  else panel.pool.grow(by);
  panel.poolChanged();
  return ok("pool will grow");
};

const poolShrink: Command = (panel, args) => {
  const by = countOf(args.n, 1);
  if (panel.autoscaler !== undefined) panel.autoscaler.forceDown(by);
  else if (!panel.pool.shrink(by)) {
    throw new ControlError("ValueError", "Can't shrink pool. All processes busy!");
  }
  panel.poolChanged();
  return ok("pool will shrink");
};

const poolRestart: Command = (panel) => {
  if (!panel.poolRestarts) throw new ControlError("ValueError", "Pool restarts not enabled");
  panel.pool.restart();
  return ok("reload started");
};

const autoscale: Command = (panel, args) => {
  if (panel.autoscaler === undefined) throw new ControlError("ValueError", "Autoscale not enabled");
  const { max, min } = panel.autoscaler.update(countOf(args.max, 0), countOf(args.min, 0));
  return ok(`autoscale now max=${max} min=${min}`);
};

const addConsumer: Command = async (panel, args) => {
  const name = String(required(args, "add_consumer", "queue"));
  if (!panel.consumer.queues.some((queue) => queue.name === name)) {
    await panel.consumer.addQueue(panel.queueNamed(name, queueOptions(args)));
    panel.log.write(lines.startedConsuming(name));
  }
  return ok(`add consumer ${name}`);
};

function queueOptions(args: Arguments) {
  const exchange = textOf(args.exchange);
  const exchangeType = textOf(args.exchange_type);
  const routingKey = textOf(args.routing_key);
  return {
    ...(exchange === undefined ? {} : { exchange }),
    ...(exchangeType === undefined ? {} : { exchangeType }),
    ...(routingKey === undefined ? {} : { routingKey }),
  };
}

const cancelConsumer: Command = async (panel, args) => {
  const name = String(required(args, "cancel_consumer", "queue"));
  panel.log.write(lines.cancelingQueue(name));
  await panel.consumer.cancelQueue(name);
  return ok(`no longer consuming from ${name}`);
};

const election: Command = (panel, args) => {
  const id = String(required(args, "election", "id"));
  const topic = String(required(args, "election", "topic"));
  panel.gossip?.elect(id, topic, args.action ?? null);
};

const shutdown: Command = (panel, args) => panel.shutdown(textOf(args.msg) ?? "Got shutdown from remote");

export const CONTROL_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["revoke", revoke],
  ["terminate", (panel, args) => {
    const ids = textsOf(required(args, "terminate", "task_id"));
    return revoke(panel, { task_id: ids, terminate: true, signal: required(args, "terminate", "signal") });
  }],
  ["revoke_by_stamped_headers", revokeByStamps],
  ["rate_limit", rateLimit],
  ["time_limit", timeLimit],
  ["enable_events", enableEvents],
  ["disable_events", disableEvents],
  ["heartbeat", heartbeat],
  ["pool_grow", poolGrow],
  ["pool_shrink", poolShrink],
  ["pool_restart", poolRestart],
  ["autoscale", autoscale],
  ["add_consumer", addConsumer],
  ["cancel_consumer", cancelConsumer],
  ["election", election],
  ["shutdown", shutdown],
]);
