/**
 * Reading a data folder back.
 * @module
 */
import { asError, ProtocolError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { CommandDecoder } from "../../redis/wire/mod.ts";
import { RecordDecoder } from "../wire/record.ts";
import type { JournalFiles } from "./files.ts";
import type { JournalEnd } from "./journal.ts";
import { journalName, readGenerations, snapshotName } from "./names.ts";
import { SNAPSHOT_END } from "./snapshot.ts";

export interface RecoverOptions {
  readonly files: JournalFiles;
  /** Repeats one command; a step starts in database 0. @throws if it cannot be repeated */
  readonly replay: (words: string[], isFirstOfStep: boolean) => void;
  /** Keeps every whole record of damaged files instead of refusing to start. */
  readonly repair: boolean;
  readonly log: Logger;
}

export interface Recovered {
  /** Where the journal goes on. */
  readonly end: JournalEnd;
  readonly records: number;
  /** Bytes of the snapshot; 0 without one. */
  readonly snapshotBytes: number;
  /** Something was left out: the caller writes a fresh snapshot before it serves anybody. */
  readonly wasRepaired: boolean;
}

/** What was found in one file. */
interface FileReading {
  readonly records: number;
  /** Bytes up to the end of the last whole record. */
  readonly wholeBytes: number;
  /** Offset of the first damage; undefined: none. */
  readonly damagedAt: number | undefined;
  /** Whole records follow the damage: it is not just a torn tail. */
  readonly isMiddle: boolean;
  /** The file ends as a whole snapshot does. */
  readonly hasSnapshotEnd: boolean;
}

/**
 * Replays the newest snapshot and the journals after it, and opens the last one to go on.
 *
 * A torn tail of the last journal (the power went while it was written) is cut off, with a line in the log. Any other damage ends
 * with an error that names file and offset.
 *
 * @throws {ProtocolError} for damage, unless `repair` is set
 */
export async function recover(options: RecoverOptions): Promise<Recovered> {
  const { files, repair, log } = options;
  const { snapshot, journals, leftovers } = readGenerations(await files.list());
  for (const name of leftovers) await files.remove(name);
  let records = 0;
  let wasRepaired = false;

  const read = async (name: string, isLast: boolean): Promise<FileReading> => {
    const reading = await readRecords(name, options);
    records += reading.records;
    const isSnapshot = !name.startsWith("journal");
    const isTorn = reading.damagedAt !== undefined && !reading.isMiddle && isLast && !isSnapshot;
    const isDamaged = (reading.damagedAt !== undefined && !isTorn) || (isSnapshot && !reading.hasSnapshotEnd);
    if (isTorn) log.warn("Torn tail cut off", { file: name, offset: reading.damagedAt });
    if (!isDamaged) return reading;
    if (!repair) throw damaged(name, reading);
    wasRepaired = true;
    log.warn("Damaged file repaired: every whole record is kept", { file: name, offset: reading.damagedAt });
    return reading;
  };

  const snapshotBytes = snapshot > 0 ? (await read(snapshotName(snapshot), false)).wholeBytes : 0;
  const [last = Math.max(1, snapshot)] = journals.slice(-1);
  let size = 0;
  for (const generation of journals) {
    const { wholeBytes } = await read(journalName(generation), generation === last);
    size = wholeBytes;
  }
  const { file, size: found } = await files.append(journalName(last));
  if (found > size) file.truncate(size);
  await files.syncFolder();
  return { end: { generation: last, file, size }, records, snapshotBytes, wasRepaired };
}

async function readRecords(name: string, { files, replay, repair, log }: RecoverOptions): Promise<FileReading> {
  const decoder = new RecordDecoder();
  let records = 0;
  let wholeBytes = 0;
  let damagedAt: number | undefined;
  let isMiddle = false;
  let hasSnapshotEnd = false;

  const drain = () => {
    while (true) {
      const record = nextRecord(decoder, (offset) => damagedAt ??= offset);
      if (record === undefined) return;
      isMiddle ||= damagedAt !== undefined;
      if (isMiddle && !repair) return;
      try {
        hasSnapshotEnd = replayRecord(record, replay);
        records++;
        wholeBytes = decoder.offset;
      } catch (error) {
        const where = `the record before offset ${decoder.offset} of ${name}`;
        if (!repair) throw new ProtocolError(`Cannot repeat ${where}: ${asError(error).message}`, { cause: error });
        log.warn("Record left out: what it builds on is lost", { record: where, error });
      }
    }
  };
  for await (const chunk of files.read(name)) {
    decoder.feed(chunk);
    drain();
  }
  decoder.end();
  drain();
  return { records, wholeBytes, damagedAt, isMiddle, hasSnapshotEnd };
}

function nextRecord(decoder: RecordDecoder, onDamage: (offset: number) => void): Uint8Array | undefined {
  try {
    return decoder.next();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    onDamage(error.offset ?? decoder.offset);
    decoder.search();
    return decoder.next();
  }
}

/** @returns true if the record is the one that ends a snapshot */
function replayRecord(record: Uint8Array, replay: RecoverOptions["replay"]): boolean {
  const decoder = new CommandDecoder();
  decoder.feed(record);
  let isFirst = true;
  let isEnd = false;
  for (let command = decoder.next(); command !== undefined; command = decoder.next()) {
    const words = command.map((word) => word.toString("latin1"));
    isEnd = isFirst && words.length === SNAPSHOT_END.length && words.every((word, i) => word === SNAPSHOT_END[i]);
    replay(words, isFirst);
    isFirst = false;
  }
  decoder.end();
  return isEnd;
}

function damaged(name: string, { damagedAt, wholeBytes }: FileReading): ProtocolError {
  const offset = damagedAt ?? wholeBytes;
  const what = damagedAt === undefined ? "it ends too early" : "the record there is damaged";
  return new ProtocolError(
    `Cannot read ${name}: at offset ${offset} ${what}; start the broker with --repair to keep every whole record`,
    { offset },
  );
}
