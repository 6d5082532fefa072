/**
 * Names of things in Redis, as kombu chooses them. `<S>` is the two bytes 0x06 0x16.
 *
 *     <queue>  <queue><S>3  <queue><S>6  <queue><S>9       lists, one for each priority step; step 0 has no suffix
 *     _kombu.binding.<exchange>                            set of <routing key><S><pattern><S><queue>
 *     unacked  unacked_index  unacked_mutex                hash tag -> record, sorted set tag -> seconds, lock
 *     /<db>.<exchange>[/<routing key>]                     channel of a fanout exchange
 *
 * A key prefix (`global_keyprefix`) stands before keys and channels, never inside the members of a set.
 *
 * Spec: kombu 5.6 kombu/transport/redis.py `Channel`, kombu/transport/virtual/exchange.py
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */

export interface RedisKeyOptions {
  /** Transport option `sep`. */
  readonly separator: string;
  /** Transport option `priority_steps`: ascending, the first is the default list. */
  readonly prioritySteps: readonly number[];
  /** Transport option `global_keyprefix`. */
  readonly prefix: string;
  /** Before the name of a fanout exchange: `/<db>.`, or what the transport option `fanout_prefix` says. */
  readonly fanoutPrefix: string;
  /** Transport option `fanout_patterns`: the routing key is part of the channel. */
  readonly fanoutPatterns: boolean;
  readonly unacked: string;
  readonly unackedIndex: string;
  readonly unackedMutex: string;
}

export const DEFAULT_REDIS_KEYS: RedisKeyOptions = Object.freeze({
  separator: "\x06\x16",
  prioritySteps: Object.freeze([0, 3, 6, 9]),
  prefix: "",
  fanoutPrefix: "/0.",
  fanoutPatterns: true,
  unacked: "unacked",
  unackedIndex: "unacked_index",
  unackedMutex: "unacked_mutex",
});

/** One queue's binding to an exchange. */
export interface RedisBinding {
  readonly routingKey: string;
  /** Python's regular expression for topic exchanges; "" for all others. */
  readonly pattern: string;
  readonly queue: string;
}

const MAX_PRIORITY = 9;

export class RedisKeys {
  readonly #options: RedisKeyOptions;

  constructor(options: Partial<RedisKeyOptions> = {}) {
    this.#options = { ...DEFAULT_REDIS_KEYS, ...options };
  }

  get unacked(): string {
    return this.#options.prefix + this.#options.unacked;
  }

  get unackedIndex(): string {
    return this.#options.prefix + this.#options.unackedIndex;
  }

  get unackedMutex(): string {
    return this.#options.prefix + this.#options.unackedMutex;
  }

  /** The list that messages of this priority wait in. */
  list(queue: string, priority: number): string {
    const steps = this.#options.prioritySteps;
    const clamped = Math.min(Math.max(Math.trunc(priority) || 0, 0), MAX_PRIORITY);
    let step = steps[steps.length - 1] ?? 0; // as kombu's bisect: below the first step, the last one
    for (const each of steps) if (each <= clamped) step = each;
    return this.#stepList(queue, step);
  }

  /** All lists of one queue, most urgent first. */
  lists(queue: string): string[] {
    return this.#options.prioritySteps.map((step) => this.#stepList(queue, step));
  }

  /** All lists of several queues: every queue's most urgent list first, then every queue's next. */
  listsInOrder(queues: readonly string[]): string[] {
    return this.#options.prioritySteps.flatMap((step) => queues.map((queue) => this.#stepList(queue, step)));
  }

  /** The queue that a list belongs to. */
  queueOf(list: string): string {
    const name = list.slice(this.#options.prefix.length);
    const at = name.lastIndexOf(this.#options.separator);
    return at === -1 ? name : name.slice(0, at);
  }

  bindings(exchange: string): string {
    return `${this.#options.prefix}_kombu.binding.${exchange}`;
  }

  bindingMember({ routingKey, pattern, queue }: RedisBinding): string {
    return [routingKey, pattern, queue].join(this.#options.separator);
  }

  /** @returns undefined for a member that is no binding */
  parseBinding(member: string): RedisBinding | undefined {
    const [routingKey, pattern, queue, ...more] = member.split(this.#options.separator);
    if (routingKey === undefined || pattern === undefined || queue === undefined || more.length > 0) return undefined;
    return { routingKey, pattern, queue };
  }

  /** The channel that a broadcast is published to. */
  fanoutChannel(exchange: string, routingKey: string): string {
    const { prefix, fanoutPrefix, fanoutPatterns } = this.#options;
    const suffix = routingKey !== "" && fanoutPatterns ? `/${routingKey}` : "";
    return `${prefix}${fanoutPrefix}${exchange}${suffix}`;
  }

  /** The glob pattern that a fanout queue listens to; `#` becomes Redis' `*`. */
  fanoutPattern(exchange: string, bindingKey: string): string {
    return this.fanoutChannel(exchange, bindingKey.replaceAll("#", "*"));
  }

  #stepList(queue: string, step: number): string {
    const { prefix, separator } = this.#options;
    return step === 0 ? prefix + queue : `${prefix}${queue}${separator}${step}`;
  }
}

/** Python's regular expression for a topic binding: `a.*` -> `^a\..*?[^\.]$`, `a.#` -> `^a\..*?$`. */
export function topicPattern(bindingKey: string): string {
  const words = bindingKey.replace(/[^\p{L}\p{N}.#*]/gu, (char) => char === "\0" ? "\\000" : `\\${char}`).split(".");
  return `^${words.map((word) => word === "*" ? ".*?[^\\.]" : word === "#" ? ".*?" : word).join("\\.")}$`;
}

/**
 * True if the binding catches the routing key. Topics match as kombu's regular expressions do, dots included: there `a.*`
 * catches `a.b.c` too. The pattern itself is never run: it comes from the server, and could be made to take for ever.
 */
export function catchesRoutingKey(binding: RedisBinding, routingKey: string): boolean {
  if (binding.pattern === "") return binding.routingKey === routingKey;
  let ends = new Set([0]); // where the words so far may have ended
  for (const [i, word] of binding.routingKey.split(".").entries()) {
    const next = new Set<number>();
    for (const end of ends) {
      if (i > 0 && routingKey[end] !== ".") continue;
      const start = i === 0 ? end : end + 1;
      if (word !== "*" && word !== "#") {
        if (routingKey.startsWith(word, start)) next.add(start + word.length);
        continue;
      }
      for (let to = start; to <= routingKey.length; to++) {
        if (word === "#" || (to > start && routingKey[to - 1] !== ".")) next.add(to);
      }
    }
    ends = next;
  }
  return ends.has(routingKey.length);
}
