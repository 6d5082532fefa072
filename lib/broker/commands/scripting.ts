/**
 * EVAL and SCRIPT for the scripts that are known by heart; see `known_scripts.ts`.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { OK, type Reply } from "../reply.ts";
import { arg, type Arguments, type Command, type CommandContext, integer, NO_KEYS, option } from "./command.ts";
import { findScript, type KnownScript, sha1 } from "./known_scripts.ts";

export const scriptingCommands: readonly Command[] = [
  { name: "EVAL", arity: -3, flags: ["write"], keys: NO_KEYS, run: evaluate },
  { name: "EVALSHA", arity: -3, flags: ["write"], keys: NO_KEYS, run: evaluateSha },
  { name: "SCRIPT", arity: -2, flags: [], keys: NO_KEYS, run: script },
];

function evaluate(context: CommandContext, args: Arguments): Reply {
  return call(load(context, arg(args, 1)), context, args);
}

function evaluateSha(context: CommandContext, args: Arguments): Reply {
  const run = context.services.scripts.get(arg(args, 1).toLowerCase());
  if (run === undefined) throw new CommandError("NOSCRIPT No matching script. Please use EVAL.");
  return call(run, context, args);
}

/** script numkeys key … value … */
function call(run: KnownScript, context: CommandContext, args: Arguments): Reply {
  const count = integer(arg(args, 2));
  if (count < 0) throw new CommandError("ERR Number of keys can't be negative");
  if (count > args.length - 3) throw new CommandError("ERR Number of keys can't be greater than number of args");
  return run(context, args.slice(3, 3 + count), args.slice(3 + count));
}

function load({ services }: CommandContext, text: string): KnownScript {
  const run = findScript(text);
  if (run === undefined) {
    throw new CommandError(
      "ERR this broker has no Lua: it knows the lock scripts of redis-py and no others; use a real Redis for scripts of your own",
    );
  }
  services.scripts.set(sha1(text), run);
  return run;
}

/** SCRIPT LOAD text | EXISTS sha … | FLUSH */
function script(context: CommandContext, args: Arguments): Reply {
  switch (option(args, 1)) {
    case "LOAD":
      load(context, arg(args, 2));
      return sha1(arg(args, 2));
    case "EXISTS":
      return args.slice(2).map((sha) => context.services.scripts.has(sha.toLowerCase()) ? 1 : 0);
    case "FLUSH": // those that are known stay known: forgetting them would only cost a round trip
      return OK;
    default:
      throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try SCRIPT HELP.`);
  }
}
