/**
 * The whole state as commands that build it up again.
 * @module
 */
import type { CommandWords, Store } from "../store/store.ts";
import { frozenCopy, type Value } from "../store/value.ts";
import { encodeWords, RecordWriter } from "../wire/record.ts";
import type { JournalFiles } from "./files.ts";
import { snapshotName, unfinishedName } from "./names.ts";

/** Stands at the end of a whole snapshot, and does nothing when it is replayed. */
export const SNAPSHOT_END: CommandWords = ["PING", "end of snapshot"];

/** Elements in one command. */
const ELEMENTS = 256;
/** Bytes of commands in one record, and bytes written before other work has its turn. */
const RECORD_BYTES = 16 * 1024;
const SLICE_BYTES = 256 * 1024;

/**
 * Commands that build up what the store held when `beginSnapshot` was called, in the order in which they come to hand. The store
 * may go on changing between two of them: it keeps the old state of what it changes.
 *
 * @param extra commands for what the store does not hold
 */
export function* snapshotCommands(store: Store, extra: readonly CommandWords[]): Generator<[number, CommandWords]> {
  for (const words of extra) yield [0, words];
  for (const database of store.databases) {
    for (const [key, entry] of database.entries()) {
      yield* preserved(store);
      if (entry.epoch === store.epoch) continue;
      entry.epoch = store.epoch;
      yield* keyCommands(database.index, key, frozenCopy(entry.value), entry.expiresAt);
    }
  }
  yield* preserved(store);
}

function* preserved(store: Store): Generator<[number, CommandWords]> {
  for (const { database, key, value, expiresAt } of store.takePreserved()) {
    yield* keyCommands(database, key, value, expiresAt);
  }
}

function* keyCommands(
  database: number,
  key: string,
  value: Value,
  expiresAt: number | undefined,
): Generator<[number, CommandWords]> {
  if (typeof value === "string") yield [database, ["SET", key, value]];
  else if (value.kind === "list") {
    for (let i = 0; i < value.size; i += ELEMENTS) {
      yield [database, ["RPUSH", key, ...value.slice(i, Math.min(i + ELEMENTS, value.size))]];
    }
  } else {
    const name = { hash: "HSET", set: "SADD", zset: "ZADD" }[value.kind];
    let words = [name, key];
    for (const entry of value.entries()) {
      if (typeof entry === "string") words.push(entry);
      else if (typeof entry[1] === "number") words.push(scoreText(entry[1]), entry[0]);
      else words.push(entry[0], entry[1]);
      if (words.length >= ELEMENTS) {
        yield [database, words];
        words = [name, key];
      }
    }
    if (words.length > 2) yield [database, words];
  }
  if (expiresAt !== undefined) yield [database, ["PEXPIREAT", key, String(expiresAt)]];
}

function scoreText(score: number): string {
  return score === Infinity ? "inf" : score === -Infinity ? "-inf" : String(score);
}

/**
 * Writes a snapshot, which has its name only once it is whole and on the disk.
 * @returns its size in bytes
 */
export async function writeSnapshot(
  files: JournalFiles,
  generation: number,
  commands: Iterable<readonly [number, CommandWords]>,
): Promise<number> {
  const name = unfinishedName(generation);
  const file = await files.create(name);
  const writer = new RecordWriter();
  let size = 0;
  const write = async () => {
    const bytes = writer.take();
    size += bytes.length;
    await file.write(bytes);
    writer.recycle(bytes);
  };
  try {
    let payload = "";
    let selected = 0;
    for (const [database, words] of commands) {
      if (database !== selected) payload += encodeWords(["SELECT", String(database)]);
      selected = database;
      payload += encodeWords(words);
      if (payload.length < RECORD_BYTES) continue;
      writer.add(payload);
      [payload, selected] = ["", 0];
      if (writer.length >= SLICE_BYTES) await write();
    }
    if (payload !== "") writer.add(payload);
    writer.add(encodeWords(SNAPSHOT_END));
    await write();
    await file.sync();
  } finally {
    await file.close();
  }
  await files.rename(name, snapshotName(generation));
  await files.syncFolder();
  return size;
}
