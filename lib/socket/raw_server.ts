/**
 * Plain connections, as the classic Python programs serve and use them: no lengths, no digests, EOF is the end.
 * @module
 */
import { constants } from "node:fs";
import { asError, UsageError } from "../base/errors.ts";
import { utf8, utf8ToString } from "../base/bytes.ts";
import { systemClock } from "../base/time.ts";
import type { Connection } from "../net/mod.ts";
import type { ConfinedFolder } from "./confined_folder.ts";
import { fileError, TransferError } from "./errors.ts";
import { PartialFile } from "./partial_file.ts";
import { sendBare } from "./raw_file.ts";
import type { ServerSettings } from "./server_options.ts";
import { timeString } from "./time_string.ts";
import { parseFileName, quoteName } from "./wire/file_name.ts";

/** How long a client may pause inside the name of the file it wants; classic clients send no line ending. */
const NAME_PAUSE_MS = 200;
const MAX_NAME_BYTES = 4096;

/**
 * Serves one plain connection in the way that the server was started for. What goes wrong resets the connection: EOF would
 * say that the file was whole.
 */
export async function serveRaw(connection: Connection, settings: ServerSettings): Promise<void> {
  try {
    await serve(connection, settings);
  } catch (error) {
    connection.abort(asError(error), { reset: true });
    throw error;
  }
}

async function serve(connection: Connection, settings: ServerSettings): Promise<void> {
  switch (settings.raw) {
    case "store":
      await storeBare(connection, folderOf(settings), settings);
      return await connection.close();
    case "get":
      await giveBare(connection, folderOf(settings), settings);
      return await connection.close();
    default:
      await connection.send(utf8(timeString(settings.clock.now())));
      return await connection.close();
  }
}

function folderOf({ folder, raw }: ServerSettings): ConfinedFolder {
  if (folder === undefined) throw new UsageError(`Cannot serve raw ${raw}: no folder was given`);
  return folder;
}

/** Stores what comes until EOF under a name of its own; nothing is stored if the connection is lost before. */
async function storeBare(connection: Connection, root: ConfinedFolder, settings: ServerSettings): Promise<void> {
  const { events, limit } = settings;
  const stamp = new Date(settings.clock.now()).toISOString().replace(/\D/g, "").slice(0, 14);
  const name = `received-${stamp}-${connection.peer.replace(/[^0-9A-Za-z.]+/g, "-").replace(/^-/, "")}`;
  const file = await PartialFile.open(await root.folder("."), name);
  try {
    await file.startOver({ digest: false });
    events.onFile?.(name, undefined, 0);
    await connection.read(async (bytes) => {
      events.onBytes?.(bytes.length);
      await file.write(bytes); // copies at once
      await limit?.take(bytes.length);
    }, { lend: true });
    const size = file.size;
    if (size === 0) return;
    await file.complete();
    const storedAs = await file.finish(0o644, "rename");
    events.onOutcome?.({ name, outcome: "stored", storedAs, sentBytes: size });
  } catch (error) {
    await file.discard(); // without lengths nobody can resume it
    throw fileError(`store ${quoteName(name)}`, error);
  } finally {
    await file.close();
  }
}

/** Reads which file is wanted and sends its bytes, then EOF. */
async function giveBare(connection: Connection, root: ConfinedFolder, settings: ServerSettings): Promise<void> {
  const { defaultFile, events, limit } = settings;
  const wanted = (await readName(connection)).trim();
  const source = await openFirst(root, [wanted, defaultFile ?? ""].filter((name) => name !== ""));
  if (source === undefined) {
    throw new TransferError(`Cannot send ${quoteName(wanted)}: there is no such file`, "missing");
  }
  try {
    events.onFile?.(source.name, source.size, 0);
    const sentBytes = await sendBare(connection, source.handle, { limit, events });
    events.onOutcome?.({ name: source.name, outcome: "stored", sentBytes });
  } finally {
    await source.handle.close();
  }
}

/** What the client says up to a line ending, EOF or a pause. Nothing after it is looked at. */
function readName(connection: Connection): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const done = () => {
      timer.cancel();
      resolve(text.split(/[\r\n]/)[0] ?? "");
    };
    let timer = systemClock.after(NAME_PAUSE_MS * 5, done); // who says nothing gets the default file
    connection.read((bytes) => {
      timer.cancel();
      if (text.length < MAX_NAME_BYTES) text += utf8ToString(bytes);
      if (text.includes("\n") || text.length >= MAX_NAME_BYTES) done();
      else timer = systemClock.after(NAME_PAUSE_MS, done);
    }).then(done, (error) => {
      timer.cancel();
      reject(asError(error));
    });
  });
}

async function openFirst(root: ConfinedFolder, names: readonly string[]) {
  for (const name of names) {
    try {
      const parts = parseFileName(name);
      const folder = await root.descend(parts.slice(0, -1));
      const handle = await folder.file(parts.at(-1) ?? "", constants.O_RDONLY).finally(() => folder.close());
      const stat = await handle.stat();
      if (stat.isFile()) return { handle, name, size: stat.size };
      await handle.close();
    } catch (error) {
      if (name === names.at(-1)) throw fileError(`send ${quoteName(name)}`, error);
    }
  }
  return undefined;
}
