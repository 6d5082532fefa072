import { UsageError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { FileStore } from "./file_store.ts";
import { MemoryStore, type NameStore } from "./name_store.ts";

/**
 * Opens the store that a text describes: `memory`, or `file:PATH`.
 * @throws {UsageError} for anything else, Python's own `dbm:` and `sql:` included
 */
export function openStore(storage: string, log: Logger): NameStore {
  if (storage === "memory") return new MemoryStore();
  const [, kind, path = ""] = /^(\w+):(.+)$/s.exec(storage) ?? [];
  if (kind === "file") return new FileStore(path, { log });
  const hint = kind === "dbm" || kind === "sql" ? `: Python's own files cannot be used here, file:${path} can` : "";
  throw new UsageError(`invalid storage type '${storage}'${hint}`);
}
