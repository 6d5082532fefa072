import { type Clock, systemClock } from "../base/time.ts";
import { asError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Client } from "./client.ts";
import { CommandError } from "./command_error.ts";
import type { Arguments, Command, CommandContext } from "./commands/command.ts";
import { takeBack } from "./commands/queue.ts";
import type { Reservation } from "./holders.ts";
import { errorReply, isError, type Reply, status } from "./reply.ts";
import type { Services } from "./services.ts";
import type { Database } from "./store/database.ts";
import type { CommandWords, Effect, Store } from "./store/store.ts";
import type { Waiter, WaitPlan } from "./waiters.ts";

/** Takes what a step changed, to keep it. */
export interface EffectSink {
  /** @param effects of one step: all of them are kept, or none */
  append(effects: readonly Effect[]): void;
  /** Why nothing can be written now, as an error reply; undefined: it can. */
  readonly refusal: string | undefined;
}

export interface ExecutorOptions {
  readonly store: Store;
  readonly services: Services;
  readonly sink: EffectSink;
  /** Estimated bytes of data beyond which commands that need memory are refused. */
  readonly maxMemoryBytes: number;
  readonly clock?: Clock;
  readonly log: Logger;
}

/** Most commands between MULTI and EXEC. */
const MAX_QUEUED = 1024 * 1024;

/**
 * Runs commands: the only place that decides whether one may run, and that hands what it changed to the journal.
 *
 * A step is one command, one transaction, one waiter that is served, or one round of expiry. Its effects are kept together.
 */
export class Executor {
  /** Why only few commands are served, as an error reply; undefined: all are. */
  unavailable: string | undefined = "LOADING the broker is reading its journal";
  /** Commands carried out. */
  processed = 0;
  /** True while the reply to something that changed data is handed out. */
  hasWritten = false;
  readonly #store: Store;
  readonly #services: Services;
  readonly #sink: EffectSink;
  readonly #maxMemoryBytes: number;
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Both spellings that clients use, so that most names need no change of case. */
  readonly #commands: ReadonlyMap<string, Command>;
  readonly #context: Context;

