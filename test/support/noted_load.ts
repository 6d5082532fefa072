import { join } from "node:path";
import { onTestFinished } from "vitest";
import { ConnectionError } from "../../lib/base/errors.ts";
import { type AsyncResult, Celery, queue } from "../../lib/celery/mod.ts";
import { eventually } from "./eventually.ts";
import { Program, script } from "./program.ts";
import { RunNotes } from "./run_notes.ts";
import { testDir } from "./temp_dir.ts";

export type QueueKind = "classic" | "quorum";

export interface NotedLoadOptions {
  readonly broker: string;
  readonly backend: string;
  /** Names the queues, `…-classic` and `…-quorum`, which are both consumed from, and the worker. */
  readonly queues: string;
  /** What the worker asks RabbitMQ for. Default 120, as Celery's. */
  readonly heartbeatSeconds?: number;
}

export const KINDS: readonly QueueKind[] = ["classic", "quorum"];
const BATCH = 10;
/** Tasks that are confirmed and did not run yet; beyond that the client waits for the worker. */
const BACKLOG = 300;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A worker as a program, and a client in this process that publishes to it all the time and keeps the books: what the broker
 * has confirmed, and what ran how often. All of it ends with the running test.
 */
export class NotedLoad {
  readonly app: Celery;
  readonly worker: Program;
  /** When each task was confirmed. */
  readonly confirmed = new Map<string, number>();
  /** Why publishes failed; those tasks may run or not. */
  readonly failures: Error[] = [];
  readonly #env: Readonly<Record<string, string>>;
  readonly #queues: string;
  readonly #notes = new RunNotes(join(testDir(), "notes"));
  readonly #kinds = new Map<string, QueueKind>();
  #isStopped = false;
  #publishing: Promise<void> | undefined;

  private constructor({ broker, backend, queues, heartbeatSeconds = 120 }: NotedLoadOptions) {
    this.#queues = queues;
    const taskQueues = KINDS.map((kind) =>
      queue(this.queue(kind), kind === "quorum" ? { queueArguments: { "x-queue-type": "quorum" } } : {})
    );
    this.app = new Celery("noting", { broker, backend, taskQueues });
    this.#env = {
      CELERY_BROKER_URL: broker,
      CELERY_RESULT_BACKEND: backend,
      NOTES: this.#notes.path,
      QUEUES: queues,
      HEARTBEAT_S: String(heartbeatSeconds),
    };
    const flags = [
      "worker",
      "-l",
      "INFO",
      "-E",
      "-c",
      "2",
      "-n",
      this.#node,
      "-Q",
      KINDS.map((kind) => this.queue(kind)).join(),
    ];
    this.worker = new Program(...script("test/faults/celery_noting_app.ts", flags), { env: this.#env });
    onTestFinished(async () => {
      this.#isStopped = true;
      await this.worker.stop("SIGKILL");
      await this.app.close();
      await this.#publishing;
    });
  }

  /** Resolves when work is well under way. */
  static async start(options: NotedLoadOptions): Promise<NotedLoad> {
    const load = new NotedLoad(options);
    await load.#declare();
    await load.worker.printed(/ ready\./);
    load.#publishing = load.#publish();
    await eventually("work is well under way", () => load.runs().size > 60);
    return load;
  }

  get #node(): string {
    return `${this.#queues}@test`;
  }

  queue(kind: QueueKind): string {
    return `${this.#queues}-${kind}`;
  }

  /** Sends a task that takes so long. */
  send(kind: QueueKind, seconds = 0): AsyncResult<number> {
    const result = this.app.sendTask<number>("noting.note", [seconds], { queue: this.queue(kind) });
    this.#kinds.set(result.id, kind);
    return result;
  }

  /** Sends a task that takes so long, and resolves when it has begun. */
  async begun(kind: QueueKind, seconds: number): Promise<AsyncResult<number>> {
    const result = this.send(kind, seconds);
    await eventually("the task has begun", () => this.runs().has(result.id));
    return result;
  }

  /**
   * Waits for a result whatever happens. A client that waits by rpc is told that its reply queue was lost, or that the broker
   * cannot be reached, and asks again; nothing else may be said to it.
   */
  answerTo(result: AsyncResult<number>): Promise<number> {
    const answer = this.#ask(result);
    answer.catch(() => {}); // a test that fails before does not wait for it
    return answer;
  }

