/**
 * What a worker prints when it starts, word for word as Celery does.
 *
 * Source: celery 5.6 celery/apps/worker.py `startup_info`
 *
 * Pure: no sockets, no clocks, no promises.
 * @module
 */
import type { Queue } from "../transport/transport.ts";

export interface BannerFacts {
  readonly node: string;
  /** e.g. `5.6.3 (three-classics)`. */
  readonly version: string;
  /** e.g. `Linux-6.1.0-x64`. */
  readonly platform: string;
  /** `2026-11-24 16:01:26`. */
  readonly time: string;
  /** Name of the app and where it comes from. */
  readonly app: string;
  /** Broker and backend without passwords. */
  readonly transport: string;
  readonly results: string;
  readonly concurrency: number;
  readonly autoscale: { readonly max: number; readonly min: number } | undefined;
  readonly pool: string;
  readonly taskEvents: boolean;
  readonly queues: readonly Queue[];
  /** Settings that Celery has not, e.g. `durability:  everysec` of the embedded broker. */
  readonly notes: readonly string[];
  /** Undefined: the list is not shown (levels above INFO). */
  readonly tasks: readonly string[] | undefined;
}

const ART = [
  " --------------",
  "--- ***** -----",
  "-- ******* ----",
  "- *** --- * ---",
  "- ** ----------",
  "- ** ----------",
  "- ** ----------",
  "- ** ----------",
  "- *** --- * ---",
  "-- ******* ----",
  "--- ***** -----",
  " --------------",
];
const BESIDE_ART = " ".repeat(16);

export function workerBanner(facts: BannerFacts): string {
  const concurrency = facts.autoscale === undefined
    ? String(facts.concurrency)
    : `{min=${facts.autoscale.min}, max=${facts.autoscale.max}}`;
  const lines = [
    `${facts.node} v${facts.version}`,
    "",
    `${facts.platform} ${facts.time}`,
    "",
    "[config]",
    `.> app:         ${facts.app}`,
    `.> transport:   ${facts.transport}`,
    `.> results:     ${facts.results}`,
    `.> concurrency: ${concurrency} (${facts.pool})`,
    `.> task events: ${facts.taskEvents ? "ON" : "OFF (enable -E to monitor tasks in this worker)"}`,
    ...facts.notes.map((note) => `.> ${note}`),
    "",
    "[queues]",
    ...facts.queues.map(queueLine),
    ...(facts.queues.length === 1 ? [""] : []), // Python's list of queues ends differently where there is only one
  ];
  const decorated = lines.map((text, i) => {
    const art = ART[i];
    return art === undefined ? BESIDE_ART + text : `${art} ${text}`;
  });
  const tasks = facts.tasks === undefined ? "" : `\n[tasks]\n${facts.tasks.map((name) => `  . ${name}`).join("\n")}\n`;
  return ` \n${decorated.join("\n")}\n${tasks}\n`;
}

/** celery/app/amqp.py `Queues.format` */
function queueLine(queue: Queue): string {
  const { exchange } = queue;
  const shown = exchange.name === "" ? queue.name : exchange.name;
  return `.> ${queue.name.padEnd(16)} exchange=${shown}(${exchange.type}) key=${queue.routingKey}`;
}
