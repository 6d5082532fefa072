import { mkdirSync } from "node:fs";
import process from "node:process";
import { UsageError } from "../../base/errors.ts";
import { createLogger, type LogRecord } from "../../base/log.ts";
import { checkOneOf } from "../../base/options.ts";
import { describeAddress, isLoopback } from "../../net/mod.ts";
import { fileError } from "../errors.ts";
import { DEFAULT_HOST, DEFAULT_PORT, SocketServer } from "../server.ts";
import { RAW_MODES, type Reply } from "../server_options.ts";
import type { FileOutcome } from "../transfer.ts";
import { quoteName } from "../wire/file_name.ts";
import { countOf, existingOf, portOf, rateOf, readArguments, secretOf, serverTlsOf, textOf } from "./arguments.ts";
import { exitCodesText } from "./exit_codes.ts";
import { runProgram } from "./program.ts";
import { formatBytes } from "./progress_text.ts";

const HELP = `Usage: tsx socket/server.ts [options]

Answers strings, takes files and gives them. Plain sockets are served too: whoever says nothing gets the time, whoever
sends a line (or a text and then ends its side) gets the answer to it.

  --host HOST          address to listen at (default ${DEFAULT_HOST})
  --port PORT          port to listen at (default ${DEFAULT_PORT}; 0 = any)
  --dir FOLDER         where files are stored and found (default received, made if need be)
  --overwrite          files may be replaced
  --rename | --skip    a file that is there already: store under another name, or leave it out (default: refuse)
  --limit RATE         bytes a second of file contents, all connections together: 500k, 1.5M, 2G
  --secret-file FILE   serve only who knows this secret (or environment SOCKET_SECRET)
  --tls-cert FILE --tls-key FILE     speak TLS
  --tls-client-ca FILE               and ask for certificates of this authority
  --raw MODE           plain connections only:
                         time   everybody gets the time
                         store  what comes until EOF is a file
                         get    who names a file (or says anything, with --file) gets its bytes until EOF
  --file NAME          with --raw get: the file for who names none that is there
  --max-connections N  more are refused (default 10000)
  --silence MS         who says nothing so long gets the time (default 1000; 0 = never)
  --help

Exit codes:
${exitCodesText()}
`;

const OPTIONS = {
  host: { type: "string" },
  port: { type: "string" },
  dir: { type: "string" },
  overwrite: { type: "boolean" },
  rename: { type: "boolean" },
  skip: { type: "boolean" },
  limit: { type: "string" },
  "secret-file": { type: "string" },
  "tls-cert": { type: "string" },
  "tls-key": { type: "string" },
  "tls-client-ca": { type: "string" },
  raw: { type: "string" },
  file: { type: "string" },
  "max-connections": { type: "string" },
  silence: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

/** The program `socket/server.ts`. @param options.reply answers a string */
export function runServer(options: { readonly reply: Reply }): Promise<void> {
  return runProgram(async (signal) => {
    const { values, positionals } = readArguments(process.argv.slice(2), OPTIONS);
    if (values.help === true) return print(HELP);
    if (positionals.length > 0) throw new UsageError(`Cannot use ${quoteName(positionals[0] ?? "")}: try --help`);
    const raw = textOf(values, "raw");
    const dir = textOf(values, "dir") ?? "received";
    if (raw !== "time") makeFolder(dir);
    const server = await SocketServer.start({
      address: { host: textOf(values, "host") ?? DEFAULT_HOST, port: portOf(values, DEFAULT_PORT) },
      reply: options.reply,
      ...(raw === "time" ? {} : { folder: dir }),
      existing: existingOf(values) ?? "refuse",
      secret: secretOf(values),
      tls: serverTlsOf(values),
      bytesPerSecond: rateOf(values),
      raw: raw === undefined ? undefined : checkOneOf("--raw", raw, RAW_MODES),
      defaultFile: textOf(values, "file"),
      silenceMs: countOf(values, "silence", 1000),
      maxConnections: countOf(values, "max-connections", 10_000),
      events: { onOutcome: showOutcome },
      log: createLogger(showRecord, "warn"),
    });
    const where = describeAddress(server.address);
    process.stderr.write(`Listening at ${where}; files in ${quoteName(dir)}; Ctrl+C ends\n`);
    if (!isLoopback(server.address) && secretOf(values) === undefined) {
      process.stderr.write("Whoever reaches this address may store and fetch files: think of --secret-file and TLS\n");
    }
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    await server.close();
    return 0;
  });
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw fileError(`make the folder ${quoteName(path)}`, error);
  }
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

function showOutcome({ name, outcome, storedAs, reason, sentBytes }: FileOutcome): void {
  if (outcome === "failed") process.stderr.write(`${reason ?? quoteName(name)}\n`);
  else {
    const as = storedAs === undefined ? "" : ` as ${quoteName(storedAs)}`;
    process.stderr.write(`${quoteName(name)} ${outcome}${as}, ${formatBytes(sentBytes)} travelled\n`);
  }
}

function showRecord({ message, fields }: LogRecord): void {
  const { peer, error, why } = fields;
  const reason = error instanceof Error ? error.message : String(why ?? "");
  process.stderr.write(`${message}${peer === undefined ? "" : ` (${String(peer)})`}: ${reason}\n`);
}
