import type { Address } from "../../net/mod.ts";
import { SocketClient, type SocketClientOptions } from "../client.ts";
import { ConfinedFolder } from "../confined_folder.ts";
import { fileError } from "../errors.ts";
import type { RateLimit } from "../rate_limit.ts";
import type { TransferReport } from "../transfer.ts";
import { quoteName } from "../wire/file_name.ts";
import type { Existing } from "../wire/message.ts";
import { exitCodeOfReport } from "./exit_codes.ts";
import type { ProgressDisplay } from "./progress_display.ts";

/** What every command of the client needs of the command line. */
export interface Job {
  readonly address: Address;
  readonly connect: SocketClientOptions;
  readonly existing: Existing | undefined;
  readonly digest: boolean;
  readonly limit: RateLimit | undefined;
  /** Where got files go. */
  readonly dir: string;
  /** Where one got file goes; `-` is standard output. */
  readonly output: string | undefined;
  readonly name: string | undefined;
  readonly isRaw: boolean;
  readonly events: ProgressDisplay | undefined;
  readonly signal: AbortSignal;
}

/** Connects for `work`, and no longer. */
export async function withClient(job: Job, work: (client: SocketClient) => Promise<number>): Promise<number> {
  const client = await SocketClient.connect(job.address, job.connect);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Opens a folder that the user named for `work`, and no longer. */
export async function withFolder<T>(path: string, work: (folder: ConfinedFolder) => Promise<T>): Promise<T> {
  const folder = await ConfinedFolder.open(path).catch((error) => {
    throw fileError(`use the folder ${quoteName(path)}`, error);
  });
  try {
    return await work(folder);
  } finally {
    await folder.close();
  }
}

/** Leaves the last state on the screen. @returns the exit code */
export function finish(job: Job, report: TransferReport): number {
  job.events?.close();
  return exitCodeOfReport(report);
}
