import { constants } from "node:fs";
import { type FileHandle, realpath, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import type { Readable } from "node:stream";
import { ConfinedFolder } from "./confined_folder.ts";
import { fileError, TransferError } from "./errors.ts";
import { parseFileName, quoteName } from "./wire/file_name.ts";
import { type Entry, MAX_ENTRIES } from "./wire/message.ts";

/** Something that can be sent: its entry in the offer, and how to get at its bytes. */
export type Source =
  | { readonly kind: "folder"; readonly entry: Entry }
  | { readonly kind: "file"; readonly entry: Entry; readonly open: () => Promise<FileHandle> }
  | { readonly kind: "stream"; readonly entry: Entry; readonly stream: Readable };

/** What was found, what was left out, and the folders that stay open until everything is sent. */
export class SourceList {
  readonly sources: Source[] = [];
  /** One sentence for each thing that is not sent: symbolic links, devices. */
  readonly notices: string[] = [];
  readonly #folders: ConfinedFolder[] = [];

  /** Files and folders that the user of this machine named; a folder brings everything in it, under its own name. */
  static async ofPaths(paths: readonly string[]): Promise<SourceList> {
    const list = new SourceList();
    try {
      for (const path of paths) await list.#addPath(path);
    } catch (error) {
      await list.close();
      throw error;
    }
    return list;
  }

  /** Files and folders that a peer asked for by name, inside `root`. @throws {TransferError} for the first that it may not have */
  static async ofNames(root: ConfinedFolder, names: readonly string[]): Promise<SourceList> {
    const list = new SourceList();
    try {
      for (const name of names) await list.#addName(root, name);
    } catch (error) {
      await list.close();
      throw error;
    }
    return list;
  }

  /** A stream of unknown length, e.g. standard input. */
  static ofStream(stream: Readable, name: string): SourceList {
    const list = new SourceList();
    list.sources.push({ kind: "stream", stream, entry: { name, type: "file", size: null, mode: 0o644 } });
    return list;
  }

  async close(): Promise<void> {
    for (const folder of this.#folders.splice(0)) await folder.close();
  }

  async #addPath(path: string): Promise<void> {
    const name = basename(resolve(path)); // of "." too
    try {
      const real = await realpath(path);
      const stats = await stat(real);
      if (stats.isDirectory()) {
        await this.#addFolder(this.#keep(await ConfinedFolder.open(real)), [], name);
      } else if (stats.isFile()) {
        await this.#addFile(this.#keep(await ConfinedFolder.open(dirname(real))), [basename(real)], name);
      } else throw new TransferError(`Cannot send ${quoteName(path)}: it is neither a file nor a folder`, "name");
    } catch (error) {
      throw fileError(`send ${quoteName(path)}`, error);
    }
  }

  async #addName(root: ConfinedFolder, name: string): Promise<void> {
    try {
      const parts = parseFileName(name);
      const last = parts.at(-1) ?? "";
      const parent = await root.descend(parts.slice(0, -1));
      const kind = await parent.kindOf(last).finally(() => parent.close());
      if (kind === "folder") await this.#addFolder(root, parts, last);
      else if (kind === "file") await this.#addFile(root, parts, last);
      else if (kind === undefined) {
        throw new TransferError(`Cannot send ${quoteName(name)}: there is no such file`, "missing");
      } else throw new TransferError(`Cannot send ${quoteName(name)}: it is neither a file nor a folder`, "name");
    } catch (error) {
      throw fileError(`send ${quoteName(name)}`, error);
    }
  }

  /** @param parts where it is, from `root` @param offered what the peer is told */
  async #addFile(root: ConfinedFolder, parts: readonly string[], offered: string): Promise<void> {
    const open = async () => {
      const folder = await root.descend(parts.slice(0, -1));
      return await folder.file(parts.at(-1) ?? "", constants.O_RDONLY).finally(() => folder.close());
    };
    const handle = await open();
    const stat = await handle.stat().finally(() => handle.close());
    if (!stat.isFile()) return void this.notices.push(`${quoteName(offered)} is left out: it is no ordinary file`);
    this.#add({ kind: "file", entry: { name: offered, type: "file", size: stat.size, mode: stat.mode & 0o777 }, open });
  }

  async #addFolder(root: ConfinedFolder, parts: readonly string[], offered: string): Promise<void> {
    this.#add({ kind: "folder", entry: { name: offered, type: "folder", size: 0, mode: 0o777 } });
    const folder = await root.descend(parts);
    const items = await folder.list().finally(() => folder.close());
    for (const { name, kind } of items) {
      const inside = `${offered}/${name}`;
      if (kind === "folder") await this.#addFolder(root, [...parts, name], inside);
      else if (kind === "file") await this.#addFile(root, [...parts, name], inside);
      else {
        const what = kind === "link" ? "a symbolic link" : "no ordinary file";
        this.notices.push(`${quoteName(inside)} is left out: it is ${what}`);
      }
    }
  }

  #add(source: Source): void {
    if (this.sources.length >= MAX_ENTRIES) {
      throw new TransferError(`Cannot send more than ${MAX_ENTRIES} files and folders at once`, "refused");
    }
    this.sources.push(source);
  }

  #keep(folder: ConfinedFolder): ConfinedFolder {
    this.#folders.push(folder);
    return folder;
  }
}
