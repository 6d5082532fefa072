import { open } from "node:fs/promises";
import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import { fileError } from "../errors.ts";
import { sendRaw } from "../raw_client.ts";
import { SourceList } from "../source.ts";
import { quoteName } from "../wire/file_name.ts";
import { finish, type Job, withClient } from "./job.ts";

/** Sends files and folders, or standard input. @returns the exit code */
export async function send(job: Job, paths: readonly string[]): Promise<number> {
  if (paths.length === 0) throw new UsageError("Cannot send: name at least one file, folder or -");
  const list = paths.length === 1 && paths[0] === "-"
    ? SourceList.ofStream(process.stdin, job.name ?? "stdin")
    : await SourceList.ofPaths(paths);
  try {
    return await withClient(job, async (client) => {
      const { digest, existing, limit, events, signal } = job;
      return finish(job, await client.send(list, { digest, existing, limit, events, signal }));
    });
  } finally {
    await list.close();
  }
}

/** Sends one file to a plain server: its bytes, then EOF. @returns the exit code */
export async function sendBareFile(job: Job, [path, ...more]: readonly string[]): Promise<number> {
  if (path === undefined || more.length > 0) throw new UsageError("Cannot send raw: name exactly one file");
  const handle = await open(path).catch((error) => {
    throw fileError(`send ${quoteName(path)}`, error);
  });
  try {
    const { size } = await handle.stat();
    job.events?.onStart(1, size);
    job.events?.onFile(path, size, 0);
    await sendRaw(job.address, handle, { ...job.connect, limit: job.limit, events: job.events, signal: job.signal });
    return 0;
  } finally {
    await handle.close();
  }
}
