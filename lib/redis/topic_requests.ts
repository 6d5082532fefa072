import { asError } from "../base/errors.ts";
import { Deferred } from "../base/deferred.ts";
import type { RedisConnection } from "./connection.ts";
import type { MessageListener } from "./subscriber.ts";

export type TopicKind = "SUBSCRIBE" | "PSUBSCRIBE";

/** One channel or pattern, with everybody who listens to it. */
export interface Topic {
  readonly kind: TopicKind;
  readonly name: string;
  readonly listeners: Set<MessageListener>;
  readonly confirmed: Deferred<void>;
}

/** One command whose confirmations are due: one for each topic, in order. */
interface TopicRequest {
  readonly topics: readonly Topic[];
  readonly isLeaving: boolean;
  /** Replies to other commands that come before its answer, counted from the beginning of the connection. */
  readonly repliesBefore: number;
  readonly done: Deferred<void>;
  confirmed: number;
}

/** Names in one command; a refusal concerns all of them. */
const MAX_NAMES = 500;

/** The commands by which a connection joins and leaves topics: they are not answered by replies, but by confirmations in order. */
export class TopicRequests {
  readonly #due: TopicRequest[] = [];

  /** Sends the commands for `topics`. @returns settles when all are confirmed, or refused; rejects when the connection ends. */
  async send(connection: RedisConnection, topics: readonly Topic[], isLeaving: boolean): Promise<void> {
    const requests: TopicRequest[] = [];
    for (const kind of ["SUBSCRIBE", "PSUBSCRIBE"] as const) {
      const ofKind = topics.filter((topic) => topic.kind === kind);
      const command = isLeaving ? kind.replace("SUB", "UNSUB") : kind;
      for (let at = 0; at < ofKind.length; at += MAX_NAMES) {
        const some = ofKind.slice(at, at + MAX_NAMES);
        connection.send([command, ...some.map((topic) => topic.name)]);
        const repliesBefore = connection.answered + connection.pending;
        requests.push({ topics: some, isLeaving, repliesBefore, done: new Deferred(), confirmed: 0 });
      }
    }
    this.#due.push(...requests);
    await Promise.all(requests.map((request) => request.done.promise));
  }

  /** One confirmation has come: it belongs to the oldest command. */
  confirm(): void {
    const [request] = this.#due;
    if (request === undefined) return;
    const topic = request.topics[request.confirmed++];
    if (!request.isLeaving) topic?.confirmed.resolve();
    if (request.confirmed < request.topics.length) return;
    this.#due.shift();
    request.done.resolve();
  }

  /**
   * Something was refused: the oldest command, if it is its turn.
   * @param answered other commands of the connection that have their replies
   * @returns its topics; undefined if none is due, or another command was refused
   */
  refuse(reason: Error, answered: number): readonly Topic[] | undefined {
    const [request] = this.#due;
    if (request === undefined || request.repliesBefore > answered) return undefined;
    this.#due.shift();
    for (const topic of request.topics) topic.confirmed.reject(reason);
    request.done.resolve(); // the others go on
    return request.topics;
  }

  /** The connection has ended. */
  fail(reason: Error | undefined): void {
    for (const request of this.#due.splice(0)) request.done.reject(asError(reason ?? "the connection was closed"));
  }
}
