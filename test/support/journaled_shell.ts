import { silentLogger } from "../../lib/base/log.ts";
import { compact } from "../../lib/broker/journal/compaction.ts";
import { Journal } from "../../lib/broker/journal/journal.ts";
import { recover } from "../../lib/broker/journal/recovery.ts";
import { internalClient } from "../../lib/broker/server.ts";
import { BrokerShell } from "./broker_shell.ts";
import { dumpStore } from "./broker_dump.ts";
import { FakeClock } from "./fake_clock.ts";
import type { FakeDisk } from "./fake_disk.ts";

/** The broker's commands with a real journal on a fake disk. */
export class JournaledShell {
  readonly disk: FakeDisk;
  readonly journal: Journal;
  readonly shell: BrokerShell;

  private constructor(disk: FakeDisk, journal: Journal) {
    this.disk = disk;
    this.journal = journal;
    this.shell = new BrokerShell({ sink: journal });
  }

  /** Starts on a disk: reads what is there. */
  static async start(disk: FakeDisk, durability: "everysec" | "always" = "everysec"): Promise<JournaledShell> {
    const log = silentLogger;
    const journal = new Journal({
      files: disk,
      durability,
      clock: new FakeClock(),
      log,
      onDurable() {},
      onFailure() {},
    });
    const started = new JournaledShell(disk, journal);
    const replayer = internalClient(0);
    started.shell.store.now = -Infinity;
    const { end } = await recover({
      files: disk,
      repair: false,
      log,
      replay: (words, isFirstOfStep) => {
        if (isFirstOfStep) replayer.database = 0;
        started.shell.executor.replay(replayer, words);
      },
    });
    journal.open(end);
    return started;
  }

  compact(): Promise<number> {
    const { holders } = this.shell.services;
    const { disk: files, journal } = this;
    const extra = () => holders.snapshot();
    return compact({ files, journal, store: this.shell.store, extra, log: silentLogger });
  }

  dump(): unknown {
    return { data: dumpStore(this.shell.store), holders: this.shell.services.holders.snapshot() };
  }
}
