/**
 * Publishing and subscribing.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { push, type Reply } from "../reply.ts";
import type { PubSub } from "../pubsub.ts";
import { arg, type Arguments, type Command, type CommandContext, NO_KEYS, option } from "./command.ts";

export const pubSubCommands: readonly Command[] = [
  { name: "PUBLISH", arity: 3, flags: ["loading", "pubsub", "fast"], keys: NO_KEYS, run: publish },
  {
    name: "SUBSCRIBE",
    arity: -2,
    flags: ["loading", "pubsub", "unqueueable"],
    keys: NO_KEYS,
    run: (context, args) => subscribe(context, args, "subscribe", (all, name) => all.subscribe(context.client, name)),
  },
  {
    name: "PSUBSCRIBE",
    arity: -2,
    flags: ["loading", "pubsub", "unqueueable"],
    keys: NO_KEYS,
    run: (context, args) =>
      subscribe(context, args, "psubscribe", (all, name) => all.subscribePattern(context.client, name)),
  },
  { name: "UNSUBSCRIBE", arity: -1, flags: ["loading", "pubsub", "unqueueable"], keys: NO_KEYS, run: unsubscribe },
  {
    name: "PUNSUBSCRIBE",
    arity: -1,
    flags: ["loading", "pubsub", "unqueueable"],
    keys: NO_KEYS,
    run: unsubscribePatterns,
  },
  { name: "PUBSUB", arity: -2, flags: ["loading"], keys: NO_KEYS, run: inspect },
];

/** Most channels and patterns of one client. */
const MAX_SUBSCRIPTIONS = 100_000;

function publish({ services }: CommandContext, args: Arguments): Reply {
  return services.pubsub.publish(arg(args, 1), arg(args, 2));
}

/** Answers once for every name, each time with how many subscriptions the client has then. */
function subscribe(
  { client, services }: CommandContext,
  args: Arguments,
  kind: string,
  add: (all: PubSub, name: string) => void,
): undefined {
  if (client.subscriptions + args.length - 1 > MAX_SUBSCRIPTIONS) {
    throw new CommandError(`ERR too many subscriptions: at most ${MAX_SUBSCRIPTIONS}`);
  }
  for (const name of args.slice(1)) {
    add(services.pubsub, name);
    client.output.send(push([kind, name, client.subscriptions]));
  }
}

function unsubscribe({ client, services }: CommandContext, args: Arguments): undefined {
  const names = args.length > 1 ? args.slice(1) : [...client.channels];
  for (const name of names) {
    services.pubsub.unsubscribe(client, name);
    client.output.send(push(["unsubscribe", name, client.subscriptions]));
  }
  if (names.length === 0) client.output.send(push(["unsubscribe", null, client.subscriptions]));
}

function unsubscribePatterns({ client, services }: CommandContext, args: Arguments): undefined {
  const names = args.length > 1 ? args.slice(1) : [...client.patterns];
  for (const name of names) {
    services.pubsub.unsubscribePattern(client, name);
    client.output.send(push(["punsubscribe", name, client.subscriptions]));
  }
  if (names.length === 0) client.output.send(push(["punsubscribe", null, client.subscriptions]));
}

/** PUBSUB CHANNELS [pattern] | NUMSUB channel … | NUMPAT */
function inspect({ services }: CommandContext, args: Arguments): Reply {
  switch (option(args, 1)) {
    case "CHANNELS":
      return services.pubsub.channels(args[2]);
    case "NUMSUB":
      return args.slice(2).flatMap((name) => [name, services.pubsub.subscribers(name)]);
    case "NUMPAT":
      return services.pubsub.patternCount;
    default:
      throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try PUBSUB HELP.`);
  }
}
