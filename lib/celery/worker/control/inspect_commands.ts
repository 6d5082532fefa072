/**
 * Commands that look at a worker and change nothing.
 *
 * Source: celery 5.6 celery/worker/control.py `inspect_command`
 * @module
 */
import process from "node:process";
import type { Exchange, Queue } from "../../transport/transport.ts";
import { isoAt } from "../../wire/timezone.ts";
import * as lines from "../log_lines.ts";
import type { Request } from "../request.ts";
import { type Command, ControlError, ok, type Panel, textOf, textsOf } from "./panel.ts";
import { requestInfo } from "./request_info.ts";
import { stats } from "./stats.ts";

function info(panel: Panel, request: Request, safe = false): Record<string, unknown> {
  return requestInfo(request, panel.node, { safe, decode: (message) => panel.decode(message) });
}

const active: Command = (panel, args) =>
  [...panel.held].filter((request) => request.state === "running")
    .map((request) => info(panel, request, args.safe === true));

const reserved: Command = (panel) =>
  [...panel.held].filter((request) => request.state === "reserved").map((request) => info(panel, request));

const scheduled: Command = (panel) =>
  panel.intake.scheduled.map(({ item, dueMs }) => ({
    eta: isoAt(dueMs, panel.timezone),
    priority: 6,
    request: info(panel, item),
  }));

const queryTask: Command = (panel, args) => {
  const found: Record<string, unknown> = Object.create(null);
  for (const id of textsOf(args.ids)) {
    for (const request of panel.held.withId(id)) {
      const state = request.state === "running" ? "active" : request.state === "reserved" ? "reserved" : "ready";
      found[id] = [state, info(panel, request)];
    }
  }
  return found;
};

const DEFAULT_ATTRIBUTES = ["exchange", "routing_key", "rate_limit"];

const registered: Command = (panel, args) => {
  const wanted = textsOf(args.taskinfoitems);
  const names = wanted.length > 0 ? wanted : DEFAULT_ATTRIBUTES;
  return panel.tasks.names({ builtins: args.builtins === true }).map((name) => {
    const task = panel.tasks.all.get(name);
    const attributes = new Map(Object.entries(task?.attributes ?? {}));
    if (task !== undefined && task.rateLimit !== null) attributes.set("rate_limit", String(task.rateLimit));
    const shown = names.filter((key) => attributes.has(key)).map((key) => `${key}=${attributes.get(key)}`);
    return shown.length === 0 ? name : `${name} [${shown.join(" ")}]`;
  });
};

const activeQueues: Command = (panel) => panel.consumer.queues.map(queueInfo);

function queueInfo(queue: Queue): Record<string, unknown> {
  const { arguments: rest } = queue;
  return {
    name: queue.name,
    exchange: exchangeInfo(queue.exchange, queue.name),
    routing_key: queue.routingKey,
    queue_arguments: Object.keys(rest).length === 0 ? null : rest,
    binding_arguments: null,
    consumer_arguments: null,
    durable: queue.durable,
    exclusive: queue.exclusive,
    auto_delete: queue.autoDelete,
    no_ack: false,
    alias: null,
    bindings: [],
    no_declare: null,
    expires: null,
    message_ttl: null,
    max_length: null,
    max_length_bytes: null,
    max_priority: rest["x-max-priority"] ?? null,
  };
}

function exchangeInfo(exchange: Exchange, queueName: string): Record<string, unknown> {
  return {
    name: exchange.name === "" ? queueName : exchange.name,
    type: exchange.type,
    arguments: null,
    durable: exchange.durable,
    passive: false,
    auto_delete: exchange.autoDelete,
    delivery_mode: null,
    no_declare: false,
  };
}

const hello: Command = (panel, args) => {
  const from = textOf(args.from_node);
  if (from === panel.node) return null;
  panel.log.write(lines.syncWith(from ?? "an unnamed node"));
  panel.revoked.mergeWire(args.revoked);
  return { revoked: panel.revoked.toWire(), clock: panel.logicalClock.forward() };
};

function residentMemory(): string {
  return `${(process.memoryUsage.rss() / 1024 / 1024).toFixed(2)}MB`;
}

export const INSPECT_COMMANDS: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["ping", () => ok("pong")],
  ["report", (panel) => ok(panel.report())],
  ["conf", (panel, args) => panel.conf(args.with_defaults === true)],
  ["stats", stats],
  ["active", active],
  ["reserved", reserved],
  ["scheduled", scheduled],
  ["revoked", (panel) => panel.revoked.ids()],
  ["registered", registered],
  ["query_task", queryTask],
  ["active_queues", activeQueues],
  ["clock", (panel) => ({ clock: panel.logicalClock.value })],
  ["memsample", residentMemory],
  ["memdump", () => `- rss: ${residentMemory()}.\n`],
  ["objgraph", () => {
    throw new ControlError("ImportError", "Requires the objgraph library");
  }],
  ["hello", hello],
]);

/** Names from before Celery 4. */
export const INSPECT_ALIASES: ReadonlyMap<string, string> = new Map([
  ["dump_conf", "conf"],
  ["dump_schedule", "scheduled"],
  ["dump_reserved", "reserved"],
  ["dump_active", "active"],
  ["dump_revoked", "revoked"],
  ["dump_tasks", "registered"],
]);
