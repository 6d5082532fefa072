import type { Client } from "./client.ts";
import { push } from "./reply.ts";
import { matchesGlob } from "./store/glob.ts";

/** Channels, patterns, and who listens. Nothing is stored: who is not there now misses the message. */
export class PubSub {
  readonly #channels = new Map<string, Set<Client>>();
  readonly #patterns = new Map<string, Set<Client>>();

  subscribe(client: Client, channel: string): void {
    client.channels.add(channel);
    add(this.#channels, channel, client);
  }

  unsubscribe(client: Client, channel: string): void {
    client.channels.delete(channel);
    remove(this.#channels, channel, client);
  }

  subscribePattern(client: Client, pattern: string): void {
    client.patterns.add(pattern);
    add(this.#patterns, pattern, client);
  }

  unsubscribePattern(client: Client, pattern: string): void {
    client.patterns.delete(pattern);
    remove(this.#patterns, pattern, client);
  }

  /** Forgets a client that has gone. */
  remove(client: Client): void {
    for (const channel of [...client.channels]) this.unsubscribe(client, channel);
    for (const pattern of [...client.patterns]) this.unsubscribePattern(client, pattern);
  }

  /** @returns how many times the message was delivered: once for every matching subscription, as Redis counts */
  publish(channel: string, message: string): number {
    let count = 0;
    for (const client of this.#channels.get(channel) ?? []) {
      client.output.send(push(["message", channel, message]));
      count++;
    }
    for (const [pattern, clients] of this.#patterns) {
      if (!matchesGlob(pattern, channel)) continue;
      for (const client of clients) {
        client.output.send(push(["pmessage", pattern, channel, message]));
        count++;
      }
    }
    return count;
  }

  /** Channels somebody is subscribed to. @param pattern undefined: all */
  channels(pattern: string | undefined): string[] {
    return [...this.#channels.keys()].filter((channel) => pattern === undefined || matchesGlob(pattern, channel));
  }

  /** Subscribers of one channel, patterns not counted. */
  subscribers(channel: string): number {
    return this.#channels.get(channel)?.size ?? 0;
  }

  /** Different patterns somebody is subscribed to. */
  get patternCount(): number {
    return this.#patterns.size;
  }
}

function add(map: Map<string, Set<Client>>, name: string, client: Client): void {
  const clients = map.get(name);
  if (clients === undefined) map.set(name, new Set([client]));
  else clients.add(client);
}

function remove(map: Map<string, Set<Client>>, name: string, client: Client): void {
  const clients = map.get(name);
  if (clients?.delete(client) && clients.size === 0) map.delete(name);
}
