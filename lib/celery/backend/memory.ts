// deno-lint-ignore-file require-await -- async by interface: what is thrown has to reject
import { ConnectionError } from "../../base/errors.ts";
import { Deferred } from "../../base/deferred.ts";
import { readResultMeta, writeResultMeta } from "../wire/result_meta.ts";
import type { ChordComplete, ChordPart, ResultBackend, ResultMeta, ResultTuple } from "./backend.ts";
import type { BackendOptions } from "./options.ts";

/** Results kept; the oldest go first. */
const MAX_RESULTS = 100_000;

type MetaListener = (meta: ResultMeta) => void;

interface Chord {
  size: number | undefined;
  extra: number;
  readonly parts: Map<string, ChordPart>;
}

/**
 * Results in the memory of this process, for tests and eager tasks. Everything passes the app's serializer, so that what a real
 * backend refuses is refused here too.
 *
 * Owns: the watchers, whose `failed` it rejects when it is closed.
 */
export class MemoryBackend implements ResultBackend {
  readonly name = "memory";
  readonly uri: string;
  readonly noChordReason = undefined;
  readonly replyTo: string;
  readonly #codec: BackendOptions["codec"];
  readonly #metas = new Map<string, Uint8Array>();
  readonly #groups = new Map<string, ResultTuple>();
  readonly #chords = new Map<string, Chord>();
  readonly #watchers = new Map<string, Set<{ listener: MetaListener; failed: Deferred<never> }>>();

  constructor({ url, codec, replyTo }: BackendOptions) {
    this.uri = `${url.split(":", 1)[0]}://`;
    this.#codec = codec;
    this.replyTo = replyTo;
  }

  async ready(): Promise<void> {}

  async expect(): Promise<void> {}

  async store(meta: ResultMeta): Promise<boolean> {
    const before = this.#read(meta.taskId);
    if (before?.status === "SUCCESS") return false;
    this.#metas.set(meta.taskId, this.#codec.encode(writeResultMeta(meta)));
    const [oldest] = this.#metas.keys();
    if (this.#metas.size > MAX_RESULTS && oldest !== undefined) this.#metas.delete(oldest);
    const stored = this.#read(meta.taskId);
    for (const { listener } of this.#watchers.get(meta.taskId) ?? []) if (stored !== undefined) listener(stored);
    return true;
  }

  async get(taskId: string): Promise<ResultMeta | undefined> {
    return this.#read(taskId);
  }

  async getMany(taskIds: readonly string[]): Promise<(ResultMeta | undefined)[]> {
    return taskIds.map((taskId) => this.#read(taskId));
  }

  watch(taskId: string, onMeta: MetaListener): { close(): void; readonly failed: Promise<never> } {
    const failed = new Deferred<never>();
    failed.promise.catch(() => {}); // told to whoever waits
    const own = { listener: onMeta, failed };
    const all = this.#watchers.get(taskId) ?? new Set();
    this.#watchers.set(taskId, all.add(own));
    queueMicrotask(() => {
      const present = all.has(own) ? this.#read(taskId) : undefined;
      if (present !== undefined) onMeta(present);
    });
    return {
      failed: failed.promise,
      close: () => {
        all.delete(own);
        if (all.size === 0) this.#watchers.delete(taskId);
      },
    };
  }

  async forget(taskId: string): Promise<void> {
    this.#metas.delete(taskId);
  }

  async saveGroup(groupId: string, result: ResultTuple): Promise<void> {
    this.#groups.set(groupId, result);
  }

  async restoreGroup(groupId: string): Promise<ResultTuple | undefined> {
    return this.#groups.get(groupId);
  }

  async deleteGroup(groupId: string): Promise<void> {
    this.#groups.delete(groupId);
  }

  async setChordSize(groupId: string, size: number): Promise<void> {
    this.#chord(groupId).size = size;
  }

  async growChord(groupId: string, by: number): Promise<void> {
    this.#chord(groupId).extra += by;
  }

  async addChordPart(part: ChordPart): Promise<ChordComplete | undefined> {
    const chord = this.#chord(part.groupId);
    chord.parts.set(part.taskId, part);
    if (chord.size === undefined || chord.parts.size !== chord.size + chord.extra) return undefined;
    const position = (each: ChordPart) => each.groupIndex ?? Number.MAX_SAFE_INTEGER;
    return { groupId: part.groupId, parts: [...chord.parts.values()].sort((a, b) => position(a) - position(b)) };
  }

  async deleteChord(groupId: string): Promise<void> {
    this.#chords.delete(groupId);
  }

  async close(): Promise<void> {
    const reason = new ConnectionError("Cannot wait for the result: the backend was closed");
    for (const all of this.#watchers.values()) for (const { failed } of all) failed.reject(reason);
    this.#watchers.clear();
  }

  #read(taskId: string): ResultMeta | undefined {
    const bytes = this.#metas.get(taskId);
    return bytes === undefined ? undefined : readResultMeta(this.#codec.decode(bytes), taskId);
  }

  #chord(groupId: string): Chord {
    let chord = this.#chords.get(groupId);
    if (chord === undefined) this.#chords.set(groupId, chord = { size: undefined, extra: 0, parts: new Map() });
    return chord;
  }
}

export function createMemoryBackend(options: BackendOptions): ResultBackend {
  return new MemoryBackend(options);
}