  constructor(options: ExecutorOptions) {
    this.#store = options.store;
    this.#services = options.services;
    this.#sink = options.sink;
    this.#maxMemoryBytes = options.maxMemoryBytes;
    this.#clock = options.clock ?? systemClock;
    this.#log = options.log;
    this.#commands = new Map(
      [...options.services.commands].flatMap(([name, command]) => [[name, command], [name.toLowerCase(), command]]),
    );
    this.#context = new Context(options.store, options.services, this.#perform, this.#wait);
  }

  /** Runs a command that a client sent; its reply goes to the client, now or when there is something to answer. */
  execute(client: Client, args: Arguments): void {
    this.hasWritten = false;
    const name = args[0] ?? "";
    const command = this.#commands.get(name) ?? this.#commands.get(name.toUpperCase());
    const refusal = this.#refusalFor(client, command, args);
    if (refusal !== undefined) {
      client.output.send(errorReply(this.#refuse(client, command, refusal)));
      return;
    }
    if (command === undefined) return;
    client.lastCommand = command.name;
    if (client.transaction !== undefined && !command.flags.includes("notransaction")) {
      client.output.send(this.#queue(client, command, args));
      return;
    }
    const reply = this.#step(client, () => this.#perform(command, args));
    if (reply !== undefined) client.output.send(reply);
    this.#serveWaiters();
  }

  /** Repeats a command from the journal. @throws {CommandError} where it cannot be repeated */
  replay(client: Client, args: Arguments): void {
    const command = this.#commands.get(args[0] ?? "");
    if (command === undefined) throw new CommandError(unknownCommand(args));
    this.#context.client = client;
    const reply = this.#perform(command, args);
    if (reply !== undefined && isError(reply)) throw new CommandError(`ERR ${command.name} answered with an error`);
    this.#store.takeEffects();
  }

  /** Removes keys whose end has come. @returns true if there may be more */
  expireSome(client: Client, limit: number): boolean {
    let left = limit;
    this.#step(client, () => {
      for (const database of this.#store.databases) left -= database.expireDue(left);
      return undefined;
    });
    return left <= 0;
  }

  /** Gives back what a holder that has gone had reserved. @returns how many messages */
  takeBack(client: Client, reservations: readonly Reservation[]): number {
    let count = 0;
    for (const reservation of reservations) {
      client.database = reservation.database;
      const { unackedKey, indexKey, tag, list, database } = reservation;
      this.#step(client, () => {
        try {
          if (!takeBack(this.#context, reservation)) return undefined;
          count++;
          this.#store.record(database, ["Q.REQUEUE", unackedKey, indexKey, "front", tag, list]);
        } catch (error) {
          this.#log.error("Message could not be given back", { tag, list, error });
        }
        return undefined;
      });
    }
    this.#serveWaiters();
    return count;
  }

  #refusalFor(client: Client, command: Command | undefined, args: Arguments): string | undefined {
    if (command === undefined) return client.isAuthenticated ? unknownCommand(args) : NOAUTH;
    const { arity, flags, name } = command;
    if (arity > 0 ? args.length !== arity : args.length < -arity) {
      return `ERR wrong number of arguments for '${name.toLowerCase()}' command`;
    }
    if (!client.isAuthenticated && !flags.includes("noauth")) return NOAUTH;
    if (this.unavailable !== undefined && !flags.includes("loading")) return this.unavailable;
    if (client.protocol === 2 && client.subscriptions > 0 && !flags.includes("pubsub")) {
      return `ERR Can't execute '${name.toLowerCase()}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`;
    }
    if (name === "EXEC") {
      for (const queued of client.transaction?.queued ?? []) {
        const refusal = this.unavailable ?? this.#writeRefusal(queued.command);
        if (refusal !== undefined) return refusal;
      }
      return undefined;
    }
    return this.#writeRefusal(command);
  }

  #writeRefusal({ flags }: Command): string | undefined {
    if (flags.includes("write") && this.#sink.refusal !== undefined) return this.#sink.refusal;
    if (this.#store.usedBytes > this.#maxMemoryBytes && flags.includes("denyoom")) {
      return `OOM command not allowed when used memory > 'maxmemory': ${this.#store.usedBytes} bytes of data, the limit is ${this.#maxMemoryBytes}`;
    }
    return undefined;
  }

  /** What a refused command does to a transaction: EXEC ends it, any other makes EXEC refuse. */
  #refuse(client: Client, command: Command | undefined, refusal: string): string {
    if (client.transaction === undefined) return refusal;
    client.transaction.isBroken = true;
    if (command?.name !== "EXEC") return refusal;
    client.transaction = undefined;
    this.#services.watches.clear(client);
    return `EXECABORT Transaction discarded because of: ${refusal}`;
  }

  #queue({ transaction }: Client, command: Command, args: Arguments): Reply {
    if (transaction === undefined) return status("QUEUED");
    let refusal: string | undefined;
    if (command.flags.includes("unqueueable")) refusal = `ERR ${command.name} is not allowed inside MULTI`;
    else if (transaction.queued.length === MAX_QUEUED) {
      refusal = `ERR too many commands in a transaction: at most ${MAX_QUEUED}`;
    } else transaction.queued.push({ command, args });
    transaction.isBroken ||= refusal !== undefined;
    return refusal === undefined ? status("QUEUED") : errorReply(refusal);
  }

  /** Runs one step of a client and keeps what it changed. */
  #step(client: Client, run: () => Reply | undefined): Reply | undefined {
    const context = this.#context;
    context.client = client;
    this.#store.now = this.#clock.now();
    this.processed++;
    this.hasWritten = false;
    try {
      return run();
    } finally {
      const effects = this.#store.takeEffects();
      if (effects.length > 0) this.#sink.append(effects);
      this.hasWritten = effects.length > 0;
    }
  }

  /** Runs one command inside a step. What it changed is recorded as it was received, or as it says itself. */
  readonly #perform = (command: Command, args: Arguments): Reply | undefined => {
    const words = command.flags.includes("write") ? args : undefined;
    return this.#record(words, () => command.run(this.#context, args), command.name);
  };

  /** @param words what is recorded if something was changed, unless `run` says otherwise; undefined: nothing */
  #record(words: CommandWords | undefined, run: () => Reply | undefined, name: string): Reply | undefined {
    const context = this.#context;
    const outer = context.instead;
    context.instead = undefined;
    const { changes } = this.#store;
    const { database } = context.client;
    try {
      return run();
    } catch (error) {
      if (error instanceof CommandError) return errorReply(error.message);
      this.#log.error("Command failed", { command: name, error });
      return errorReply(`ERR internal error: ${asError(error).message}`);
    } finally {
      if (words !== undefined && this.#store.changes !== changes) {
        for (const each of context.instead ?? [words]) this.#store.record(database, each);
      }
      context.instead = outer;
    }
  }

  readonly #wait = (client: Client, database: Database, plan: WaitPlan): Reply | undefined => {
    const reply = plan.attempt(this.#context);
    if (reply !== undefined) return reply;
    if (this.#context.isInTransaction) return plan.whenOver;
    this.#services.waiters.park({ client, database, plan }, (late) => {
      this.hasWritten = false;
      client.output.send(late);
    });
    return undefined;
  };

  #serveWaiters(): void {
    this.#services.waiters.serve((waiter) => this.#serve(waiter));
  }

  #serve({ client, plan }: Waiter): boolean {
    const reply = this.#step(client, () => this.#record([], () => plan.attempt(this.#context), client.lastCommand));
    if (reply !== undefined) client.output.send(reply);
    return reply !== undefined;
  }
}

