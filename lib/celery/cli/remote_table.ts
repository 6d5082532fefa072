/**
 * The remote commands as the command line offers them: which arguments stand for what.
 *
 * Source: celery 5.6 celery/worker/control.py, the decorators of the commands
 * @module
 */
import { usageError } from "./exit_codes.ts";
import { commaSeparated, float, integer } from "./options.ts";

export interface RemoteSpec {
  readonly summary: string;
  /** Shown where the arguments are wrong. */
  readonly signature: string;
  /** Positional arguments in order, and how each is read. */
  readonly args: readonly (readonly [name: string, read: (text: string) => unknown])[];
  /** Takes the remaining words as a list. */
  readonly variadic?: string;
}

const text = (value: string) => value;
const truth = (value: string) => /^(1|true|yes|on)$/i.test(value);

function spec(
  summary: string,
  signature = "",
  args: RemoteSpec["args"] = [],
  variadic?: string,
): RemoteSpec {
  return { summary, signature, args, ...(variadic === undefined ? {} : { variadic }) };
}

export const INSPECT: ReadonlyMap<string, RemoteSpec> = new Map([
  ["active", spec("tasks that run now")],
  ["active_queues", spec("queues that are consumed from")],
  ["clock", spec("logical clock")],
  ["conf", spec("settings", "[include_defaults=False]", [["with_defaults", truth]])],
  ["memdump", spec("memory in use", "[n_samples=10]", [["samples", integer]])],
  ["memsample", spec("memory in use, short")],
  [
    "objgraph",
    spec("not for this worker", "[object_type=Request] [num=200 [max_depth=10]]", [
      ["type", text],
      ["num", integer],
      ["max_depth", integer],
    ]),
  ],
  ["ping", spec("who is there")],
  ["query_task", spec("tasks by id", "[id1 [id2 [... [idN]]]]", [], "ids")],
  ["registered", spec("tasks a worker knows", "[attr1 [attr2 [... [attrN]]]]", [], "taskinfoitems")],
  ["report", spec("versions and settings for a bug report")],
  ["reserved", spec("tasks that wait for a free process")],
  ["revoked", spec("ids of revoked tasks")],
  ["scheduled", spec("tasks that wait for their time")],
  ["stats", spec("counts, pool, broker, resources")],
]);

export const CONTROL: ReadonlyMap<string, RemoteSpec> = new Map([
  [
    "add_consumer",
    spec("consume from one more queue", "<queue> [exchange [type [routing_key]]]", [
      ["queue", text],
      ["exchange", text],
      ["exchange_type", text],
      ["routing_key", text],
    ]),
  ],
  ["autoscale", spec("change the bounds of the pool", "[max [min]]", [["max", integer], ["min", integer]])],
  ["cancel_consumer", spec("no longer consume from a queue", "<queue>", [["queue", text]])],
  ["disable_events", spec("stop sending task events")],
  [
    "election",
    spec("let the workers elect one", "<id> <topic> [action]", [["id", text], ["topic", text], ["action", text]]),
  ],
  ["enable_events", spec("send task events")],
  ["heartbeat", spec("send a heartbeat now")],
  ["pool_grow", spec("more processes", "[N=1]", [["n", integer]])],
  ["pool_restart", spec("replace the processes")],
  ["pool_shrink", spec("fewer processes", "[N=1]", [["n", integer]])],
  [
    "rate_limit",
    spec("limit a task's rate", "<task_name> <rate_limit (e.g., 5/s | 5/m | 5/h)>", [
      ["task_name", text],
      ["rate_limit", text],
    ]),
  ],
  ["revoke", spec("do not run these tasks", "[id1 [id2 [... [idN]]]]", [], "task_id")],
  [
    "revoke_by_stamped_headers",
    spec("do not run tasks with these stamps", "[key1=value1 [key2=value2 [...]]]", [], "headers"),
  ],
  ["shutdown", spec("finish what runs and end")],
  ["terminate", spec("end running tasks", "<signal> [id1 [id2 [... [idN]]]]", [["signal", text]], "task_id")],
  [
    "time_limit",
    spec("limit a task's time", "<task_name> <soft_secs> [hard_secs]", [
      ["task_name", text],
      ["soft", float],
      ["hard", float],
    ]),
  ],
]);

/** Positional words as the command's keyword arguments. @throws {CommandError} for too many */
export function remoteArguments(method: string, spec: RemoteSpec, words: readonly string[]): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  spec.args.forEach(([name, read], at) => {
    const word = words[at];
    if (word === undefined) return;
    try {
      out[name] = read(word);
    } catch (error) {
      throw usageError(`Invalid value for ${name}: ${error instanceof Error ? error.message : error}`);
    }
  });
  const rest = words.slice(spec.args.length);
  if (spec.variadic !== undefined) out[spec.variadic] = rest.flatMap(commaSeparated);
  else if (rest.length > 0) throw usageError(`Command '${method}' takes arguments: ${spec.signature}`);
  return out;
}
