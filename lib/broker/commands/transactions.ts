/**
 * MULTI, EXEC, DISCARD, WATCH. What stands between MULTI and EXEC is queued by the executor.
 * @module
 */
import { CommandError } from "../command_error.ts";
import { NOTHING, OK, type Reply } from "../reply.ts";
import { ALL_KEYS, type Arguments, type Command, type CommandContext, NO_KEYS } from "./command.ts";

export const transactionCommands: readonly Command[] = [
  { name: "MULTI", arity: 1, flags: ["loading", "notransaction", "fast"], keys: NO_KEYS, run: multi },
  { name: "EXEC", arity: 1, flags: ["loading", "notransaction"], keys: NO_KEYS, run: exec },
  { name: "DISCARD", arity: 1, flags: ["loading", "notransaction", "fast"], keys: NO_KEYS, run: discard },
  { name: "WATCH", arity: -2, flags: ["loading", "notransaction", "fast"], keys: ALL_KEYS, run: watch },
  { name: "UNWATCH", arity: 1, flags: ["loading", "fast"], keys: NO_KEYS, run: unwatch },
];

function multi({ client }: CommandContext): Reply {
  if (client.transaction !== undefined) throw new CommandError("ERR MULTI calls can not be nested");
  client.transaction = { queued: [], isBroken: false };
  return OK;
}

/** Everything that was queued is one step: nothing runs in between, and the journal keeps all of it or nothing. */
function exec({ client, services, carryOut }: CommandContext): Reply {
  const { transaction } = client;
  if (transaction === undefined) throw new CommandError("ERR EXEC without MULTI");
  client.transaction = undefined;
  const isStale = services.watches.hasChanged(client);
  services.watches.clear(client);
  if (transaction.isBroken) throw new CommandError("EXECABORT Transaction discarded because of previous errors.");
  if (isStale) return NOTHING;
  return transaction.queued.map(({ command, args }) => carryOut(command, args));
}

function discard({ client, services }: CommandContext): Reply {
  if (client.transaction === undefined) throw new CommandError("ERR DISCARD without MULTI");
  client.transaction = undefined;
  services.watches.clear(client);
  return OK;
}

function watch({ client, db, services }: CommandContext, args: Arguments): Reply {
  if (client.transaction !== undefined) throw new CommandError("ERR WATCH inside MULTI is not allowed");
  for (const key of args.slice(1)) {
    db.has(key); // removes it if its end has come: that must not break the watch later
    services.watches.add(client, db, key);
  }
  return OK;
}

function unwatch({ client, services }: CommandContext): Reply {
  services.watches.clear(client);
  return OK;
}
