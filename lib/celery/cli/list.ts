import type { Command } from "./command.ts";
import { ExitCode, usageError } from "./exit_codes.ts";

/**
 * Lists the bindings of the app's queues.
 *
 * Python asks the broker for the bindings of everybody; here it is what this app declares, with the number of messages.
 *
 * Source: celery 5.6 celery/bin/list.py
 */
export const listCommand: Command = {
  name: "list",
  summary: "List the app's queues, their exchanges and keys.",
  usage: "bindings",
  examples: [["list bindings", "queues, exchanges, routing keys, messages"]],
  options: {},
  async run(context, argv) {
    const [what = "", ...extra] = argv;
    if (what !== "bindings" || extra.length > 0) {
      throw usageError(`No such command '${argv.join(" ")}'. There is: bindings`, "list");
    }
    const { app, terminal } = context;
    const transport = await app.transport();
    const row = (queue: string, exchange: string, key: string, messages: string) =>
      terminal.out(`${queue.padEnd(28)} ${exchange.padEnd(28)} ${key.padEnd(28)} ${messages}`);
    row("Queue", "Exchange", "Routing Key", "Messages");
    row("-".repeat(16), "-".repeat(16), "-".repeat(16), "-".repeat(8));
    for (const queue of app.queues.consumeFrom) {
      await transport.declareQueue(queue);
      const { messages } = await transport.counts(queue, { signal: context.signal });
      row(
        queue.name,
        queue.exchange.name === "" ? queue.name : queue.exchange.name,
        queue.routingKey,
        String(messages),
      );
    }
    return ExitCode.ok;
  },
};
