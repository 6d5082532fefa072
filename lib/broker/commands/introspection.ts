/**
 * COMMAND: what the server can do, as redis-cli and client libraries ask for it.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { mapReply, type Reply, setReply, status } from "../reply.ts";
import { arg, type Arguments, type Command, type CommandContext, NO_KEYS, option } from "./command.ts";

export const introspectionCommands: readonly Command[] = [
  { name: "COMMAND", arity: -1, flags: ["loading"], keys: NO_KEYS, run: dispatch },
];

/** COMMAND [COUNT | LIST | INFO name … | DOCS name … | GETKEYS command …] */
function dispatch({ services }: CommandContext, args: Arguments): Reply {
  const commands = services.commands;
  switch (option(args, 1)) {
    case "":
      return [...commands.values()].map(describeCommand);
    case "COUNT":
      return commands.size;
    case "LIST":
      return [...commands.keys()].map((name) => name.toLowerCase());
    case "INFO":
      return named(commands, args).map(([, command]) => command === undefined ? null : describeCommand(command));
    case "DOCS":
      return mapReply(
        named(commands, args).flatMap(([name, command]) =>
          command === undefined ? [] : [[name, documentCommand(command)]]
        ),
      );
    case "GETKEYS":
      return keysOf(commands, args.slice(2));
    default:
      throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try COMMAND HELP.`);
  }
}

/** The commands asked for by name, or all. */
function named(commands: ReadonlyMap<string, Command>, args: Arguments): (readonly [string, Command | undefined])[] {
  const names = args.length > 2 ? args.slice(2) : [...commands.keys()];
  return names.map((name) => [name.toLowerCase(), commands.get(name.toUpperCase())] as const);
}

function describeCommand({ name, arity, flags, keys: [first, last, step] }: Command): Reply {
  return [
    name.toLowerCase(),
    arity,
    setReply(flags.map((flag) => status(flag))),
    first,
    last,
    step,
    setReply([]),
    [],
    [],
    [],
  ];
}

function documentCommand({ name, summary }: Command): Reply {
  return mapReply([
    ["summary", summary ?? `As ${name} of Redis`],
    ["group", name.startsWith("Q.") ? "three-classics" : "generic"],
  ]);
}

function keysOf(commands: ReadonlyMap<string, Command>, words: Arguments): Reply {
  const command = commands.get(option(words, 0));
  if (command === undefined) throw new CommandError("ERR Invalid command specified");
  const [first, last, step] = command.keys;
  if (first === 0) throw new CommandError("ERR The command has no key arguments");
  const end = last < 0 ? words.length + last : last;
  return words.filter((_, i) => i >= first && i <= end && (i - first) % step === 0);
}
