import { createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { once } from "node:events";
import process from "node:process";
import { text as readText } from "node:stream/consumers";
import { UsageError } from "../../base/errors.ts";
import type { Address } from "../../net/mod.ts";
import { SocketClient, type SocketClientOptions } from "../client.ts";
import { ConfinedFolder } from "../confined_folder.ts";
import { fileError } from "../errors.ts";
import { PartialFile } from "../partial_file.ts";
import { RateLimit } from "../rate_limit.ts";
import { askRaw, getRaw, sendRaw } from "../raw_client.ts";
import { receiveStream } from "../receive_stream.ts";
import { DEFAULT_HOST, DEFAULT_PORT } from "../server.ts";
import { SourceList } from "../source.ts";
import type { TransferReport } from "../transfer.ts";
import { parseFileName, quoteName } from "../wire/file_name.ts";
import type { Existing } from "../wire/message.ts";
import { clientTlsOf, existingOf, portOf, rateOf, readArguments, secretOf, textOf } from "./arguments.ts";
import { exitCodeOfReport, exitCodesText } from "./exit_codes.ts";
import { runProgram } from "./program.ts";
import { ProgressDisplay } from "./progress_display.ts";

const HELP = `Usage: tsx socket/client.ts [options] TEXT
       tsx socket/client.ts [options] ask TEXT          the same; - reads the text from standard input
       tsx socket/client.ts [options] send FILE...      files and folders; - is standard input (with --name)
       tsx socket/client.ts [options] get NAME...       into --dir; with --output - to standard output
       tsx socket/client.ts --raw                       print what a server says that only talks (the time)

A transfer that broke off goes on where it stopped when it is started again. Symbolic links are left out.

  --host HOST          server (default ${DEFAULT_HOST})
  --port PORT          (default ${DEFAULT_PORT})
  --dir FOLDER         where got files go (default .)
  --output FILE        where one got file goes; - is standard output
  --name NAME          what the other side is told standard input is called
  --overwrite | --rename | --skip    a file that is there already (default: refuse)
  --limit RATE         bytes a second: 500k, 1.5M, 2G
  --no-digest          no SHA-256 over the file
  --secret-file FILE   prove this secret (or environment SOCKET_SECRET), and ask the server to
  --tls | --tls-ca FILE              speak TLS, trusting the system's authorities or this one
  --tls-cert FILE --tls-key FILE     and show this certificate
  --raw                talk to a plain server: text, then EOF; bare file bytes until EOF
  --timeout SECONDS    for the connection (default 10)
  --quiet              no progress
  --help

Exit codes:
${exitCodesText()}
`;

const OPTIONS = {
  host: { type: "string" },
  port: { type: "string" },
  dir: { type: "string" },
  output: { type: "string", short: "o" },
  name: { type: "string" },
  overwrite: { type: "boolean" },
  rename: { type: "boolean" },
  skip: { type: "boolean" },
  limit: { type: "string" },
  "no-digest": { type: "boolean" },
  "secret-file": { type: "string" },
  tls: { type: "boolean" },
  "tls-ca": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  raw: { type: "boolean" },
  timeout: { type: "string" },
  quiet: { type: "boolean", short: "q" },
  help: { type: "boolean", short: "h" },
} as const;

/** What every command needs of the command line. */
interface Job {
  readonly address: Address;
  readonly connect: SocketClientOptions;
  readonly existing: Existing | undefined;
  readonly digest: boolean;
  readonly limit: RateLimit | undefined;
  readonly dir: string;
  readonly output: string | undefined;
  readonly name: string | undefined;
  readonly isRaw: boolean;
  readonly events: ProgressDisplay | undefined;
  readonly signal: AbortSignal;
}

/** The program `socket/client.ts`. */
export function runClient(): Promise<void> {
  return runProgram(async (signal) => {
    const { values, positionals } = readArguments(process.argv.slice(2), OPTIONS);
    if (values.help === true) {
      process.stdout.write(HELP);
      return 0;
    }
    const rate = rateOf(values);
    const seconds = textOf(values, "timeout");
    const job: Job = {
      address: { host: textOf(values, "host") ?? DEFAULT_HOST, port: portOf(values, DEFAULT_PORT) },
      connect: {
        secret: secretOf(values),
        tls: clientTlsOf(values),
        signal,
        ...(seconds === undefined ? {} : { timeoutMs: Number(seconds) * 1000 }),
      },
      existing: existingOf(values),
      digest: values["no-digest"] !== true,
      limit: rate === undefined ? undefined : new RateLimit(rate),
      dir: textOf(values, "dir") ?? ".",
      output: textOf(values, "output"),
      name: textOf(values, "name"),
      isRaw: values.raw === true,
      events: values.quiet === true ? undefined : new ProgressDisplay(process.stderr),
      signal,
    };
    try {
      return await perform(job, positionals);
    } finally {
      job.events?.close();
    }
  });
}

function perform(job: Job, [command, ...rest]: readonly string[]): Promise<number> {
  if (command === "send") return job.isRaw ? sendBareFile(job, rest) : send(job, rest);
  if (command === "get") return job.isRaw ? getBareFile(job, rest) : get(job, rest);
  if (command === "ask") return ask(job, rest.join(" "));
  if (command === undefined && !job.isRaw) throw new UsageError("Cannot tell what to do: give a text, or try --help");
  return ask(job, command === undefined ? undefined : [command, ...rest].join(" "));
}

async function ask(job: Job, given: string | undefined): Promise<number> {
  const text = given === "-" ? await readText(process.stdin) : given;
  if (job.isRaw || text === undefined) {
    const answer = await askRaw(job.address, text, { ...job.connect, signal: job.signal });
    process.stdout.write(answer.endsWith("\n") ? answer : `${answer}\n`);
    return 0;
  }
  return await withClient(job, async (client) => {
    process.stdout.write(`${await client.ask(text, { signal: job.signal })}\n`);
    return 0;
  });
}

async function send(job: Job, paths: readonly string[]): Promise<number> {
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

async function get(job: Job, names: readonly string[]): Promise<number> {
  if (names.length === 0) throw new UsageError("Cannot get: name at least one file or folder of the server");
  const { digest, limit, events, signal } = job;
  return await withClient(job, async (client) => {
    const offer = await client.request(names, { digest, signal });
    if (job.output !== undefined) {
      const stream = job.output === "-" ? process.stdout : createWriteStream(job.output, { flags: "wx" });
      await receiveStream(client.session, offer, stream, { limit, events, signal });
      if (job.output !== "-") await once(stream.end(), "close");
      return 0;
    }
    const folder = await openFolder(job.dir);
    try {
      const existing = job.existing ?? "refuse";
      return finish(job, await client.receive(offer, folder, { existing, limit, events, signal }));
    } finally {
      await folder.close();
    }
  });
}

async function sendBareFile(job: Job, [path, ...more]: readonly string[]): Promise<number> {
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

async function getBareFile(job: Job, [name, ...more]: readonly string[]): Promise<number> {
  if (name === undefined || more.length > 0) throw new UsageError("Cannot get raw: name exactly one file");
  const options = { ...job.connect, limit: job.limit, events: job.events, signal: job.signal };
  if (job.output === "-") {
    await getRaw(job.address, name, async (bytes) => {
      if (!process.stdout.write(bytes)) await once(process.stdout, "drain");
    }, options);
    return 0;
  }
  const target = parseFileName(job.output ?? name).at(-1) ?? name;
  const folder = await openFolder(job.dir);
  const existing = job.existing ?? "refuse";
  try {
    if (existing === "refuse" && (await folder.kindOf(target)) !== undefined) {
      throw fileError(`store ${quoteName(target)}`, Object.assign(new Error("exists"), { code: "EEXIST" }));
    }
    const file = await PartialFile.open(await folder.folder("."), target);
    try {
      await file.startOver({ digest: false });
      job.events?.onStart(1, undefined);
      job.events?.onFile(target, undefined, 0);
      await getRaw(job.address, name, (bytes) => file.write(bytes), options);
      await file.complete();
      await file.finish(0o644, existing);
      return 0;
    } finally {
      await file.close();
    }
  } finally {
    await folder.close();
  }
}

async function withClient(job: Job, work: (client: SocketClient) => Promise<number>): Promise<number> {
  const client = await SocketClient.connect(job.address, job.connect);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

async function openFolder(path: string): Promise<ConfinedFolder> {
  try {
    return await ConfinedFolder.open(path);
  } catch (error) {
    throw fileError(`use the folder ${quoteName(path)}`, error);
  }
}

function finish(job: Job, report: TransferReport): number {
  job.events?.close();
  return exitCodeOfReport(report);
}
