import { pyRepr } from "../../base/pyrepr.ts";
import type { Celery } from "../app.ts";
import type { Transport } from "../transport/transport.ts";
import type { Command } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { Migration } from "./migration.ts";
import { commaSeparated, float, integer, parseOptions } from "./options.ts";

const GROUP = "Migration Options";
const OPTIONS = {
  limit: { flags: ["-n", "--limit"], value: "COUNT", parse: natural, group: GROUP, help: "end after so many tasks" },
  timeout: {
    flags: ["-t", "--timeout"],
    value: "SECONDS",
    parse: seconds,
    group: GROUP,
    help: "end when none came for so long; without, wait for more",
  },
  ackMessages: {
    flags: ["-a", "--ack-messages"],
    group: GROUP,
    help: "take them from the source; without, they are copied",
  },
  tasks: {
    flags: ["-T", "--tasks"],
    value: "NAMES",
    parse: commaSeparated,
    group: GROUP,
    help: "only tasks of these names",
  },
  queues: {
    flags: ["-Q", "--queues"],
    value: "NAMES",
    parse: commaSeparated,
    group: GROUP,
    help: "only these queues; old:new renames one",
  },
  forever: { flags: ["-F", "--forever"], group: GROUP, help: "go on until stopped, whatever the timeout" },
} as const;

/**
 * Moves or copies waiting tasks from one broker to another. Both are reached by their URLs alone, without the app's options.
 *
 * Source: celery 5.6 celery/bin/migrate.py
 */
export const migrateCommand: Command = {
  name: "migrate",
  summary: "Copy or move waiting tasks from one broker to another.",
  usage: "[OPTIONS] SOURCE DESTINATION",
  examples: [
    ["migrate -t 1 redis://old redis://new", "copy what waits in the app's queues"],
    ["migrate -t 1 -a amqp://old redis://new", "move it"],
    ["migrate -t 1 -a -Q slow:fast redis://one redis://two", "one queue, under another name"],
  ],
  options: OPTIONS,
  notes: "A copy leaves the tasks at the source, marked as delivered before: have no worker run both.",
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "migrate",
      environment: context.environment,
      environmentPrefix: "CELERY_MIGRATE",
    });
    const [from, to, ...extra] = words;
    if (from === undefined) throw usageError("Missing argument 'SOURCE'.", "migrate");
    if (to === undefined) throw usageError("Missing argument 'DESTINATION'.", "migrate");
    if (extra.length > 0) throw usageError(`Got unexpected extra argument (${extra.join(" ")})`, "migrate");
    const { app, terminal, signal } = context;
    const renames = renamesOf(options.queues ?? []);
    if (from === to && [...renames].every(([old, name]) => old === name)) {
      throw usageError("SOURCE and DESTINATION are the same, and no queue of -Q gets another name.", "migrate");
    }
    const chosen = renames.size === 0
      ? app.queues.consumeFrom
      : [...renames.keys()].map((name) => app.queues.get(name));
    await withTransports(app, [from, to], (source, destination) =>
      new Migration({
        source,
        destination,
        queues: chosen.filter((queue) => queue.isBroadcast !== true),
        renames,
        decode: (message) => app.decode(message, { floats: "exact" }),
        tasks: new Set(options.tasks),
        limit: options.limit ?? 0,
        idleMs: options.forever === true || options.timeout === undefined ? undefined : options.timeout * 1000,
        acknowledges: options.ackMessages === true,
        onMigrated: ({ count, total, payload }) =>
          terminal.out(`Migrating task ${count}/${total === 0 ? "?" : total}: ${pyRepr(payload)}`),
        onRestoring: (count) => terminal.err(`Restoring ${count} unacknowledged message(s)`),
        signal,
      }).run());
    return ExitCode.ok;
  },
};

async function withTransports(
  app: Celery,
  [from, to]: readonly [string, string],
  use: (source: Transport, destination: Transport) => Promise<unknown>,
): Promise<void> {
  const source = await app.openTransport(plain(from));
  try {
    const destination = await app.openTransport(plain(to));
    try {
      await use(source, destination);
    } finally {
      await destination.close();
    }
  } finally {
    await source.close();
  }
}

/** Nothing but a URL, or several with `;` between them. */
function plain(url: string) {
  const [first = "", ...others] = url.split(";");
  return { urls: [first, ...others] as const, transportOptions: {}, ssl: false } as const;
}

/** `old:new`, or `name` for one that keeps it. */
function renamesOf(names: readonly string[]): ReadonlyMap<string, string> {
  return new Map(names.map((name) => {
    const [old = "", renamed = old] = name.split(":");
    return [old, renamed];
  }));
}

function natural(text: string): number {
  const value = integer(text);
  if (value < 0) throw new Error(`${value} is not in the range x>=0.`);
  return value;
}

function seconds(text: string): number {
  const value = float(text);
  if (value <= 0) throw new Error(`${value} is not in the range x>0.`);
  return value;
}
