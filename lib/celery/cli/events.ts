import type { Command, CommandContext } from "./command.ts";
import { EventDumper } from "./event_dumper.ts";
import { ExitCode, usageError } from "./exit_codes.ts";
import { parseOptions } from "./options.ts";

const OPTIONS = {
  dump: { flags: ["-d", "--dump"], help: "print events as they come" },
  json: { flags: ["-j", "--json"], help: "the same, an object of JSON a line" },
} as const;

/**
 * Shows what workers and tasks do until it is interrupted: on a screen, or as lines.
 *
 * Source: celery 5.6 celery/bin/events.py, celery/events/dumper.py
 */
export const eventsCommand: Command = {
  name: "events",
  summary: "Show what workers and tasks do, as it happens: on a screen, or as lines.",
  usage: "[OPTIONS]",
  examples: [
    ["events", "a table of tasks, drawn over the whole terminal"],
    ["events --dump", "a line an event"],
    ["events --json", "for programs"],
  ],
  options: OPTIONS,
  async run(context, argv) {
    const { options, words } = parseOptions(OPTIONS, argv, {
      command: "events",
      environment: context.environment,
      environmentPrefix: "CELERY_EVENTS",
    });
    if (words.length > 0) throw usageError(`Got unexpected extra argument (${words.join(" ")})`, "events");
    if (options.dump === true || options.json === true) return await dump(context, options.json === true);
    const { runEventsScreen } = await import("./screen/events_screen.ts");
    return await runEventsScreen(context);
  },
};

async function dump({ app, terminal, signal }: CommandContext, isJson: boolean): Promise<number> {
  const dumper = new EventDumper();
  if (!isJson) terminal.out("-> evdump: starting capture...");
  const receiver = await app.events.receive((event) => {
    const line = isJson ? JSON.stringify(event) : dumper.line(event);
    if (line !== undefined) terminal.out(line);
  }, {
    onOutage: (reason) => {
      if (reason !== undefined && !isJson) terminal.out("-> Connection lost, attempting reconnect");
    },
  });
  await aborted(signal);
  await receiver.close();
  return ExitCode.ok;
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
