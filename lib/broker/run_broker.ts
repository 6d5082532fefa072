import { onAbort } from "../base/abort.ts";
import { startBroker } from "./broker.ts";
import { describeBroker } from "./banner.ts";
import type { BrokerOptions } from "./options.ts";

export interface RunBrokerOptions extends BrokerOptions {
  /** Ends the broker, with everything on disk. */
  readonly signal?: AbortSignal | undefined;
  /** Receives the banner, and a line at the end. */
  readonly print: (text: string) => void;
}

/**
 * Runs a broker in the foreground, until it is aborted, told to shut down, or idle for too long.
 *
 * @returns settles when it has ended
 * @throws {FolderTakenError} if a broker serves the folder already; {ProtocolError} if its journal is damaged
 */
export async function runBroker(options: RunBrokerOptions): Promise<void> {
  const { signal, print, ...own } = options;
  signal?.throwIfAborted();
  const broker = await startBroker(own);
  const unlisten = onAbort(signal, () => void broker.close("it was told to stop"));
  try {
    print(describeBroker(broker));
    print(`Broker ended: ${await broker.closed}`);
  } finally {
    unlisten();
  }
}
