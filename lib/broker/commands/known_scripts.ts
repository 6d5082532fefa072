/**
 * Scripts that Python peers send, and what they do, natively.
 *
 * There is no Lua here. redis-py's locks (kombu takes one before it restores unacknowledged messages) come as scripts; they are
 * recognised by the SHA-1 of their text without its blanks, so that another indentation in another version is still the same script.
 *
 * Spec: redis-py 3.x–7.x redis/lock.py `LUA_RELEASE_SCRIPT`, `LUA_EXTEND_SCRIPT`, `LUA_REACQUIRE_SCRIPT`
 * @module
 */
import { createHash } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Reply } from "../reply.ts";
import { type CommandContext, integer } from "./command.ts";

/** Runs a script. @param keys and @param values `KEYS` and `ARGV` */
export type KnownScript = (context: CommandContext, keys: readonly string[], values: readonly string[]) => Reply;

interface Known {
  /** SHA-1 of the text without its blanks. */
  readonly gist: string;
  /** SHA-1 of the text as redis-py 3 to 7 sends it, so that EVALSHA hits although nobody has loaded the script. */
  readonly sha: string;
  readonly run: KnownScript;
}

const KNOWN: readonly Known[] = [
  {
    gist: "1179e693b29fda653472cdbc3d5eb3ba1316ffd4",
    sha: "c3f8721cbb97f72bc19e972846bd7aaf91901658",
    run: releaseLock,
  },
  {
    gist: "e1fe8513294e5629adf82de9a2d3c50099b005a0",
    sha: "a4e8783852e6b949f9ef3a97212805108459a890",
    run: extendLock,
  },
  {
    gist: "44f9927bdcb1e8eac2b677d9aff29ef04afdca7a",
    sha: "1cac51482acf5858da00f6d685d68f886cd6b6b2",
    run: reacquireLock,
  },
];

/** Which scripts can be called by their SHA-1, `lower` case. */
export type LoadedScripts = Map<string, KnownScript>;

export function preloadedScripts(): LoadedScripts {
  return new Map(KNOWN.map(({ sha, run }) => [sha, run]));
}

/** @param text of a script; undefined: it is none of those that are known here */
export function findScript(text: string): KnownScript | undefined {
  const gist = sha1(text.replace(/\s+/g, ""));
  return KNOWN.find((known) => known.gist === gist)?.run;
}

/** As Redis names scripts: 40 hexadecimal digits. */
export function sha1(text: string): string {
  return createHash("sha1").update(Buffer.from(text, "latin1")).digest("hex");
}

function holds({ db }: CommandContext, key: string, token: string | undefined): boolean {
  return token !== undefined && db.string(key) === token;
}

/** Deletes the lock if it is still the caller's. */
function releaseLock(context: CommandContext, [key = ""]: readonly string[], [token]: readonly string[]): Reply {
  if (!holds(context, key, token)) return 0;
  context.db.remove(key);
  context.recordAs(["DEL", key]);
  return 1;
}

/** Gives the lock a longer life: added to the rest of its life, or in place of it. */
function extendLock(context: CommandContext, [key = ""]: readonly string[], values: readonly string[]): Reply {
  const [token, text = "0", isReplacing] = values;
  const end = context.db.expiresAt(key);
  if (!holds(context, key, token) || typeof end !== "number") return 0;
  return setLife(context, key, (isReplacing === "0" ? end : context.store.now) + integer(text));
}

/** Gives the lock its whole life again. */
function reacquireLock(context: CommandContext, [key = ""]: readonly string[], values: readonly string[]): Reply {
  const [token, text = "0"] = values;
  if (!holds(context, key, token)) return 0;
  return setLife(context, key, context.store.now + integer(text));
}

function setLife({ db, recordAs }: CommandContext, key: string, at: number): Reply {
  db.expireAt(key, at);
  recordAs(["PEXPIREAT", key, String(at)]);
  return 1;
}
