/**
 * The broker as a process of its own, started by the first script that needs it; see `spawn_broker.ts`.
 *
 * Arguments: one JSON object with the options. Tells its parent over the channel of `fork` where it listens, and is alone from then on.
 * @module
 */
import process from "node:process";
import { createLogger } from "../base/log.ts";
import { asError } from "../base/errors.ts";
import { startBroker } from "./broker.ts";
import { describeBroker } from "./banner.ts";
import { FolderTakenError } from "./folder_claim.ts";
import type { SpawnedBrokerMessage } from "./spawn_broker.ts";

const log = createLogger(({ level, message, fields }) => {
  const details = Object.entries(fields).map(([name, value]) =>
    `${name}=${value instanceof Error ? value.message : value}`
  );
  console.error([new Date().toISOString(), level, message, ...details].join(" "));
});

async function main(): Promise<void> {
  const options = JSON.parse(process.argv[2] ?? "{}");
  try {
    const broker = await startBroker({ ...options, log });
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void broker.close(`${signal} came`));
    process.on("SIGHUP", () => {}); // the terminal of the script that started us is not ours
    process.chdir(broker.options.folder); // the folder of the script that started us is not ours to keep either
    console.error(describeBroker(broker));
    tell({ socketPath: broker.socketPath });
    await broker.closed;
  } catch (error) {
    if (error instanceof FolderTakenError) return tell({ socketPath: error.socketPath });
    log.error("Broker could not start", { error: asError(error).message });
    tell({ error: asError(error).message });
    process.exitCode = 1;
  }
}

/** Nobody may be listening any more: the script may have ended meanwhile. */
function tell(message: SpawnedBrokerMessage): void {
  if (!process.connected) return;
  process.send?.(message, () => {
    if (process.connected) process.disconnect();
  });
}

await main();
