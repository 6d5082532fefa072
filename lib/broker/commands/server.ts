/**
 * The server as a whole: facts, settings, upkeep.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { mapReply, OK, type Reply, status } from "../reply.ts";
import type { InfoSection } from "../services.ts";
import { matchesGlob } from "../store/glob.ts";
import { arg, type Arguments, type Command, type CommandContext, NO_KEYS, option } from "./command.ts";

export const serverCommands: readonly Command[] = [
  { name: "INFO", arity: -1, flags: ["loading"], keys: NO_KEYS, run: info },
  { name: "CONFIG", arity: -2, flags: ["admin", "loading"], keys: NO_KEYS, run: config },
  { name: "TIME", arity: 1, flags: ["loading", "fast"], keys: NO_KEYS, run: time },
  { name: "ROLE", arity: 1, flags: ["loading", "fast"], keys: NO_KEYS, run: () => ["master", 0, []] },
  { name: "MEMORY", arity: -2, flags: ["readonly"], keys: NO_KEYS, run: memory },
  { name: "OBJECT", arity: -2, flags: ["readonly"], keys: [2, 2, 1], run: object },
  { name: "WAIT", arity: 3, flags: [], keys: NO_KEYS, run: () => 0 },
  { name: "BGREWRITEAOF", arity: 1, flags: ["admin"], keys: NO_KEYS, run: compact },
  { name: "SHUTDOWN", arity: -1, flags: ["admin", "loading", "unqueueable"], keys: NO_KEYS, run: shutDown },
];

/** INFO [section …] */
function info({ services }: CommandContext, args: Arguments): Reply {
  const wanted = new Set(args.slice(1).map((name) => name.toLowerCase()));
  const isAll = wanted.size === 0 || ["all", "everything", "default"].some((name) => wanted.has(name));
  const sections = services.control.report().info.filter(({ title }) => isAll || wanted.has(title.toLowerCase()));
  return { kind: "verbatim", text: sections.map(writeSection).join("\r\n") };
}

function writeSection({ title, lines }: InfoSection): string {
  return `# ${title}\r\n${[...lines].map(([name, value]) => `${name}:${value}\r\n`).join("")}`;
}

/** CONFIG GET pattern … | RESETSTAT. Settings are given at the start and stay: CONFIG SET is refused. */
function config({ services }: CommandContext, args: Arguments): Reply {
  switch (option(args, 1)) {
    case "GET": {
      arg(args, 2);
      const patterns = args.slice(2).map((pattern) => pattern.toLowerCase());
      const settings = [...services.control.report().config];
      return mapReply(settings.filter(([name]) => patterns.some((pattern) => matchesGlob(pattern, name))));
    }
    case "RESETSTAT":
      return OK;
    case "SET":
    case "REWRITE":
      throw new CommandError("ERR the embedded broker takes its settings when it starts and keeps them");
    default:
      throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try CONFIG HELP.`);
  }
}

function time({ store }: CommandContext): Reply {
  return [String(Math.floor(store.now / 1000)), String((store.now % 1000) * 1000)];
}

/** MEMORY USAGE key [SAMPLES n] */
function memory({ db }: CommandContext, args: Arguments): Reply {
  if (option(args, 1) !== "USAGE") throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try MEMORY HELP.`);
  if (args.length > 3 && (option(args, 3) !== "SAMPLES" || args.length !== 5)) throw syntaxError();
  return db.peek(arg(args, 2))?.bytes ?? null;
}

/** OBJECT ENCODING | REFCOUNT | IDLETIME key, for what shows such things. */
function object({ db }: CommandContext, args: Arguments): Reply {
  const kind = db.kind(arg(args, 2));
  if (kind === undefined) return null;
  switch (option(args, 1)) {
    case "ENCODING":
      return { string: "raw", list: "quicklist", hash: "hashtable", set: "hashtable", zset: "skiplist" }[kind];
    case "REFCOUNT":
      return 1;
    case "IDLETIME":
      return 0;
    default:
      throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try OBJECT HELP.`);
  }
}

function compact({ services }: CommandContext): Reply {
  const refusal = services.control.compact();
  if (refusal !== undefined) throw new CommandError(`ERR ${refusal}`);
  return status("Background append only file rewriting started");
}

/** SHUTDOWN [NOSAVE | SAVE]: what is in memory is on disk either way. There is no reply: the connection ends. */
function shutDown({ services }: CommandContext, args: Arguments): undefined {
  for (const word of args.slice(1)) if (!/^(?:NOSAVE|SAVE|NOW|FORCE)$/i.test(word)) throw syntaxError();
  services.control.shutDown("SHUTDOWN was called");
}
