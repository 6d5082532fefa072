/**
 * The connection itself: greeting, password, database, protocol version.
 * @module
 */
import { CommandError, syntaxError } from "../command_error.ts";
import { mapReply, OK, type Reply, status } from "../reply.ts";
import { COMPATIBLE_VERSION, SERVER_NAME } from "../version.ts";
import { arg, type Arguments, type Command, type CommandContext, NO_KEYS, option } from "./command.ts";
import { databaseIndex } from "./keys.ts";

export const connectionCommands: readonly Command[] = [
  { name: "PING", arity: -1, flags: ["loading", "pubsub", "fast"], keys: NO_KEYS, run: ping },
  { name: "ECHO", arity: 2, flags: ["loading", "fast"], keys: NO_KEYS, run: (_, args) => arg(args, 1) },
  { name: "SELECT", arity: 2, flags: ["loading", "fast"], keys: NO_KEYS, run: select },
  { name: "AUTH", arity: -2, flags: ["loading", "noauth", "notransaction", "fast"], keys: NO_KEYS, run: auth },
  { name: "HELLO", arity: -1, flags: ["loading", "noauth", "notransaction", "fast"], keys: NO_KEYS, run: hello },
  {
    name: "QUIT",
    arity: -1,
    flags: ["loading", "noauth", "notransaction", "pubsub", "fast"],
    keys: NO_KEYS,
    run: quit,
  },
  {
    name: "RESET",
    arity: 1,
    flags: ["loading", "noauth", "notransaction", "pubsub", "fast"],
    keys: NO_KEYS,
    run: reset,
  },
];

/** PING [message]; a RESP2 client with subscriptions is answered as with a message. */
function ping({ client }: CommandContext, args: Arguments): Reply {
  if (args.length > 2) throw new CommandError("ERR wrong number of arguments for 'ping' command");
  if (client.protocol === 2 && client.subscriptions > 0) return ["pong", args[1] ?? ""];
  return args[1] ?? status("PONG");
}

function select({ client }: CommandContext, args: Arguments): Reply {
  client.database = databaseIndex(arg(args, 1));
  return OK;
}

/** AUTH [user] password */
function auth(context: CommandContext, args: Arguments): Reply {
  if (args.length > 3) throw syntaxError();
  const password = arg(args, args.length - 1);
  logIn(context, args.length === 3 ? arg(args, 1) : "default", password, args.length === 2);
  return OK;
}

function logIn({ client, services }: CommandContext, user: string, password: string, isLegacy = false): void {
  const isRight = services.control.checkPassword(client, user, password);
  if (isRight === undefined && isLegacy) {
    throw new CommandError(
      "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
    );
  }
  if (isRight === false || user !== "default") {
    throw new CommandError("WRONGPASS invalid username-password pair or user is disabled.");
  }
  client.isAuthenticated = true;
}

/** HELLO [2 | 3 [AUTH user password] [SETNAME name]] */
function hello(context: CommandContext, args: Arguments): Reply {
  const { client } = context;
  let version = client.protocol;
  if (args.length > 1) {
    const text = arg(args, 1);
    if (!/^-?\d+$/.test(text)) throw new CommandError("ERR Protocol version is not an integer or out of range");
    if (text !== "2" && text !== "3") throw new CommandError("NOPROTO unsupported protocol version");
    version = text === "2" ? 2 : 3;
  }
  let name: string | undefined;
  for (let i = 2; i < args.length; i++) {
    if (option(args, i) === "AUTH" && i + 2 < args.length) logIn(context, arg(args, ++i), arg(args, ++i));
    else if (option(args, i) === "SETNAME" && i + 1 < args.length) name = checkClientName(arg(args, ++i));
    else throw new CommandError(`ERR Syntax error in HELLO option '${arg(args, i)}'`);
  }
  if (!client.isAuthenticated) {
    throw new CommandError(
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time",
    );
  }
  if (name !== undefined) client.name = name;
  client.output.protocol = version;
  return mapReply([
    ["server", SERVER_NAME],
    ["version", COMPATIBLE_VERSION],
    ["proto", version],
    ["id", client.id],
    ["mode", "standalone"],
    ["role", "master"],
    ["modules", []],
  ]);
}

/** @throws {CommandError} for names that would break CLIENT LIST */
export function checkClientName(name: string): string {
  if (!/^[!-~]*$/.test(name)) {
    throw new CommandError("ERR Client names cannot contain spaces, newlines or special characters.");
  }
  return name;
}

function quit({ client }: CommandContext): undefined {
  client.output.send(OK);
  client.output.close("drained", "the client quit");
}

/** Back to how a new connection is. */
function reset({ client, services }: CommandContext): Reply {
  client.transaction = undefined;
  services.watches.clear(client);
  services.pubsub.remove(client);
  client.database = 0;
  client.name = "";
  client.output.protocol = 2;
  client.isAuthenticated = services.control.checkPassword(client, "default", "") === undefined;
  return status("RESET");
}
