import { once } from "node:events";
import { basename, dirname } from "node:path";
import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import type { ConfinedFolder } from "../confined_folder.ts";
import { fileError } from "../errors.ts";
import { PartialFile } from "../partial_file.ts";
import { getRaw } from "../raw_client.ts";
import { receiveStream } from "../receive_stream.ts";
import { parseFileName, quoteName } from "../wire/file_name.ts";
import type { Offer } from "../wire/message.ts";
import { finish, type Job, withClient, withFolder } from "./job.ts";

/** Gets files and folders into a folder, or one file to where it is told. @returns the exit code */
export async function get(job: Job, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw new UsageError("Cannot get: name at least one file or folder of the server");
  const { digest, limit, events, signal, output } = job;
  return await withClient(job, async (client) => {
    const offer = await client.request(names, { digest, signal });
    if (output === "-") {
      await receiveStream(client.session, offer, process.stdout, { limit, events, signal });
      return 0;
    }
    const into = output === undefined ? job.dir : dirname(output);
    const named = output === undefined ? offer : renamed(offer, basename(output));
    return await withFolder(into, async (folder) => {
      const existing = job.existing ?? "refuse";
      return finish(job, await client.receive(named, folder, { existing, limit, events, signal }));
    });
  });
}

/** The offer of one file, to be stored under another name. */
function renamed(offer: Offer, name: string): Offer {
  const [entry, ...others] = offer.entries;
  if (entry === undefined || entry.type !== "file" || others.length > 0) {
    throw new UsageError(`Cannot get into one file: ${offer.entries.length} files and folders were offered`);
  }
  return { ...offer, entries: [{ ...entry, name }] };
}

/** Gets one file from a plain server: bytes until EOF. @returns the exit code */
export async function getBareFile(job: Job, [name, ...more]: readonly string[]): Promise<number> {
  if (name === undefined || more.length > 0) throw new UsageError("Cannot get raw: name exactly one file");
  if (job.output === "-") {
    await getRaw(job.address, name, async (bytes) => {
      if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
    }, rawOptions(job));
    return 0;
  }
  const target = parseFileName(basename(job.output ?? name))[0] ?? name;
  const into = job.output === undefined ? job.dir : dirname(job.output);
  return await withFolder(into, (folder) => getInto(job, name, folder, target));
}

async function getInto(job: Job, name: string, folder: ConfinedFolder, target: string): Promise<number> {
  const existing = job.existing ?? "refuse";
  const isThere = (await folder.kindOf(target)) !== undefined;
  if (isThere && existing === "skip") {
    job.events?.onOutcome({ name: target, outcome: "skipped", sentBytes: 0 });
    return 0;
  }
  if (isThere && existing === "refuse") throw storeError(target, "EEXIST");
  const file = await PartialFile.open(await folder.folder("."), target);
  try {
    await file.startOver({ digest: false });
    job.events?.onStart(1, undefined);
    job.events?.onFile(target, undefined, 0);
    await getRaw(job.address, name, (bytes) => file.write(bytes), rawOptions(job));
    await file.complete();
    const storedAs = await file.finish(0o644, existing);
    if (storedAs !== target) job.events?.onOutcome({ name: target, outcome: "stored", storedAs, sentBytes: file.size });
    return 0;
  } catch (error) {
    throw fileError(`store ${quoteName(target)}`, error);
  } finally {
    await file.close();
  }
}

function storeError(target: string, code: string): Error {
  return fileError(`store ${quoteName(target)}`, Object.assign(new Error(code), { code }));
}

function rawOptions({ connect, limit, events, signal }: Job) {
  return { ...connect, limit, events, signal };
}
