/**
 * CLIENT: who is connected.
 * @module
 */
import type { Client } from "../client.ts";
import { CommandError, syntaxError } from "../command_error.ts";
import { errorReply, OK, type Reply } from "../reply.ts";
import { arg, type Arguments, type Command, type CommandContext, integer, NO_KEYS, option } from "./command.ts";
import { checkClientName } from "./connection.ts";

export const clientCommands: readonly Command[] = [
  { name: "CLIENT", arity: -2, flags: ["loading"], keys: NO_KEYS, run: dispatch },
];

type Subcommand = (context: CommandContext, args: Arguments) => Reply;

const SUBCOMMANDS: ReadonlyMap<string, Subcommand> = new Map<string, Subcommand>([
  ["ID", ({ client }) => client.id],
  ["GETNAME", ({ client }) => client.name === "" ? null : client.name],
  ["SETNAME", setName],
  ["SETINFO", setInfo],
  ["INFO", ({ client, store }) => `${describeClient(client, store.now)}\n`],
  ["LIST", list],
  ["KILL", kill],
  ["UNBLOCK", unblock],
  ["NO-EVICT", onOff],
  ["NO-TOUCH", onOff],
  ["TRACKINGINFO", () => ["flags", ["off"], "redirect", -1, "prefixes", []]],
  ["GETREDIR", () => -1],
]);

function dispatch(context: CommandContext, args: Arguments): Reply {
  const run = SUBCOMMANDS.get(option(args, 1));
  if (run === undefined) throw new CommandError(`ERR unknown subcommand '${arg(args, 1)}'. Try CLIENT HELP.`);
  return run(context, args);
}

function setName({ client }: CommandContext, args: Arguments): Reply {
  client.name = checkClientName(arg(args, 2));
  return OK;
}

/** CLIENT SETINFO LIB-NAME | LIB-VER value, as redis-py 5 and later introduces itself. */
function setInfo({ client }: CommandContext, args: Arguments): Reply {
  const field = option(args, 2);
  const value = arg(args, 3);
  if (field !== "LIB-NAME" && field !== "LIB-VER") throw new CommandError(`ERR Unrecognized option '${arg(args, 2)}'`);
  if (!/^[!-~]*$/.test(value)) {
    throw new CommandError(`ERR ${field.toLowerCase()} cannot contain spaces, newlines or special characters.`);
  }
  client.library[field === "LIB-NAME" ? "name" : "version"] = value;
  return OK;
}

/** CLIENT LIST [ID id …] */
function list({ services, store }: CommandContext, args: Arguments): Reply {
  let clients = [...services.clients.values()];
  if (option(args, 2) === "ID") {
    const ids = new Set(args.slice(3).map(integer));
    clients = clients.filter(({ id }) => ids.has(id));
  } else if (option(args, 2) === "TYPE") {
    const wantsPubSub = option(args, 3) === "PUBSUB";
    clients = clients.filter(({ subscriptions }) => subscriptions > 0 === wantsPubSub);
  } else if (args.length > 2) throw syntaxError();
  return clients.map((client) => `${describeClient(client, store.now)}\n`).join("");
}

/** Redis' fields, in its order, as far as there is such a thing here. */
function describeClient(client: Client, now: number): string {
  const seconds = (since: number) => Math.max(0, Math.floor((now - since) / 1000));
  const flags = client.subscriptions > 0
    ? "P"
    : client.waiter !== undefined
    ? "b"
    : client.transaction !== undefined
    ? "x"
    : "N";
  return [
    ...[`id=${client.id}`, `addr=${client.address}`, `name=${client.name}`, `age=${seconds(client.connectedAt)}`],
    ...[`idle=${seconds(client.lastActiveAt)}`, `flags=${flags}`, `db=${client.database}`],
    ...[
      `sub=${client.channels.size}`,
      `psub=${client.patterns.size}`,
      `multi=${client.transaction?.queued.length ?? -1}`,
    ],
    ...[`cmd=${client.lastCommand.toLowerCase() || "NULL"}`, "user=default", `resp=${client.protocol}`],
    ...[`lib-name=${client.library.name}`, `lib-ver=${client.library.version}`],
  ].join(" ");
}

/** CLIENT KILL addr, or [ID id] [ADDR addr] [TYPE normal | pubsub] [SKIPME yes | no] */
function kill({ client, services }: CommandContext, args: Arguments): Reply {
  const isOldForm = args.length === 3;
  const filters: ((other: Client) => boolean)[] = [];
  let skipsMe = !isOldForm;
  if (isOldForm) filters.push(({ address }) => address === arg(args, 2));
  for (let i = 2; !isOldForm && i < args.length; i += 2) {
    const value = args[i + 1];
    if (value === undefined) throw syntaxError();
    const word = option(args, i);
    if (word === "ID") {
      const id = integer(value);
      filters.push((other) => other.id === id);
    } else if (word === "ADDR") filters.push(({ address }) => address === value);
    else if (word === "TYPE") {
      filters.push(({ subscriptions }) => subscriptions > 0 === (value.toLowerCase() === "pubsub"));
    } else if (word === "SKIPME") skipsMe = value.toLowerCase() === "yes";
    else throw syntaxError();
  }
  const victims = [...services.clients.values()].filter((other) =>
    !(skipsMe && other === client) && filters.every((holds) => holds(other))
  );
  for (const victim of victims) victim.output.close(victim === client ? "drained" : "now", "CLIENT KILL");
  if (!isOldForm) return victims.length;
  if (victims.length === 0) throw new CommandError("ERR No such client");
  return OK;
}

/** CLIENT UNBLOCK id [TIMEOUT | ERROR] */
function unblock({ services }: CommandContext, args: Arguments): Reply {
  const mode = option(args, 3) || "TIMEOUT";
  if (mode !== "TIMEOUT" && mode !== "ERROR") {
    throw new CommandError("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
  }
  const blocked = services.clients.get(integer(arg(args, 2)));
  const plan = blocked?.waiter?.plan;
  if (blocked === undefined || plan === undefined) return 0;
  const reply = mode === "ERROR" ? errorReply("UNBLOCKED client unblocked via CLIENT UNBLOCK") : plan.whenOver;
  return services.waiters.release(blocked, reply) ? 1 : 0;
}

/** There is no eviction to be spared from. */
function onOff(_: CommandContext, args: Arguments): Reply {
  const word = option(args, 2);
  if (word !== "ON" && word !== "OFF") throw syntaxError();
  return OK;
}
