import { randomUUID } from "node:crypto";
import { isPlainObject } from "../../base/pyvalue.ts";
import { eventQueueOptions } from "../connection_options.ts";
import type { Broadcast, Queue } from "../transport/transport.ts";
import { eventExchange } from "../worker/events.ts";
import type { Command, CommandContext } from "./command.ts";
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
 * Source: celery 5.6 celery/bin/events.py, celery/events/dumper.py, celery/events/receiver.py
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
    // The app's own transport would give up as a client does; a monitor waits as long as it takes.
    const transport = await app.openTransport({ maxAttempts: 0 });
    let wasReady = false;
    transport.onState(({ kind }) => {
      if (kind === "waiting" && wasReady && options.json !== true) {
        terminal.out("-> Connection lost, attempting reconnect");
      }
      if (kind === "waiting" || kind === "ready") wasReady = kind === "ready";
    });
    const subscription = await transport.subscribe(monitorQueue(app, transport.name), (broadcast) => {
      for (const event of eventsOf(context, broadcast)) {
        const line = options.json === true ? JSON.stringify(event) : dumper.line(event);
        if (line !== undefined) terminal.out(line);
      }
    });
    await app.control.heartbeat(); // workers that are there show up at once
    app.hold.take();
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    app.hold.give();
    await subscription.close();
    await transport.close();
    return ExitCode.ok;
  },
};

function monitorQueue({ conf }: CommandContext["app"], transportName: string): Queue {
  return {
    name: `${conf.eventQueuePrefix}.${randomUUID()}`,
    exchange: eventExchange(conf.eventExchange, transportName),
    routingKey: "#",
    ...eventQueueOptions(conf),
    arguments: { "x-expires": conf.eventQueueExpires * 1000, "x-message-ttl": conf.eventQueueTtl * 1000 },
  };
}

/** One event, or the batch of `task.multi`. */
function eventsOf({ app }: CommandContext, { message }: Broadcast): Record<string, unknown>[] {
  try {
    const payload = app.decode(message);
    return (Array.isArray(payload) ? payload : [payload]).filter(isPlainObject);
  } catch {
    return []; // not for us
  }
}
