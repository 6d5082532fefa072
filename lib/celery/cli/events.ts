import type { Command } from "./command.ts";
import { EventDumper } from "./event_dumper.ts";
import { ExitCode } from "./exit_codes.ts";
import { parseOptions } from "./options.ts";

const OPTIONS = {
  dump: { flags: ["-d", "--dump"], help: "print events as they come (there is no other mode)" },
  json: { flags: ["-j", "--json"], help: "an object of JSON a line" },
} as const;

/**
 * Prints monitoring events until it is interrupted.
 *
 * Source: celery 5.6 celery/bin/events.py, celery/events/dumper.py
 */
export const eventsCommand: Command = {
  name: "events",
  summary: "Print what workers and tasks do, as it happens.",
  usage: "[OPTIONS]",
  examples: [["events --dump", "a line an event"], ["events --json", "for programs"]],
  options: OPTIONS,
  async run(context, argv) {
    const { options } = parseOptions(OPTIONS, argv, {
      command: "events",
      environment: context.environment,
      environmentPrefix: "CELERY_EVENTS",
    });
    const { app, terminal, signal } = context;
    const dumper = new EventDumper();
    if (options.json !== true) terminal.out("-> evdump: starting capture...");
    const receiver = await app.events.receive((event) => {
      const line = options.json === true ? JSON.stringify(event) : dumper.line(event);
      if (line !== undefined) terminal.out(line);
    }, {
      onOutage(reason) {
        if (reason !== undefined && options.json !== true) {
          terminal.out("-> Connection lost, attempting reconnect");
        }
      },
    });
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await receiver.close();
    return ExitCode.ok;
  },
};