const NOAUTH = "NOAUTH Authentication required.";

/** As Redis words it: the name and the first arguments, cut off at 128 characters. */
function unknownCommand(args: Arguments): string {
  const name = (args[0] ?? "").slice(0, 128);
  let quoted = "";
  for (const each of args.slice(1)) {
    if (quoted.length >= 128) break;
    quoted += `'${each.slice(0, 128 - quoted.length)}' `;
  }
  return `ERR unknown command '${name}', with args beginning with: ${quoted}`;
}

/** What commands see; one for all of them, set to the client whose step it is. */
class Context implements CommandContext {
  readonly store: Store;
  readonly services: Services;
  readonly #perform: (command: Command, args: Arguments) => Reply | undefined;
  readonly #wait: (client: Client, database: Database, plan: WaitPlan) => Reply | undefined;
  #client: Client | undefined;
  /** What to record in place of the command. */
  instead: CommandWords[] | undefined;
  isInTransaction = false;

  constructor(
    store: Store,
    services: Services,
    perform: (command: Command, args: Arguments) => Reply | undefined,
    wait: (client: Client, database: Database, plan: WaitPlan) => Reply | undefined,
  ) {
    this.store = store;
    this.services = services;
    this.#perform = perform;
    this.#wait = wait;
  }

  get client(): Client {
    if (this.#client === undefined) throw new CommandError("ERR there is no client");
    return this.#client;
  }

  set client(client: Client) {
    this.#client = client;
  }

  get db(): Database {
    return this.store.database(this.client.database);
  }

  readonly recordAs = (...commands: CommandWords[]): void => {
    this.instead = commands;
  };

  readonly wait = (plan: WaitPlan): Reply | undefined => this.#wait(this.client, this.db, plan);

  readonly carryOut = (command: Command, args: Arguments): Reply => {
    this.isInTransaction = true;
    try {
      return this.#perform(command, args) ?? null;
    } finally {
      this.isInTransaction = false;
    }
  };
}
