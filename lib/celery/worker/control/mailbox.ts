import { asError } from "../../../base/errors.ts";
import { pyRepr } from "../../../base/pyrepr.ts";
import type { Broadcast, Subscription } from "../../transport/transport.ts";
import {
  type BoxOptions,
  controlQueue,
  type ControlRequest,
  readControlRequest,
  replyRoute,
} from "../../wire/control.ts";
import type { HeaderValue } from "../../wire/message.ts";
import type { Content } from "../../wire/serializer.ts";
import * as lines from "../log_lines.ts";
import { CONTROL_COMMANDS } from "./control_commands.ts";
import { INSPECT_ALIASES, INSPECT_COMMANDS } from "./inspect_commands.ts";
import { type Command, ControlError, type Panel } from "./panel.ts";

export interface MailboxOptions {
  readonly panel: Panel;
  /** Prefix of the exchanges, `control_exchange`. Default `celery`. */
  readonly exchange?: string;
  /** Of the queue for commands. Default: Celery's. */
  readonly boxes?: BoxOptions | undefined;
  /** Commands of the app's own. */
  readonly commands?: ReadonlyMap<string, Command>;
  readonly encode: (value: unknown) => Content;
}

/**
 * Receives remote commands, carries out those that are meant for this node, and replies where a reply is wanted.
 *
 * Nothing that a command does, or that somebody sends, ends the worker.
 *
 * Source: kombu 5.6 kombu/pidbox.py `Node`, celery/worker/pidbox.py
 */
export class Mailbox {
  readonly #options: MailboxOptions;
  #subscription: Subscription | undefined;

  constructor(options: MailboxOptions) {
    this.#options = options;
  }

  /** Resolves when no command sent from now on can be missed. */
  async open(): Promise<void> {
    const { panel, exchange = "celery", boxes } = this.#options;
    const queue = controlQueue(exchange, panel.node, boxes);
    this.#subscription = await panel.transport.subscribe(queue, (broadcast) => void this.#receive(broadcast));
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  async #receive(broadcast: Broadcast): Promise<void> {
    const { panel } = this.#options;
    const { message } = broadcast;
    try {
      panel.logicalClock.adjust(message.headers.clock);
      const request = readControlRequest(panel.decode(message));
      if (!request.isFor(panel.node)) return;
      const reply = await this.#carryOut(request);
      if (request.replyTo !== undefined) await this.#reply(request, reply);
    } catch (error) {
      const name = asError(error).name;
      panel.log.write(lines.controlFailed("", `${name}(${pyRepr(asError(error).message)})`));
    }
  }

  async #carryOut({ method, arguments: args }: ControlRequest): Promise<unknown> {
    const { panel, commands } = this.#options;
    const name = INSPECT_ALIASES.get(method) ?? method;
    const command = commands?.get(name) ?? INSPECT_COMMANDS.get(name) ?? CONTROL_COMMANDS.get(name);
    try {
      if (command === undefined) throw new ControlError("KeyError", method);
      return await command(panel, args) ?? null;
    } catch (error) {
      const repr = error instanceof ControlError
        ? error.repr
        : `${asError(error).name}(${pyRepr(asError(error).message)})`;
      panel.log.write(lines.controlFailed(method, repr));
      return { error: repr };
    }
  }

  async #reply(request: ControlRequest, reply: unknown): Promise<void> {
    const { panel, encode } = this.#options;
    const headers: Record<string, HeaderValue> = { clock: panel.logicalClock.forward() };
    const { contentType, contentEncoding, body } = encode({ [panel.node]: reply });
    const message = {
      headers: { ticket: request.ticket ?? null, ...headers },
      properties: { deliveryMode: 1, priority: 0 },
      contentType,
      contentEncoding,
      body,
    } as const;
    if (request.replyTo === undefined) return;
    await panel.transport.publish(message, replyRoute(request.replyTo)).catch(() => {}); // whoever asked has gone
  }
}
