import { existsSync, realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import type { UnixAddress } from "../../net/mod.ts";
import { runBroker, type RunBrokerOptions, spawnBroker, type SpawnBrokerOptions } from "../../broker/mod.ts";

export interface EmbeddedOptions extends Omit<SpawnBrokerOptions, "folder"> {
  /** The script beside whose package the default folder is. Default: the one this process runs. */
  readonly script?: string | undefined;
}

export interface RunEmbeddedOptions extends Omit<RunBrokerOptions, "folder"> {
  readonly script?: string | undefined;
}

const SCHEME = "embedded:";
/** Beside the nearest package.json. */
const DEFAULT_FOLDER = ".celery";

/**
 * Address of the embedded broker that a URL means; one is started if none serves that folder.
 *
 * Call it before every connect, reconnects included: the broker may have left because it was idle, or have been killed, and this
 * is what brings it back.
 *
 * @param url `embedded://` or `embedded:///some/dir`
 */
export async function embeddedAddress(url: string, options: EmbeddedOptions = {}): Promise<UnixAddress> {
  const { script, ...own } = options;
  return { path: await spawnBroker({ ...own, folder: embeddedFolder(url, script) }) };
}

/**
 * The data folder that a URL means: its path, or `.celery/` beside the nearest package.json above the script.
 *
 * @throws {UsageError} for URLs with a host, which an embedded broker does not have
 */
export function embeddedFolder(url: string, script: string | undefined = process.argv[1]): string {
  if (!url.startsWith(SCHEME)) throw new UsageError(`Cannot use ${url} as an embedded broker: expected embedded://`);
  const rest = url.slice(SCHEME.length).replace(/^\/\//, "");
  if (rest.startsWith("/")) return resolve(fileURLToPath(new URL(`file://${rest}`)));
  if (rest !== "") {
    throw new UsageError(
      `Cannot use ${url}: expected embedded:// or embedded:///some/dir, with three slashes and no host`,
    );
  }
  return join(projectFolder(script), DEFAULT_FOLDER);
}

/** The folder of the nearest package.json above the script, or the script's own. */
function projectFolder(script: string | undefined): string {
  const start = script === undefined || !existsSync(script) ? process.cwd() : dirname(realpathSync(script));
  for (let folder = start;; folder = dirname(folder)) {
    if (existsSync(join(folder, "package.json"))) return folder;
    if (folder === dirname(folder)) return start;
  }
}

/**
 * Runs the broker of a URL in the foreground: `tsx celery/addTask.ts broker`. Settles when it has ended.
 *
 * @param url `embedded://` or `embedded:///some/dir`
 */
export function runEmbeddedBroker(url: string, options: RunEmbeddedOptions): Promise<void> {
  const { script, ...own } = options;
  return runBroker({ ...own, folder: embeddedFolder(url, script) });
}
