import type { Store } from "../../lib/broker/store/store.ts";

/** Everything a store holds, in values that compare well. */
export function dumpStore(store: Store): Record<string, unknown> {
  const dump: Record<string, unknown> = {};
  for (const database of store.databases) {
    for (const [key, { value, expiresAt }] of database.entries()) {
      const content = typeof value === "string"
        ? value
        : value.kind === "list"
        ? value.slice()
        : value.kind === "zset"
        ? value.slice(0, value.size).map(({ member, score }) => [member, score])
        : [...value.entries()].sort();
      dump[`${database.index}:${key}`] = { content, expiresAt };
    }
  }
  return dump;
}
