import type { ConfinedFolder } from "./confined_folder.ts";
import { fileError, isErrno, TransferError } from "./errors.ts";
import { collisionKey, parseFileName, quoteName } from "./wire/file_name.ts";
import type { Entry, Existing, FailureCode } from "./wire/message.ts";

/** What is to become of one offered entry, decided before the sender does any work. */
export type Decision =
  | { readonly kind: "take"; readonly parts: readonly string[] }
  | { readonly kind: "made" }
  | { readonly kind: "skip"; readonly reason: string }
  | { readonly kind: "refuse"; readonly code: FailureCode; readonly reason: string };

/** Beyond what the files need, so much stays free: a disk filled to the last byte breaks other things. */
const SPARE_BYTES = 1024 * 1024;

/**
 * Looks at every entry of an offer: its name, what stands there already, and whether there is room. Folders are made.
 *
 * Only what is decided here can be undone by what others do in the folder meanwhile, and is checked again at the end.
 */
export async function planReceipt(
  root: ConfinedFolder,
  entries: readonly Entry[],
  existing: Existing,
): Promise<Decision[]> {
  const seen = new Map<string, Entry>();
  const decisions: Decision[] = [];
  for (const entry of entries) decisions.push(await decide(root, entry, existing, seen));
  return await refuseIfFull(root, entries, decisions);
}

async function decide(
  root: ConfinedFolder,
  entry: Entry,
  existing: Existing,
  seen: Map<string, Entry>,
): Promise<Decision> {
  const { name } = entry;
  try {
    const parts = parseFileName(name);
    refuseCollision(entry, parts, seen);
    if (entry.type === "folder") {
      await (await root.descend(parts, { create: true })).close();
      return { kind: "made" };
    }
    const taken = await kindAt(root, parts);
    if (taken === undefined || (taken === "file" && (existing === "overwrite" || existing === "rename"))) {
      return { kind: "take", parts };
    }
    if (existing === "rename") return { kind: "take", parts };
    if (taken === "file" && existing === "skip") return { kind: "skip", reason: `${quoteName(name)} is there already` };
    const what = taken === "link"
      ? "a symbolic link of that name is there"
      : `a ${taken} of that name is there already`;
    throw new TransferError(`Cannot store ${quoteName(name)}: ${what}`, taken === "file" ? "exists" : "name");
  } catch (error) {
    const failure = fileError(`store ${quoteName(name)}`, error);
    const code = failure instanceof TransferError ? failure.code : "name";
    return { kind: "refuse", code, reason: failure.message };
  }
}

/** One offer may not hold two names that are one file on some systems, nor a file below a file. */
function refuseCollision(entry: Entry, parts: readonly string[], seen: Map<string, Entry>): void {
  const refuse = (other: Entry) => {
    const [a, b] = [quoteName(entry.name), quoteName(other.name)];
    throw new TransferError(`Cannot store ${a}: it collides with ${b} in the same offer`, "name");
  };
  const key = collisionKey(entry.name);
  const same = seen.get(key);
  if (same !== undefined && !(same.type === "folder" && entry.type === "folder" && same.name === entry.name)) {
    refuse(same);
  }
  for (let depth = 1; depth < parts.length; depth++) {
    const above = seen.get(collisionKey(parts.slice(0, depth).join("/")));
    if (above?.type === "file") refuse(above);
  }
  seen.set(key, entry);
}

/** What bears the name now. @throws ELOOP, ENOTDIR where a folder on the way is something else */
async function kindAt(
  root: ConfinedFolder,
  parts: readonly string[],
): Promise<"file" | "folder" | "link" | "other" | undefined> {
  let parent: ConfinedFolder;
  try {
    parent = await root.descend(parts.slice(0, -1));
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
  try {
    return await parent.kindOf(parts[parts.length - 1] ?? "");
  } finally {
    await parent.close();
  }
}

async function refuseIfFull(
  root: ConfinedFolder,
  entries: readonly Entry[],
  decisions: Decision[],
): Promise<Decision[]> {
  let needed = 0;
  decisions.forEach((decision, index) => {
    if (decision.kind === "take") needed += entries[index]?.size ?? 0;
  });
  if (needed === 0) return decisions;
  const free = await root.freeBytes();
  if (needed + SPARE_BYTES <= free) return decisions;
  const reason = `Cannot store ${needed} bytes: the disk has ${free} bytes left`;
  return decisions.map((decision) => decision.kind === "take" ? { kind: "refuse", code: "space", reason } : decision);
}
