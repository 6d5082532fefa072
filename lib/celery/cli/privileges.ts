import { readFileSync } from "node:fs";
import process from "node:process";
import { CommandError, usageError } from "./exit_codes.ts";

/** Whose rights a daemon keeps, as it is said on the command line. */
export interface Privileges {
  /** Name or number. */
  readonly uid?: string | undefined;
  /** Name or number. Default: the user's own group. */
  readonly gid?: string | undefined;
  /** Octal, as `chmod` has it: `027`. */
  readonly umask?: string | undefined;
}

/** Options of every command that can be a daemon. */
export const PRIVILEGE_OPTIONS = {
  uid: { flags: ["--uid"], value: "USER", help: "go on as this user (name or number)", group: "Daemonization Options" },
  gid: { flags: ["--gid"], value: "GROUP", help: "go on in this group", group: "Daemonization Options" },
  umask: { flags: ["--umask"], value: "OCTAL", help: "rights that new files lack", group: "Daemonization Options" },
} as const;

/**
 * Gives up the rights of root for those of a user. Before anything is opened, so that files belong to that user.
 *
 * Source: celery 5.6 celery/platforms.py `maybe_drop_privileges`, `setuid`
 *
 * @throws {CommandError} for a user that does not exist, or if this process may not become that user
 */
export function dropPrivileges({ uid, gid, umask }: Privileges): void {
  if (umask !== undefined) process.umask(octal(umask));
  if (uid === undefined && gid === undefined) return;
  if (process.setuid === undefined || process.setgid === undefined || process.setgroups === undefined) {
    throw new CommandError("Cannot become another user: this system has no users and groups of that kind");
  }
  const user = uid === undefined ? undefined : userOf(uid);
  const group = gid === undefined ? user?.gid : idOf(gid);
  try {
    if (group !== undefined) {
      process.setgroups([group, ...user === undefined ? [] : groupsWith(user.name)]);
      process.setgid(group);
    }
    if (user !== undefined) process.setuid(user.uid);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CommandError(`Cannot become the user ${uid ?? "(the same)"} and group ${gid ?? "(its own)"}: ${why}`, {
      cause: error,
    });
  }
}

function octal(text: string): number {
  if (!/^0?o?[0-7]{1,4}$/.test(text)) {
    throw usageError(`Invalid value for '--umask': '${text}' is not an octal number.`);
  }
  return Number.parseInt(text.replace("o", ""), 8);
}

function idOf(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}

interface User {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/** The line of /etc/passwd: Node can become a user, but does not tell that user's group. */
function userOf(uid: string): User {
  for (const [name = "", , number, group] of fieldsOf("/etc/passwd")) {
    if (name === uid || number === uid) return { name, uid: Number(number), gid: Number(group) };
  }
  throw new CommandError(`User does not exist: ${uid}`);
}

/** The groups that a user is a member of besides. */
function groupsWith(user: string): number[] {
  return fieldsOf("/etc/group")
    .filter(([, , , members = ""]) => members.split(",").includes(user))
    .map(([, , number]) => Number(number));
}

function fieldsOf(path: string): string[][] {
  return readFileSync(path, "utf8").split("\n").filter((line) => line.includes(":")).map((line) => line.split(":"));
}
