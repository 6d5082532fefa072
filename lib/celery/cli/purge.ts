import type { Command } from "./command.ts";
import { CommandError, ExitCode } from "./exit_codes.ts";
import { commaSeparated, parseOptions } from "./options.ts";
import { paint } from "./terminal.ts";

const OPTIONS = {
  force: { flags: ["-f", "--force"], help: "do not ask" },
  queues: { flags: ["-Q", "--queues"], value: "NAMES", parse: commaSeparated, help: "only these queues" },
  excludeQueues: { flags: ["-X", "--exclude-queues"], value: "NAMES", parse: commaSeparated, help: "not these queues" },
} as const;

/**
 * Drops all messages of the queues that the app knows.
 *
 * Source: celery 5.6 celery/bin/purge.py
 */
export const purgeCommand: Command = {
  name: "purge",
  summary: "Erase all messages from all known task queues. There is no undo.",
  usage: "[OPTIONS]",
  examples: [["purge -f", "without asking"], ["purge -f -Q slow", "one queue"]],
  options: OPTIONS,
  async run(context, argv) {
    const { options } = parseOptions(OPTIONS, argv, {
      command: "purge",
      environment: context.environment,
      environmentPrefix: "CELERY_PURGE",
    });
    const { app, terminal } = context;
    const excluded = new Set(options.excludeQueues ?? []);
    const chosen = options.queues?.map((name) => app.queues.get(name)) ?? [...app.queues.consumeFrom];
    const queues = chosen.filter((queue) => !excluded.has(queue.name));
    const word = queues.length === 1 ? "queue" : "queues";
    if (queues.length === 0) return ExitCode.ok;
    if (options.force !== true) {
      const names = queues.map((queue) => queue.name).sort().join(", ");
      const answer = await terminal.ask(
        `${paint(terminal, "WARNING", "red")}:This will remove all tasks from ${word}: ${names}.\n` +
          "         There is no undo for this operation!\n\n(to skip this prompt use the -f option)\n" +
          "Are you sure you want to delete all tasks? [y/N]: ",
      );
      if (!/^y(es)?$/i.test(answer?.trim() ?? "")) throw new CommandError("Aborted!");
    }
    const transport = await app.transport();
    const counts = await Promise.all(queues.map((queue) => transport.purge(queue, { signal: context.signal })));
    const dropped = counts.reduce((sum, count) => sum + count, 0);
    terminal.out(
      dropped === 0
        ? `No messages purged from ${queues.length} ${word}.`
        : `Purged ${dropped} ${dropped === 1 ? "message" : "messages"} from ${queues.length} known task ${word}.`,
    );
    return ExitCode.ok;
  },
};
