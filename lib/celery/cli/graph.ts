import { redactUrl } from "../../base/log.ts";
import type { Command, CommandContext } from "./command.ts";
import { CommandError, ExitCode, usageError } from "./exit_codes.ts";
import { integer, parseOptions } from "./options.ts";
import { workerGraph } from "./worker_graph.ts";

const REPLY_MS = 1000;
/** As Celery's. */
const MAX_WORKERS = "4";
const MAX_THREADS = "3";

/**
 * Draws the workers that answer, or those that are named.
 *
 * Source: celery 5.6 celery/bin/graph.py
 */
export const graphCommand: Command = {
  name: "graph",
  summary: "Draw workers, their broker and their results, for Graphviz.",
  usage: "workers [NAME:VALUE]...",
  examples: [
    ["graph workers | dot -Tsvg -o workers.svg", "those that answer"],
    ["graph workers nodes:a,b threads:4,2", "those that are named, with what they run at once"],
    ["graph workers wmax:0 tmax:8", "all of them, and up to eight tasks of each"],
  ],
  options: {},
  notes: [
    "Names: nodes, threads, broker, backend; wmax, how many workers are drawn (4, 0 is all), and tmax, how many tasks of",
    "each (3); generic shows schemes instead of URLs, enumerate numbers instead of names.",
    "",
    "Celery's graph bootsteps draws what its worker is composed of, which is not how this one is made.",
  ].join("\n"),
  async run(context, argv) {
    const { words: [what = "", ...rest] } = parseOptions({}, argv, {
      command: "graph",
      environment: context.environment,
    });
    if (what === "bootsteps") {
      throw new CommandError("Cannot draw bootsteps: this worker has none; it is composed in worker/parts.ts");
    }
    if (what !== "workers") throw usageError(`No such command '${what}'. There is: workers`, "graph");
    await drawWorkers(context, new Map(rest.map(readArgument)));
    return ExitCode.ok;
  },
};

async function drawWorkers({ app, terminal, signal }: CommandContext, given: ReadonlyMap<string, string>) {
  let workers = listOf(given.get("nodes"));
  let threads = listOf(given.get("threads")).map((text) => numberOf("threads", text));
  if (!given.has("nodes")) {
    const replies = await app.control.ask("stats", { timeoutMs: REPLY_MS, signal });
    workers = [...replies.keys()];
    threads = [...replies.values()].map(concurrencyOf);
  }
  const backend = given.get("backend") ?? redactUrl(app.backendUrl);
  terminal.out(workerGraph({
    broker: given.get("broker") ?? (await app.transport()).uri,
    backend: backend === "" || backend === "disabled://" ? undefined : backend,
    workers,
    threads,
    maxWorkers: numberOf("wmax", given.get("wmax") ?? MAX_WORKERS),
    maxThreads: numberOf("tmax", given.get("tmax") ?? MAX_THREADS),
    isGeneric: given.has("generic"),
    isNumbered: given.has("enumerate"),
  }));
}

/** `name:value`, or a name alone. */
function readArgument(word: string): [name: string, value: string] {
  const at = word.indexOf(":");
  return at === -1 ? [word, ""] : [word.slice(0, at), word.slice(at + 1)];
}

function listOf(text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : text.split(",");
}

/** Nothing is 0. */
function numberOf(name: string, text: string): number {
  try {
    return text === "" ? 0 : integer(text);
  } catch (error) {
    throw usageError(`Invalid value for ${name}: ${error instanceof Error ? error.message : String(error)}`, "graph");
  }
}

/** Of a worker's answer to `stats`, Python's or ours. */
function concurrencyOf(reply: unknown): number {
  const pool = typeof reply === "object" && reply !== null && "pool" in reply ? reply.pool : undefined;
  const size = typeof pool === "object" && pool !== null && "max-concurrency" in pool ? pool["max-concurrency"] : 0;
  return typeof size === "number" ? size : 0;
}
