import { constants, existsSync } from "node:fs";
import { type FileHandle, link, lstat, mkdir, open, readdir, realpath, rename, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { isErrno, TransferError } from "./errors.ts";
import { quoteName } from "./wire/file_name.ts";

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Linux resolves `/proc/self/fd/N/name` from the open folder N itself, whatever has become of its path meanwhile: what
 * other languages do with `openat`. Elsewhere the path is checked before and after instead.
 */
const HAS_OPEN_FOLDERS = existsSync("/proc/self/fd");

export interface FolderItem {
  readonly name: string;
  readonly kind: "file" | "folder" | "link" | "other";
}

/**
 * A folder that is held open; names are looked up in it and never lead out: each part is opened from its open parent, and
 * a symbolic link is no part. A link put there between two steps changes nothing, because nothing is looked up twice.
 *
 * Owns: one file descriptor, until `close`.
 */
export class ConfinedFolder {
  /** For messages. */
  readonly path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.path = path;
    this.#handle = handle;
  }

  /** Opens a folder the user named: its own path may go through links. */
  static async open(path: string): Promise<ConfinedFolder> {
    const real = await realpath(path);
    return new ConfinedFolder(real, await open(real, O_RDONLY | O_DIRECTORY));
  }

  /** Opens a folder inside, made first if `create`. @throws ELOOP or ENOTDIR for a symbolic link */
  async folder(name: string, options: { create?: boolean; mode?: number } = {}): Promise<ConfinedFolder> {
    const { create = false, mode = 0o777 } = options;
    if (create) {
      await mkdir(this.#in(name), mode).catch((error) => {
        if (!isErrno(error, "EEXIST")) throw error;
      });
    }
    const handle = await open(this.#in(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const inside = new ConfinedFolder(join(this.path, name), handle);
    await inside.#check();
    return inside;
  }

  /** Walks down `parts` (none: to this folder once more); the caller closes what it gets. */
  async descend(parts: readonly string[], options: { create?: boolean } = {}): Promise<ConfinedFolder> {
    let at = await this.folder(".");
    for (const part of parts) {
      const above = at;
      try {
        at = await above.folder(part, options);
      } finally {
        await above.close();
      }
    }
    return at;
  }

  /** Opens a file inside; never through a symbolic link, and never waiting for the other end of a pipe. */
  async file(name: string, flags: number, mode = 0o600): Promise<FileHandle> {
    const handle = await open(this.#in(name), flags | O_NOFOLLOW | O_NONBLOCK, mode);
    const { dev, ino, nlink } = await handle.stat();
    if (!HAS_OPEN_FOLDERS) { // the path may have meant another folder just now
      const again = await lstat(this.#in(name));
      await this.#check();
      if (again.dev !== dev || again.ino !== ino) {
        await handle.close();
        throw new TransferError(`Cannot use ${quoteName(name)}: it was exchanged while it was opened`, "name");
      }
    }
    if (nlink > 1 && (flags & (constants.O_WRONLY | constants.O_RDWR)) !== 0) {
      await handle.close();
      throw new TransferError(`Cannot write ${quoteName(name)}: it is linked to from elsewhere`, "name");
    }
    return handle;
  }

  /** What bears a name inside, links not followed; `undefined` for nothing. */
  async kindOf(name: string): Promise<FolderItem["kind"] | undefined> {
    try {
      return kindOf(await lstat(this.#in(name)));
    } catch (error) {
      if (isErrno(error, "ENOENT")) return undefined;
      throw error;
    }
  }

  async list(): Promise<FolderItem[]> {
    const items = await readdir(this.#in("."), { withFileTypes: true });
    return items.map((item) => ({ name: item.name, kind: kindOf(item) })).sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Gives a file its name; what bore it before is gone, in one step. */
  replace(from: string, to: string): Promise<void> {
    return rename(this.#in(from), this.#in(to));
  }

  /** Gives a file its name if nothing bears it, in one step. @throws EEXIST */
  async claim(from: string, to: string): Promise<void> {
    try {
      await link(this.#in(from), this.#in(to));
      await unlink(this.#in(from));
    } catch (error) {
      if (!isErrno(error, "EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK")) throw error;
      // a disk without hard links: hold the name with an empty file, then replace it
      const holder = await open(this.#in(to), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY);
      await holder.close();
      await rename(this.#in(from), this.#in(to));
    }
  }

  remove(name: string): Promise<void> {
    return unlink(this.#in(name));
  }

  /** Bytes that an ordinary user may still write here. */
  async freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#in("."));
    return bavail * bsize;
  }

  /** Makes the names in the folder survive a power cut. */
  async sync(): Promise<void> {
    await this.#handle.sync().catch((error) => {
      if (!isErrno(error, "EINVAL", "EPERM", "EISDIR", "ENOTSUP")) throw error; // some systems cannot sync folders
    });
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #in(name: string): string {
    return HAS_OPEN_FOLDERS ? `/proc/self/fd/${this.#handle.fd}/${name}` : join(this.path, name);
  }

  /** Without open folders: makes sure that the path still means the folder that was opened. */
  async #check(): Promise<void> {
    if (HAS_OPEN_FOLDERS) return;
    const [opened, named, real] = [await this.#handle.stat(), await lstat(this.path), await realpath(this.path)];
    if (opened.dev !== named.dev || opened.ino !== named.ino || real !== this.path) {
      await this.close();
      throw new TransferError(`Cannot use ${quoteName(this.path)}: a part of it is a symbolic link`, "name");
    }
  }
}

function kindOf(item: { isFile(): boolean; isDirectory(): boolean; isSymbolicLink(): boolean }): FolderItem["kind"] {
  if (item.isFile()) return "file";
  if (item.isDirectory()) return "folder";
  return item.isSymbolicLink() ? "link" : "other";
}
