import { asError } from "../../base/errors.ts";
import {
  AmqpConnection,
  AmqpError,
  type Channel,
  type ConnectionOptions,
  describeAmqpUrl,
  parseAmqpUrl,
  ReplyCode,
} from "../../amqp/mod.ts";
import { AMQP_COMMANDS, type AmqpCommand } from "./amqp_commands.ts";
import { type AmqpValues, readArguments, usageOf, WordsError } from "./amqp_words.ts";
import { ExitCode } from "./exit_codes.ts";
import { paint, type Terminal } from "./terminal.ts";

/**
 * A channel that commands run on, one after the other. What the broker refuses ends the channel: then there is another
 * connection, and messages that were taken and not acknowledged are back in their queues.
 *
 * Owns: the connection.
 */
export class AmqpSession {
  readonly #terminal: Terminal;
  /** Of the command line, for usage lines: `addTask.ts amqp`. */
  readonly #program: string;
  readonly #options: ConnectionOptions;
  #connection: AmqpConnection | undefined;
  #channel: Channel | undefined;

  constructor(terminal: Terminal, program: string, options: ConnectionOptions) {
    this.#terminal = terminal;
    this.#program = program;
    this.#options = options;
  }

  /** Connects, or says why it cannot. */
  async connect(): Promise<void> {
    await this.close();
    this.#terminal.out(`-> connecting to ${describeAmqpUrl(parseAmqpUrl(this.#options.url))}.`);
    try {
      this.#connection = await AmqpConnection.open(this.#options);
      this.#channel = await this.#connection.openChannel();
      await this.#channel.confirmSelect();
      this.#terminal.out(paint(this.#terminal, "-> connected.", "green", "bold"));
    } catch (error) {
      this.#channel = undefined;
      this.#complain(asError(error).message);
    }
  }

  /** Runs one command. @returns the exit code that it would end a program with */
  async run([name = "", ...words]: readonly string[]): Promise<number> {
    const command = AMQP_COMMANDS.get(name);
    if (command === undefined) return this.#misused("COMMAND [ARGS]...", `No such command '${name}'.`);
    const usage = `${name} [OPTIONS] ${usageOf(command.parameters)}`;
    if (words.includes("--help")) {
      this.#terminal.out(`Usage: ${this.#program} ${usage}\n\n  ${command.summary}`);
      return ExitCode.ok;
    }
    try {
      return await this.#perform(name, command, readArguments(command.parameters, words));
    } catch (error) {
      if (error instanceof WordsError) return this.#misused(usage, error.message);
      throw error;
    }
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = this.#channel = undefined;
    await connection?.close();
  }

  async #perform(name: string, command: AmqpCommand, values: AmqpValues): Promise<number> {
    const terminal = this.#terminal;
    if (this.#channel === undefined) {
      this.#complain("Not connected to broker. Please retry...");
      await this.connect();
      return ExitCode.failure;
    }
    try {
      const answer = await command.run(this.#channel, values);
      if (answer !== undefined) {
        terminal.out(answer.isFact ? paint(terminal, answer.text, "cyan", "bold") : answer.text);
      }
      terminal.out(paint(terminal, "OK", "green", "bold"));
      return ExitCode.ok;
    } catch (error) {
      this.#complain(inPythonsWords(name, asError(error)));
      if (!this.#channel.isOpen) await this.connect();
      return ExitCode.failure;
    }
  }

  #complain(why: string): void {
    this.#terminal.err(`${paint(this.#terminal, "ERROR", "red", "bold")}: ${why}`);
  }

  #misused(usage: string, why: string): number {
    this.#terminal.err(`Usage: ${this.#program} ${usage}\nTry '${this.#program} --help' for help.\n\nError: ${why}`);
    return ExitCode.usage;
  }
}

/** `Queue.declare: (404) NOT_FOUND - no queue 'a' in vhost '/'`, where it was the broker that refused. */
function inPythonsWords(name: string, error: Error): string {
  for (let reason: unknown = error; reason instanceof Error; reason = reason.cause) {
    if (!(reason instanceof AmqpError) || reason.replyText === "") continue;
    const method = reason.replyCode === ReplyCode.noRoute ? "basic.return" : name;
    return `${method[0]?.toUpperCase()}${method.slice(1)}: (${reason.replyCode}) ${reason.replyText}`;
  }
  return error.message;
}
