import type { Logger } from "../../base/log.ts";
import type { CommandWords, Store } from "../store/store.ts";
import type { JournalFiles } from "./files.ts";
import type { Journal } from "./journal.ts";
import { readGenerations } from "./names.ts";
import { snapshotCommands, writeSnapshot } from "./snapshot.ts";

export interface CompactOptions {
  readonly files: JournalFiles;
  readonly journal: Journal;
  readonly store: Store;
  /** Commands for what the store does not hold; asked for at the moment that the snapshot shows. */
  readonly extra: () => readonly CommandWords[];
  readonly log: Logger;
}

/**
 * Replaces all that was ever written by what there is now.
 *
 *     1  journal.8 begins, and snapshot.8 is taken of that very moment, while serving goes on
 *     2  snapshot.8 is written, synced, and then gets its name
 *     3  snapshot.7 and journal.7 are removed
 *
 * If the power goes before 2 is done, 7 and 8 are read in a row; after it, 8 alone. Every moment has one whole state.
 *
 * @returns size of the snapshot in bytes
 */
export async function compact({ files, journal, store, extra, log }: CompactOptions): Promise<number> {
  let more: readonly CommandWords[] = [];
  await journal.rotate(() => {
    store.beginSnapshot();
    more = extra();
  });
  try {
    const size = await writeSnapshot(files, journal.generation, snapshotCommands(store, more));
    for (const name of readGenerations(await files.list()).leftovers) await files.remove(name);
    log.info("Journal compacted", { generation: journal.generation, bytes: size });
    return size;
  } finally {
    store.endSnapshot();
  }
}
