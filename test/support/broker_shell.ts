import { silentLogger } from "../../lib/base/log.ts";
import { Client } from "../../lib/broker/client.ts";
import { preloadedScripts } from "../../lib/broker/commands/known_scripts.ts";
import { COMMANDS } from "../../lib/broker/commands/table.ts";
import { type EffectSink, Executor } from "../../lib/broker/executor.ts";
import { Holders } from "../../lib/broker/holders.ts";
import { PubSub } from "../../lib/broker/pubsub.ts";
import type { Reply } from "../../lib/broker/reply.ts";
import type { Services } from "../../lib/broker/services.ts";
import { ScanCursors } from "../../lib/broker/store/scan_cursors.ts";
import { type Effect, Store } from "../../lib/broker/store/store.ts";
import { Waiters } from "../../lib/broker/waiters.ts";
import { Watches } from "../../lib/broker/watches.ts";
import { FakeClock } from "./fake_clock.ts";

/** What a client was sent, in values that compare well. */
export type Answer = null | string | number | bigint | Answer[] | { error: string } | undefined;

/** The broker's commands without sockets and journal: words in, answers out, on a clock that the test moves. */
export class BrokerShell {
  readonly clock = new FakeClock();
  readonly store = new Store();
  /** What the journal would keep, step by step. */
  readonly steps: (readonly Effect[])[] = [];
  readonly executor: Executor;
  readonly services: Services;
  refusal: string | undefined;
  readonly #clients = new Map<number, Client>();

  /** @param options.sink takes what was changed, instead of `steps` */
  constructor(options: { maxMemoryBytes?: number; sink?: EffectSink } = {}) {
    const { clock, store } = this;
    this.services = {
      clients: this.#clients,
      commands: COMMANDS,
      cursors: new ScanCursors(),
      holders: new Holders(clock),
      pubsub: new PubSub(),
      scripts: preloadedScripts(),
      waiters: new Waiters(clock),
      watches: new Watches(),
      control: {
        report: () => ({ info: [], config: new Map() }),
        checkPassword: (_, user, password) => user === "default" && password === "secret",
        compact: () => undefined,
        shutDown() {},
      },
      random: () => 0,
    };
    const refusal = () => this.refusal;
    const sink: EffectSink = {
      append: (effects) => this.steps.push(effects),
      get refusal() {
        return refusal();
      },
    };
    store.onTouched((database, key) => {
      this.services.watches.touched(database, key);
      this.services.waiters.touched(database, key);
    });
    const { maxMemoryBytes = Infinity } = options;
    const log = silentLogger;
    this.executor = new Executor({
      store,
      services: this.services,
      sink: options.sink ?? sink,
      maxMemoryBytes,
      clock,
      log,
    });
    this.executor.unavailable = undefined;
    this.services.holders.onAbandoned((left) => this.executor.takeBack(this.#newClient(() => {}), left));
  }

  /** Another connection. */
  client(options: { needsPassword?: boolean } = {}): ShellClient {
    const answers: Answer[] = [];
    const client = this.#newClient((reply) => answers.push(answerOf(reply)), options.needsPassword);
    return {
      client,
      answers,
      run: (...words) => {
        this.executor.execute(client, words.map(String));
        return answers.shift();
      },
    };
  }

  /** The commands that were recorded, each as one line. */
  get recorded(): string[] {
    return this.steps.flat().map(({ words }) => words.join(" "));
  }

  #newClient(send: (reply: Reply) => void, needsPassword = false): Client {
    const id = this.#clients.size + 1;
    const output = { send, close() {}, protocol: 2 as const };
    const client = new Client({ id, address: `shell:${id}`, connectedAt: this.clock.now(), needsPassword, output });
    this.#clients.set(id, client);
    return client;
  }
}

export interface ShellClient {
  readonly client: Client;
  /** What it was sent beyond what `run` returned. */
  readonly answers: Answer[];
  /** Runs a command; the answer is undefined where none has come yet. */
  run(...words: (string | number)[]): Answer;
}

function answerOf(reply: Reply): Answer {
  if (reply === null || typeof reply !== "object") return reply;
  if (!("kind" in reply)) return reply.map(answerOf);
  switch (reply.kind) {
    case "nothing":
      return null;
    case "error":
      return { error: reply.text };
    case "status":
    case "verbatim":
      return reply.text;
    case "double":
      return reply.value;
    case "map":
      return reply.entries.flatMap(([key, value]) => [answerOf(key), answerOf(value)]);
    default:
      return reply.items.map(answerOf);
  }
}
