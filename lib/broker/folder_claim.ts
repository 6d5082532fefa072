/**
 * Who serves a data folder: whoever listens on the socket that the newest claim names.
 *
 *     claim.3        {"socket": "/tmp/…/b.sock", "pid": 4711, "durability": "everysec"}      the newest; numbers only ever rise
 *     broker.sock -> the newest claim's socket: a name that stays, see `publicSocketPath`
 *
 * A broker first listens on a socket of its own, under a fresh name, and then claims the folder by creating the next number, which
 * only one can. So a claim whose socket nobody answers belongs to a dead broker, and there is never a moment in which two could
 * think they serve: nothing is ever removed that another might be about to take.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import * as fsp from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { Buffer } from "node:buffer";
import { ConnectionError, UsageError } from "../base/errors.ts";
import { isPlainObject } from "../base/pyvalue.ts";
import { connect } from "../net/mod.ts";

/** A unix socket's path has to fit into `sun_path`. */
const MAX_SOCKET_PATH_BYTES = 107;
const PROBE_TIMEOUT_MS = 2000;

/** Somebody else serves the folder. */
export class FolderTakenError extends ConnectionError {
  override readonly name: string = "FolderTakenError";
  /** Where it listens. */
  readonly socketPath: string;

  constructor(folder: string, socketPath: string) {
    super(`Cannot serve ${folder}: a broker serves it already, at ${socketPath}`, { code: "ERR_TAKEN" });
    this.socketPath = socketPath;
  }
}

/** Makes the folder, for this user alone. @returns its absolute path */
export async function makeFolder(folder: string): Promise<string> {
  const path = resolve(folder);
  await fsp.mkdir(path, { recursive: true, mode: 0o700 });
  return path;
}

/** A fresh name for a socket. */
export async function newSocketPath(folder: string): Promise<string> {
  const path = socketPathIn(folder, `b-${randomBytes(4).toString("hex")}.sock`);
  if (path.startsWith(folder)) return path;
  const runtime = dirname(path);
  await fsp.mkdir(runtime, { mode: 0o700 }).catch((error) => {
    if (error.code !== "EEXIST") throw error;
  });
  const { uid, mode } = await fsp.lstat(runtime);
  if (uid !== userInfo().uid || (mode & 0o077) !== 0) {
    throw new UsageError(`Cannot put a socket into ${runtime}: it is not a folder that only this user may enter`);
  }
  return path;
}

/**
 * The name under which the folder's broker can be reached as long as there is one, for redis-cli, Python, and clients that reconnect:
 * `broker.sock` in the folder, or, where that would be too long for the system, a link with the folder's sum in its name.
 */
export function publicSocketPath(folder: string): string {
  const path = resolve(folder);
  const near = socketPathIn(path, "broker.sock");
  if (near.startsWith(path)) return near;
  return join(dirname(near), `${createHash("sha256").update(path).digest("hex").slice(0, 16)}.sock`);
}

/** In the folder, or in a private folder under the system's temporary one. */
function socketPathIn(folder: string, name: string): string {
  const near = join(folder, name);
  if (Buffer.byteLength(near) <= MAX_SOCKET_PATH_BYTES) return near;
  return join(tmpdir(), `three-classics-${userInfo().uid}`, name);
}

/** The socket of the broker that serves the folder now; undefined if none does. */
export async function findBroker(folder: string): Promise<string | undefined> {
  const newest = await newestClaim(folder);
  return newest !== undefined && await answers(newest.socket) ? newest.socket : undefined;
}

/** The durability of the broker that serves the folder now; undefined if none does. */
export async function findDurability(folder: string): Promise<string | undefined> {
  const newest = await newestClaim(folder);
  return newest !== undefined && await answers(newest.socket) ? newest.durability : undefined;
}

/**
 * Takes the folder for a broker that already listens at `socketPath`.
 *
 * @param durability for whoever asks `findDurability`
 * @throws {FolderTakenError} if another one serves it
 */
export async function claimFolder(folder: string, socketPath: string, durability: string): Promise<void> {
  while (true) {
    const newest = await newestClaim(folder);
    if (newest !== undefined && await answers(newest.socket)) throw new FolderTakenError(folder, newest.socket);
    const number = (newest?.number ?? 0) + 1;
    if (!await createClaim(folder, number, { socket: socketPath, durability })) continue; // another one was faster: look who
    await removeOlder(folder, number);
    await pointTo(folder, socketPath);
    return;
  }
}

interface Claim {
  /** "" if the claim names none, or was removed by a newer one just now: nobody could answer for such a claim. */
  readonly socket: string;
  readonly durability: string | undefined;
}

async function newestClaim(folder: string): Promise<Claim & { readonly number: number } | undefined> {
  const names = await fsp.readdir(folder).catch(() => []); // no folder, no claim
  const number = Math.max(0, ...names.map(claimNumber));
  return number === 0 ? undefined : { number, ...await readClaim(folder, number) };
}

async function readClaim(folder: string, number: number): Promise<Claim> {
  try {
    const claim: unknown = JSON.parse(await fsp.readFile(join(folder, `claim.${number}`), "utf8"));
    const { socket, durability } = isPlainObject(claim) ? claim : {};
    return {
      socket: typeof socket === "string" ? socket : "",
      durability: typeof durability === "string" ? durability : undefined,
    };
  } catch {
    return { socket: "", durability: undefined }; // removed, or not JSON
  }
}

function claimNumber(name: string): number {
  const [, digits] = /^claim\.([1-9]\d{0,14})$/.exec(name) ?? [];
  return digits === undefined ? 0 : Number(digits);
}

/** @returns false if there is such a claim already. Linking a finished file shows it whole or not at all. */
async function createClaim(
  folder: string,
  number: number,
  { socket, durability }: Claim,
): Promise<boolean> {
  const draft = join(folder, `claim.${process.pid}.${randomBytes(4).toString("hex")}.draft`);
  await fsp.writeFile(draft, `${JSON.stringify({ socket, pid: process.pid, durability })}\n`, { mode: 0o600 });
  try {
    await fsp.link(draft, join(folder, `claim.${number}`));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  } finally {
    await fsp.rm(draft, { force: true });
  }
}

/** Removes dead brokers' claims and sockets; the newest claim stays for ever, so that numbers only rise. */
async function removeOlder(folder: string, newest: number): Promise<void> {
  for (const name of await fsp.readdir(folder)) {
    const number = claimNumber(name);
    if (number === 0 || number >= newest) continue;
    const { socket } = await readClaim(folder, number);
    if (socket.endsWith(".sock")) await fsp.rm(socket, { force: true });
    await fsp.rm(join(folder, name), { force: true });
  }
}

/** Where links are not possible only the name that stays is missing: whoever asks `findBroker` does not need it. */
async function pointTo(folder: string, socketPath: string): Promise<void> {
  const name = publicSocketPath(folder);
  const draft = `${name.slice(0, -".sock".length)}.${process.pid}`;
  try {
    await fsp.rm(draft, { force: true });
    await fsp.symlink(socketPath, draft);
    await fsp.rename(draft, name);
  } catch {
    await fsp.rm(draft, { force: true });
  }
}

/** True if somebody listens there. A broker that is stopped or busy still does; only a dead one refuses. */
async function answers(socketPath: string): Promise<boolean> {
  if (socketPath === "") return false;
  try {
    const connection = await connect({ path: socketPath }, { timeoutMs: PROBE_TIMEOUT_MS });
    connection.abort();
    return true;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    return code !== "ECONNREFUSED" && code !== "ENOENT" && code !== "ENOTSOCK";
  }
}
