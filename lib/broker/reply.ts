/**
 * What commands answer, as values: the session writes them in the RESP version of its client.
 *
 * | value | RESP2 | RESP3 |
 * |---|---|---|
 * | string | bulk string | bulk string |
 * | number, bigint | integer | integer |
 * | `null` | null bulk string | null |
 * | array | array | array |
 * | `nothing` | null array | null |
 * | `status` | simple string | simple string |
 * | `error` | error | error |
 * | `double` | bulk string | double |
 * | `map` | flat array | map |
 * | `set` | array | set |
 * | `pairs` | flat array | array of pairs |
 * | `push` | array | push |
 * | `verbatim` | bulk string | verbatim string |
 *
 * Strings are binary: one character a byte.
 * @module
 */
import type { ReplyWriter } from "../redis/wire/mod.ts";

export type Reply = string | number | bigint | null | readonly Reply[] | TaggedReply;

export type TaggedReply =
  | { readonly kind: "nothing" }
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "error"; readonly text: string }
  | { readonly kind: "double"; readonly value: number }
  | { readonly kind: "map"; readonly entries: readonly (readonly [Reply, Reply])[] }
  | { readonly kind: "set"; readonly items: readonly Reply[] }
  | { readonly kind: "pairs"; readonly items: readonly (readonly [Reply, Reply])[] }
  | { readonly kind: "push"; readonly items: readonly Reply[] }
  | { readonly kind: "verbatim"; readonly text: string };

export const OK: Reply = status("OK");
/** What a blocking command answers when its time has run out, and EXEC after a broken WATCH. */
export const NOTHING: Reply = { kind: "nothing" };

export function status(text: string): TaggedReply {
  return { kind: "status", text };
}

/** @param text the whole line, prefix first: `ERR syntax error` */
export function errorReply(text: string): TaggedReply {
  return { kind: "error", text };
}

export function double(value: number): TaggedReply {
  return { kind: "double", value };
}

export function mapReply(entries: readonly (readonly [Reply, Reply])[]): TaggedReply {
  return { kind: "map", entries };
}

export function setReply(items: readonly Reply[]): TaggedReply {
  return { kind: "set", items };
}

export function pairsReply(items: readonly (readonly [Reply, Reply])[]): TaggedReply {
  return { kind: "pairs", items };
}

export function push(items: readonly Reply[]): TaggedReply {
  return { kind: "push", items };
}

export function isError(reply: Reply): boolean {
  return reply !== null && typeof reply === "object" && "kind" in reply && reply.kind === "error";
}

export function writeReply(writer: ReplyWriter, reply: Reply): void {
  if (typeof reply === "string") writer.bulk(reply);
  else if (typeof reply === "number" || typeof reply === "bigint") writer.integer(reply);
  else if (reply === null) writer.null();
  else if ("kind" in reply) writeTagged(writer, reply);
  else {
    writer.array(reply.length);
    for (const item of reply) writeReply(writer, item);
  }
}

function writeTagged(writer: ReplyWriter, reply: TaggedReply): void {
  switch (reply.kind) {
    case "status":
      return writer.simple(reply.text);
    case "error":
      return writer.error(reply.text);
    case "nothing":
      return writer.nullArray();
    case "double":
      return writer.double(reply.value);
    case "verbatim":
      return writer.verbatim(reply.text);
    case "map":
      writer.map(reply.entries.length);
      return writePairs(writer, reply.entries);
    case "pairs":
      return writePairsOrFlat(writer, reply.items);
    case "set":
      writer.set(reply.items.length);
      break;
    case "push":
      writer.push(reply.items.length);
  }
  for (const item of reply.items) writeReply(writer, item);
}

function writePairsOrFlat(writer: ReplyWriter, pairs: readonly (readonly [Reply, Reply])[]): void {
  if (writer.version === 3) return writeReply(writer, pairs);
  writer.array(pairs.length * 2);
  writePairs(writer, pairs);
}

function writePairs(writer: ReplyWriter, pairs: readonly (readonly [Reply, Reply])[]): void {
  for (const [first, second] of pairs) {
    writeReply(writer, first);
    writeReply(writer, second);
  }
}
