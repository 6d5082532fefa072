import { fork } from "node:child_process";
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { ConnectionError } from "../base/errors.ts";
import { withDeadline } from "../base/time.ts";
import { findBroker, makeFolder } from "./folder_claim.ts";
import type { BrokerOptions } from "./options.ts";

export interface SpawnBrokerOptions extends Omit<BrokerOptions, "clock" | "log"> {
  /** How long the broker may take to serve, its journal read. Default 30000. */
  readonly startTimeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** Flags for the runtime, so that it understands TypeScript. Default: those of this process. */
  readonly execArgv?: readonly string[];
}

/** What the child tells. */
export type SpawnedBrokerMessage = { readonly socketPath: string } | { readonly error: string };

const CHILD_MAIN = fileURLToPath(new URL("./child_main.ts", import.meta.url));
const DEFAULT_IDLE_MS = 60_000;
/** A log that has grown beyond this is begun anew with the next broker. */
const MAX_LOG_BYTES = 1024 * 1024;

/**
 * Finds the broker of a folder, or starts one as a process that outlives this one.
 *
 * Scripts that do this at the same moment end up with the same broker: whichever claims the folder first serves, and the others'
 * children say where that is. A broker started here leaves after `idleMs` (default 60000) without clients, with its data on disk, and
 * writes its log to `broker.log` in the folder.
 *
 * @returns path of the socket to connect to
 * @throws {ConnectionError} code ERR_CONNECT, with the child's own words, if it cannot start
 */
export async function spawnBroker(options: SpawnBrokerOptions): Promise<string> {
  const { startTimeoutMs = 30_000, signal, execArgv = process.execArgv, ...own } = options;
  signal?.throwIfAborted();
  const folder = await makeFolder(options.folder);
  const found = await findBroker(folder);
  if (found !== undefined) return found;

  const logPath = join(folder, "broker.log");
  const isLong = existsSync(logPath) && statSync(logPath).size > MAX_LOG_BYTES;
  const output = openSync(logPath, isLong ? "w" : "a", 0o600);
  const child = fork(CHILD_MAIN, [JSON.stringify({ idleMs: DEFAULT_IDLE_MS, ...own, folder })], {
    detached: true,
    execArgv: [...execArgv],
    stdio: ["ignore", output, output, "ipc"],
  });
  closeSync(output);
  const answer = new Promise<string>((resolve, reject) => {
    const fail = (why: string) =>
      reject(
        new ConnectionError(`Cannot start a broker in ${folder}: ${why} (see ${logPath})`, { code: "ERR_CONNECT" }),
      );
    child.once("error", (error) => fail(error.message));
    child.once("exit", (code, killed) => fail(`it ended with ${killed ?? `exit code ${code}`}`));
    child.once("message", (message: SpawnedBrokerMessage) => {
      if ("error" in message) fail(message.error);
      else resolve(message.socketPath);
    });
  });
  try {
    return await withDeadline(answer, { timeoutMs: startTimeoutMs, signal, what: `start a broker in ${folder}` });
  } finally {
    answer.catch(() => {}); // told by the deadline already
    child.removeAllListeners();
    child.on("error", () => {}); // not ours any more
    if (child.connected) child.disconnect();
    child.unref();
  }
}