  async #ask(result: AsyncResult<number>): Promise<number> {
    while (true) {
      try {
        return await result.get({ timeout: 300 });
      } catch (error) {
        const isAway = error instanceof ConnectionError ||
          error instanceof Error && /^Cannot log in/.test(error.message);
        if (!isAway || this.#isStopped) throw error;
        await sleep(100);
      }
    }
  }

  /** Waits until the worker answers. */
  async answersControl(): Promise<void> {
    await eventually(
      "the worker answers",
      async () => (await this.app.control.ping({ destination: [this.#node] })).size === 1,
    );
  }

  /** Starts a program that prints the worker's events. @returns those that have come so far */
  async monitor(): Promise<() => Readonly<Record<string, unknown>>[]> {
    const monitor = new Program(...script("test/faults/celery_noting_app.ts", ["events", "--json"]), {
      env: this.#env,
    });
    onTestFinished(async () => void await monitor.stop("SIGKILL"));
    await monitor.printed(/"task-succeeded"/);
    return () => monitor.stdout.split("\n").slice(0, -1).map((line) => JSON.parse(line));
  }

  /** How many consume from each of its queues. */
  async consumers(): Promise<(number | undefined)[]> {
    const transport = await this.app.transport();
    const counts = KINDS.map((kind) => transport.counts(this.app.queues.get(this.queue(kind))));
    return (await Promise.all(counts)).map(({ consumers }) => consumers);
  }

  /** When each task began, as often as it did. */
  runs(): ReadonlyMap<string, readonly number[]> {
    return this.#notes.read();
  }

  /** Waits until tasks of these kinds of queues were confirmed and ran since a time, in milliseconds since 1970. */
  async goesOn(sinceMs: number, kinds = KINDS): Promise<void> {
    const ofKind = (kind: QueueKind, ids: Iterable<string>) => [...ids].some((id) => this.#kinds.get(id) === kind);
    await eventually("it goes on", () => {
      const begun = [...this.runs()].filter(([, times]) => times.some((time) => time > sinceMs)).map(([id]) => id);
      const confirmed = [...this.confirmed].filter(([, time]) => time > sinceMs).map(([id]) => id);
      const waiting = kinds.filter((kind) => !ofKind(kind, begun) || !ofKind(kind, confirmed));
      if (waiting.length > 0) throw new Error(`${waiting}: ${begun.length} ran, ${confirmed.length} were confirmed`);
      return true;
    }, { timeoutMs: 5000 });
  }

  /** Stops publishing, and waits until everything that was confirmed, or confirmed since then, has run. */
  async finish(sinceMs = 0): Promise<void> {
    this.#isStopped = true;
    await this.#publishing;
    await eventually("every confirmed task has run", () => {
      const missing = this.missing(sinceMs);
      if (missing.length > 0) throw new Error(`${missing.length} of ${this.confirmed.size} did not: ${missing[0]} …`);
      return true;
    });
  }

  /** What was confirmed and did not run. */
  missing(sinceMs = 0): string[] {
    const runs = this.runs();
    return [...this.confirmed].filter(([id, time]) => time >= sinceMs && !runs.has(id)).map(([id]) => id);
  }

  /** What ran before this time, and then again, in words. */
  repeatedAfter(timeMs: number, kinds = KINDS): string[] {
    return [...this.runs()].flatMap(([id, [first = Infinity, ...again]]) => {
      const kind = this.#kinds.get(id) ?? "classic";
      if (again.length === 0 || first >= timeMs || !kinds.includes(kind)) return [];
      return [`${id} of the ${kind} queue, ${timeMs - first} ms before and ${(again[0] ?? 0) - timeMs} ms after`];
    });
  }

  /** Before the worker does: RabbitMQ (3.10) closes connections with 541 when two declare a quorum queue at the same time. */
  async #declare(): Promise<void> {
    const transport = await this.app.transport();
    for (const kind of KINDS) await transport.declareQueue(this.app.queues.get(this.queue(kind)));
  }

  async #publish(): Promise<void> {
    while (!this.#isStopped) {
      const results = Array.from({ length: BATCH }, (_, i) => this.send(KINDS[i % KINDS.length] ?? "classic"));
      const outcomes = await Promise.allSettled(results.map((result) => result.published));
      outcomes.forEach((outcome, i) => {
        if (outcome.status === "fulfilled") this.confirmed.set(results[i]?.id ?? "", Date.now());
        else this.failures.push(outcome.reason);
      });
      do await sleep(10); while (!this.#isStopped && this.missing().length > BACKLOG);
    }
  }
}
